#include "cells/expiry_search.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>

#include "cells/test_rows.hpp"
#include "cql/response.hpp"

namespace crossfade::cells {
namespace {

constexpr std::int64_t now = 1'000'000, never = INT64_MAX, hour = 3600;

// ks.t (k int, c int, v text, s set<text>, l list<text>): v tells its stamps, s and l do not.
std::shared_ptr<const Layout> layout_with(bool has_clustering) {
    auto layout = std::make_shared<Layout>(*sample_layout());
    layout->statics.clear();
    layout->regulars = {sample_layout()->regulars[column_v], sample_layout()->regulars[column_s],
                        sample_layout()->regulars[column_l]};
    if (!has_clustering) layout->clustering.clear();
    return layout;
}

// A table that a server keeps, each cell with the instant at which it ends; answers as of any instant.
class FakeTable {
public:
    explicit FakeTable(bool has_clustering) : layout(layout_with(has_clustering)) {}

    struct Kept {
        std::optional<std::int64_t> marker, v;
        std::map<std::string, std::int64_t> s;
        std::vector<std::pair<std::string, std::int64_t>> l;
    };
    // By partition, in token order, then by clustering.
    std::map<std::pair<cql::Token, std::int32_t>, std::map<std::int32_t, Kept>> partitions;
    Kept& row(std::int32_t k, std::int32_t c = 0) { return partitions[{cql::token_of(number(k)), k}][c]; }

    // Rows as of `at`, all or those that `asked` names.
    std::shared_ptr<Page> read(std::int64_t at, const PageRequest* asked = nullptr, bool with_stamps = true) {
        const bool tells = with_stamps;
        std::vector<std::vector<std::optional<Bytes>>> rows;
        for (const auto& [partition, kept_rows] : partitions) {
            for (const auto& [c, kept] : kept_rows) {
                if (asked != nullptr && !is_asked(*asked, partition, c)) continue;
                const auto alive = [at](std::int64_t ends) { return at < ends; };
                std::vector<std::optional<Bytes>> cells{number(partition.second)};
                if (!layout->clustering.empty()) cells.emplace_back(number(c));
                bool is_there = kept.marker && alive(*kept.marker);
                const bool has_v = kept.v && alive(*kept.v);
                cells.push_back(has_v ? std::optional(text("v")) : std::nullopt);
                std::vector<Bytes> set, list;
                for (const auto& [element, ends] : kept.s)
                    if (alive(ends)) set.push_back(text(element));
                for (const auto& [element, ends] : kept.l)
                    if (alive(ends)) list.push_back(text(element));
                for (const auto* elements : {&set, &list}) {
                    is_there = is_there || !elements->empty();
                    cells.push_back(elements->empty() ? std::nullopt : std::optional(encoded(*elements)));
                }
                if (tells) {
                    cells.push_back(has_v ? std::optional(count(77)) : std::nullopt);
                    cells.push_back(has_v && *kept.v != never
                                        ? std::optional(number(static_cast<std::int32_t>(*kept.v - at)))
                                        : std::nullopt);
                }
                if (is_there || has_v) rows.push_back(std::move(cells));
            }
        }
        std::vector<cql::OwnedColumn> columns;
        const std::size_t width = 4 + layout->clustering.size() + (tells ? 2 : 0);
        for (std::size_t i = 0; i < width; ++i)
            columns.push_back({"ks", "t", "c" + std::to_string(i), cql::simple_type(cql::TypeCode::blob)});
        Bytes frame;
        cql::append_rows(frame, cql::ProtocolVersion::v5, 1, columns, rows);
        auto answer = driver::Rows::read(cql::ProtocolVersion::v5, ByteView(frame).subspan(9), nullptr);
        Readability readable;
        readable.regulars = {tells, false, false};
        auto page = read_page(*layout, readable, false, std::move(*answer), at);
        EXPECT_TRUE(page) << page.error().message;
        return *page;
    }

    // Searches the page that was read now. The requests are in `asked_for`.
    std::shared_ptr<Page> search(bool takes_lists = true) {
        auto page = read(now);
        ExpirySearch search;
        search.layout = layout;
        search.takes_lists = takes_lists;
        search.read = [this](PageRequest where) -> base::Task<base::Result<std::shared_ptr<const Page>>> {
            asked_for.push_back(where);
            if (fails_with) co_return base::fail(*fails_with);
            EXPECT_TRUE(where.without_stamps);
            co_return std::shared_ptr<const Page>(read(where.now, &where, false));
        };
        auto searching = find_expiries(std::move(search), page);
        EXPECT_TRUE(searching.is_done());
        result = searching.await_resume();
        return page;
    }

    std::shared_ptr<const Layout> layout;
    std::vector<PageRequest> asked_for;
    std::optional<base::Error> fails_with;
    base::Result<void> result;

private:
    static Bytes encoded(const std::vector<Bytes>& elements) {
        Bytes bytes;
        cql::Writer out(bytes);
        out.int_number(static_cast<std::int32_t>(elements.size()));
        for (const Bytes& element : elements) out.bytes(element);
        return bytes;
    }
    bool is_asked(const PageRequest& request, const std::pair<cql::Token, std::int32_t>& partition, std::int32_t c) {
        const auto names = [&](const RowKey& key) {
            return key.partition[0] == number(partition.second) &&
                   (key.clustering.empty() || key.clustering[0] == number(c));
        };
        switch (request.scope) {
            case Scope::range:
                return partition.first > request.range.start && partition.first <= request.range.end;
            case Scope::partition:
            case Scope::row:
                return names(request.key);
            case Scope::rows:
                return std::any_of(request.keys.begin(), request.keys.end(), names);
        }
        return false;
    }
};

const Row& row_of(const FakeTable&, const Page& page, std::int32_t k, std::int32_t c = 0) {
    for (const PartitionRows& partition : page.partitions)
        for (std::size_t i = 0; i < partition.count; ++i) {
            const Row& row = page.rows[partition.first + i];
            if (equal(partition.key.components[0], number(k)) &&
                (row.clustering.empty() || equal(row.clustering[0], number(c))))
                return row;
        }
    throw std::runtime_error("no such row");
}

// Instants of the elements of column s (1) or l (2): element → instant, 0: never. Not found ones are left out.
std::map<std::string, std::int64_t> found(const Row& row, std::size_t column) {
    std::map<std::string, std::int64_t> all;
    for (const Atom& atom : row.column(column)) {
        const ByteView name = column == 1 ? atom.key : atom.value;
        if (atom.stamp.is_expiry_found) all[std::string(name.begin(), name.end())] = atom.stamp.expires_at;
    }
    return all;
}
using Found = std::map<std::string, std::int64_t>;

TEST(ExpirySearch, AnElementWithoutTtlBesideACellThatExpiresStays) {
    FakeTable table(false);
    auto& kept = table.row(1);
    kept.v = now + hour;
    kept.s = {{"a", never}, {"b", never}};
    const auto page = table.search();
    EXPECT_EQ(found(row_of(table, *page, 1), 1), (Found{{"a", 0}, {"b", 0}}));
    EXPECT_EQ(table.asked_for.size(), 1U) << "what never expires is told by one read";
}

TEST(ExpirySearch, ElementsThatEndWithTheirRowTakeThreeReads) {
    FakeTable table(false);
    auto& kept = table.row(1);
    kept.marker = kept.v = now + hour;
    kept.s = {{"a", now + hour}};
    const auto page = table.search();
    EXPECT_EQ(found(row_of(table, *page, 1), 1), (Found{{"a", now + hour}}));
    EXPECT_FALSE(row_of(table, *page, 1).is_marker_expiry_found) << "nothing tells it from a row without a marker";
    EXPECT_EQ(table.asked_for.size(), 4U) << "the last instant, before and at the likely one, and for the marker";
}

TEST(ExpirySearch, EachElementHasItsOwnInstant) {
    FakeTable table(false);
    auto& kept = table.row(1);
    kept.v = never;
    kept.s = {{"a", now + 1}, {"b", now + 59}, {"c", never}, {"d", now + 20 * 365 * 24 * hour}, {"e", now + hour}};
    kept.l = {{"x", never}, {"y", now + 7}, {"z", never}, {"u", now + 100000}};
    const auto page = table.search();
    EXPECT_EQ(found(row_of(table, *page, 1), 1),
              (Found{{"a", now + 1}, {"b", now + 59}, {"c", 0}, {"d", now + 20 * 365 * 24 * hour}, {"e", now + hour}}));
    EXPECT_EQ(found(row_of(table, *page, 1), 2), (Found{{"x", 0}, {"y", now + 7}, {"z", 0}, {"u", now + 100000}}));
}

TEST(ExpirySearch, ElementsThatEndAtTheLastInstantThereIs) {
    FakeTable table(false);
    table.row(1).s = {{"a", last_instant_before_5_0}};
    const auto page = table.search();
    EXPECT_EQ(found(row_of(table, *page, 1), 1), (Found{{"a", last_instant_before_5_0}}));
}

TEST(ExpirySearch, ARowOfNothingButAKeyKeepsItsExpiry) {
    FakeTable table(true);
    table.row(1, 1).marker = now + 12345;
    table.row(1, 2).marker = never;
    const auto page = table.search();
    EXPECT_TRUE(row_of(table, *page, 1, 1).is_marker_expiry_found);
    EXPECT_EQ(row_of(table, *page, 1, 1).marker_expires_at, now + 12345);
    EXPECT_TRUE(row_of(table, *page, 1, 2).is_marker_expiry_found);
    EXPECT_EQ(row_of(table, *page, 1, 2).marker_expires_at, 0);
}

TEST(ExpirySearch, ARowThatOutlivesItsCellsIsFound) {
    FakeTable table(false);
    table.row(1).marker = never;
    table.row(1).v = now + hour;
    table.row(2).marker = now + 24 * hour;
    table.row(2).v = now + hour;
    table.row(3).v = now + hour;
    table.row(4).marker = now + hour;
    table.row(4).v = never;
    const auto page = table.search();
    EXPECT_TRUE(row_of(table, *page, 1).is_marker_expiry_found);
    EXPECT_EQ(row_of(table, *page, 1).marker_expires_at, 0);
    EXPECT_TRUE(row_of(table, *page, 2).is_marker_expiry_found);
    EXPECT_EQ(row_of(table, *page, 2).marker_expires_at, now + 24 * hour);
    EXPECT_FALSE(row_of(table, *page, 3).is_marker_expiry_found);
    EXPECT_FALSE(row_of(table, *page, 4).is_marker_expiry_found);
}

TEST(ExpirySearch, ATableWithoutTtlAndCollectionsIsNotReadAgain) {
    FakeTable table(true);
    for (std::int32_t c = 0; c < 50; ++c) table.row(1, c).v = never;
    table.search();
    EXPECT_TRUE(table.asked_for.empty());
}

TEST(ExpirySearch, NeighboursAreReadTogether) {
    FakeTable table(false);
    for (std::int32_t k = 0; k < 1000; ++k) table.row(k).v = now + hour + k;
    const auto page = table.search();
    ASSERT_EQ(page->rows.size(), 1000U);
    EXPECT_EQ(table.asked_for.size(), 20U) << "ten reads of a hundred rows, at the last instant and at the rows' end";
    for (const PageRequest& request : table.asked_for) EXPECT_EQ(request.scope, Scope::range);
}

TEST(ExpirySearch, RowsOfOnePartitionAreReadTogether) {
    FakeTable table(true);
    for (std::int32_t c = 0; c < 250; ++c) table.row(1, c).s = {{"a", never}};
    const auto page = table.search();
    ASSERT_EQ(table.asked_for.size(), 3U);
    EXPECT_EQ(table.asked_for[0].scope, Scope::rows);
    EXPECT_EQ(table.asked_for[0].keys.size(), 100U);
    for (std::int32_t c = 0; c < 250; ++c) EXPECT_EQ(found(row_of(table, *page, 1, c), 1), (Found{{"a", 0}})) << c;
    table.asked_for.clear();
    table.search(false);
    EXPECT_EQ(table.asked_for.size(), 250U) << "where a cluster takes no lists";
}

TEST(ExpirySearch, OneReadIsNotOfMoreCellsThanAServerWarnsOf) {
    FakeTable table(true);
    for (std::int32_t c = 0; c < 100; ++c)
        for (int i = 0; i < 50; ++i) table.row(1, c).s[std::to_string(i)] = now + hour;
    const auto page = table.read(now);
    const auto probes = probes_of(*table.layout, false, true, *page, std::vector<bool>(page->rows.size(), true));
    std::set<std::size_t> rows;
    for (const ExpiryProbe& probe : probes) {
        EXPECT_LE(probe.rows.size() * 51, 800U);
        rows.insert(probe.rows.begin(), probe.rows.end());
    }
    EXPECT_EQ(rows.size(), 100U);
}

TEST(ExpirySearch, OnlyWantedRowsAndWholePartitionsAreAskedFor) {
    FakeTable table(true);
    for (std::int32_t k = 0; k < 5; ++k)
        for (std::int32_t c = 0; c < 3; ++c) table.row(k, c).v = now + hour;
    const auto page = table.read(now);
    std::vector<bool> wanted(15, true);
    wanted[1] = wanted[6] = wanted[7] = wanted[8] = false;  // one of the first partition, all of the third
    const auto probes = probes_of(*table.layout, false, true, *page, wanted);
    ASSERT_EQ(probes.size(), 4U);
    EXPECT_EQ(probes[0].where.scope, Scope::rows);
    EXPECT_EQ(probes[0].rows, (std::vector<std::size_t>{0, 2}));
    EXPECT_EQ(probes[1].where.scope, Scope::range);
    EXPECT_EQ(probes[1].where.range.start, page->partitions[1].key.token - 1);
    EXPECT_EQ(probes[1].where.range.end, page->partitions[1].key.token);
    EXPECT_EQ(probes[2].where.scope, Scope::range);
    EXPECT_EQ(probes[2].rows, (std::vector<std::size_t>{9, 10, 11}));
    EXPECT_EQ(probes[3].where.scope, Scope::rows) << "the last partition may go on in the next page";
}

TEST(ExpirySearch, AReadThatMayPassIsAnErrorAndARefusedOneLeavesTheRestAsItIs) {
    FakeTable table(false);
    table.row(1).s = {{"a", never}};
    table.fails_with = base::Error(base::ErrorKind::timeout, "no answer");
    table.search();
    ASSERT_FALSE(table.result);
    EXPECT_EQ(table.result.error().message, "no answer");
    table.fails_with = base::Error(base::ErrorKind::server, "too many tombstones");
    table.fails_with->server_code = static_cast<std::int32_t>(cql::ErrorCode::read_failure);
    const auto page = table.search();
    EXPECT_TRUE(table.result);
    EXPECT_EQ(found(row_of(table, *page, 1), 1), Found());
    EXPECT_EQ(page->refused_expiries, 1U);
    table.fails_with.reset();
    EXPECT_EQ(table.search()->refused_expiries, 0U);
}

TEST(ExpirySearch, WhatIsDeletedMeanwhileEndsTheSearch) {
    FakeTable table(false);
    table.row(1).s = {{"a", never}};
    const auto page = table.read(now);
    ExpirySearch search;
    search.layout = table.layout;
    search.read = [&table](PageRequest where) -> base::Task<base::Result<std::shared_ptr<const Page>>> {
        table.partitions.clear();
        co_return std::shared_ptr<const Page>(table.read(where.now, &where, false));
    };
    auto searching = find_expiries(std::move(search), page);
    ASSERT_TRUE(searching.is_done());
    EXPECT_TRUE(searching.await_resume());
}

}  // namespace
}  // namespace crossfade::cells
