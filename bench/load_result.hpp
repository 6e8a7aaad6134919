// What a run of the load generator saw.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/histogram.hpp"
#include "process_time.hpp"

namespace crossfade::bench {

struct ErrorSeen {
    std::uint64_t count = 0;
    std::string first_text;
};

// One thread's, or the sum.
struct LoadResult {
    base::Histogram latency;  // ns, of the requests that were answered well inside the window
    // Over the whole run, warm-up included.
    std::uint64_t sent = 0, reads = 0, writes = 0;  // reads and writes: answered well
    std::uint64_t prepared_again = 0;               // after UNPREPARED; such a request counts once
    std::uint64_t wrong_answers = 0;                // of another kind, or a row with another key than was asked for
    std::uint64_t unexpected_answers = 0;           // on a stream without a request
    std::uint64_t unanswered = 0;                   // at the end, or when the connection ended
    std::uint64_t connections_lost = 0;
    std::map<std::int32_t, ErrorSeen> errors;  // by code
    std::string first_failure;                 // why the first connection was lost

    std::uint64_t error_count() const;
    bool is_clean() const {
        return error_count() + wrong_answers + unexpected_answers + unanswered + connections_lost == 0;
    }
    void add(const LoadResult& other);
};

// The measured window.
struct Window {
    double seconds = 0;
    std::optional<ProcessTime> process;  // of the watched process, in the window
};
std::string to_json(const LoadResult& result, const Window& window);

}  // namespace crossfade::bench
