// Runs one job on a loop of its own.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

#include "base/task.hpp"
#include "migrate/job.hpp"
#include "migrate/run.hpp"

namespace crossfade::migrate {

// Calls `work` on the loop's thread (the calling one) and gives what it gave, when everything is closed.
int run_job(const std::string& command, RunOptions options, std::ostream& out, std::ostream& error,
            std::function<base::Task<int>(std::shared_ptr<Job>)> work);

}  // namespace crossfade::migrate
