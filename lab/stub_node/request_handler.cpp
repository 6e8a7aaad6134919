#include "stub_node/request_handler.hpp"

#include <algorithm>

#include "base/clock.hpp"

namespace crossfade::lab {

using cql::ErrorCode;
using cql::ValueView;
using Kind = KnownStatement::Kind;

namespace {

// The bound value at `index`; null where there is none.
ValueView value_at(base::ByteView values, bool has_names, std::int32_t index) {
    cql::Reader in(values);
    for (std::int32_t i = 0; in.remaining() > 0; ++i) {
        if (has_names) in.string();
        const ValueView value = in.value();
        if (i == index) return value;
    }
    return {};
}

ValueView key_of(const KnownStatement& known, base::ByteView values, bool has_names) {
    if (known.key_marker < 0) return {};
    if (!has_names) return value_at(values, false, known.key_marker);
    cql::Reader in(values);
    const std::string& wanted = known.variables[static_cast<std::size_t>(known.key_marker)].name;
    while (in.remaining() > 0) {
        const bool is_it = in.string() == wanted;
        const ValueView value = in.value();
        if (is_it) return value;
    }
    return {};
}

}  // namespace

Outcome RequestHandler::handle(const Request& request, std::string& keyspace, base::Bytes& out) {
    Call call{request, keyspace, out, {}};
    switch (request.opcode) {
        case cql::Opcode::query:
            ++counts_.queries;
            return query(call);
        case cql::Opcode::prepare:
            ++counts_.prepares;
            return prepare(call);
        case cql::Opcode::execute:
            ++counts_.executes;
            return execute(call);
        case cql::Opcode::batch:
            ++counts_.batches;
            return batch(call);
        default:
            return error(call, ErrorCode::protocol_error, "the stub node does not know this opcode");
    }
}

void RequestHandler::forget_if_due() {
    const auto every = static_cast<std::uint64_t>(node_.behaviour.forget_every.load(std::memory_order_relaxed));
    if (every == 0 || (node_.behaviour.requests.fetch_add(1, std::memory_order_relaxed) + 1) % every != 0) return;
    node_.prepared.forget_all();
    ++counts_.forgotten;
}

Outcome RequestHandler::query(Call& call) {
    const auto parsed = cql::parse_query(call.request.version, call.request.body);
    if (!parsed) return error(call, ErrorCode::protocol_error, parsed.error().message);
    forget_if_due();
    const std::string_view keyspace =
        parsed->parameters.keyspace.empty() ? std::string_view(call.keyspace) : parsed->parameters.keyspace;
    const auto known = statements_.of_text(parsed->text, keyspace);
    if (!known) return error(call, known.error());
    return run(call, **known, parsed->parameters);
}

Outcome RequestHandler::prepare(Call& call) {
    const auto parsed = cql::parse_prepare(call.request.version, call.request.body);
    if (!parsed) return error(call, ErrorCode::protocol_error, parsed.error().message);
    const std::string_view keyspace = parsed->keyspace.empty() ? std::string_view(call.keyspace) : parsed->keyspace;
    const auto found = statements_.of_text(parsed->text, keyspace);
    if (!found) return error(call, found.error());
    const KnownStatement& known = **found;
    if (known.kind == Kind::other)
        return error(call, ErrorCode::syntax_error,
                     "line 1:0 no viable alternative at input '" + known.text.substr(0, 20) + "'");
    statements_.prepare(known);
    cql::append_prepared(call.out, call.request.version, call.request.stream_id, known.id, known.metadata_id,
                         known.variables, known.key_indices, known.columns);
    return Outcome::answered;
}

Outcome RequestHandler::execute(Call& call) {
    const auto parsed = cql::parse_execute(call.request.version, call.request.body);
    if (!parsed) return error(call, ErrorCode::protocol_error, parsed.error().message);
    forget_if_due();
    const KnownStatement* const known = statements_.of_id(parsed->prepared_id);
    if (known == nullptr) return unprepared(call, parsed->prepared_id);
    if (parsed->parameters.value_count != known->variables.size())
        return error(call, ErrorCode::invalid,
                     "Invalid amount of bind variables: expected " + std::to_string(known->variables.size()) +
                         " but got " + std::to_string(parsed->parameters.value_count));
    call.metadata_id = parsed->result_metadata_id;
    return run(call, *known, parsed->parameters);
}

Outcome RequestHandler::batch(Call& call) {
    const auto parsed = cql::parse_batch(call.request.version, call.request.body);
    if (!parsed) return error(call, ErrorCode::protocol_error, parsed.error().message);
    forget_if_due();
    const std::string keyspace(parsed->keyspace.empty() ? std::string_view(call.keyspace) : parsed->keyspace);

    // First whether all of it can be taken, then taking it.
    base::ByteView missing;
    std::optional<base::Error> wrong;
    bool is_conditional = false;
    cql::for_each_child(*parsed, [&](const cql::BatchChild& child) {
        if (wrong || !missing.empty()) return;
        if (child.is_prepared) {
            const KnownStatement* const known = statements_.of_id(child.prepared_id);
            if (known == nullptr)
                missing = child.prepared_id;
            else
                is_conditional = is_conditional || known->facts.is_conditional;
            return;
        }
        const auto known = statements_.of_text(child.text, keyspace);
        if (!known)
            wrong = known.error();
        else
            is_conditional = is_conditional || (*known)->facts.is_conditional;
    });
    if (wrong) return error(call, *wrong);
    if (!missing.empty()) return unprepared(call, missing);

    const Fault fault = next_fault(true);
    if (fault == Fault::error) return inject_error(call, true, parsed->consistency);
    if (fault == Fault::close) return Outcome::close;
    ++counts_.writes;
    if (is_conditional) ++counts_.conditional_writes;
    bool is_stamped_by_text = parsed->child_count > 0;
    cql::for_each_child(*parsed, [&](const cql::BatchChild& child) {
        const KnownStatement* known = child.is_prepared ? statements_.of_id(child.prepared_id) : nullptr;
        if (!child.is_prepared) known = statements_.of_text(child.text, keyspace).value_or(nullptr);
        if (known == nullptr) return;  // forgotten meanwhile, by another worker
        ++counts_.batch_children;
        is_stamped_by_text = is_stamped_by_text && known->facts.has_using_timestamp;
        count_write(*known, child.values, false, parsed->timestamp);
    });
    if (!parsed->timestamp) {
        ++counts_.writes_without_timestamp;
        if (is_stamped_by_text) ++counts_.writes_using_timestamp;
    }
    if (fault == Fault::silent) return Outcome::silent;
    if (is_conditional) {
        const std::vector<cql::OwnedColumn> columns{
            {"stub", "kv", "[applied]", cql::simple_type(cql::TypeCode::boolean)}};
        cql::append_rows(call.out, call.request.version, call.request.stream_id, columns, {{boolean_cell(true)}});
    } else {
        cql::append_void(call.out, call.version(), call.request.stream_id);
    }
    return Outcome::answered;
}

Outcome RequestHandler::run(Call& call, const KnownStatement& known, const cql::QueryParameters& parameters) {
    switch (known.kind) {
        case Kind::read:
        case Kind::write:
            break;
        case Kind::system_read:
            return read_system(call, known, parameters);
        case Kind::use:
            ++counts_.uses;
            call.keyspace = known.facts.table.keyspace;
            cql::append_set_keyspace(call.out, call.version(), call.request.stream_id, call.keyspace);
            return Outcome::answered;
        case Kind::truncate:
            ++counts_.truncates;
            cql::append_void(call.out, call.version(), call.request.stream_id);
            return Outcome::answered;
        case Kind::schema:
            return change_schema(call, known);
        case Kind::other:
            return error(call, ErrorCode::syntax_error,
                         "line 1:0 no viable alternative at input '" + known.text.substr(0, 20) + "'");
    }
    const bool is_write = known.kind == Kind::write;
    const Fault fault = next_fault(is_write);
    if (fault == Fault::error) return inject_error(call, is_write, parameters.consistency);
    if (fault == Fault::close) return Outcome::close;
    if (is_write) {
        ++counts_.writes;
        if (known.facts.is_conditional) ++counts_.conditional_writes;
        if (!parameters.timestamp) {
            ++counts_.writes_without_timestamp;
            if (known.facts.has_using_timestamp) ++counts_.writes_using_timestamp;
        }
        count_write(known, parameters.values, parameters.has(cql::query_flag::names_for_values), parameters.timestamp);
    } else {
        ++counts_.reads;
        ++known.counts->reads;
    }
    if (fault == Fault::silent) return Outcome::silent;
    if (known.columns.empty())
        cql::append_void(call.out, call.version(), call.request.stream_id);
    else
        append_row(call, known, parameters);
    return Outcome::answered;
}

void RequestHandler::count_write(const KnownStatement& known, base::ByteView values, bool has_names,
                                 std::optional<std::int64_t> timestamp) {
    ++known.counts->writes;
    if (timestamp) {
        counts_.least_timestamp = std::min(counts_.least_timestamp, *timestamp);
        counts_.largest_timestamp = std::max(counts_.largest_timestamp, *timestamp);
    }
    if (node_.behaviour.record_writes.load(std::memory_order_relaxed) == 0) return;
    WriteRecord& record = records_.next();
    record.table = known.counted_as;
    record.verb = cql::name_of(known.facts.verb);
    record.timestamp = timestamp;
    if (known.key_marker >= 0)
        record.set_key(key_of(known, values, has_names).bytes, false);
    else
        record.set_key(base::bytes_of(known.key_literal), true);
}

void RequestHandler::append_row(Call& call, const KnownStatement& known, const cql::QueryParameters& parameters) {
    const bool is_changed =
        !call.metadata_id.empty() && !std::equal(call.metadata_id.begin(), call.metadata_id.end(),
                                                 known.metadata_id.begin(), known.metadata_id.end());
    const bool is_short = parameters.has(cql::query_flag::skip_metadata) && !is_changed;
    const auto row_bytes = static_cast<std::size_t>(node_.behaviour.row_bytes.load(std::memory_order_relaxed));
    while (blob_.size() < row_bytes) blob_.push_back(static_cast<std::uint8_t>('a' + blob_.size() % 26));
    const ValueView key = key_of(known, parameters.values, parameters.has(cql::query_flag::names_for_values));

    cql::append_frame(
        call.out, call.version(), true, 0, call.request.stream_id, cql::Opcode::result, [&](cql::Writer& out) {
            if (is_changed) {
                ++counts_.metadata_changed;
                // Kind, flags, column count; then the new id, then what stands behind the column count (§4.2.5.2 of
                // v5).
                const base::ByteView head(known.rows_head);
                out.raw(head.first(4));
                out.int_number(
                    static_cast<std::int32_t>(cql::rows_flag::global_tables_spec | cql::rows_flag::metadata_changed));
                out.raw(head.subspan(8, 4));
                out.short_bytes(known.metadata_id);
                out.raw(head.subspan(12));
            } else {
                out.raw(is_short ? known.short_rows_head : known.rows_head);
            }
            for (const CellKind cell : known.cells) {
                switch (cell) {
                    case CellKind::key:
                        if (!key.is_null())
                            out.value(key);
                        else if (node_.options.key_type == cql::TypeCode::bigint)
                            out.bytes(*bigint_cell(0));
                        else
                            out.bytes(base::bytes_of(known.key_literal));
                        break;
                    case CellKind::blob:
                        out.bytes(base::ByteView(blob_).first(row_bytes));
                        break;
                    case CellKind::one:
                        out.bytes(*bigint_cell(1));
                        break;
                    case CellKind::truth:
                        out.bytes(*boolean_cell(true));
                        break;
                    case CellKind::json:
                        out.bytes(base::bytes_of("{\"k\": \"stub\", \"v\": \"0x00\"}"));
                        break;
                }
            }
        });
}

Outcome RequestHandler::read_system(Call& call, const KnownStatement& known, const cql::QueryParameters& parameters) {
    ++counts_.system_reads;
    std::vector<Cell> values;
    for (std::int32_t i = 0; i < parameters.value_count; ++i) {
        const ValueView value = value_at(parameters.values, parameters.has(cql::query_flag::names_for_values), i);
        values.push_back(value.is_null() ? Cell() : Cell(base::Bytes(value.bytes.begin(), value.bytes.end())));
    }
    const std::int64_t now = base::system_clock().wall_microseconds() + node_.behaviour.clock_offset_ms.load() * 1000;
    const auto answer = node_.system_tables.answer(*known.select, values, now);
    if (!answer) return error(call, answer.error());
    cql::append_rows(call.out, call.request.version, call.request.stream_id, answer->columns, answer->rows);
    return Outcome::answered;
}

}  // namespace crossfade::lab
