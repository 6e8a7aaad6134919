#include "driver/integration/real_nodes.hpp"

#include <algorithm>
#include <sstream>

namespace crossfade::driver {

std::vector<std::string> addresses_in(const char* variable) {
    std::vector<std::string> addresses;
    const char* const value = std::getenv(variable);
    std::stringstream text(value == nullptr ? "" : value);
    for (std::string address; std::getline(text, address, ',');)
        if (!address.empty()) addresses.push_back(address);
    return addresses;
}

std::string Way::name() const {
    if (address.empty()) return "no_nodes";
    std::string text = address + "_v" + std::string(cql::name_of(version)) + "_" + std::string(cql::name_of(compression));
    std::ranges::replace_if(text, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
    if (text.back() == '_') text += "plain";
    return text;
}

std::vector<Way> all_ways() {
    std::vector<Way> ways;
    for (const std::string& address : addresses_in("CROSSFADE_TEST_NODES")) {
        for (const auto version : {cql::ProtocolVersion::v3, cql::ProtocolVersion::v4, cql::ProtocolVersion::v5})
            for (const auto compression : {cql::Compression::none, cql::Compression::lz4}) ways.push_back({address, version, compression});
        ways.push_back({address, cql::ProtocolVersion::v4, cql::Compression::snappy});
    }
    if (ways.empty()) ways.push_back({});
    return ways;
}

SessionOptions RealCluster::options() const {
    SessionOptions options;
    options.cluster.label = "cluster";
    options.cluster.contact_points = {*net::parse_address(GetParam().address, 9042)};
    options.version = GetParam().version;
    options.compression = GetParam().compression;
    options.application_name = "driver_integration";
    return options;
}

void RealCluster::SetUp() {
    if (GetParam().address.empty()) GTEST_SKIP() << "CROSSFADE_TEST_NODES is not set: there is no real Cassandra to test against";
    auto connected = run(loop_, Session::connect(loop_, options()));
    ASSERT_TRUE(connected && *connected) << (connected ? connected->error().message : "");
    session_ = **connected;
    keyspace_ = "it_" + GetParam().name() + "_" + ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::ranges::transform(keyspace_, keyspace_.begin(), [](char c) { return static_cast<char>(std::tolower(c)); });
    keyspace_ = keyspace_.substr(0, keyspace_.find('/')).substr(0, 48);
    ok("DROP KEYSPACE IF EXISTS " + keyspace_);
    ok("CREATE KEYSPACE " + keyspace_ + " WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
}

void RealCluster::TearDown() {
    if (session_ == nullptr) return;
    ok("DROP KEYSPACE IF EXISTS " + keyspace_);
    session_->close();
}

Rows RealCluster::ok(const std::string& text, ExecuteOptions with) {
    with.timeout = std::chrono::seconds(40);
    auto rows = run(loop_, session_->query(text, {}, std::move(with)));
    EXPECT_TRUE(rows && *rows) << text << ": " << (rows ? rows->error().message : "");
    return rows && *rows ? std::move(**rows) : Rows();
}

bool RealCluster::has_vectors() const { return session_->topology()->release_version.substr(0, 2) == "5."; }

}  // namespace crossfade::driver
