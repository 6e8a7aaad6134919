#include "relay/schema_agreement.hpp"

#include <algorithm>

#include "cql/request.hpp"
#include "cql/response.hpp"
#include "relay/pool.hpp"

namespace crossfade::relay {
namespace {

constexpr std::chrono::milliseconds between_looks{100};

base::Result<cql::RowsResult> rows_in(cql::ProtocolVersion version, const Response& response) {
    if (response.header.opcode != cql::Opcode::result) return base::fail(base::ErrorKind::protocol, "no result");
    const auto prefix = cql::read_body_prefix(response.header, response.body());
    if (!prefix) return base::fail(prefix.error());
    return cql::parse_rows(version, base::ByteView(response.body()).subspan(prefix->size));
}

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
    version_.clear();
    Backend* const backend = pool_.connection_to(node_);
    if (backend == nullptr)
        look_again();
    else
        ask(*backend, "SELECT schema_version FROM system.local WHERE key='local'");
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
    asked_ = nullptr;
    if (!version_.empty()) {
        if (agrees(from.version(), response))
            over();
        else
            look_again();
        return;
    }
    const auto rows = rows_in(from.version(), response);
    if (rows && rows->row_count > 0) {
        const base::ByteView version = cql::Reader(rows->rows).value().bytes;
        version_.assign(version.begin(), version.end());
    }
    if (version_.empty() || !from.has_room(true))
        look_again();
    else
        ask(from, "SELECT host_id, schema_version FROM system.peers");
}

void SchemaAgreement::on_lost(Backend&, const base::Error&) {
    asked_ = nullptr;
    look_again();
}

bool SchemaAgreement::agrees(cql::ProtocolVersion version, const Response& response) const {
    const auto rows = rows_in(version, response);
    const auto topology = pool_.topology();
    if (!rows || topology == nullptr) return false;
    cql::Reader in(rows->rows);
    for (std::int32_t row = 0; row < rows->row_count; ++row) {
        const cql::ValueView host_id = in.value(), schema_version = in.value();
        if (!in.ok()) return false;
        if (host_id.is_null() || schema_version.is_null()) continue;
        const auto node = std::ranges::find_if(
            topology->nodes, [&](const nodes::Node& one) { return std::ranges::equal(one.host_id, host_id.bytes); });
        if (node == topology->nodes.end() || !node->is_up) continue;
        if (!std::ranges::equal(schema_version.bytes, version_)) return false;
    }
    return true;
}

bool is_schema_change(const Response& response) {
    if (response.header.opcode != cql::Opcode::result) return false;
    std::size_t at = 0;
    constexpr std::uint8_t prefixes =
        cql::frame_flag::tracing | cql::frame_flag::warning | cql::frame_flag::custom_payload;
    if ((response.header.flags & prefixes) != 0) {
        const auto prefix = cql::read_body_prefix(response.header, response.body());
        if (!prefix) return false;
        at = prefix->size;
    }
    const auto body = response.body();
    return body.size() >= at + 4 &&
           cql::load_int(body.data() + at) == static_cast<std::uint32_t>(cql::ResultKind::schema_change);
}

}  // namespace crossfade::relay
