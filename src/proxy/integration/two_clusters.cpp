#include "proxy/integration/two_clusters.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <sstream>
#include <thread>

#include "base/clock.hpp"
#include "cql/literal.hpp"
#include "driver/integration/real_nodes.hpp"

namespace crossfade::proxy {

std::int64_t TwoClusters::now_us() {
    return base::system_clock().wall_microseconds();
}

void TwoClusters::SetUp() {
    const auto addresses = driver::addresses_in("CROSSFADE_TEST_NODES");
    ASSERT_EQ(addresses.size(), 2U) << "CROSSFADE_TEST_NODES must name an origin and a target";
    for (std::size_t side = 0; side < 2; ++side) {
        const auto address = net::parse_address(addresses[side], 9042);
        ASSERT_TRUE(address);
        clusters_[side].label = cluster_names[side];
        clusters_[side].contact_points = {*address};
        driver::SessionOptions options;
        options.cluster = clusters_[side];
        options.version = GetParam();
        auto session = driver::run(loop_, driver::Session::connect(loop_, std::move(options)));
        ASSERT_TRUE(session && *session) << (session ? session->error().message : "");
        sessions_[side] = **session;
    }
    on_both("DROP KEYSPACE IF EXISTS " + ks_);
    on_both("CREATE KEYSPACE " + ks_ + " WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
    auto journal = Journal::open(options_in(directory_.path()));
    ASSERT_TRUE(journal) << journal.error().message;
    journal_ = std::move(*journal);
    options_.origin = clusters_[origin_cluster];
    options_.target = clusters_[target_cluster];
    options_.version = GetParam();
    options_.primary = [this] { return primary_; };
    options_.request_timeout = std::chrono::milliseconds(300);
}

void TwoClusters::TearDown() {
    for (auto& session : sessions_) {
        if (!session) continue;
        (void)driver::run(loop_, session->query("DROP KEYSPACE IF EXISTS " + ks_));
        session->close();
    }
}

driver::Rows TwoClusters::on(std::size_t side, const std::string& text, std::optional<std::int64_t> timestamp) {
    driver::ExecuteOptions options;
    options.timestamp = timestamp;
    options.timeout = std::chrono::seconds(30);
    auto answer = driver::run(loop_, sessions_[side]->query(text, {}, std::move(options)));
    EXPECT_TRUE(answer && *answer) << cluster_names[side] << ": " << text << ": "
                                   << (answer && !*answer ? answer->error().message : "");
    return answer && *answer ? std::move(**answer) : driver::Rows();
}

void TwoClusters::on_both(const std::string& text) {
    on(origin_cluster, text);
    on(target_cluster, text);
}

std::vector<std::string> TwoClusters::rows(std::size_t side, const std::string& select) {
    const driver::Rows answer = on(side, select);
    std::vector<std::string> lines;
    for (driver::RowCursor row = answer.first(); row; row.next()) {
        std::string line;
        for (std::size_t i = 0; i < answer.column_count(); ++i)
            line += (i == 0 ? "" : " | ") + cql::to_json(*answer.columns()[i].type, row.cell(i));
        lines.push_back(std::move(line));
    }
    std::ranges::sort(lines);
    return lines;
}

void TwoClusters::expect_equal(const std::string& select, std::size_t count) {
    const auto of_origin = rows(origin_cluster, select);
    EXPECT_EQ(of_origin, rows(target_cluster, select)) << select;
    EXPECT_EQ(of_origin.size(), count) << select;
}

RepairStatus TwoClusters::repair(RepairRequest request) {
    Repair repair(*journal_, options_);
    repair.start(request);
    const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    while (repair.status().is_running && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_FALSE(repair.status().is_running) << "it did not end within two minutes";
    return repair.status();
}

std::vector<JournalEntry> TwoClusters::entries() {
    journal_->wait_until_written();
    auto all = journal_->list(0, 10'000);
    EXPECT_TRUE(all);
    return all ? std::move(*all) : std::vector<JournalEntry>();
}

JournalEntry TwoClusters::entry_of(const std::string& table, const std::string& text, std::int64_t timestamp,
                                   std::uint8_t sides) {
    JournalEntry entry;
    entry.time_us = timestamp == 0 ? now_us() : timestamp;
    entry.timestamp = timestamp;
    entry.sides = sides;
    entry.tables = {{ks_, table}};
    entry.cause = "target did not answer";
    entry.version = GetParam();
    entry.keyspace = ks_;
    cql::QueryOptions options;
    if (timestamp != 0) options.timestamp = timestamp;
    base::Bytes frame;
    cql::append_query(frame, entry.version, 1, text, options);
    entry.body.assign(frame.begin() + cql::frame_header_size, frame.end());
    return entry;
}

}  // namespace crossfade::proxy
