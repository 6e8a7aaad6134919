#include "proxy/system_tables.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "cql/tokenizer.hpp"
#include "relay/prepared.hpp"

namespace crossfade::proxy {
namespace {

using Cell = std::optional<base::Bytes>;

constexpr int tokens_shown = 16;

Cell int_cell(std::int32_t value) {
    base::Bytes bytes(4);
    cql::store_int(bytes.data(), static_cast<std::uint32_t>(value));
    return bytes;
}

Cell address_cell(const std::string& host) {
    base::Bytes bytes(16);
    if (inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1) return bytes;
    bytes.resize(4);
    if (inet_pton(AF_INET, host.c_str(), bytes.data()) == 1) return bytes;
    return base::Bytes{127, 0, 0, 1};
}

// Tokens spread evenly: with one node it does not matter where they are, but drivers want some.
Cell tokens_cell() {
    base::Bytes bytes;
    cql::Writer writer(bytes);
    writer.int_number(tokens_shown);
    constexpr std::uint64_t step = UINT64_MAX / tokens_shown;
    for (int i = 0; i < tokens_shown; ++i) {
        const auto token =
            static_cast<std::int64_t>(static_cast<std::uint64_t>(INT64_MIN) + step * static_cast<std::uint64_t>(i));
        writer.bytes(base::bytes_of(std::to_string(token)));
    }
    return bytes;
}

// The same on every run for one address, so that drivers recognise the proxy.
Cell host_id_cell(const std::string& host, std::uint16_t port) {
    relay::PreparedId id = relay::digest_of(host + ":" + std::to_string(port), "crossfade proxy");
    id[6] = static_cast<std::uint8_t>((id[6] & 0x0FU) | 0x50U);
    id[8] = static_cast<std::uint8_t>((id[8] & 0x3FU) | 0x80U);
    return base::Bytes(id.begin(), id.end());
}

Cell shown_cell(const std::string& column, const Cell& real, const std::string& host, std::uint16_t port) {
    static constexpr std::array<std::string_view, 4> addresses = {"broadcast_address", "listen_address", "rpc_address",
                                                                  "preferred_ip"};
    if (std::ranges::find(addresses, column) != addresses.end()) return address_cell(host);
    if (column == "rpc_port" || column == "native_transport_port") return int_cell(port);
    if (column == "tokens") return tokens_cell();
    if (column == "host_id") return host_id_cell(host, port);
    if (column == "truncated_at") return std::nullopt;
    return real;
}

std::vector<std::vector<Cell>> rows_of(const SystemTable& table, bool is_local, const std::string& host,
                                       std::uint16_t port) {
    if (!is_local || table.rows.empty()) return {};
    std::vector<Cell> row;
    for (std::size_t i = 0; i < table.columns.size(); ++i)
        row.push_back(shown_cell(table.columns[i].name, table.rows.front()[i], host, port));
    return {std::move(row)};
}

void append_invalid(base::Bytes& frame, cql::ProtocolVersion version, const std::string& text) {
    cql::ErrorMessage error;
    error.code = cql::ErrorCode::invalid;
    error.text = text;
    cql::append_error(frame, static_cast<std::uint8_t>(version), 0, error);
}

tl::unexpected<base::Error> not_understood(std::string_view what) {
    return base::fail(base::ErrorKind::bad_input,
                      "the proxy answers this system table itself and understands columns, * and count(*), not '" +
                          std::string(what) + "'");
}

}  // namespace

base::Result<std::vector<Selector>> read_selectors(std::string_view select) {
    cql::Tokenizer tokens(select);
    std::vector<Selector> selectors;
    cql::Lexeme lexeme = tokens.next();
    if (!lexeme.is_word("select")) return not_understood(lexeme.text);
    lexeme = tokens.next();
    for (;;) {
        Selector selector;
        if (lexeme.is_symbol("*")) {
            selector.column = "*";
            lexeme = tokens.next();
        } else if (lexeme.is_name()) {
            selector.column = selector.label = cql::name_text(lexeme.text);
            const bool may_be_count = lexeme.is_word("count");
            lexeme = tokens.next();
            if (lexeme.is_symbol("(")) {
                if (!may_be_count) return not_understood(selector.column + "(…)");
                selector.is_count = true;
                for (const std::string_view wanted : {"*", ")"}) {
                    lexeme = tokens.next();
                    if (!lexeme.is_symbol(wanted) && !(wanted == "*" && lexeme.text == "1"))
                        return not_understood(lexeme.text);
                }
                lexeme = tokens.next();
            }
        } else {
            return not_understood(lexeme.text);
        }
        if (lexeme.is_word("as")) {
            lexeme = tokens.next();
            if (!lexeme.is_name()) return not_understood(lexeme.text);
            selector.label = cql::name_text(lexeme.text);
            lexeme = tokens.next();
        }
        selectors.push_back(std::move(selector));
        if (lexeme.is_word("from")) return selectors;
        if (!lexeme.is_symbol(",")) return not_understood(lexeme.text);
        lexeme = tokens.next();
    }
}

SystemAnswer answer_system_query(const cql::Statement& statement, std::string_view text, const ClusterFacts& cluster,
                                 const std::string& host, std::uint16_t port, cql::ProtocolVersion version,
                                 base::Bytes& frame) {
    const bool is_local = statement.table.table == "local";
    const bool is_peers = statement.table.table == "peers";
    const bool is_peers_v2 = statement.table.table == "peers_v2";
    if ((!is_local && !is_peers && !is_peers_v2) || !cluster.was_seen) return SystemAnswer::not_ours;
    const SystemTable& table = is_local ? cluster.local : is_peers ? cluster.peers : cluster.peers_v2;
    if (table.columns.empty()) {
        append_invalid(frame, version, "unconfigured table " + statement.table.table);
        return SystemAnswer::answered;
    }
    const auto selectors = read_selectors(text);
    if (!selectors) {
        append_invalid(frame, version, selectors.error().message);
        return SystemAnswer::answered;
    }
    const auto rows = rows_of(table, is_local, host, port);
    std::vector<cql::OwnedColumn> columns;
    std::vector<std::vector<Cell>> shown(rows.size());
    for (const Selector& selector : *selectors) {
        if (selector.is_count) {
            base::Bytes count(8);
            cql::store_int(count.data() + 4, static_cast<std::uint32_t>(rows.size()));
            columns.push_back(
                {"system", statement.table.table, selector.label, cql::simple_type(cql::TypeCode::bigint)});
            shown.assign(1, {count});
            continue;
        }
        bool is_found = false;
        for (std::size_t i = 0; i < table.columns.size(); ++i) {
            if (selector.column != "*" && table.columns[i].name != selector.column) continue;
            is_found = true;
            columns.push_back(table.columns[i]);
            if (selector.column != "*") columns.back().name = selector.label;
            for (std::size_t row = 0; row < rows.size(); ++row) shown[row].push_back(rows[row][i]);
        }
        if (!is_found) {
            append_invalid(frame, version,
                           "Undefined column name " + selector.column + " in table system." + statement.table.table);
            return SystemAnswer::answered;
        }
    }
    cql::append_rows(frame, version, 0, columns, shown);
    return SystemAnswer::answered;
}

}  // namespace crossfade::proxy
