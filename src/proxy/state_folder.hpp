// The folder where one proxy keeps its phase and journal, and whose they are (SEMANTICS, State).
//
//     STATE_DIR/ORIGIN_to_TARGET/proxy-LISTEN/owner.json    both clusters' names, and the addresses that they were seen
//     under
//                                             phase, journal.sqlite, lock
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace crossfade::proxy {

// A cluster as one looks for its state.
struct SeenCluster {
    std::string name;                    // as the cluster says it; empty: it has not answered yet
    std::vector<std::string> addresses;  // contact points and nodes, as text

    bool operator==(const SeenCluster&) const = default;
    bool shares_address(const SeenCluster& other) const;
};
using SeenClusters = std::array<SeenCluster, 2>;  // origin, target

// What a recorded owner is to a pair of clusters.
enum class Ownership : std::uint8_t {
    same,      // by name; of a cluster that has not answered: by an address
    replaced,  // it would be, but another cluster answers at an address that was its
    unclear,   // a cluster has not answered, and its addresses are none of those recorded
    other,
};
// Pure.
Ownership ownership(const SeenClusters& owner, const SeenClusters& seen);

// Holds the folder's lock. Any thread.
class StateFolder {
public:
    // Finds the folder of these clusters and this listen address, or makes one, and takes its lock. Errors:
    // bad_configuration, with the folder: it belongs to clusters that others have taken the place of; it cannot be told
    // whose it is; it cannot be read or written; another proxy uses it.
    static base::Result<std::unique_ptr<StateFolder>> open(const std::string& state_dir, const std::string& listen,
                                                           const SeenClusters& seen);
    ~StateFolder();
    StateFolder(const StateFolder&) = delete;
    StateFolder& operator=(const StateFolder&) = delete;

    const std::string& path() const { return path_; }
    std::array<std::string, 2> names() const;

    // Whether this cluster is the one whose state this is. A name that was not known is recorded, as are new addresses.
    // Errors: bad_configuration, with both names: it is another cluster; internal: it cannot be recorded.
    base::Result<void> check(std::size_t side, const SeenCluster& seen);

private:
    StateFolder(std::string path, int lock, SeenClusters owner)
        : path_(std::move(path)), lock_(lock), owner_(std::move(owner)) {}
    base::Result<void> save() const;

    const std::string path_;
    const int lock_;
    mutable std::mutex mutex_;
    SeenClusters owner_;
};

}  // namespace crossfade::proxy
