// Keeps one connection to a cluster to learn about it: which nodes there are, what changes, what time it is there.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "cql/response.hpp"
#include "net/loop.hpp"
#include "nodes/clock_reading.hpp"
#include "nodes/cluster_options.hpp"
#include "nodes/rows.hpp"
#include "nodes/topology.hpp"

namespace crossfade::nodes {

struct ControlOptions {
    ControlOptions() = default;

    ClusterOptions cluster;
    std::vector<cql::ProtocolVersion> versions{cql::ProtocolVersion::v5, cql::ProtocolVersion::v4,
                                               cql::ProtocolVersion::v3};
    std::string application_name;  // empty: none is told
    std::chrono::milliseconds request_timeout{10000};
    std::chrono::milliseconds refresh_every{60000};  // system.peers is read again even when no event came
};

// An event as the node sent it. `event` are views of `body`.
struct ClusterEvent {
    explicit ClusterEvent(base::ByteView bytes) : body(bytes.begin(), bytes.end()) {}
    ClusterEvent(const ClusterEvent&) = delete;
    ClusterEvent& operator=(const ClusterEvent&) = delete;

    const base::Bytes body;  // the EVENT message, behind the frame's prefix
    cql::Event event;
};

// All are called on the loop's thread, and may destroy nothing of the control connection. Absent ones are not called.
struct ControlCallbacks {
    ControlCallbacks() = default;

    std::function<void(std::shared_ptr<const Topology>)> on_topology;         // the first one, and each that differs
    std::function<void(std::shared_ptr<const ClusterEvent>)> on_event;        // each event, before what it leads to
    std::function<void(bool is_connected, const base::Error& why)> on_state;  // changes; `why` only for false
};

// Loop's thread only. Never gives up: when the connection is lost it tries the nodes it knows, then the contact points,
// with backoff from 100 ms to 5 s between rounds. Heartbeats with OPTIONS. Where there is a metadata service, that is
// asked before the first round, when the cluster stays lost, and every few minutes: nodes and their proxy may move.
class ControlConnection {
public:
    ControlConnection(net::Loop& loop, ControlOptions options, ControlCallbacks callbacks);
    ~ControlConnection();  // whoever awaits is told (kind interrupted); no callback follows
    ControlConnection(const ControlConnection&) = delete;
    ControlConnection& operator=(const ControlConnection&) = delete;

    // Starts connecting. Once.
    void start();

    // Completes when the first topology is known, or, with the most telling error, when every contact point, or the
    // metadata service, has failed once (it goes on trying). At once when one of these is past. Errors: as of
    // open_connection() and bundle::fetch_metadata().
    base::Task<base::Result<void>> first_round();
    // Completes when the cluster is connected and its topology known, however long that takes; interrupted when
    // destroyed before.
    base::Task<base::Result<void>> connected();

    // Runs one statement with consistency ONE on the control connection and gives all its rows (no paging). Errors:
    // unavailable (not connected now), server (code and text), timeout, connection.
    base::Task<base::Result<Rows>> query(std::string text);
    // Asks the node's clock three times and gives the closest reading. Errors: as query().
    base::Task<base::Result<ClockReading>> measure_clock();
    // Reads the topology now; it is published (on_topology) when it differs. Errors: as query().
    base::Task<base::Result<void>> refresh();

    bool is_connected() const;
    const base::Error& last_error() const;             // why it is not connected
    std::shared_ptr<const Topology> topology() const;  // null before the first
    cql::ProtocolVersion version() const;  // of the last connection; the first configured before there was one
    // OPTIONS' answer of the last connection; empty before there was one.
    const std::map<std::string, std::vector<std::string>>& supported() const;
    // The authenticator's class that the last connection's node named; empty: no login was asked for. Precondition: as
    // version().
    const std::string& authenticator() const;
    const ControlOptions& options() const;

private:
    class Implementation;
    std::shared_ptr<Implementation> implementation_;
};

}  // namespace crossfade::nodes
