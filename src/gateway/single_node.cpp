#include "gateway/single_node.hpp"

#include <arpa/inet.h>

#include <array>

#include "cql/response.hpp"

namespace crossfade::gateway {
namespace {

base::Bytes address_bytes(const std::string& host) {
    base::Bytes bytes(16);
    if (::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1)
        bytes.resize(4);
    else if (::inet_pton(AF_INET6, host.c_str(), bytes.data()) != 1)
        bytes.clear();
    return bytes;
}

bool is_address(std::string_view column) {
    return column == "rpc_address" || column == "native_address" || column == "broadcast_address" ||
           column == "listen_address";
}
bool is_port(std::string_view column) {
    return column == "rpc_port" || column == "native_port" || column == "broadcast_port" || column == "listen_port";
}

// The rows with some cells replaced, behind everything that comes before them.
void append_rows_with_address(const cql::RowsResult& rows, const GatewayAddress& address, base::Bytes& out) {
    const base::Bytes host = address_bytes(address.host);
    cql::Reader in(rows.rows);
    cql::Writer writer(out);
    for (std::int32_t row = 0; row < rows.row_count && in.ok(); ++row) {
        for (const cql::ColumnSpec& column : rows.metadata.columns) {
            const cql::ValueView value = in.value();
            if (is_address(column.name) && !value.is_null() && !host.empty()) {
                writer.bytes(host);
            } else if (is_port(column.name) && !value.is_null()) {
                writer.int_number(4);
                writer.int_number(address.port);
            } else {
                writer.value(value);
            }
        }
    }
}

}  // namespace

SystemTable system_table_of(const cql::Statement& statement) {
    if (statement.verb != cql::Verb::select || statement.table.keyspace != "system") return SystemTable::none;
    if (statement.table.table == "local") return SystemTable::local;
    return statement.table.table == "peers" || statement.table.table == "peers_v2" ? SystemTable::peers
                                                                                   : SystemTable::none;
}

void append_as_single_node(SystemTable table, const GatewayAddress& address, const cql::FrameView& frame,
                           base::Bytes& out) {
    const auto prefix = cql::read_body_prefix(frame.header, frame.body());
    const auto rows = prefix && frame.header.opcode == cql::Opcode::result && table != SystemTable::none
                          ? cql::parse_rows(static_cast<cql::ProtocolVersion>(frame.header.version),
                                            frame.body().subspan(prefix->size))
                          : base::fail(base::ErrorKind::bad_input, "no rows");
    if (!rows) {
        base::append(out, frame.bytes);
        return;
    }
    const std::size_t start = out.size();
    const auto before_count = static_cast<std::size_t>(rows->rows.data() - frame.bytes.data()) - 4;
    base::append(out, frame.bytes.first(before_count));
    if (table == SystemTable::peers) {
        cql::Writer(out).int_number(0);
    } else {
        cql::Writer(out).int_number(rows->row_count);
        if (rows->metadata.columns.empty())
            base::append(out, rows->rows);  // a result without its columns: not asked for by those who can be told
        else
            append_rows_with_address(*rows, address, out);
    }
    cql::patch_body_length(out.data() + start, static_cast<std::uint32_t>(out.size() - start - cql::frame_header_size));
}

bool tells_of_nodes(const cql::FrameView& frame) {
    if (frame.header.opcode != cql::Opcode::event) return false;
    const auto prefix = cql::read_body_prefix(frame.header, frame.body());
    if (!prefix) return false;
    cql::Reader in(frame.body().subspan(prefix->size));
    return in.string() != "SCHEMA_CHANGE";
}

}  // namespace crossfade::gateway
