#include "cql/function_names.hpp"

#include <algorithm>
#include <array>

#include "cql/tokenizer.hpp"

namespace crossfade::cql {

bool is_time_or_chance(std::string_view name) {
    static constexpr std::array<std::string_view, 11> names = {"now",
                                                               "uuid",
                                                               "currenttimestamp",
                                                               "currentdate",
                                                               "currenttime",
                                                               "currenttimeuuid",
                                                               "current_date",
                                                               "current_time",
                                                               "current_timestamp",
                                                               "current_timeuuid",
                                                               "random_float_vector"};
    return std::ranges::any_of(names, [&](std::string_view one) { return same_name(name, one); });
}

}  // namespace crossfade::cql
