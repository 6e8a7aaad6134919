// Makes both clusters equal where the journal says that they may not be (SEMANTICS, Journal).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nodes/cluster_options.hpp"
#include "nodes/topology.hpp"
#include "proxy/journal.hpp"

namespace crossfade::proxy {

// What one run of a repair is to do beyond the usual.
struct RepairRequest {
    bool retries_blocked =
        false;  // entries that a cluster refused for good are tried again: what was in their way is gone
    bool includes_counters = false;  // entries of counter tables are compared: the application is at rest
};

struct RepairStatus {
    bool is_running = false;
    std::uint64_t done = 0, left = 0;  // entries that the last run repaired, and that are in the journal now
    std::string error;  // why the last run ended before its end, or left entries pending; empty: it did not
    struct Blocked {
        std::uint64_t id;
        std::string table, note;
    };
    std::vector<Blocked> blocked;  // those that the last run met, the first thousand
};

// Has a thread and driver sessions of its own while a repair runs; they end with it. Any thread.
class Repair {
public:
    struct Options {
        nodes::ClusterOptions origin, target;  // with the configured credentials
        // Whether the cluster that answers on a side is the one that the journal is about: asked before anything is
        // read or written there. Any thread; may be empty.
        std::function<base::Result<void>(std::size_t side, const nodes::Topology&)> check_cluster;
        std::function<std::size_t()> primary;              // 0 origin, 1 target: as of now; any thread
        std::chrono::milliseconds request_timeout{10000};  // how long a client's write may be under way to one of them
        std::optional<cql::ProtocolVersion> version;  // of its sessions; absent: the highest that each cluster speaks
    };
    Repair(Journal& journal, Options options);
    ~Repair();  // stops a running one; what is half done stays in the journal

    // Starts one, or joins the one that runs.
    void start(RepairRequest request = {});
    RepairStatus status() const;

private:
    struct Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace crossfade::proxy
