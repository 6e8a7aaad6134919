#include "migrate/truncation.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "cql/wire.hpp"
#include "nodes/cell_values.hpp"

namespace crossfade::migrate {
namespace {

base::Bytes text_value(const std::string& text) {
    return {text.begin(), text.end()};
}

// The value of `id` in a map<uuid, blob>.
std::optional<base::ByteView> find_value(base::ByteView map, const nodes::Uuid& id) {
    cql::Reader in(map);
    for (std::int32_t left = in.int_number(); left > 0 && in.ok(); --left) {
        const base::ByteView key = in.bytes(), value = in.bytes();
        if (std::equal(key.begin(), key.end(), id.begin(), id.end())) return value;
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> truncation_time_ms(base::ByteView value) {
    if (value.size() != 20) return std::nullopt;
    return cql::Reader(value.subspan(12)).long_number();
}

base::Task<base::Result<TableMoment>> look_at_table(std::shared_ptr<driver::Session> session, cql::TableName name) {
    TableMoment moment;
    // The clock first: what happens after it is later than it.
    auto clock = co_await session->measure_clock();
    if (!clock) co_return base::fail(std::move(clock.error()));
    moment.now_ms = (base::system_clock().wall_microseconds() + clock->offset_us - clock->error_us) / 1000;

    std::vector<std::optional<base::Bytes>> names{text_value(name.keyspace), text_value(name.table)};
    driver::ExecuteOptions options;
    options.idempotent = true;
    options.consistency = cql::Consistency::one;
    auto found = co_await session->query(
        "SELECT id FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?", std::move(names), options);
    if (!found) co_return base::fail(std::move(found.error()));
    if (found->row_count() == 0) co_return moment;
    moment.exists = true;
    const auto row = found->first();
    if (row.cell(0).bytes.size() == moment.id.size())
        std::copy(row.cell(0).bytes.begin(), row.cell(0).bytes.end(), moment.id.begin());

    auto truncated = co_await session->query("SELECT truncated_at FROM system.local", {}, options);
    if (!truncated && truncated.error().kind != base::ErrorKind::server)
        co_return base::fail(std::move(truncated.error()));
    moment.tells_truncation = truncated.has_value();
    if (!truncated || truncated->row_count() == 0) co_return moment;
    const auto local = truncated->first();
    const auto value = find_value(local.cell(0).bytes, moment.id);
    if (value) moment.truncated_ms = truncation_time_ms(*value);
    co_return moment;
}

std::int64_t beginning_ms(const TableMoment& moment) {
    return std::max(moment.now_ms, moment.truncated_ms ? *moment.truncated_ms + 1 : INT64_MIN);
}

std::string what_happened(const TableMoment& moment, const nodes::Uuid& id, std::int64_t begun_ms) {
    if (!moment.exists) return "was dropped";
    if (moment.id != id) return "was dropped and made anew";
    if (moment.truncated_ms && *moment.truncated_ms >= begun_ms) return "was truncated";
    return "";
}

}  // namespace crossfade::migrate
