// What the engine does where a node does not know a statement that a client has prepared: PREPARE, and then the request
// again.
#include <algorithm>

#include "cql/request.hpp"
#include "cql/response.hpp"
#include "relay/engine.hpp"
#include "relay/own_ids.hpp"

namespace crossfade::relay {
namespace {

// A node that forgets its statements every thousand requests, with all 32,768 ids in flight, answers one of them
// UNPREPARED 33 times.
constexpr std::uint8_t most_prepares = 100;
// What a node is told at once when it comes; the rest it is told when somebody needs it.
constexpr std::size_t most_ahead = 1000;

// What a statement is called now, or an error where the answer to PREPARE does not read.
base::Result<PreparedPtr> renewed(const PreparedStatement& statement, std::size_t cluster, cql::ProtocolVersion version,
                                  const Response& response) {
    const auto prefix = cql::read_body_prefix(response.header, response.body());
    if (!prefix) return base::fail(prefix.error());
    const auto prepared = cql::parse_prepared(version, response.body().subspan(prefix->size));
    if (!prepared) return base::fail(prepared.error());
    auto made = std::make_shared<PreparedStatement>(statement);
    note_prepared(*made, cluster, *prepared);
    return PreparedPtr(std::move(made));
}

}  // namespace

// Gives whether the leg is to be sent again: then it waits.
bool Engine::prepare_again(Leg& leg, Backend& from, const Response& response) {
    const Request& request = *leg.request_;
    const auto error = cql::parse_error(request.version, response.body());
    if (!error || error->code != cql::ErrorCode::unprepared || leg.prepares >= most_prepares) return false;
    PreparedPtr statement = request.prepared.front();
    for (const PreparedPtr& one : request.prepared)
        if (std::ranges::equal(one->on[leg.cluster_].id, error->unprepared_id)) statement = one;
    ++leg.prepares;
    --leg.attempts;  // UNPREPARED means that it was not executed
    prepare_first(leg, from, statement);
    return true;
}

void Engine::prepare_first(Leg& leg, Backend& backend, const PreparedPtr& statement) {
    leg.state = Leg::State::waiting;
    leg.backend = nullptr;
    // Only a connection that was USEd to the keyspace gives an unqualified text its meaning.
    const bool is_elsewhere = !statement->keyspace.empty() && !cql::has_request_keyspace(backend.version()) &&
                              backend.keyspace() != statement->keyspace;
    PrepareInFlight* prepare = is_elsewhere ? nullptr : prepares_.find(backend, statement->id);
    if (prepare == nullptr && (is_elsewhere || !backend.has_room(true))) {
        leg.to_prepare_ = statement;
        wait_to_send(leg);
        return;
    }
    if (prepare == nullptr) prepare = &prepares_.send(backend, leg.cluster_, statement);
    leg.prepare_place_ = prepare->add(leg);
    leg.prepare_ = prepare;
}

void Engine::wait_to_send(Leg& leg) {
    leg.state = Leg::State::waiting;
    waiting_legs_.push_back(&leg);
    on_pool_room(*leg.request_->pools[leg.cluster_]);
}

void Engine::on_prepared(PrepareInFlight& prepare, Backend& from, const Response& response) {
    base::Result<PreparedPtr> statement = base::fail(base::ErrorKind::protocol, "PREPARE was refused");
    if (response.header.opcode == cql::Opcode::result) {
        statement = renewed(*prepare.statement(), prepare.cluster(), from.version(), response);
        if (statement) prepared_.put(*statement);
    }
    base::Bytes answer(response.bytes.begin(), response.bytes.end());
    if (!statement && response.header.opcode != cql::Opcode::error) {
        answer.clear();
        cql::ErrorMessage error;
        error.code = cql::ErrorCode::overloaded;
        error.text = "a statement could not be prepared again on its node: the answer was not understood";
        cql::append_error(answer, static_cast<std::uint8_t>(from.version()), 0, error);
    }
    const cql::FrameHeader header = cql::read_frame_header(answer.data());
    base::Bytes shown;
    while (Leg* const leg = prepare.take_leg()) {
        leg->prepare_ = nullptr;
        if (statement) {
            for (PreparedPtr& one : leg->request_->prepared)
                if (one->id == (*statement)->id) one = *statement;
            const std::string_view keyspace = leg->request_->wish.keyspace;
            if (from.has_room(true) && (keyspace.empty() || keyspace == from.keyspace()))
                send_on(*leg, from);
            else
                wait_to_send(*leg);
            continue;
        }
        // What the cluster says to the text itself (a dropped table, say) is the answer to the request.
        shown = answer;  // the policy may change what it is shown
        answer_with(*leg, Response{header, shown});
    }
}

// Who needs one of them meanwhile waits for the same answer: UNPREPARED is not even asked for.
void Engine::prepare_ahead(const Pool& pool, Backend& backend) {
    std::size_t sent = 0;
    prepared_.for_each([&](const PreparedPtr& statement) {
        const bool has_its_keyspace = statement->keyspace.empty() || cql::has_request_keyspace(backend.version()) ||
                                      backend.keyspace() == statement->keyspace;
        if (sent == most_ahead || !has_its_keyspace || statement->on[pool.key().cluster].id.empty() ||
            !backend.has_room(true) || prepares_.find(backend, statement->id) != nullptr)
            return;
        prepares_.send(backend, pool.key().cluster, statement);
        ++sent;
    });
}

void Engine::on_pool_connected(Pool& pool, Backend& backend, bool node_is_back) {
    if (options_.prepares_ahead && node_is_back) prepare_ahead(pool, backend);
    on_pool_room(pool);
}

void Engine::on_prepare_lost(PrepareInFlight& prepare, const base::Error& why) {
    while (Leg* const leg = prepare.take_leg()) {
        leg->prepare_ = nullptr;
        leg_lost(*leg, why);
    }
}

}  // namespace crossfade::relay
