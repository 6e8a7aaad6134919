#include "relay/engine.hpp"

#include <algorithm>

#include "cql/request.hpp"
#include "cql/response.hpp"

namespace crossfade::relay {
namespace {

// Some drivers give a request up after 2 s. A change is pushed to the other nodes at once; what takes a second or two is
// that they tell of it.
constexpr std::chrono::milliseconds most_for_agreement{1'800};
constexpr std::chrono::milliseconds wheel_tick{10};
constexpr std::chrono::seconds unused_pool{60};
constexpr std::size_t large_frame = 64U * 1024U;

}  // namespace

// One login under a client's credentials, on its way.
struct Engine::PendingLogin {
    PoolKey key;
    std::unique_ptr<nodes::PendingOpen> pending;
    std::function<void(base::Result<void>)> done;
    std::size_t next_node = 0;
};

Engine::Engine(net::Loop& loop, EngineOptions options, PreparedRegistry& registry)
    : loop_(loop),
      options_(std::move(options)),
      prepared_(registry, options_.prepared_cache),
      wheel_(loop.now(), wheel_tick),
      wheel_timer_(loop),
      second_(loop) {
    second_.start(std::chrono::seconds(1), [this] { tick(); });
}

Engine::~Engine() {
    *alive_ = false;
    for (auto& request : requests_) request->disarm();
}

void Engine::accept(std::unique_ptr<net::Stream> stream) {
    auto session = std::make_unique<ClientSession>(*this, std::move(stream), options_.session_limits);
    ClientSession* const key = session.get();
    sessions_.emplace(key, std::move(session));
}

void Engine::session_ended(ClientSession& session) {
    const auto found = sessions_.find(&session);
    if (found == sessions_.end()) return;
    policy_->on_session_closed(session);
    // Its requests go on: a client that has gone changes nothing (SEMANTICS, Journal).
    for (auto& request : requests_) {
        if (request->client != &session) continue;
        request->client = nullptr;
    }
    for (Queue& queue : waiting_)
        if (queue.client == &session) queue.client = nullptr;
    for (std::size_t cluster = 0; cluster < clusters; ++cluster) {
        Pool* const pool = session.pool(cluster);
        if (pool != nullptr && --pool->users == 0) pool->unused_since = loop_.now();
    }
    ended_sessions_.push_back(std::move(found->second));
    sessions_.erase(found);
}

void Engine::set_topology(std::size_t cluster, std::shared_ptr<const nodes::Topology> topology,
                          std::string local_datacenter) {
    known_[cluster] = {std::move(topology), std::move(local_datacenter)};
    for (auto& [key, pool] : pools_)
        if (key.cluster == cluster) pool->set_topology(known_[cluster].topology, known_[cluster].local_datacenter);
}

Pool& Engine::pool_for(const PoolKey& key) {
    auto& pool = pools_[key];
    if (pool == nullptr) {
        pool = std::make_unique<Pool>(loop_, *this, key, options_.pools[key.cluster]);
        const Known& known = known_[key.cluster];
        if (known.topology != nullptr) pool->set_topology(known.topology, known.local_datacenter);
    }
    return *pool;
}

void Engine::login(const PoolKey& key, std::function<void(base::Result<void>)> done) {
    const Known& known = known_[key.cluster];
    const PoolOptions& to = options_.pools[key.cluster];
    nodes::OpenOptions options;
    bool is_found = false;
    // Any node that is up, else any at all: what matters is the cluster's own verdict on the credentials.
    if (known.topology != nullptr) {
        for (const bool want_up : {true, false}) {
            for (const nodes::Node& node : known.topology->nodes) {
                if (is_found || node.is_up != want_up ||
                    (!known.local_datacenter.empty() && node.datacenter != known.local_datacenter))
                    continue;
                nodes::aim_at(node.endpoint(), options.to, options.connect);
                is_found = true;
            }
        }
    }
    if (!is_found) {
        done(base::fail(base::ErrorKind::unavailable, to.cluster.label + ": no node is known to log in to; try again"));
        return;
    }
    options.connect.timeout = to.cluster.connect_timeout;
    options.connect.tls = to.cluster.tls;
    options.credentials = key.credentials;
    options.versions = {key.version};
    options.compression = key.compression;
    options.timeout = to.cluster.connect_timeout;
    auto login = std::make_unique<PendingLogin>();
    login->key = key;
    login->done = std::move(done);
    PendingLogin* const self = login.get();
    logins_.push_back(std::move(login));
    self->pending =
        nodes::open_connection(loop_, std::move(options), [this, self](base::Result<nodes::OpenedConnection> result) {
            const auto place =
                std::find_if(logins_.begin(), logins_.end(), [&](const auto& one) { return one.get() == self; });
            const std::unique_ptr<PendingLogin> mine = std::move(*place);
            logins_.erase(place);
            if (!result) {
                mine->done(base::fail(result.error()));
                return;
            }
            pool_for(mine->key).adopt(std::move(*result));
            mine->done({});
        });
}

Request& Engine::open_request(ClientSession* client, const cql::FrameHeader& header) {
    if (free_requests_.empty()) {
        requests_.push_back(std::make_unique<Request>(*this));
        free_requests_.push_back(requests_.back().get());
    }
    Request& request = *free_requests_.back();
    free_requests_.pop_back();
    if (++open_requests_ == 1 && !wheel_timer_.is_running()) {
        wheel_timer_.start(wheel_tick, [this] { tick_wheel(); });
    }
    request.is_free_ = false;
    request.client = client;
    request.client_stream = static_cast<std::uint16_t>(header.stream_id);
    request.opcode = header.opcode;
    request.version = static_cast<cql::ProtocolVersion>(header.version);
    request.started = loop_.now();
    if (client != nullptr) {
        request.counted_bytes = header.body_length + cql::frame_header_size;
        client->count_request(request.counted_bytes);
    }
    return request;
}

void Engine::tick_wheel() {
    wheel_.advance(net::Loop::Clock::now());
    if (open_requests_ > 0) wheel_timer_.start(wheel_tick, [this] { tick_wheel(); });
}

void Request::reset() {
    client = nullptr;
    is_answered = is_later_page = false;
    counted_bytes = 0;
    ids_offset = ids_size = 0;
    if (frame.capacity() > large_frame)
        base::Bytes().swap(frame);
    else
        frame.clear();
    prepared.clear();
    keyspace.clear();
    wish = {};
    auto tables = std::move(policy.tables);
    tables.clear();
    policy = {};
    policy.tables = std::move(tables);
    for (Leg& leg : legs) {
        leg.state = Leg::State::idle;
        leg.attempts = leg.prepares = 0;
        leg.may_have_run = leg.is_error = false;
        if (leg.answer.capacity() > large_frame)
            base::Bytes().swap(leg.answer);
        else
            leg.answer.clear();
        leg.backend = nullptr;
        leg.last = nullptr;
    }
}

void Request::on_expired() {
    engine_.policy().on_deadline(*this);
}

void Engine::release_if_over(Request& request) {
    if (!request.is_answered || request.held != 0 || !request.is_over() || request.queued_for_ != 0 || request.is_free_)
        return;
    request.disarm();
    request.reset();
    request.is_free_ = true;
    free_requests_.push_back(&request);
    --open_requests_;
}

bool Engine::has_room(Request& request, std::size_t cluster) {
    Pool* const pool = request.pools[cluster];
    found_[cluster] = pool == nullptr ? nullptr : pool->pick(request.wish, false);
    return found_[cluster] != nullptr;
}

void Engine::send(Request& request, std::size_t cluster) {
    send_on(request.legs[cluster], *found_[cluster]);
}

void Engine::send_on(Leg& leg, Backend& backend) {
    const Request& request = *leg.request_;
    if (request.opcode == cql::Opcode::execute || request.opcode == cql::Opcode::batch) {
        for (const PreparedPtr& statement : request.prepared) {
            // A node that was away when the client prepared, or a PREPARE that others wait for already.
            if (!statement->on[leg.cluster_].id.empty() && prepares_.find(backend, statement->id) == nullptr) continue;
            prepare_first(leg, backend, statement);
            return;
        }
    }
    leg.state = Leg::State::sent;
    leg.is_error = false;
    ++leg.attempts;
    leg.backend = &backend;
    leg.last = &backend;
    leg.stream_id = backend.begin_send(leg);
    append_for(*leg.request_, leg.cluster_, leg.stream_id, backend.buffer());
    backend.sent();
}

void Engine::append_for(const Request& request, std::size_t cluster, std::uint16_t stream_id, base::Bytes& out) const {
    const std::size_t start = out.size();
    const base::ByteView frame = request.frame;
    if (request.opcode == cql::Opcode::execute) {
        const PreparedStatement& statement = *request.prepared.front();
        const auto& on = statement.on[cluster];
        base::append(out, frame.first(request.ids_offset));
        cql::Writer writer(out);
        writer.short_bytes(on.id);
        if (cql::has_result_metadata_id(request.version)) {
            // A client that knows the columns as this cluster has them needs none; any other is told them again.
            static constexpr PreparedId unknown{};
            if (request.client_metadata_id == on.metadata_id)
                writer.short_bytes(on.result_metadata_id);
            else
                writer.short_bytes(unknown);
        }
        base::append(out, frame.subspan(request.ids_offset + request.ids_size));
    } else if (request.opcode == cql::Opcode::batch && !request.prepared.empty()) {
        const std::size_t body = request.ids_offset;
        const auto batch = cql::parse_batch(request.version, frame.subspan(body));
        std::size_t copied = 0, index = 0;
        cql::for_each_child(*batch, [&](const cql::BatchChild& child) {
            if (!child.is_prepared) return;
            base::append(out, frame.subspan(copied, body + child.id_offset - copied));
            cql::Writer(out).short_bytes(request.prepared[index++]->on[cluster].id);
            copied = body + child.id_offset + 2 + child.prepared_id.size();
        });
        base::append(out, frame.subspan(copied));
    } else {
        base::append(out, frame);
    }
    cql::patch_stream_id(out.data() + start, stream_id);
    cql::patch_body_length(out.data() + start, static_cast<std::uint32_t>(out.size() - start - cql::frame_header_size));
}

void Leg::on_response(Backend& from, const Response& response) {
    request_->engine_.leg_answered(*this, from, response);
}

void Leg::on_lost(Backend&, const base::Error& why) {
    may_have_run = true;
    request_->engine_.leg_lost(*this, why);
}

void Engine::leg_lost(Leg& leg, const base::Error& why) {
    leg.state = Leg::State::lost;
    leg.backend = nullptr;
    policy_->on_leg_lost(*leg.request_, leg, why);
    release_if_over(*leg.request_);
}

void Engine::leg_answered(Leg& leg, Backend& from, const Response& response) {
    const Request& request = *leg.request_;
    leg.is_error = response.header.opcode == cql::Opcode::error;
    if (leg.is_error && !request.prepared.empty() && request.opcode != cql::Opcode::prepare &&
        prepare_again(leg, from, response))
        return;
    if (has_to_agree(leg, response))
        answer_when_agreed(leg, from, response);
    else
        answer_with(leg, response);
}

// A client sees one node, and takes its schema for agreed as soon as that one has answered.
bool Engine::has_to_agree(const Leg& leg, const Response& response) const {
    const Pool* const pool = leg.request_->pools[leg.cluster_];
    const bool has_others = pool != nullptr && pool->topology() != nullptr && pool->topology()->nodes.size() > 1;
    return has_others && leg.request_->client != nullptr && nodes::is_schema_change(response.header, response.body());
}

void Engine::answer_when_agreed(Leg& leg, const Backend& from, const Response& response) {
    // It must be answered well before its deadline: the change was made.
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(leg.request_->deadline - loop_.now());
    const auto within = std::clamp(left / 2, std::chrono::milliseconds(0), most_for_agreement);
    auto waiting = std::make_unique<ToAgree>();
    waiting->leg = &leg;
    waiting->header = response.header;
    waiting->answer.assign(response.bytes.begin(), response.bytes.end());
    waiting->agreement =
        std::make_unique<SchemaAgreement>(loop_, *leg.request_->pools[leg.cluster_], from.node(), within, [this, &leg] {
            const auto found = std::ranges::find(to_agree_, &leg, &ToAgree::leg);
            const std::unique_ptr<ToAgree> agreed = std::move(*found);
            to_agree_.erase(found);
            answer_with(leg, {agreed->header, agreed->answer});
        });
    leg.backend = nullptr;
    to_agree_.push_back(std::move(waiting));
}

void Engine::answer_with(Leg& leg, const Response& response) {
    leg.state = Leg::State::answered;
    leg.backend = nullptr;
    leg.header = response.header;
    leg.is_error = response.header.opcode == cql::Opcode::error;
    policy_->on_leg_answered(*leg.request_, leg, response);
    release_if_over(*leg.request_);
}

void Engine::forget(Leg& leg) {
    if (leg.state == Leg::State::sent) {
        leg.may_have_run = true;
        leg.state = Leg::State::lost;
        if (leg.backend != nullptr)
            leg.backend->forget(leg.stream_id);
        else
            std::erase_if(to_agree_, [&](const auto& one) { return one->leg == &leg; });
        leg.backend = nullptr;
    } else if (leg.state == Leg::State::waiting) {
        if (leg.prepare_ != nullptr)
            leg.prepare_->remove(leg.prepare_place_);
        else
            std::erase(waiting_legs_, &leg);
        leg.prepare_ = nullptr;
        leg.to_prepare_ = nullptr;
        leg.state = Leg::State::idle;
    }
}

void Engine::answer(Request& request, base::ByteView frame) {
    if (request.is_answered) return;
    request.is_answered = true;
    ClientSession* const client = request.client;
    if (client == nullptr) return;
    client->answer(request.client_stream, frame);
    client->uncount_request(request.counted_bytes);
}

void Engine::answer_error(Request& request, cql::ErrorCode code, std::string_view text) {
    cql::ErrorMessage error;
    error.code = code;
    error.text = text;
    answer_error(request, error);
}

void Engine::answer_error(Request& request, const cql::ErrorMessage& error) {
    if (request.is_answered) return;
    base::Bytes frame;
    cql::append_error(frame, static_cast<std::uint8_t>(request.version), 0, error);
    answer(request, frame);
}

void Engine::set_deadline(Request& request, std::chrono::milliseconds after) {
    request.deadline = loop_.now() + after;
    wheel_.arm(request, request.deadline);
}

void Engine::wait_for_room(Request& request, std::uint8_t clusters_mask) {
    if (request.queued_for_ != 0) return;
    request.queued_for_ = clusters_mask;
    auto queue = std::find_if(waiting_.begin(), waiting_.end(), [&](const Queue& one) {
        return one.client == request.client && one.clusters_mask == clusters_mask;
    });
    if (queue == waiting_.end()) queue = waiting_.insert(waiting_.end(), Queue{request.client, clusters_mask, {}});
    queue->requests.push_back(&request);
}

void Engine::stop_waiting(Request& request) {
    if (request.queued_for_ == 0) return;
    request.queued_for_ = 0;
    for (Queue& queue : waiting_) std::erase(queue.requests, &request);
}

void Engine::on_pool_room(Pool&) {
    if (serve_is_posted_ || (waiting_.empty() && waiting_legs_.empty())) return;
    serve_is_posted_ = true;
    loop_.post([this, alive = alive_] {
        if (!*alive) return;
        serve_is_posted_ = false;
        serve_waiting();
    });
}

void Engine::serve_waiting() {
    std::vector<Leg*> legs;
    legs.swap(waiting_legs_);
    for (Leg* leg : legs) {
        Pool* const pool = leg->request_->pools[leg->cluster_];
        Wish wish = leg->request_->wish;
        // PREPARE goes by the keyspace of the statement, the request by its own.
        if (leg->to_prepare_ != nullptr) wish.keyspace = leg->to_prepare_->keyspace;
        Backend* const backend = pool == nullptr ? nullptr : pool->pick(wish, true);
        if (backend == nullptr) {
            waiting_legs_.push_back(leg);
        } else if (const PreparedPtr statement = std::exchange(leg->to_prepare_, nullptr)) {
            prepare_first(*leg, *backend, statement);
        } else {
            send_on(*leg, *backend);
        }
    }
    // Round robin over the clients, until a whole round moves nothing.
    for (bool moved = true; moved;) {
        moved = false;
        for (std::size_t i = 0; i < waiting_.size(); ++i) {
            if (waiting_[i].requests.empty()) continue;
            Request& request = *waiting_[i].requests.front();
            waiting_[i].requests.pop_front();
            const std::uint8_t mask = std::exchange(request.queued_for_, std::uint8_t{0});
            if (policy_->on_room(request)) {
                moved = true;
                release_if_over(request);
            } else if (request.queued_for_ == 0) {
                request.queued_for_ = mask;
                waiting_[i].requests.push_front(&request);
            }
        }
    }
    std::erase_if(waiting_, [](const Queue& queue) { return queue.requests.empty(); });
}

void Engine::tick() {
    second_.start(std::chrono::seconds(1), [this] { tick(); });
    ended_sessions_.clear();
    const auto now = loop_.now();
    for (auto pool = pools_.begin(); pool != pools_.end();) {
        pool->second->tick(now);
        const bool is_unused = pool->second->users == 0 && now - pool->second->unused_since > unused_pool &&
                               pool->second->in_flight() == 0;
        pool = is_unused ? pools_.erase(pool) : std::next(pool);
    }
    if (!waiting_.empty() || !waiting_legs_.empty()) serve_waiting();
}

void Engine::broadcast_event(EventKind kind, const std::function<void(cql::ProtocolVersion, base::Bytes&)>& encode) {
    std::unordered_map<int, base::Bytes> encoded;
    for (auto& [key, session] : sessions_) {
        base::Bytes& frame = encoded[static_cast<int>(session->version())];
        if (frame.empty()) encode(session->version(), frame);
        session->send_event(kind, frame);
    }
}

void Engine::for_each_session(const std::function<void(const ClientSession&)>& visit) const {
    for (const auto& [key, session] : sessions_) visit(*session);
}

void Engine::for_each_open_request(const std::function<void(Request&)>& visit) {
    for (auto& request : requests_) {
        if (request->is_free_) continue;
        visit(*request);
        release_if_over(*request);
    }
}

void Engine::for_each_pool(const std::function<void(const Pool&)>& visit) const {
    for (const auto& [key, pool] : pools_) visit(*pool);
}

}  // namespace crossfade::relay
