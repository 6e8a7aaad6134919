#include "driver/integration/scripted_node.hpp"

#include <gtest/gtest.h>

#include "cql/request.hpp"

namespace crossfade::driver {
namespace {

using base::Bytes;
using cql::OwnedColumn;
using cql::TypeCode;

constexpr std::uint8_t version = 4;

Bytes text(std::string_view value) {
    return {value.begin(), value.end()};
}

Bytes inet(const std::string& host) {
    unsigned a = 0, b = 0, c = 0, d = 0;
    EXPECT_EQ(std::sscanf(host.c_str(), "%u.%u.%u.%u", &a, &b, &c, &d), 4);
    return {static_cast<std::uint8_t>(a), static_cast<std::uint8_t>(b), static_cast<std::uint8_t>(c),
            static_cast<std::uint8_t>(d)};
}

Bytes host_id(const ScriptedNode& node) {
    Bytes id(16);
    const Bytes address = inet(node.address().host);
    std::copy(address.begin(), address.end(), id.begin());
    return id;
}

Bytes list_of(const std::vector<std::string>& elements) {
    Bytes bytes;
    cql::Writer out(bytes);
    out.int_number(static_cast<std::int32_t>(elements.size()));
    for (const std::string& element : elements) out.bytes(text(element));
    return bytes;
}

OwnedColumn column(const char* name, cql::TypePtr type) {
    return {"system", "t", name, std::move(type)};
}

std::vector<OwnedColumn> node_columns(bool is_local) {
    std::vector<OwnedColumn> columns = {
        column("host_id", cql::simple_type(TypeCode::uuid)),
        column("data_center", cql::simple_type(TypeCode::varchar)),
        column("rack", cql::simple_type(TypeCode::varchar)),
        column("release_version", cql::simple_type(TypeCode::varchar)),
        column("rpc_address", cql::simple_type(TypeCode::inet)),
        column("tokens", cql::set_type(cql::simple_type(TypeCode::varchar))),
    };
    if (is_local) {
        columns.push_back(column("cluster_name", cql::simple_type(TypeCode::varchar)));
        columns.push_back(column("partitioner", cql::simple_type(TypeCode::varchar)));
    }
    return columns;
}

std::vector<std::optional<Bytes>> node_row(const ScriptedNode& node, bool is_local) {
    std::vector<std::optional<Bytes>> row = {
        host_id(node), text(node.datacenter),     text(node.rack),
        text("4.0.0"), inet(node.address().host), list_of({std::to_string(node.token)})};
    if (is_local) {
        row.emplace_back(text(node.cluster_name));
        row.emplace_back(text("org.apache.cassandra.dht.Murmur3Partitioner"));
    }
    return row;
}

}  // namespace

Client::Client(ScriptedNode& of, std::unique_ptr<net::Stream> with) : node(of), stream(std::move(with)) {
    stream->start(*this);
}

void Client::on_closed(const base::Error&) {
    stream.reset();
}

std::size_t Client::on_bytes(std::span<std::uint8_t> bytes) {
    std::size_t used = 0;
    while (stream != nullptr) {
        const auto scan = cql::scan_frame(bytes.subspan(used), cql::largest_frame);
        if (scan.state != cql::FrameScan::State::whole) break;
        used += scan.frame.bytes.size();
        node.take(*this, scan.frame);
    }
    return used;
}

void Client::answer_void(std::uint16_t id) {
    if (stream == nullptr) return;
    cql::append_void(stream->out(), version, id);
    stream->send_soon();
}

void Client::answer_error(std::uint16_t id, cql::ErrorCode code, base::ByteView unprepared_id) {
    if (stream == nullptr) return;
    cql::ErrorMessage error;
    error.code = code;
    error.text = "as scripted";
    error.write_type = "SIMPLE";
    error.consistency = cql::Consistency::one;
    error.unprepared_id = unprepared_id;
    cql::append_error(stream->out(), version, id, error);
    stream->send_soon();
}

void Client::send_event(std::string_view type, std::string_view change, const net::Address& about) {
    cql::append_frame(stream->out(), version, true, 0, 0xFFFF, cql::Opcode::event, [&](cql::Writer& out) {
        out.string(type);
        out.string(change);
        const Bytes host = inet(about.host);
        out.byte(4);
        out.raw(host);
        out.int_number(about.port);
    });
    stream->send_soon();
}

ScriptedNode::ScriptedNode(net::Loop& loop, const std::string& host, std::uint16_t port,
                           std::shared_ptr<net::TlsContext> tls)
    : loop_(loop), address_{host, port}, tls_(std::move(tls)) {
    listen();
    address_.port = listener_->address().port;
    cluster_ = {this};
}

std::string ScriptedNode::host_id() const {
    std::string digits;
    for (const std::uint8_t byte : driver::host_id(*this)) {
        if (digits.size() == 8 || digits.size() == 13 || digits.size() == 18 || digits.size() == 23) digits += '-';
        for (const int half : {byte >> 4, byte & 0xF}) digits += "0123456789abcdef"[half];
    }
    return digits;
}

void ScriptedNode::listen() {
    auto listener = net::listen(loop_, address_, tls_, [this](std::unique_ptr<net::Stream> stream) {
        ++accepted;
        clients.push_back(std::make_unique<Client>(*this, std::move(stream)));
    });
    ASSERT_TRUE(listener) << listener.error().message;
    listener_ = std::move(*listener);
}

void ScriptedNode::go_down() {
    listener_.reset();
    for (auto& client : clients) client->stream.reset();
}

void ScriptedNode::come_back() {
    listen();
}

void ScriptedNode::take(Client& client, const cql::FrameView& frame) {
    if (is_silent) return;
    const auto id = static_cast<std::uint16_t>(frame.header.stream_id);
    Asked asked{client, frame, id, {}, {}};
    const auto prefix = cql::read_body_prefix(frame.header, frame.body());
    const base::ByteView body = frame.body().subspan(prefix->size);
    Bytes& out = client.stream->out();
    if (frame.header.version > highest_version) {
        cql::ErrorMessage error;
        error.code = cql::ErrorCode::protocol_error;
        error.text = "Invalid or unsupported protocol version";
        cql::append_error(out, version, id, error);
        client.stream->send_soon();
        return;
    }
    switch (frame.header.opcode) {
        case cql::Opcode::options:
            cql::append_supported(out, version, id, {{"CQL_VERSION", {"3.4.5"}}});
            break;
        case cql::Opcode::startup:
            if (authenticator.empty())
                cql::append_ready(out, version, id);
            else
                cql::append_authenticate(out, version, id, authenticator);
            break;
        case cql::Opcode::auth_response:
            // [bytes]: its length, then the token.
            on_login(asked, body.subspan(4));
            break;
        case cql::Opcode::register_events:
            client.has_registered = true;
            cql::append_ready(out, version, id);
            break;
        case cql::Opcode::query:
            asked.text = cql::parse_query(cql::ProtocolVersion::v4, body)->text;
            answer_query(asked);
            break;
        case cql::Opcode::prepare:
            asked.text = cql::parse_prepare(cql::ProtocolVersion::v4, body)->text;
            ++prepares;
            if (on_request)
                on_request(asked);
            else
                answer_by_default(asked);
            break;
        case cql::Opcode::execute: {
            const auto prepared = cql::parse_execute(cql::ProtocolVersion::v4, body)->prepared_id;
            asked.prepared_id.assign(prepared.begin(), prepared.end());
            [[fallthrough]];
        }
        default:
            ++requests;
            if (on_request)
                on_request(asked);
            else
                answer_by_default(asked);
            break;
    }
    if (client.stream != nullptr) client.stream->send_soon();
}

void ScriptedNode::answer_query(const Asked& asked) {
    Bytes& out = asked.client.stream->out();
    std::vector<std::vector<std::optional<Bytes>>> rows;
    if (asked.text.find("system.local") != std::string::npos) {
        rows.push_back(node_row(*this, true));
        cql::append_rows(out, cql::ProtocolVersion::v4, asked.id, node_columns(true), rows);
    } else if (asked.text.find("system.peers_v2") != std::string::npos) {
        asked.client.answer_error(asked.id, cql::ErrorCode::invalid);
    } else if (asked.text.find("system.peers") != std::string::npos) {
        for (const ScriptedNode* const node : cluster_)
            if (node != this) rows.push_back(node_row(*node, false));
        cql::append_rows(out, cql::ProtocolVersion::v4, asked.id, node_columns(false), rows);
    } else if (asked.text.find("system_schema.keyspaces") != std::string::npos) {
        const cql::TypePtr varchar = cql::simple_type(TypeCode::varchar);
        Bytes replication;
        cql::Writer map(replication);
        map.int_number(2);
        for (const std::string& part :
             {std::string("class"), std::string("org.apache.cassandra.locator.SimpleStrategy"),
              std::string("replication_factor"), std::to_string(replication_factor)})
            map.bytes(text(part));
        rows.push_back({text("ks"), replication});
        cql::append_rows(out, cql::ProtocolVersion::v4, asked.id,
                         {column("keyspace_name", varchar), column("replication", cql::map_type(varchar, varchar))},
                         rows);
    } else {
        ++requests;
        if (on_request)
            on_request(asked);
        else
            answer_by_default(asked);
    }
}

void ScriptedNode::answer_by_default(const Asked& asked) {
    if (asked.frame.header.opcode == cql::Opcode::prepare)
        answer_prepared(asked, base::bytes_of(asked.text));
    else
        asked.client.answer_void(asked.id);
}

void ScriptedNode::answer_row(Client& client, std::uint16_t id, const std::string& value) {
    if (client.stream == nullptr) return;
    const std::vector<OwnedColumn> columns{{"ks", "t", "v", cql::simple_type(TypeCode::varchar)}};
    cql::append_rows(client.out(), cql::ProtocolVersion::v4, id, columns, {{text(value)}});
    client.stream->send_soon();
}

void ScriptedNode::answer_prepared(const Asked& asked, base::ByteView id) {
    const std::vector<OwnedColumn> variables{{"ks", "t", "k", cql::simple_type(TypeCode::int_number)}};
    cql::append_prepared(asked.client.out(), cql::ProtocolVersion::v4, asked.id, id, {}, variables, {0}, {});
    asked.client.stream->send_soon();
}

}  // namespace crossfade::driver
