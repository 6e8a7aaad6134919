// Where the requests of a session wait, are sent from, and time out.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/timing_wheel.hpp"
#include "driver/pool.hpp"
#include "driver/request.hpp"
#include "net/loop.hpp"
#include "nodes/replicas.hpp"
#include "nodes/topology.hpp"

namespace crossfade::driver {

// Loop's thread only.
class Dispatcher final : public PoolOwner, public std::enable_shared_from_this<Dispatcher> {
public:
    Dispatcher(net::Loop& loop, std::string label);
    ~Dispatcher();
    Dispatcher(const Dispatcher&) = delete;
    Dispatcher& operator=(const Dispatcher&) = delete;

    // Once, when the version is known. `settled` is called when each connection of the first topology is open or has
    // failed.
    void start(PoolOptions options, std::function<void()> settled);
    void set_topology(std::shared_ptr<const nodes::Topology> topology);
    // By keyspace, as nodes::Keyspace::replication.
    void set_replication(std::map<std::string, std::map<std::string, std::string>> replication);
    // Called each time that the last connection has ended, perhaps in the middle of something: it may only remember it.
    // Replaces the call before.
    void on_empty(std::function<void()> call) { empty_ = std::move(call); }
    // Everything under way fails with `why`, and what comes later too. Who waits for `settled` is called.
    void close(const base::Error& why);

    // Indices into the topology's nodes; none when there is nothing to choose from. Valid until topology or replication
    // change.
    std::span<const std::uint32_t> replicas(const std::string& keyspace, cql::Token token);
    // Whether it matters which node gets a request.
    bool has_choice() const { return pool_ != nullptr && pool_->node_count() > 1; }

    const Pool* pool() const { return pool_.get(); }  // null before start()
    net::Loop& loop() { return loop_; }
    std::uint32_t waiting() const { return queued_; }
    std::uint32_t unfinished() const { return unfinished_; }
    std::uint64_t requests() const { return requests_; }
    std::uint64_t retries() const { return retries_; }
    std::uint64_t timeouts() const { return timeouts_; }

    bool is_closed() const { return closed_.has_value(); }

    // For Request.
    void begin(Request& request);
    void end(Request& request);
    bool may_try_again(Request& request, Failure failure);
    void try_again(Request& request);
    std::string why_no_room() const;
    void note_timeout() { ++timeouts_; }
    base::Bytes take_buffer();
    void give_buffer(base::Bytes buffer);

    void on_pool_room() override;
    void on_pool_settled() override;
    void on_pool_empty() override;

private:
    bool try_send(Request& request);
    void send_or_wait(Request& request);
    void enqueue(Request& request);
    void dequeue(Request& request);
    void tick();

    net::Loop& loop_;
    const std::string label_;
    std::unique_ptr<Pool> pool_;
    std::function<void()> settled_, empty_;
    std::shared_ptr<const nodes::Topology> topology_;
    std::map<std::string, std::map<std::string, std::string>> replication_;
    std::unordered_map<std::string, nodes::ReplicaMap> replica_maps_;  // made as they are asked for
    base::TimingWheel wheel_;
    net::Timer tick_;
    Request* first_ = nullptr;  // of those that wait for room, in order
    Request* last_ = nullptr;
    std::vector<base::Bytes> spare_buffers_;
    std::uint32_t queued_ = 0, unfinished_ = 0;
    std::uint64_t requests_ = 0, retries_ = 0, timeouts_ = 0;
    std::optional<base::Error> closed_;
};

}  // namespace crossfade::driver
