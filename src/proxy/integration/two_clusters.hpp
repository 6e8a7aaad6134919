// What the repair's integration tests stand on: two real clusters (CROSSFADE_TEST_NODES="ORIGIN,TARGET"), a journal of
// their own, and a keyspace that is made anew for each test.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "driver/session.hpp"
#include "net/loop.hpp"
#include "proxy/facts.hpp"
#include "proxy/journal.hpp"
#include "proxy/journal_test_entries.hpp"
#include "proxy/repair.hpp"

namespace crossfade::proxy {

class TwoClusters : public ::testing::TestWithParam<cql::ProtocolVersion> {
protected:
    void SetUp() override;
    void TearDown() override;

    // Runs one statement on one side ("ks." in front of its table is the test's own affair); fails the test when it is
    // refused.
    driver::Rows on(std::size_t side, const std::string& text, std::optional<std::int64_t> timestamp = std::nullopt);
    void on_both(const std::string& text);
    // All cells of all rows as text, one line for each row, sorted.
    std::vector<std::string> rows(std::size_t side, const std::string& select);
    // Expects equal answers, and `count` rows.
    void expect_equal(const std::string& select, std::size_t count);

    // Runs a repair to its end (at most two minutes).
    RepairStatus repair(RepairRequest request = {});
    std::vector<JournalEntry> entries();
    // An entry of `table` for `sides`, `age_s` seconds old, whose body is a QUERY of the session's version with this
    // stamp (0: none).
    JournalEntry entry_of(const std::string& table, const std::string& text, std::int64_t timestamp,
                          std::uint8_t sides = target_side);
    std::uint64_t add(const JournalEntry& entry) { return append_durably(*journal_, entry); }

    static std::int64_t now_us();
    static std::int64_t ago_us(std::int64_t seconds) { return now_us() - seconds * 1'000'000; }

    const std::string ks_ = "repair_integration";
    net::Loop loop_;
    std::array<nodes::ClusterOptions, 2> clusters_;
    std::array<std::shared_ptr<driver::Session>, 2> sessions_;
    TemporaryDirectory directory_;
    std::unique_ptr<Journal> journal_;
    Repair::Options options_;
    std::size_t primary_ = origin_cluster;
};

}  // namespace crossfade::proxy
