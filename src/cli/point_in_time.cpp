#include "cli/point_in_time.hpp"

#include <charconv>
#include <optional>
#include <string>

#include "cli/text_table.hpp"

namespace crossfade::cli {
namespace {

constexpr std::int64_t longest = 100LL * 366 * 86400;

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
    return number;
}

std::optional<std::int64_t> unit_seconds(char unit) {
    switch (unit) {
        case 's':
            return 1;
        case 'm':
            return 60;
        case 'h':
            return 3600;
        case 'd':
            return 86400;
        default:
            return std::nullopt;
    }
}

std::optional<std::chrono::sys_seconds> day_of(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const auto year = whole_number(text.substr(0, 4)), month = whole_number(text.substr(5, 2)),
               day = whole_number(text.substr(8, 2));
    if (!year || !month || !day) return std::nullopt;
    const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day)));
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_seconds(std::chrono::sys_days(date));
}

}  // namespace

base::Result<std::chrono::sys_seconds> parse_expiry(std::string_view text, std::chrono::sys_seconds now) {
    const std::string shown = "'" + printable(text.substr(0, 60)) + "'";
    std::optional<std::chrono::sys_seconds> end = day_of(text);
    if (!end && text.size() > 1) {
        const auto unit = unit_seconds(text.back());
        const auto count = whole_number(text.substr(0, text.size() - 1));
        if (unit && count && *count <= longest / *unit) end = now + std::chrono::seconds(*count * *unit);
    }
    if (!end)
        return base::fail(base::ErrorKind::bad_input,
                          shown + " is no time; write '90d', '12h', '30m', '45s' or a day such as '2027-01-31'");
    if (*end <= now) return base::fail(base::ErrorKind::bad_input, shown + " is not in the future");
    return *end;
}

}  // namespace crossfade::cli
