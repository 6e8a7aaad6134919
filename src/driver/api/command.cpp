#include "driver/api/command.hpp"

#include <algorithm>

#include "driver/api/wire_values.hpp"
#include "driver/prepared_cache.hpp"

namespace crossfade::driver {
namespace {

constexpr std::size_t most_values = 65535;

cql::ValueView view_of(const BoundValues& values, const BoundValues::Place& place) {
    if (place.size >= 0)
        return {cql::ValueView::State::bytes,
                base::ByteView(values.bytes).subspan(place.offset, static_cast<std::size_t>(place.size))};
    return {place.size == -1 ? cql::ValueView::State::null : cql::ValueView::State::unset, {}};
}

base::Result<void> fill_values(std::vector<cql::ValueView>& into, cql::ProtocolVersion version,
                               const BoundValues& values) {
    into.clear();
    if (values.places.size() > most_values)
        return base::fail(base::ErrorKind::bad_input, "a statement has at most 65535 values");
    for (const BoundValues::Place& place : values.places) {
        into.push_back(view_of(values, place));
        if (into.back().is_unset() && !cql::has_unset(version))
            return base::fail(base::ErrorKind::bad_configuration,
                              "value " + std::to_string(into.size()) +
                                  " is not set, which protocol v3 cannot say: bind null, or every value");
    }
    return {};
}

base::Result<void> check_version(cql::ProtocolVersion version, const StatementSettings& statement) {
    const auto refused = [&](const char* what) {
        return base::fail(base::ErrorKind::bad_configuration,
                          "protocol v" + std::string(cql::name_of(version)) + " has no " + what);
    };
    if (!statement.keyspace.empty() && !cql::has_request_keyspace(version))
        return refused("keyspace of a request: name it in the statement");
    if (statement.now_in_seconds && !cql::has_now_in_seconds(version)) return refused("now_in_seconds");
    if (!statement.payload.empty() && version == cql::ProtocolVersion::v3) return refused("custom payload");
    return {};
}

// Puts the payload before the message (§2.2 of the frame header, flag 0x04).
void insert_payload(base::Bytes& frame, const std::vector<std::pair<std::string, Blob>>& payload) {
    base::Bytes map;
    cql::Writer out(map);
    out.short_number(static_cast<std::uint16_t>(payload.size()));
    for (const auto& [key, value] : payload) {
        out.string(key);
        out.bytes(value);
    }
    frame.insert(frame.begin() + cql::frame_header_size, map.begin(), map.end());
    frame[1] |= cql::frame_flag::custom_payload;
    cql::patch_body_length(frame.data(), static_cast<std::uint32_t>(frame.size() - cql::frame_header_size));
}

base::Result<void> append_batch(base::Bytes& frame, cql::ProtocolVersion version, const Command& command,
                                const cql::QueryOptions& query) {
    if (command.children.size() > most_values)
        return base::fail(base::ErrorKind::bad_input, "a batch has at most 65535 statements");
    std::vector<cql::BatchItem> items(command.children.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
        const Batch::Child& child = command.children[i];
        if (child.prepared != nullptr)
            items[i].prepared_id = PreparedCache::id(*child.prepared);
        else
            items[i].text = child.text;
        if (auto filled = fill_values(items[i].values, version, child.values); !filled) return filled;
    }
    cql::append_batch(frame, version, 0, wire_value(command.batch_type), items, query);
    return {};
}

}  // namespace

void Command::assign(const Statement& from) {
    kind = Kind::query;
    text = from.text();
    values = from.values();
    settings = from.request_settings();
    statement = from.statement_settings();
}
void Command::assign(const BoundStatement& from) {
    kind = Kind::execute;
    prepared = from.prepared().internal();
    values = from.values();
    settings = from.request_settings();
    statement = from.statement_settings();
}
void Command::assign(const Batch& from) {
    kind = Kind::batch;
    children = from.children();
    batch_type = from.type();
    settings = from.request_settings();
    statement = from.statement_settings();
}

base::Result<void> append_command(base::Bytes& frame, cql::ProtocolVersion version, const Command& command,
                                  const CommandOptions& options, cql::QueryOptions& scratch) {
    if (auto fits = check_version(version, command.statement); !fits) return fits;
    scratch.consistency = options.consistency;
    scratch.serial_consistency = options.serial_consistency;
    scratch.page_size = options.page_size;
    scratch.timestamp = options.timestamp;
    scratch.paging_state = command.statement.paging_state;
    scratch.now_in_seconds = command.statement.now_in_seconds;
    scratch.keyspace = command.statement.keyspace;
    scratch.skip_metadata = false;
    scratch.names.clear();
    if (command.kind == Command::Kind::batch) {
        scratch.values.clear();
        if (auto appended = append_batch(frame, version, command, scratch); !appended) return appended;
    } else {
        if (auto filled = fill_values(scratch.values, version, command.values); !filled) return filled;
        if (command.kind == Command::Kind::query) {
            scratch.names.assign(command.values.names.begin(), command.values.names.end());
            cql::append_query(frame, version, 0, command.text, scratch);
        } else {
            // Before v5 nothing tells when the columns have changed, so that each answer must describe its own.
            scratch.skip_metadata =
                PreparedCache::columns(*command.prepared) != nullptr && cql::has_result_metadata_id(version);
            // A prepared statement has had its keyspace since it was prepared.
            scratch.keyspace = {};
            cql::append_execute(frame, version, 0, PreparedCache::id(*command.prepared),
                                PreparedCache::result_metadata_id(*command.prepared), scratch);
        }
    }
    if (command.statement.tracing) frame[1] |= cql::frame_flag::tracing;
    if (!command.statement.payload.empty()) insert_payload(frame, command.statement.payload);
    return {};
}

std::optional<cql::Token> token_of(const Prepared& statement, const BoundValues& values, base::Bytes& key) {
    const auto& indices = statement.key_indices;
    const bool is_all_bound = !indices.empty() && std::ranges::all_of(indices, [&](std::uint16_t index) {
        return index < values.places.size() && values.places[index].size >= 0;
    });
    if (!is_all_bound) return std::nullopt;
    if (indices.size() == 1) return cql::token_of(view_of(values, values.places[indices[0]]).bytes);
    key.clear();
    cql::Writer out(key);
    for (const std::uint16_t index : indices) {
        const base::ByteView part = view_of(values, values.places[index]).bytes;
        if (part.size() > most_values) return std::nullopt;
        out.short_bytes(part);
        out.byte(0);
    }
    return cql::token_of(key);
}

}  // namespace crossfade::driver
