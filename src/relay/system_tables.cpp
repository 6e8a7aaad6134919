#include "relay/system_tables.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <set>

#include "relay/prepared.hpp"
#include "relay/system_select.hpp"

namespace crossfade::relay {
namespace {

using Cell = std::optional<base::Bytes>;
using Row = std::vector<Cell>;

constexpr int tokens_shown = 16;

// Columns of the three tables that show which node, and where: they show the front.
const std::vector<std::string_view> replaced = {"broadcast_address",
                                                "listen_address",
                                                "rpc_address",
                                                "preferred_ip",
                                                "native_address",
                                                "native_transport_address",
                                                "peer",
                                                "rpc_port",
                                                "native_port",
                                                "native_transport_port",
                                                "tokens",
                                                "host_id",
                                                "data_center",
                                                "truncated_at"};

Cell int_cell(std::int32_t value) {
    base::Bytes bytes(4);
    cql::store_int(bytes.data(), static_cast<std::uint32_t>(value));
    return bytes;
}

Cell text_cell(std::string_view text) {
    const base::ByteView bytes = base::bytes_of(text);
    return base::Bytes(bytes.begin(), bytes.end());
}

base::Bytes address_bytes(const std::string& host) {
    base::Bytes bytes(16);
    if (inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1) return bytes;
    bytes.resize(4);
    if (inet_pton(AF_INET, host.c_str(), bytes.data()) == 1) return bytes;
    return base::Bytes{127, 0, 0, 1};
}

// The same on every run for one address, so that drivers recognise the front.
Cell host_id_cell(const ShownNode& node) {
    PreparedId id = digest_of(node.host + ":" + std::to_string(node.port), "crossfade proxy");
    id[6] = static_cast<std::uint8_t>((id[6] & 0x0FU) | 0x50U);
    id[8] = static_cast<std::uint8_t>((id[8] & 0x3FU) | 0x80U);
    return base::Bytes(id.begin(), id.end());
}

Cell tokens_cell(const std::vector<std::string>& tokens) {
    base::Bytes bytes;
    cql::Writer writer(bytes);
    writer.int_number(static_cast<std::int32_t>(tokens.size()));
    for (const std::string& token : tokens) writer.bytes(base::bytes_of(token));
    return bytes;
}

// The front as the rows of one table.
class Rows {
public:
    Rows(const ClusterFacts& cluster, const SystemTable& table, const ShownCluster& shown)
        : cluster_(cluster), table_(table), shown_(shown) {}

    Row of_local() const {
        Row row;
        for (std::size_t i = 0; i < table_.columns.size(); ++i) {
            const std::string& column = table_.columns[i].name;
            row.push_back(is_replaced(column) ? replaced_cell(column, shown_.local) : table_.rows.front()[i]);
        }
        return row;
    }
    // What it has in common with the node itself it shows as that: version, rack, schema version.
    Row of_peer(const ShownNode& peer) const {
        Row row;
        for (const cql::OwnedColumn& column : table_.columns) {
            if (column.name == "preferred_ip" || column.name == "preferred_port")
                row.emplace_back(std::nullopt);
            else if (column.name == "peer_port")
                row.push_back(int_cell(7000));
            else
                row.push_back(is_replaced(column.name) ? replaced_cell(column.name, peer) : cell_of_node(column.name));
        }
        return row;
    }

private:
    static bool is_replaced(const std::string& column) { return std::ranges::find(replaced, column) != replaced.end(); }

    Cell replaced_cell(const std::string& column, const ShownNode& node) const {
        if (column == "tokens") return tokens_cell(node.tokens.empty() ? even_tokens(node) : node.tokens);
        if (column == "host_id") return host_id_cell(node);
        if (column == "data_center") return node.datacenter.empty() ? cell_of_node(column) : text_cell(node.datacenter);
        if (column == "truncated_at") return std::nullopt;
        if (column.ends_with("_port")) return int_cell(node.port);
        return address_bytes(node.host);
    }

    Cell cell_of_node(const std::string& column) const {
        for (std::size_t i = 0; i < cluster_.local.columns.size(); ++i)
            if (cluster_.local.columns[i].name == column && !cluster_.local.rows.empty())
                return cluster_.local.rows.front()[i];
        return std::nullopt;
    }

    std::string datacenter_of(const ShownNode& node) const {
        if (!node.datacenter.empty()) return node.datacenter;
        const Cell cell = cell_of_node("data_center");
        return cell ? std::string(base::text_of(*cell)) : "";
    }

    // Every front comes to the same tokens: nodes and datacenters are counted in the order of their names. No two nodes
    // have one in common; some drivers take a ring with fewer tokens than were told for broken.
    std::vector<std::string> even_tokens(const ShownNode& node) const {
        const std::string datacenter = datacenter_of(node);
        std::set<std::string> hosts{node.host}, datacenters{datacenter};
        for (const auto* other : all()) {
            datacenters.insert(datacenter_of(*other));
            if (datacenter_of(*other) == datacenter) hosts.insert(other->host);
        }
        const auto place = static_cast<std::uint64_t>(std::distance(hosts.begin(), hosts.find(node.host)));
        // More than rounding moves a token, and far less than they are apart.
        const auto offset =
            1'000'003 * static_cast<std::uint64_t>(std::distance(datacenters.begin(), datacenters.find(datacenter)));
        const std::uint64_t step = UINT64_MAX / (tokens_shown * hosts.size());
        std::vector<std::string> tokens;
        for (std::uint64_t i = 0; i < tokens_shown; ++i) {
            const std::uint64_t token =
                static_cast<std::uint64_t>(INT64_MIN) + step * (i * hosts.size() + place) + offset;
            tokens.push_back(std::to_string(static_cast<std::int64_t>(token)));
        }
        return tokens;
    }

    std::vector<const ShownNode*> all() const {
        std::vector<const ShownNode*> nodes{&shown_.local};
        for (const ShownNode& peer : shown_.peers) nodes.push_back(&peer);
        return nodes;
    }

    const ClusterFacts& cluster_;
    const SystemTable& table_;
    const ShownCluster& shown_;
};

void append_invalid(base::Bytes& frame, cql::ProtocolVersion version, const std::string& text) {
    cql::ErrorMessage error;
    error.code = cql::ErrorCode::invalid;
    error.text = text;
    cql::append_error(frame, static_cast<std::uint8_t>(version), 0, error);
}

// Drivers ask for the row of one peer by its address.
bool is_wanted(const std::optional<Equality>& where, base::ByteView bound, const ShownNode& node) {
    if (!where || (where->column != "peer" && where->column != "rpc_address" && where->column != "native_address"))
        return true;
    const base::Bytes address = address_bytes(node.host);
    const base::Bytes wanted = where->is_marker ? base::Bytes(bound.begin(), bound.end()) : address_bytes(where->text);
    return address == wanted;
}

// All rows, or those that have something in the column; nothing where there is no such column.
std::optional<std::uint32_t> count_of(const Selector& selector, const SystemTable& table,
                                      const std::vector<Row>& rows) {
    if (selector.column == "*") return static_cast<std::uint32_t>(rows.size());
    const auto column = std::ranges::find(table.columns, selector.column, &cql::OwnedColumn::name);
    if (column == table.columns.end()) return std::nullopt;
    const auto place = static_cast<std::size_t>(column - table.columns.begin());
    return static_cast<std::uint32_t>(
        std::ranges::count_if(rows, [&](const Row& row) { return row[place].has_value(); }));
}

// One column of the answer, and its cell in each row; false where the table has no such column.
bool select_columns(const Selector& selector, const SystemTable& table, const std::vector<Row>& rows,
                    std::vector<cql::OwnedColumn>& columns, std::vector<Row>& answer) {
    bool is_found = false;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        if (selector.column != "*" && table.columns[i].name != selector.column) continue;
        is_found = true;
        columns.push_back(table.columns[i]);
        if (selector.column != "*") columns.back().name = selector.label;
        for (std::size_t row = 0; row < rows.size(); ++row) answer[row].push_back(rows[row][i]);
    }
    return is_found;
}

}  // namespace

SystemAnswer answer_system_query(const cql::Statement& statement, std::string_view text, const ClusterFacts& cluster,
                                 const ShownCluster& shown, base::ByteView bound, cql::ProtocolVersion version,
                                 base::Bytes& frame) {
    const std::string& name = statement.table.table;
    const bool is_local = name == "local";
    if ((!is_local && name != "peers" && name != "peers_v2") || !cluster.was_seen) return SystemAnswer::not_ours;
    const SystemTable& table = is_local ? cluster.local : name == "peers" ? cluster.peers : cluster.peers_v2;
    if (table.columns.empty()) {
        append_invalid(frame, version, "unconfigured table " + name);
        return SystemAnswer::answered;
    }
    const auto select = read_system_select(text);
    if (!select) {
        if (is_local && !selects_any_of(text, replaced)) return SystemAnswer::not_ours;
        append_invalid(frame, version, select.error().message);
        return SystemAnswer::answered;
    }
    const Rows made(cluster, table, shown);
    std::vector<Row> rows;
    if (is_local && !table.rows.empty()) rows.push_back(made.of_local());
    if (!is_local)
        for (const ShownNode& peer : shown.peers)
            if (is_wanted(select->where, bound, peer)) rows.push_back(made.of_peer(peer));
    const std::vector<Row> counted = rows;
    // A count makes one row of all; what stands beside it is the first one's, or null, as nodes have it.
    if (std::ranges::find(select->selectors, Selector::Kind::count, &Selector::kind) != select->selectors.end())
        rows.resize(1, Row(table.columns.size()));
    std::vector<cql::OwnedColumn> columns;
    std::vector<Row> answer(rows.size());
    for (const Selector& selector : select->selectors) {
        if (selector.kind == Selector::Kind::count) {
            const auto found = count_of(selector, table, counted);
            if (!found) {
                append_invalid(frame, version, "Undefined column name " + selector.column + " in table system." + name);
                return SystemAnswer::answered;
            }
            base::Bytes count(8);
            cql::store_int(count.data() + 4, *found);
            columns.push_back({"system", name, selector.label, cql::simple_type(cql::TypeCode::bigint)});
            answer.front().emplace_back(count);
        } else if (selector.kind == Selector::Kind::function) {
            const auto value = evaluate(selector.function);
            columns.push_back({"system", name, selector.label, value->type});
            for (Row& row : answer) row.emplace_back(value->value);
        } else if (!select_columns(selector, table, rows, columns, answer)) {
            append_invalid(frame, version, "Undefined column name " + selector.column + " in table system." + name);
            return SystemAnswer::answered;
        }
    }
    cql::append_rows(frame, version, 0, columns, answer);
    return SystemAnswer::answered;
}

}  // namespace crossfade::relay
