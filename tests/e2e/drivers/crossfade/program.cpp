// Driver program of libcrossfade. Commands: ../README.md.
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <future>
#include <iostream>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <simdjson.h>
#include <crossfade/crossfade.hpp>

namespace {

using simdjson::dom::element;
using Value = std::variant<std::nullptr_t, std::int32_t, std::string>;

// --- JSON --------------------------------------------------------------------------------------------------------

std::string in_quotes(std::string_view text) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            out += "\\u00";
            out += digits[c >> 4];
            out += digits[c & 15];
        } else {
            out += c;
        }
    }
    return out + '"';
}

template <class Items, class Write>
std::string listed(const Items& items, Write write) {
    std::string out = "[";
    for (const auto& item : items) out += (out.size() > 1 ? "," : "") + write(item);
    return out + "]";
}

std::optional<std::string> text_of(const element& command, std::string_view key) {
    std::string_view found;
    if (command[key].get(found) != simdjson::SUCCESS) return std::nullopt;
    return std::string(found);
}

std::optional<std::int64_t> number_of(const element& command, std::string_view key) {
    std::int64_t found = 0;
    if (command[key].get(found) != simdjson::SUCCESS) return std::nullopt;
    return found;
}

std::vector<Value> values_of(const element& list) {
    std::vector<Value> values;
    for (const element one : simdjson::dom::array(list)) {
        if (one.is_null())
            values.emplace_back(nullptr);
        else if (one.is_int64())
            values.emplace_back(static_cast<std::int32_t>(std::int64_t(one)));
        else
            values.emplace_back(std::string(std::string_view(one)));
    }
    return values;
}

// --- what is open --------------------------------------------------------------------------------------------------

struct Opened {
    crossfade::Cluster cluster;
    crossfade::Session session;
};

std::mutex lock;
std::map<std::int64_t, Opened> sessions;
std::map<std::int64_t, crossfade::PreparedStatement> prepared;

template <class Held>
Held found(const std::map<std::int64_t, Held>& all, std::int64_t number) {
    const std::lock_guard guard(lock);
    return all.at(number);
}

// --- statements ------------------------------------------------------------------------------------------------------

crossfade::Statement text_statement(const element& from) {
    crossfade::Statement statement(text_of(from, "text").value());
    const std::vector<Value> values = values_of(from["values"]);
    for (std::size_t i = 0; i < values.size(); ++i)
        std::visit([&](const auto& value) { statement.set(i, value); }, values[i]);
    return statement;
}

crossfade::BoundStatement bound_statement(const crossfade::PreparedStatement& to, const std::vector<Value>& values) {
    crossfade::BoundStatement statement(to);
    for (std::size_t i = 0; i < values.size(); ++i)
        std::visit([&](const auto& value) { statement.set(i, value); }, values[i]);
    return statement;
}

// Calls `run` with a Statement or a BoundStatement.
template <class Run>
auto with_statement(const element& from, Run run) {
    if (const auto number = number_of(from, "prepared"))
        return run(bound_statement(found(prepared, *number), values_of(from["values"])));
    return run(text_statement(from));
}

// --- results
// -----------------------------------------------------------------------------------------------------------

std::string cell(const crossfade::ResultSet& result, const crossfade::Row& row, std::size_t column) {
    using crossfade::TypeKind;
    if (row.is_null(column)) return "null";
    switch (result.column(column).type.kind()) {
        case TypeKind::int_number:
        case TypeKind::bigint:
        case TypeKind::boolean:
        case TypeKind::list:
        case TypeKind::set:
            return row.to_text(column);
        case TypeKind::inet:
            return in_quotes(row.get_column<crossfade::Inet>(column).to_string());
        default:
            return in_quotes(row.to_text(column));
    }
}

std::string row_text(const crossfade::ResultSet& result, const crossfade::Row& row) {
    std::string out = "[";
    for (std::size_t i = 0; i < row.column_count(); ++i) out += (i ? "," : "") + cell(result, row, i);
    return out + "]";
}

std::string executed(const crossfade::ResultSet& result) {
    std::vector<std::string> columns, rows;
    for (std::size_t i = 0; i < result.column_count(); ++i) columns.emplace_back(result.column(i).name);
    for (const crossfade::Row row : result) rows.push_back(row_text(result, row));
    const bool is_conditional = !columns.empty() && columns.front() == "[applied]";
    return "\"columns\":" + listed(columns, in_quotes) +
           ",\"rows\":" + listed(rows, [](const std::string& row) { return row; }) +
           ",\"applied\":" + (is_conditional ? (result.was_applied() ? "true" : "false") : "null");
}

// --- the commands
// ------------------------------------------------------------------------------------------------------

std::string connect(const element& command) {
    crossfade::ClusterOptions options;
    options.connect_timeout(std::chrono::seconds(20))
        .timeout(std::chrono::seconds(20));  // a busy machine is no failure
    if (simdjson::dom::array bundles; command["bundle"].get(bundles) == simdjson::SUCCESS) {
        std::vector<std::string> paths;
        for (const std::string_view path : bundles) paths.emplace_back(path);
        options.secure_connect_bundle(std::move(paths));
    } else if (const auto bundle = text_of(command, "bundle"))
        options.secure_connect_bundle(*bundle);
    else
        options.contact_points(text_of(command, "host").value())
            .port(static_cast<std::uint16_t>(number_of(command, "port").value()));
    if (const auto folder = text_of(command, "tls"))
        options.tls(crossfade::TlsOptions{}
                        .ca_file(*folder + "/ca.crt")
                        .client_certificate(*folder + "/cert", *folder + "/key"));
    if (const auto user = text_of(command, "username"))
        options.username(*user).password(text_of(command, "password").value());
    if (const auto version = number_of(command, "version"))
        options.protocol_version(static_cast<crossfade::ProtocolVersion>(*version));
    auto cluster = crossfade::Cluster::build_new_cluster(options);
    auto session = cluster.connect(text_of(command, "keyspace").value_or(""));
    const auto nodes = session.nodes();
    const std::string answer =
        "\"protocol\":" + std::to_string(session.protocol_version()) + ",\"nodes\":" +
        listed(nodes, [](const auto& node) { return in_quotes(node.address.substr(0, node.address.rfind(':'))); });
    const std::lock_guard guard(lock);
    sessions.insert_or_assign(number_of(command, "session").value(), Opened{cluster, session});
    return answer;
}

std::string batch(const crossfade::Session& session, const element& command) {
    crossfade::Batch batch;
    for (const element one : simdjson::dom::array(command["statements"]))
        with_statement(one, [&](const auto& statement) { batch.add(statement); });
    session.execute(batch);
    return {};
}

std::string many(const crossfade::Session& session, const element& command) {
    const auto to = found(prepared, number_of(command, "prepared").value());
    const simdjson::dom::array lists = command["values"];
    std::vector<std::string> first(lists.size(), "null");
    std::mutex counting;
    std::condition_variable changed;
    std::optional<crossfade::Error> problem;
    std::int64_t running = 0;
    const std::int64_t room = number_of(command, "in_flight").value();
    std::size_t place = 0;
    for (const element list : lists) {
        {
            std::unique_lock guard(counting);
            changed.wait(guard, [&] { return running < room; });
            ++running;
        }
        session.execute(bound_statement(to, values_of(list)),
                        [&, place](crossfade::Outcome<crossfade::ResultSet> outcome) {
                            const std::lock_guard guard(counting);
                            --running;
                            if (!outcome)
                                problem = outcome.error();
                            else if (!outcome.value().is_empty())
                                first[place] = row_text(outcome.value(), outcome.value().first_row());
                            changed.notify_all();
                        });
        ++place;
    }
    std::unique_lock guard(counting);
    changed.wait(guard, [&] { return running == 0; });
    if (problem) throw *problem;
    return "\"first\":" + listed(first, [](const std::string& row) { return row; });
}

crossfade::Blob from_hex(std::string_view text) {
    crossfade::Blob bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2)
        bytes.push_back(static_cast<std::uint8_t>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
    return bytes;
}

std::string to_hex(const crossfade::Blob& bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

std::string page(const crossfade::Session& session, const element& command) {
    return with_statement(command, [&](auto statement) {
        statement.page_size(static_cast<std::int32_t>(number_of(command, "size").value()));
        if (const auto state = text_of(command, "state")) statement.paging_state(from_hex(*state));
        const crossfade::ResultSet result = session.execute(statement);
        std::vector<std::string> rows;
        for (const crossfade::Row row : result.page()) rows.push_back(row_text(result, row));
        return "\"rows\":" + listed(rows, [](const std::string& row) { return row; }) +
               ",\"state\":" + (result.has_more_pages() ? in_quotes(to_hex(result.paging_state())) : "null");
    });
}

std::string columns(const crossfade::Session& session, const element& command) {
    std::vector<std::string> names;
    const auto schema = session.schema();
    if (const auto* table = schema->find_table(text_of(command, "keyspace").value(), text_of(command, "table").value()))
        for (const auto& column : table->columns) names.push_back(column.name);
    return "\"columns\":" + listed(names, in_quotes);
}

std::string carry_out(const element& command, std::int64_t id) {
    const std::string what = text_of(command, "do").value();
    if (what == "connect") return connect(command);
    const std::int64_t number = number_of(command, "session").value();
    const Opened opened = found(sessions, number);
    const crossfade::Session& session = opened.session;
    if (what == "execute") {
        return with_statement(command, [&](auto statement) {
            if (text_of(command, "consistency") == "ONE") statement.consistency(crossfade::Consistency::one);
            return executed(session.execute(statement));
        });
    }
    if (what == "batch") return batch(session, command);
    if (what == "many") return many(session, command);
    if (what == "page") return page(session, command);
    if (what == "columns") return columns(session, command);
    if (what == "prepare") {
        auto statement = session.prepare(text_of(command, "text").value());
        const std::lock_guard guard(lock);
        prepared.insert_or_assign(id, std::move(statement));
        return "\"prepared\":" + std::to_string(id);
    }
    if (what == "set_keyspace") {  // this driver has no USE
        const auto made = opened.cluster.connect(text_of(command, "keyspace").value());
        session.close();
        const std::lock_guard guard(lock);
        sessions.insert_or_assign(number, Opened{opened.cluster, made});
        return {};
    }
    if (what == "close") {
        opened.cluster.close();
        const std::lock_guard guard(lock);
        sessions.erase(number);
        return {};
    }
    throw std::invalid_argument("no such command: " + what);
}

std::string error(std::string_view name, std::string_view message) {
    return "\"error\":{\"class\":" + in_quotes(name) + ",\"message\":" + in_quotes(message) + "}";
}

void answer(const std::string& line) {
    simdjson::dom::parser parser;
    const element command = parser.parse(line);
    const std::int64_t id = number_of(command, "id").value();
    std::string said;
    try {
        said = carry_out(command, id);
    } catch (const crossfade::Error& problem) {
        said = error(crossfade::name_of(problem.code()), problem.what());
    } catch (const std::exception& problem) {
        said = error("std::exception", problem.what());
    }
    static std::mutex out;
    const std::lock_guard guard(out);
    std::cout << "{\"id\":" << id << (said.empty() ? "" : ",") << said << "}" << std::endl;
}

}  // namespace

int main() {
    std::list<std::future<void>> running;
    for (std::string line; std::getline(std::cin, line);) {
        running.remove_if([](const std::future<void>& one) {
            return one.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
        });
        running.push_back(std::async(std::launch::async, answer, line));
    }
    running.clear();
    for (const auto& [number, opened] : sessions) opened.cluster.close();
}
