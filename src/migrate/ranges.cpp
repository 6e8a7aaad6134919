#include "migrate/ranges.hpp"

#include <algorithm>
#include <cmath>

namespace crossfade::migrate {
namespace {

constexpr double whole_ring = 18446744073709551616.0;
constexpr double fewest_parts = 64, most_parts = 20000;

double width_of(cql::Token start, cql::Token end) {
    // Unsigned, so that ranges that wrap have their width too.
    const auto width = static_cast<double>(static_cast<std::uint64_t>(end) - static_cast<std::uint64_t>(start));
    return width == 0 ? whole_ring : width;
}

}  // namespace

std::optional<TableEstimate> estimate_of(const std::vector<RangeEstimate>& ranges) {
    TableEstimate sum;
    double width = 0;
    for (const RangeEstimate& range : ranges) {
        sum.partitions += static_cast<double>(std::max<std::int64_t>(range.partitions, 0));
        sum.bytes += static_cast<double>(std::max<std::int64_t>(range.partitions, 0)) *
                     static_cast<double>(std::max<std::int64_t>(range.mean_partition_bytes, 0));
        width += width_of(range.start, range.end);
    }
    if (sum.partitions == 0 || width == 0) return std::nullopt;
    const double scale = std::max(1.0, whole_ring / width);
    sum.partitions *= scale;
    sum.bytes *= scale;
    return sum;
}

std::vector<cql::TokenRange> cut_ring(const cql::TokenRing& ring, const std::optional<TableEstimate>& estimate,
                                      double part_bytes) {
    const double wanted = std::clamp(estimate ? estimate->bytes / part_bytes : 0.0, fewest_parts, most_parts);
    std::vector<cql::TokenRange> parts;
    for (const cql::TokenRange range : ring.ranges()) {
        const double share = width_of(range.start, range.end) / whole_ring;
        const auto pieces = static_cast<std::uint32_t>(std::max(1.0, std::round(wanted * share)));
        const auto cut = cql::split(range, pieces);
        parts.insert(parts.end(), cut.begin(), cut.end());
    }
    return parts;
}

}  // namespace crossfade::migrate
