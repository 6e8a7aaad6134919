#include "cells/merge.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "cells/test_rows.hpp"
#include "cql/frame.hpp"
#include "cql/response.hpp"

namespace crossfade::cells {
namespace {

using Side = Merge::Side;

// ks.t (k int, c int, v text), with its stamps.
std::shared_ptr<const Layout> plain_layout() {
    auto layout = std::make_shared<Layout>(*sample_layout());
    layout->statics.clear();
    layout->regulars = {layout->regulars[column_v]};
    return layout;
}

struct Line {
    std::int32_t k, c, v;
    bool operator==(const Line&) const = default;
    auto operator<=>(const Line&) const = default;
};

std::shared_ptr<const Page> page_of(const std::vector<Line>& lines) {
    using cql::TypeCode;
    const auto layout = plain_layout();
    const auto an_int = cql::simple_type(TypeCode::int_number), a_text = cql::simple_type(TypeCode::varchar),
               a_long = cql::simple_type(TypeCode::bigint);
    const std::vector<cql::OwnedColumn> columns = {{"ks", "t", "k", an_int},
                                                   {"ks", "t", "c", an_int},
                                                   {"ks", "t", "v", a_text},
                                                   {"ks", "t", "writetime(v)", a_long},
                                                   {"ks", "t", "ttl(v)", an_int}};
    std::vector<std::vector<std::optional<Bytes>>> rows;
    for (const Line& line : lines)
        rows.push_back({number(line.k), number(line.c), text(std::to_string(line.v)), count(line.v), std::nullopt});
    Bytes frame;
    cql::append_rows(frame, cql::ProtocolVersion::v4, 1, columns, rows);
    auto answer = driver::Rows::read(cql::ProtocolVersion::v4, ByteView(frame).subspan(9), nullptr);
    EXPECT_TRUE(answer) << answer.error().message;
    auto page = read_page(*layout, hoped_for(*layout), false, std::move(*answer), 1000);
    EXPECT_TRUE(page) << page.error().message;
    return *page;
}

// Cut into pages at random places, empty ones among them.
std::vector<std::shared_ptr<const Page>> pages_of(const std::vector<Line>& lines, std::mt19937& chance) {
    std::vector<std::shared_ptr<const Page>> pages;
    for (std::size_t at = 0; at < lines.size();) {
        const std::size_t size = std::min<std::size_t>(chance() % 5, lines.size() - at);
        pages.push_back(page_of(
            {lines.begin() + static_cast<std::ptrdiff_t>(at), lines.begin() + static_cast<std::ptrdiff_t>(at + size)}));
        at += size;
    }
    return pages;
}

std::set<std::pair<std::int32_t, std::int32_t>> suspects_of(const std::vector<Line>& origin,
                                                            const std::vector<Line>& target, std::mt19937& chance) {
    Merge merge(plain_layout(), false);
    const auto left = pages_of(origin, chance), right = pages_of(target, chance);
    std::size_t i = 0, j = 0;
    std::vector<RowKey> keys;
    while (true) {
        if (merge.needs(Side::origin)) merge.give(Side::origin, i < left.size() ? left[i++] : nullptr);
        if (merge.needs(Side::target)) merge.give(Side::target, j < right.size() ? right[j++] : nullptr);
        if (merge.run(keys)) break;
    }
    EXPECT_EQ(merge.rows(Side::origin), origin.size());
    EXPECT_EQ(merge.rows(Side::target), target.size());
    std::set<std::pair<std::int32_t, std::int32_t>> found;
    for (const RowKey& key : keys)
        found.emplace(cql::Reader(key.partition[0]).int_number(), cql::Reader(key.clustering[0]).int_number());
    return found;
}

// In the order of the ring, and within a partition as `less` has it.
void order(std::vector<Line>& lines, bool is_descending) {
    std::sort(lines.begin(), lines.end(), [&](const Line& a, const Line& b) {
        const cql::Token left = cql::token_of(number(a.k)), right = cql::token_of(number(b.k));
        if (left != right) return left < right;
        return is_descending ? a.c > b.c : a.c < b.c;
    });
}

TEST(Merge, FindsExactlyWhatDiffers) {
    std::mt19937 chance(11);
    for (int round = 0; round < 500; ++round) {
        std::vector<Line> origin, target;
        std::set<std::pair<std::int32_t, std::int32_t>> expected;
        const std::int32_t partitions = 1 + static_cast<std::int32_t>(chance() % 8);
        for (std::int32_t k = 0; k < partitions; ++k) {
            for (std::int32_t c = static_cast<std::int32_t>(chance() % 10); c > 0; --c) {
                switch (chance() % 6) {
                    case 0:
                        origin.push_back({k, c, 1});
                        break;
                    case 1:
                        target.push_back({k, c, 1});
                        break;
                    case 2:
                        origin.push_back({k, c, 1});
                        target.push_back({k, c, 2});
                        break;
                    default:
                        origin.push_back({k, c, 3});
                        target.push_back({k, c, 3});
                        continue;
                }
                expected.emplace(k, c);
            }
        }
        const bool is_descending = round % 2 == 0;
        order(origin, is_descending);
        order(target, is_descending);
        EXPECT_EQ(suspects_of(origin, target, chance), expected) << "round " << round;
    }
}

TEST(Merge, MissesNothingWhenTheSidesOrderRowsDifferently) {
    std::mt19937 chance(3);
    std::vector<Line> origin, target;
    for (std::int32_t c = 0; c < 50; ++c) {
        if (c != 20) origin.push_back({1, c, c});
        if (c != 30) target.push_back({1, c, c == 40 ? 99 : c});
    }
    order(origin, false);
    order(target, true);
    EXPECT_EQ(suspects_of(origin, target, chance),
              (std::set<std::pair<std::int32_t, std::int32_t>>{{1, 20}, {1, 30}, {1, 40}}));
}

TEST(Merge, APartitionOfWhichOneSideHasNothing) {
    std::mt19937 chance(4);
    std::vector<Line> origin = {{1, 1, 1}, {1, 2, 1}, {2, 1, 1}}, target = {{2, 1, 1}};
    order(origin, false);
    order(target, false);
    EXPECT_EQ(suspects_of(origin, target, chance), (std::set<std::pair<std::int32_t, std::int32_t>>{{1, 1}, {1, 2}}));
    EXPECT_EQ(suspects_of({}, {}, chance).size(), 0U);
    EXPECT_EQ(suspects_of({}, target, chance).size(), 1U);
}

}  // namespace
}  // namespace crossfade::cells
