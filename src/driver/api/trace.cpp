// Reading back what the cluster wrote of a traced request.
#include <algorithm>
#include <thread>

#include "crossfade/session.hpp"

namespace crossfade {
namespace {

constexpr std::chrono::milliseconds ask_again_after{50};

std::chrono::microseconds microseconds_of(const Row& row, const char* column) {
    return std::chrono::microseconds(row.get_column<std::optional<std::int32_t>>(column).value_or(0));
}
std::string address_of(const Row& row, const char* column) {
    const auto address = row.get_column<std::optional<Inet>>(column);
    return address ? address->to_string() : std::string();
}

}  // namespace

QueryTrace Session::trace(const Uuid& tracing_id, std::chrono::milliseconds within) const {
    const auto until = std::chrono::steady_clock::now() + within;
    Statement of_session("SELECT * FROM system_traces.sessions WHERE session_id = ?", tracing_id);
    of_session.consistency(Consistency::one).idempotent();
    QueryTrace trace;
    trace.id = tracing_id;
    // The coordinator writes the duration last.
    while (true) {
        const ResultSet found = execute(of_session);
        if (!found.is_empty() && !found.first_row().is_null("duration")) {
            const Row row = found.first_row();
            trace.request = row.get_column<std::optional<std::string>>("request").value_or("");
            trace.coordinator = address_of(row, "coordinator");
            trace.client = address_of(row, "client");
            trace.parameters =
                row.get_column<std::optional<std::map<std::string, std::string>>>("parameters").value_or(
                    std::map<std::string, std::string>());
            trace.started_at = row.get_column<Timestamp>("started_at");
            trace.duration = microseconds_of(row, "duration");
            break;
        }
        if (std::chrono::steady_clock::now() >= until)
            throw Error(ErrorCode::timeout, "the trace " + tracing_id.to_string() + " is not there yet");
        std::this_thread::sleep_for(ask_again_after);
    }
    Statement of_events("SELECT * FROM system_traces.events WHERE session_id = ?", tracing_id);
    of_events.consistency(Consistency::one).idempotent();
    for (const Row row : execute(of_events))
        trace.events.push_back(TraceEvent{row.get_column<std::optional<std::string>>("activity").value_or(""),
                                          address_of(row, "source"),
                                          row.get_column<std::optional<std::string>>("thread").value_or(""),
                                          microseconds_of(row, "source_elapsed")});
    return trace;
}

}  // namespace crossfade
