#include "load_result.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_text.hpp"
#include "cql/protocol.hpp"

namespace crossfade::bench {

std::uint64_t LoadResult::error_count() const {
    std::uint64_t sum = 0;
    for (const auto& [code, seen] : errors) sum += seen.count;
    return sum;
}

void LoadResult::add(const LoadResult& other) {
    latency.merge(other.latency);
    sent += other.sent;
    reads += other.reads;
    writes += other.writes;
    prepared_again += other.prepared_again;
    wrong_answers += other.wrong_answers;
    unexpected_answers += other.unexpected_answers;
    unanswered += other.unanswered;
    connections_lost += other.connections_lost;
    for (const auto& [code, seen] : other.errors) {
        ErrorSeen& mine = errors[code];
        if (mine.count == 0) mine.first_text = seen.first_text;
        mine.count += seen.count;
    }
    if (first_failure.empty()) first_failure = other.first_failure;
}

std::string to_json(const LoadResult& result, const Window& window) {
    const auto microseconds = [&result](double share) {
        return fmt::format("{:.1f}", static_cast<double>(result.latency.quantile(share)) / 1000);
    };
    const auto ops = static_cast<double>(result.latency.count());
    base::JsonObject errors;
    for (const auto& [code, seen] : result.errors)
        errors.raw(cql::name_of(static_cast<cql::ErrorCode>(code)),
                   base::JsonObject().field("count", seen.count).field("first", seen.first_text).text());
    base::JsonObject object;
    object.raw("ops_s", fmt::format("{:.0f}", window.seconds > 0 ? ops / window.seconds : 0.0));
    object.raw("p50_us", microseconds(0.5))
        .raw("p99_us", microseconds(0.99))
        .raw("p999_us", microseconds(0.999))
        .raw("max_us", microseconds(1));
    if (window.process) {
        object.raw("cpu_us_per_op", fmt::format("{:.3f}", window.process->running * 1e6 / std::max(ops, 1.0)));
        object.raw("waited_share",
                   fmt::format("{:.2f}", window.seconds > 0 ? window.process->waiting / window.seconds : 0.0));
    }
    object.field("ops", result.latency.count()).raw("seconds", fmt::format("{:.3f}", window.seconds));
    object.field("sent", result.sent)
        .field("reads", result.reads)
        .field("writes", result.writes)
        .field("prepared_again", result.prepared_again);
    object.raw("errors", errors.text())
        .field("wrong_answers", result.wrong_answers)
        .field("unexpected_answers", result.unexpected_answers);
    object.field("unanswered", result.unanswered).field("connections_lost", result.connections_lost);
    if (!result.first_failure.empty()) object.field("first_failure", result.first_failure);
    return object.text();
}

}  // namespace crossfade::bench
