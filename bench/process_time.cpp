#include "process_time.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace crossfade::bench {
namespace {

base::Result<ProcessTime> from_stat(const std::string& folder) {
    std::ifstream file(folder + "/stat");
    std::string line;
    if (!std::getline(file, line)) return base::fail(base::ErrorKind::not_found, "there is no " + folder);
    // The name in parentheses may have spaces; utime and stime are the 12th and 13th field behind it.
    std::istringstream fields(line.substr(line.rfind(')') + 2));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    double user = 0, system = 0;
    fields >> user >> system;
    return ProcessTime{(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK)), 0};
}

}  // namespace

base::Result<ProcessTime> process_time(int process_id) {
    const std::string folder = "/proc/" + std::to_string(process_id);
    std::error_code error;
    double running = 0, waiting = 0;  // ns
    for (const auto& thread : std::filesystem::directory_iterator(folder + "/task", error)) {
        std::ifstream file(thread.path() / "schedstat");
        double thread_running = 0, thread_waiting = 0;
        if (!(file >> thread_running >> thread_waiting)) continue;
        running += thread_running;
        waiting += thread_waiting;
    }
    if (running > 0) return ProcessTime{running * 1e-9, waiting * 1e-9};
    return from_stat(folder);
}

}  // namespace crossfade::bench
