#include "relay/schema_agreement.hpp"

#include "cql/request.hpp"
#include "relay/pool.hpp"

namespace crossfade::relay {
namespace {

constexpr std::chrono::milliseconds between_looks{100};

}  // namespace

SchemaAgreement::SchemaAgreement(net::Loop& loop, Pool& pool, std::string node, std::chrono::milliseconds within,
                                 std::function<void()> done)
    : pool_(pool), node_(std::move(node)), done_(std::move(done)), timer_(loop), limit_(loop) {
    limit_.start(within, [this] { over(); });
    look();
}

SchemaAgreement::~SchemaAgreement() {
    if (asked_ != nullptr) asked_->forget(stream_id_);
}

void SchemaAgreement::look() {
    look_.begin();
    Backend* const backend = pool_.connection_to(node_);
    if (backend == nullptr)
        look_again();
    else
        ask(*backend, nodes::SchemaLook::of_itself);
}

void SchemaAgreement::ask(Backend& backend, std::string_view text) {
    cql::QueryOptions options;
    options.consistency = cql::Consistency::one;
    asked_ = &backend;
    stream_id_ = backend.begin_send(*this);
    cql::append_query(backend.buffer(), backend.version(), stream_id_, text, options);
    backend.sent();
}

void SchemaAgreement::look_again() {
    timer_.start(between_looks, [this] { look(); });
}

void SchemaAgreement::over() {
    timer_.cancel();
    limit_.cancel();
    const auto done = std::move(done_);
    done();
}

void SchemaAgreement::on_response(Backend& from, const Response& response) {
    using Next = nodes::SchemaLook::Next;
    asked_ = nullptr;
    const Next next = look_.on_answer(from.version(), {response.header, response.bytes}, pool_.topology().get());
    if (next == Next::agreed)
        over();
    else if (next == Next::ask_of_others && from.has_room(true))
        ask(from, nodes::SchemaLook::of_others);
    else
        look_again();
}

void SchemaAgreement::on_lost(Backend&, const base::Error&) {
    asked_ = nullptr;
    look_again();
}

}  // namespace crossfade::relay
