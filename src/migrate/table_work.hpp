// One table that a run works on, on both clusters, and what the work needs from around it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.hpp"
#include "cells/page_stream.hpp"
#include "cells/plan.hpp"
#include "cells/table_access.hpp"
#include "migrate/write_window.hpp"
#include "net/loop.hpp"
#include "nodes/schema.hpp"

namespace crossfade::migrate {

// A counter write without an answer may still be applied for about as long as the server's own
// counter_write_request_timeout, which is 5 s unless it was changed.
constexpr std::chrono::milliseconds late_counter_write{6000};

struct TableWork {
    TableWork() = default;

    cql::TableName name;
    nodes::Table origin_table, target_table;
    std::shared_ptr<cells::TableAccess> origin, target;
    std::shared_ptr<const cells::Planner> planner;
};

// All outlive the work. Loop's thread.
struct Surroundings {
    Surroundings(net::Loop& the_loop, WriteWindow& the_window, const base::Clock& the_clock)
        : loop(the_loop), window(the_window), clock(the_clock) {}

    net::Loop& loop;
    WriteWindow& window;  // to the target
    const base::Clock& clock;
    cells::PageSizes page_sizes;
    std::function<void(std::uint64_t rows)> on_rows;  // as rows of the origin are done with
    std::function<bool()> should_stop;                // asked between pages: end with kind interrupted
    // How long before lists are compared with the target's after they were read: a live append that reached the origin
    // first has then reached the target too.
    std::chrono::milliseconds settling{300};
};

}  // namespace crossfade::migrate
