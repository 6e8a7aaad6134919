#include "process_time.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace crossfade::bench {
namespace {

base::Result<double> from_stat(const std::string& folder) {
    std::ifstream file(folder + "/stat");
    std::string line;
    if (!std::getline(file, line)) return base::fail(base::ErrorKind::not_found, "there is no " + folder);
    // The name in parentheses may have spaces; utime and stime are the 12th and 13th field behind it.
    std::istringstream fields(line.substr(line.rfind(')') + 2));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    double user = 0, system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

base::Result<double> cpu_seconds(int process_id) {
    const std::string folder = "/proc/" + std::to_string(process_id);
    std::error_code error;
    double nanoseconds = 0;
    for (const auto& thread : std::filesystem::directory_iterator(folder + "/task", error)) {
        std::ifstream file(thread.path() / "schedstat");
        double running = 0;
        if (file >> running) nanoseconds += running;
    }
    if (nanoseconds > 0) return nanoseconds * 1e-9;
    return from_stat(folder);
}

}  // namespace crossfade::bench
