#include "connect/go_duration.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace crossfade::connect {
namespace {

constexpr double longest_ms = 366.0 * 24 * 3600 * 1000;
// Longer names first: "ms" is no "m".
constexpr std::array<std::pair<std::string_view, double>, 7> units = {
    {{"ns", 1e-6}, {"us", 1e-3}, {"µs", 1e-3}, {"ms", 1.0}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6}}};

// Seconds with as many digits behind the point as are needed.
std::string seconds_text(std::int64_t ms) {
    std::string text = std::to_string(ms / 1000);
    if (ms % 1000 != 0) {
        std::string fraction = std::to_string(1000 + ms % 1000).substr(1);
        while (fraction.back() == '0') fraction.pop_back();
        text += "." + fraction;
    }
    return text + "s";
}

}  // namespace

base::Result<std::chrono::milliseconds> parse_go_duration(std::string_view text) {
    const std::string said(text.substr(0, 60));
    const auto wrong = [&] {
        return base::fail(base::ErrorKind::bad_input,
                          "'" + said + "' is no duration; write it like 30s, 1m30s or 500ms");
    };
    if (text == "0") return std::chrono::milliseconds(0);
    if (text.empty()) return wrong();
    double sum = 0;
    while (!text.empty()) {
        double number = 0;
        const auto [end, problem] =
            std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
        if (problem != std::errc() || std::signbit(number)) return wrong();
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        bool has_unit = false;
        for (const auto& [name, ms] : units) {
            if (!text.starts_with(name)) continue;
            sum += number * ms;
            text.remove_prefix(name.size());
            has_unit = true;
            break;
        }
        if (!has_unit || sum > longest_ms) return wrong();
    }
    return std::chrono::milliseconds(static_cast<std::int64_t>(sum));
}

std::string to_go_duration(std::chrono::milliseconds duration) {
    const std::int64_t ms = std::max<std::int64_t>(duration.count(), 0);
    if (ms > 0 && ms < 1000) return std::to_string(ms) + "ms";
    const std::int64_t minutes = ms / 60000;
    if (minutes == 0) return seconds_text(ms);
    const std::string rest = std::to_string(minutes % 60) + "m" + seconds_text(ms % 60000);
    return minutes < 60 ? rest : std::to_string(minutes / 60) + "h" + rest;
}

}  // namespace crossfade::connect
