// Makes both clusters equal where the journal says that they may not be (SEMANTICS, Journal).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "nodes/cluster_options.hpp"
#include "proxy/journal.hpp"

namespace crossfade::proxy {

struct RepairStatus {
    bool is_running = false;
    std::uint64_t done = 0, left = 0;
    std::string error;  // why the last run ended before its end; empty: it did not
    struct Blocked {
        std::uint64_t id;
        std::string table, note;
    };
    std::vector<Blocked> blocked;
};

// Has a thread and driver sessions of its own while a repair runs; they end with it. Any thread.
class Repair {
public:
    struct Options {
        nodes::ClusterOptions origin, target;   // with the configured credentials
        std::function<std::size_t()> primary;   // 0 origin, 1 target: as of now
        bool includes_counters = false;
    };
    Repair(Journal& journal, Options options);
    ~Repair();  // stops a running one between two entries

    // Starts one, or joins the one that runs.
    void start();
    RepairStatus status() const;

private:
    struct Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace crossfade::proxy
