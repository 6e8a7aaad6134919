#include "driver/dispatcher.hpp"

#include <utility>

namespace crossfade::driver {
namespace {

constexpr std::chrono::milliseconds wheel_tick{10};
constexpr std::size_t most_spare_buffers = 4096;
constexpr std::size_t largest_spare_buffer = 64U * 1024U;

}  // namespace

Dispatcher::Dispatcher(net::Loop& loop, std::string label)
    : loop_(loop), label_(std::move(label)), wheel_(loop.now(), wheel_tick), tick_(loop) {}

Dispatcher::~Dispatcher() = default;

void Dispatcher::start(PoolOptions options, std::function<void()> settled) {
    settled_ = std::move(settled);
    pool_ = std::make_unique<Pool>(loop_, *this, std::move(options));
    if (topology_ != nullptr) pool_->set_topology(topology_);
}

void Dispatcher::set_topology(std::shared_ptr<const nodes::Topology> topology) {
    topology_ = std::move(topology);
    replica_maps_.clear();
    if (pool_ != nullptr) pool_->set_topology(topology_);
}

void Dispatcher::set_replication(std::map<std::string, std::map<std::string, std::string>> replication) {
    replication_ = std::move(replication);
    replica_maps_.clear();
}

void Dispatcher::close(const base::Error& why) {
    if (closed_) return;
    const auto self = shared_from_this();
    closed_ = why;
    empty_ = nullptr;
    if (pool_ != nullptr) pool_->close(why);
    while (first_ != nullptr) first_->finish(base::fail(why));
    if (const auto told = std::exchange(settled_, nullptr)) told();
}

std::span<const std::uint32_t> Dispatcher::replicas(const std::string& keyspace, cql::Token token) {
    if (!has_choice() || topology_ == nullptr || topology_->ring.empty()) return {};
    auto map = replica_maps_.find(keyspace);
    if (map == replica_maps_.end()) {
        const auto known = replication_.find(keyspace);
        // Of a keyspace that is not known the owner of the token is at least a good guess.
        const std::map<std::string, std::string> guess{{"class", "SimpleStrategy"}, {"replication_factor", "1"}};
        const auto& replication = known == replication_.end() ? guess : known->second;
        map = replica_maps_.emplace(keyspace, nodes::ReplicaMap(topology_, replication, topology_->local_datacenter))
                  .first;
    }
    return map->second.replicas(token);
}

void Dispatcher::begin(Request& request) {
    ++requests_;
    ++unfinished_;
    if (closed_) {
        request.finish(base::fail(*closed_));
        return;
    }
    if (!tick_.is_running()) {
        // A wheel that slept lags behind.
        wheel_.advance(loop_.now());
        tick_.start(wheel_tick, [this] { tick(); });
    }
    wheel_.arm(request, request.options_.deadline);
    send_or_wait(request);
}

// Those who wait were here before, but one that waits for a node of its own holds up nobody.
void Dispatcher::send_or_wait(Request& request) {
    const bool has_queue = first_ != nullptr && first_->options_.only_if_open == 0;
    if (has_queue || !try_send(request)) enqueue(request);
}

void Dispatcher::end(Request& request) {
    --unfinished_;
    request.disarm();
    if (request.is_queued_) dequeue(request);
}

void Dispatcher::tick() {
    const auto self = shared_from_this();
    wheel_.advance(loop_.now());
    if (unfinished_ > 0) tick_.start(wheel_tick, [this] { tick(); });
}

bool Dispatcher::may_try_again(Request& request, Failure failure) {
    return !closed_ && request.retries_.again(failure, pool_->open_nodes());
}

void Dispatcher::try_again(Request& request) {
    ++retries_;
    send_or_wait(request);
}

bool Dispatcher::try_send(Request& request) {
    if (pool_ == nullptr) return false;
    Pool::Wish wish;
    wish.replicas = request.options_.replicas;
    wish.only_if_open = request.options_.only_if_open;
    wish.avoid = request.avoid_;
    const Pool::Picked picked = pool_->pick(wish);
    request.options_.replicas = {};  // they may change from now on
    if (picked.connection == nullptr) return false;
    request.node_ = picked.node;
    request.connection_ = picked.connection;
    request.was_sent_ = true;
    request.stream_id_ = picked.connection->send(request, request.frame_);
    return true;
}

void Dispatcher::enqueue(Request& request) {
    request.is_queued_ = true;
    request.previous_ = last_;
    request.next_ = nullptr;
    (last_ == nullptr ? first_ : last_->next_) = &request;
    last_ = &request;
    ++queued_;
}

void Dispatcher::dequeue(Request& request) {
    (request.previous_ == nullptr ? first_ : request.previous_->next_) = request.next_;
    (request.next_ == nullptr ? last_ : request.next_->previous_) = request.previous_;
    request.previous_ = request.next_ = nullptr;
    request.is_queued_ = false;
    --queued_;
}

void Dispatcher::on_pool_room() {
    for (Request* request = first_; request != nullptr;) {
        Request* const next = request->next_;
        const bool is_particular = request->options_.only_if_open != 0;
        if (try_send(*request))
            dequeue(*request);
        else if (!is_particular)
            return;
        request = next;
    }
}

void Dispatcher::on_pool_settled() {
    // In a turn of its own: whoever waits for it may let go of everything.
    loop_.post([self = shared_from_this()] {
        if (const auto told = std::exchange(self->settled_, nullptr)) told();
    });
}

void Dispatcher::on_pool_empty() {
    if (empty_) empty_();
}

std::string Dispatcher::why_no_room() const {
    if (pool_ == nullptr || pool_->open_connections() == 0)
        return label_ + ": not connected: " + (pool_ == nullptr ? "not started" : pool_->last_error().message);
    return label_ + ": all connections are full";
}

base::Bytes Dispatcher::take_buffer() {
    if (spare_buffers_.empty()) return {};
    base::Bytes buffer = std::move(spare_buffers_.back());
    spare_buffers_.pop_back();
    return buffer;
}

void Dispatcher::give_buffer(base::Bytes buffer) {
    if (buffer.capacity() > largest_spare_buffer || spare_buffers_.size() == most_spare_buffers) return;
    buffer.clear();
    spare_buffers_.push_back(std::move(buffer));
}

}  // namespace crossfade::driver
