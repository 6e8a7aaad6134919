#include "relay/pool.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "cql/request.hpp"
#include "cql/response.hpp"
#include "cql/statement.hpp"

namespace crossfade::relay {
namespace {

constexpr std::chrono::milliseconds first_backoff{100};
constexpr std::chrono::milliseconds longest_backoff{5000};
constexpr std::chrono::seconds keyspace_idle{300};

}  // namespace

std::size_t PoolKeyHash::operator()(const PoolKey& key) const noexcept {
    return std::hash<std::string>()(key.credentials.username) ^
           (std::hash<std::string>()(key.credentials.password) << 1U) ^ (key.cluster << 3U) ^
           (static_cast<std::size_t>(key.version) << 8U) ^ (static_cast<std::size_t>(key.compression) << 16U);
}

struct Pool::Slot {
    Slot(Pool& in, Node& of, std::string for_keyspace)
        : pool(in), node(of), keyspace(std::move(for_keyspace)), retry(in.loop_) {}
    Pool& pool;
    Node& node;
    const std::string keyspace;  // empty: for any request
    net::Timer retry;
    std::chrono::milliseconds backoff = first_backoff;
    std::unique_ptr<nodes::PendingOpen> pending;
    std::unique_ptr<Backend> backend;
    std::unique_ptr<UseKeyspace> use;
    bool is_ready = false;
    net::Loop::Clock::time_point last_used;
};

struct Pool::Node {
    nodes::Endpoint endpoint;
    std::string name;
    std::vector<std::unique_ptr<Slot>> slots;
    std::size_t next = 0;
    bool is_gone = false;
    bool was_away = false;  // it is new in the cluster, or was lost, and has not been connected to since
};

// Waits for the answer to USE on a fresh connection.
class Pool::UseKeyspace final : public Waiting {
public:
    explicit UseKeyspace(Slot& slot) : slot_(slot) {}
    void on_response(Backend& from, const Response& response) override {
        if (response.header.opcode == cql::Opcode::result) {
            from.set_keyspace(slot_.keyspace);
            slot_.pool.ready(slot_);
            return;
        }
        const auto error = cql::parse_error(from.version(), response.body());
        base::Error why(base::ErrorKind::server, error ? std::string(error->text) : "USE was refused",
                        error ? static_cast<std::int32_t>(error->code) : 0);
        slot_.pool.keyspace_errors_.insert_or_assign(slot_.keyspace, why);
        from.end(why);
    }
    void on_lost(Backend&, const base::Error&) override {}

private:
    Slot& slot_;
};

Pool::Pool(net::Loop& loop, PoolOwner& owner, PoolKey key, PoolOptions options)
    : unused_since(loop.now()),
      loop_(loop),
      owner_(owner),
      key_(std::move(key)),
      options_(std::move(options)),
      unconnected_since_(loop.now()) {}

Pool::~Pool() = default;

void Pool::set_topology(std::shared_ptr<const nodes::Topology> topology, const std::string& local_datacenter) {
    topology_ = std::move(topology);
    std::vector<std::int32_t> node_of_topology(topology_->nodes.size(), -1);
    const bool is_first = nodes_.empty();
    for (auto& node : nodes_) node->is_gone = true;
    for (std::size_t i = 0; i < topology_->nodes.size(); ++i) {
        const nodes::Node& from = topology_->nodes[i];
        if (!local_datacenter.empty() && from.datacenter != local_datacenter) continue;
        const std::string name = nodes::to_text(from.endpoint());
        auto found = std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& node) { return node->name == name; });
        if (found == nodes_.end()) {
            auto added = std::make_unique<Node>();
            added->endpoint = from.endpoint();
            added->name = name;
            added->was_away = !is_first;
            nodes_.push_back(std::move(added));
            found = nodes_.end() - 1;
        }
        (*found)->is_gone = false;
        node_of_topology[i] = static_cast<std::int32_t>(found - nodes_.begin());
        std::size_t general = 0;
        for (const auto& slot : (*found)->slots) {
            if (!slot->keyspace.empty()) continue;
            ++general;
            // It was gone for a moment, and nobody was to open it any more.
            if (slot->backend == nullptr && slot->pending == nullptr && !slot->retry.is_running()) open(*slot);
        }
        for (; general < options_.connections_per_node; ++general) open(add_slot(**found, ""));
    }
    std::vector<cql::TokenRing::Entry> entries;
    for (const cql::TokenRing::Entry& entry : topology_->ring.entries())
        if (node_of_topology[entry.node] >= 0)
            entries.push_back({entry.token, static_cast<std::uint32_t>(node_of_topology[entry.node])});
    ring_ = cql::TokenRing(std::move(entries));
    for (auto& node : nodes_) {
        if (!node->is_gone) continue;
        for (auto& slot : node->slots) {
            slot->retry.cancel();
            slot->pending.reset();
        }
    }
}

Pool::Slot& Pool::add_slot(Node& node, std::string keyspace) {
    node.slots.push_back(std::make_unique<Slot>(*this, node, std::move(keyspace)));
    node.slots.back()->last_used = loop_.now();
    return *node.slots.back();
}

void Pool::adopt(nodes::OpenedConnection opened) {
    for (auto& node : nodes_) {
        if (node->is_gone || node->name != opened.peer) continue;
        for (auto& slot : node->slots) {
            if (slot->backend != nullptr || !slot->keyspace.empty()) continue;
            slot->retry.cancel();
            slot->pending.reset();
            slot->backend = std::make_unique<Backend>(loop_, *this, std::move(opened), node->name, options_.times);
            ready(*slot);
            return;
        }
    }
}

void Pool::open(Slot& slot) {
    if (slot.node.is_gone) return;
    if (!slot.keyspace.empty()) keyspace_errors_.erase(slot.keyspace);
    nodes::OpenOptions options;
    nodes::aim_at(slot.node.endpoint, options.to, options.connect);
    options.connect.timeout = options_.cluster.connect_timeout;
    options.connect.tls = options_.cluster.tls;
    options.credentials = key_.credentials;
    options.versions = {key_.version};
    options.compression = key_.compression;
    options.timeout = options_.cluster.connect_timeout;
    slot.pending = nodes::open_connection(
        loop_, std::move(options),
        [this, &slot](base::Result<nodes::OpenedConnection> result) { opened(slot, std::move(result)); });
}

void Pool::opened(Slot& slot, base::Result<nodes::OpenedConnection> result) {
    slot.pending.reset();
    if (!result) {
        failed(slot, result.error());
        return;
    }
    slot.backend = std::make_unique<Backend>(loop_, *this, std::move(*result), slot.node.name, options_.times);
    if (slot.keyspace.empty())
        ready(slot);
    else
        use_keyspace(slot);
}

void Pool::use_keyspace(Slot& slot) {
    slot.use = std::make_unique<UseKeyspace>(slot);
    const std::uint16_t id = slot.backend->begin_send(*slot.use);
    cql::append_query(slot.backend->buffer(), key_.version, id, "USE " + cql::quoted(slot.keyspace),
                      cql::QueryOptions());
    slot.backend->sent();
}

void Pool::ready(Slot& slot) {
    slot.is_ready = true;
    slot.backoff = first_backoff;
    ++open_;
    has_failed_ = false;
    owner_.on_pool_connected(*this, *slot.backend, std::exchange(slot.node.was_away, false));
}

void Pool::failed(Slot& slot, const base::Error& why) {
    last_error_ = slot.node.name + ": " + why.message;
    has_failed_ = true;
    const auto is_ready = [](const auto& one) { return one->is_ready; };
    slot.node.was_away = std::none_of(slot.node.slots.begin(), slot.node.slots.end(), is_ready);
    if (slot.backoff == first_backoff) base::log_warning("{}: {}", options_.cluster.label, last_error_);
    if (why.kind == base::ErrorKind::server && !slot.keyspace.empty()) owner_.on_pool_room(*this);
    if (slot.node.is_gone || (!slot.keyspace.empty() && why.kind == base::ErrorKind::server)) return;
    slot.retry.start(slot.backoff, [this, &slot] { open(slot); });
    slot.backoff = std::min(slot.backoff * 2, longest_backoff);
}

void Pool::on_room(Backend&) {
    owner_.on_pool_room(*this);
}

void Pool::on_ended(Backend& backend, const base::Error& why) {
    for (auto& node : nodes_) {
        for (auto& slot : node->slots) {
            if (slot->backend.get() != &backend) continue;
            if (slot->is_ready && --open_ == 0) unconnected_since_ = loop_.now();
            slot->is_ready = false;
            ended_.push_back(std::move(slot->backend));
            failed(*slot, why);
            return;
        }
    }
}

std::optional<base::Error> Pool::keyspace_error(std::string_view keyspace) const {
    const auto found = keyspace_errors_.find(std::string(keyspace));
    if (found == keyspace_errors_.end()) return std::nullopt;
    return found->second;
}

Backend* Pool::pick(const Wish& wish, bool internal) {
    if (nodes_.empty()) return nullptr;
    if (wish.token && wants_tokens())
        if (Backend* const backend = pick_replica(wish, internal)) return backend;
    Backend* second_best = nullptr;
    for (std::size_t tried = 0; tried < nodes_.size(); ++tried) {
        if (++next_ >= nodes_.size()) next_ = 0;
        Backend* const backend = pick_on(*nodes_[next_], wish, internal);
        if (backend == nullptr) continue;
        if (backend != wish.not_this) return backend;
        second_best = backend;
    }
    return second_best;
}

Backend* Pool::connection_to(std::string_view node) {
    const auto found = std::ranges::find(nodes_, node, [](const auto& one) { return std::string_view(one->name); });
    return found == nodes_.end() ? nullptr : pick_on(**found, {}, true);
}

Backend* Pool::pick_replica(const Wish& wish, bool internal) {
    Backend* const owner = pick_on(*nodes_[ring_.owner(*wish.token)], wish, internal);
    if (owner != nullptr && owner != wish.not_this) return owner;
    // Most keyspaces have three replicas: the next two on the ring are likelier than any other to be some.
    for (const std::uint32_t node : ring_.simple_replicas(*wish.token, 3)) {
        Backend* const backend = pick_on(*nodes_[node], wish, internal);
        if (backend != nullptr && backend != wish.not_this) return backend;
    }
    return nullptr;
}

Backend* Pool::pick_on(Node& node, const Wish& wish, bool internal) {
    if (node.is_gone) return nullptr;
    bool exists = wish.keyspace.empty();
    for (std::size_t tried = 0; tried < node.slots.size(); ++tried) {
        if (++node.next >= node.slots.size()) node.next = 0;
        Slot& slot = *node.slots[node.next];
        if (slot.keyspace != wish.keyspace) continue;
        exists = true;
        if (!slot.is_ready || !slot.backend->has_room(internal)) continue;
        slot.last_used = loop_.now();
        return slot.backend.get();
    }
    if (!exists) open(add_slot(node, std::string(wish.keyspace)));
    return nullptr;
}

std::uint64_t Pool::in_flight() const {
    std::uint64_t sum = 0;
    for (const auto& node : nodes_)
        for (const auto& slot : node->slots)
            if (slot->backend != nullptr) sum += slot->backend->in_flight();
    return sum;
}

void Pool::tick(net::Loop::Clock::time_point now) {
    ended_.clear();
    for (auto& node : nodes_) {
        // By index: a heartbeat that ends a connection may not change the list, but a closed keyspace slot does.
        for (std::size_t i = 0; i < node->slots.size();) {
            Slot& slot = *node->slots[i];
            if (slot.backend != nullptr) slot.backend->beat(now);
            const bool is_idle = slot.backend == nullptr || slot.backend->in_flight() == 0;
            const bool is_over =
                node->is_gone || (!slot.keyspace.empty() &&
                                  (now - slot.last_used > keyspace_idle ||
                                   (slot.backend == nullptr && slot.pending == nullptr && !slot.retry.is_running())));
            if (!is_idle || !is_over) {
                ++i;
                continue;
            }
            if (slot.is_ready && --open_ == 0) unconnected_since_ = now;
            node->slots.erase(node->slots.begin() + static_cast<std::ptrdiff_t>(i));
        }
    }
}

}  // namespace crossfade::relay
