#include "driver/pool.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/task.hpp"
#include "cql/request.hpp"
#include "cql/statement.hpp"
#include "nodes/exchange.hpp"

namespace crossfade::driver {
namespace {

constexpr std::chrono::milliseconds sweep_every{1000};

}  // namespace

// One connection that should be there.
struct Pool::Slot {
    Slot(Pool& in, Member& member) : of(member), retry(in.loop_), backoff(in.options_.first_backoff) {}

    Member& of;
    net::Timer retry;
    std::chrono::milliseconds backoff;
    std::unique_ptr<nodes::PendingOpen> pending;
    std::shared_ptr<nodes::Connection> connection;
    bool is_ready = false;    // USEd to the keyspace, counted as open
    bool is_settled = false;  // was open or failed once
};

struct Pool::Member {
    NodeId id = 0;
    nodes::Endpoint endpoint;
    std::string name;
    bool is_near = false;  // in the local rack
    std::vector<std::unique_ptr<Slot>> slots;
};

Pool::Pool(net::Loop& loop, PoolOwner& owner, PoolOptions options)
    : loop_(loop), owner_(owner), options_(std::move(options)), random_(std::random_device()()), sweep_(loop) {}

Pool::~Pool() {
    close(base::Error(base::ErrorKind::interrupted, options_.cluster.label + ": closed"));
}

void Pool::set_topology(std::shared_ptr<const nodes::Topology> topology) {
    if (is_closed_) return;
    std::vector<std::unique_ptr<Member>> before = std::exchange(nodes_, {});
    std::vector<Slot*> to_open;
    node_of_topology_.assign(topology->nodes.size(), UINT32_MAX);
    for (std::size_t i = 0; i < topology->nodes.size(); ++i) {
        const nodes::Node& node = topology->nodes[i];
        if (node.datacenter != topology->local_datacenter) continue;
        const std::string name = nodes::to_text(node.endpoint());
        node_of_topology_[i] = static_cast<std::uint32_t>(nodes_.size());
        const auto kept = std::find_if(before.begin(), before.end(),
                                       [&](const auto& one) { return one != nullptr && one->name == name; });
        if (kept != before.end()) {
            nodes_.push_back(std::move(*kept));
            nodes_.back()->is_near = node.rack == options_.local_rack;
            continue;
        }
        nodes_.push_back(std::make_unique<Member>());
        Member& added = *nodes_.back();
        added.id = ++last_id_;
        added.endpoint = node.endpoint();
        added.name = name;
        added.is_near = node.rack == options_.local_rack;
        for (std::uint32_t n = 0; n < std::max(options_.connections_per_node, 1U); ++n) {
            added.slots.push_back(std::make_unique<Slot>(*this, added));
            to_open.push_back(added.slots.back().get());
        }
    }
    for (auto& left : before) {
        if (left == nullptr) continue;
        for (auto& slot : left->slots) {
            slot->retry.cancel();
            slot->pending.reset();
            settle(*slot);
        }
        leaving_.push_back(std::move(left));
    }
    unsettled_ += static_cast<std::uint32_t>(to_open.size());
    for (Slot* const slot : to_open) open(*slot);
    drop_members_that_left();
}

// What is under way to a node that left gets its answers; the node may be back in the next topology, under a new id.
void Pool::drop_members_that_left() {
    std::erase_if(leaving_, [&](const auto& member) {
        const bool is_idle = std::all_of(member->slots.begin(), member->slots.end(), [](const auto& slot) {
            return slot->connection == nullptr || slot->connection->in_flight() == 0;
        });
        if (!is_idle) return false;
        for (auto& slot : member->slots) {
            if (slot->connection == nullptr) continue;
            if (slot->is_ready) lost_one();
            slot->connection->close(base::Error(base::ErrorKind::connection, member->name + " left the cluster"));
        }
        return true;
    });
    if (!leaving_.empty()) sweep_.start(sweep_every, [this] { drop_members_that_left(); });
}

void Pool::close(const base::Error& why) {
    if (std::exchange(is_closed_, true)) return;
    sweep_.cancel();
    open_ = unsettled_ = 0;
    last_error_ = why;
    for (auto* list : {&nodes_, &leaving_}) {
        for (auto& member : *list) {
            for (auto& slot : member->slots) {
                slot->retry.cancel();
                slot->pending.reset();
                slot->is_ready = false;
                if (const auto connection = std::exchange(slot->connection, nullptr)) connection->close(why);
            }
        }
    }
}

void Pool::open(Slot& slot) {
    nodes::OpenOptions open;
    nodes::aim_at(slot.of.endpoint, open.to, open.connect);
    open.connect.timeout = options_.cluster.connect_timeout;
    open.connect.tls = options_.cluster.tls;
    open.credentials = options_.cluster.credentials;
    open.make_login = options_.cluster.make_login;
    open.versions = {options_.version};
    open.compression = options_.compression;
    open.startup_options = {{"DRIVER_NAME", "Crossfade"}};
    if (!options_.application_name.empty())
        open.startup_options.emplace_back("APPLICATION_NAME", options_.application_name);
    open.startup_options.insert(open.startup_options.end(), options_.cluster.startup_options.begin(),
                                options_.cluster.startup_options.end());
    open.timeout = options_.cluster.connect_timeout;
    slot.pending = nodes::open_connection(
        loop_, std::move(open),
        [this, &slot](base::Result<nodes::OpenedConnection> result) { opened(slot, std::move(result)); });
}

void Pool::opened(Slot& slot, base::Result<nodes::OpenedConnection> result) {
    slot.pending.reset();
    if (!result) {
        failed(slot, result.error());
        return;
    }
    slot.connection = nodes::Connection::start(loop_, *this, std::move(*result));
    if (options_.keyspace.empty())
        ready(slot);
    else
        use_keyspace(*this, slot, slot.connection).detach();
}

// The slot and the pool live as long as the connection is not ended: both end it before they go.
base::Task<void> Pool::use_keyspace(Pool& pool, Slot& slot, std::shared_ptr<nodes::Connection> fresh) {
    base::Bytes frame;
    cql::append_query(frame, fresh->version(), 0, "USE " + cql::quoted(pool.options_.keyspace), cql::QueryOptions());
    nodes::Exchange exchange(pool.loop_, fresh, frame, pool.options_.request_timeout);
    const base::Result<nodes::Rows> used = co_await exchange;
    if (fresh->is_ended()) co_return;
    if (used) {
        pool.ready(slot);
        co_return;
    }
    slot.connection.reset();
    fresh->close(used.error());
    pool.failed(slot, used.error());
}

void Pool::ready(Slot& slot) {
    slot.is_ready = true;
    slot.backoff = options_.first_backoff;
    ++open_;
    settle(slot);
    owner_.on_pool_room();
}

void Pool::failed(Slot& slot, const base::Error& why) {
    if (is_closed_) return;
    last_error_ = why;
    if (slot.backoff == options_.first_backoff)
        base::log_warning("{}: {}; trying again", options_.cluster.label, why.message);
    const bool is_leaving =
        std::none_of(nodes_.begin(), nodes_.end(), [&](const auto& member) { return member.get() == &slot.of; });
    if (!is_leaving) {
        std::uniform_int_distribution<std::int64_t> percent(85, 115);
        slot.retry.start(slot.backoff * percent(random_) / 100, [this, &slot] { open(slot); });
        slot.backoff = std::min(slot.backoff * 2, options_.longest_backoff);
    }
    settle(slot);
}

void Pool::settle(Slot& slot) {
    if (std::exchange(slot.is_settled, true) || is_closed_) return;
    if (--unsettled_ == 0) owner_.on_pool_settled();
}

void Pool::lost_one() {
    if (--open_ == 0) owner_.on_pool_empty();
}

void Pool::on_room(nodes::Connection&) {
    owner_.on_pool_room();
}

void Pool::on_ended(nodes::Connection& connection, const base::Error& why) {
    for (auto* list : {&nodes_, &leaving_}) {
        for (auto& member : *list) {
            for (auto& slot : member->slots) {
                if (slot->connection.get() != &connection) continue;
                slot->connection.reset();
                if (std::exchange(slot->is_ready, false)) lost_one();
                failed(*slot, why);
                return;
            }
        }
    }
}

Pool::Member* Pool::find(NodeId id) const {
    if (id == 0) return nullptr;
    const auto found = std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& member) { return member->id == id; });
    return found == nodes_.end() ? nullptr : found->get();
}

nodes::Connection* Pool::connection_with_room(const Member& member) const {
    nodes::Connection* best = nullptr;
    for (const auto& slot : member.slots) {
        if (!slot->is_ready || !slot->connection->has_room()) continue;
        if (best == nullptr || slot->connection->in_flight() < best->in_flight()) best = slot->connection.get();
    }
    return best;
}

NodeState Pool::state_of(const Member& member) const {
    NodeState state;
    for (const auto& slot : member.slots) {
        state.is_open = state.is_open || slot->is_ready;
        state.has_room = state.has_room || (slot->is_ready && slot->connection->has_room());
        if (slot->is_ready) state.in_flight += slot->connection->in_flight();
    }
    return state;
}

Pool::Picked Pool::pick(const Wish& wish) {
    if (const Member* const only = find(wish.only_if_open); only != nullptr && state_of(*only).is_open) {
        if (nodes::Connection* const connection = connection_with_room(*only)) return {connection, only->id};
        ask_for_room();
        return {};
    }
    preferred_.clear();
    for (const std::uint32_t replica : wish.replicas)
        if (replica < node_of_topology_.size()) preferred_.push_back(node_of_topology_[replica]);
    std::optional<std::size_t> avoid;
    for (std::size_t i = 0; wish.avoid != 0 && i < nodes_.size(); ++i)
        if (nodes_[i]->id == wish.avoid) avoid = i;
    const auto chosen = choose(avoid);
    if (!chosen) {
        ask_for_room();
        return {};
    }
    const Member& member = *nodes_[*chosen];
    return {connection_with_room(member), member.id};
}

std::optional<std::size_t> Pool::choose(std::optional<std::size_t> avoid) {
    const auto look = [&](std::size_t i) { return state_of(*nodes_[i]); };
    if (!options_.local_rack.empty()) {
        near_.clear();
        for (const std::uint32_t node : preferred_)
            if (node < nodes_.size() && nodes_[node]->is_near) near_.push_back(node);
        if (const auto found = choice_.choose_preferred(nodes_.size(), near_, avoid, look)) return found;
    }
    return choice_.choose(nodes_.size(), preferred_, avoid, look);
}

void Pool::ask_for_room() {
    for (const auto& member : nodes_)
        for (const auto& slot : member->slots)
            if (slot->is_ready) slot->connection->notify_room();
}

std::size_t Pool::open_nodes() const {
    return static_cast<std::size_t>(
        std::count_if(nodes_.begin(), nodes_.end(), [&](const auto& member) { return state_of(*member).is_open; }));
}

}  // namespace crossfade::driver
