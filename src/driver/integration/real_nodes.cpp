#include "driver/integration/real_nodes.hpp"

#include <algorithm>
#include <set>
#include <sstream>

namespace crossfade::driver {
namespace {

// The addresses where the tests' keyspace was made in this run.
std::set<std::string>& made_keyspaces() {
    static std::set<std::string> addresses;
    return addresses;
}

// Leaves the clusters as they were.
class DropsKeyspaces : public ::testing::Environment {
public:
    void TearDown() override {
        for (const std::string& address : made_keyspaces()) {
            net::Loop loop;
            const auto session = run(
                loop, Session::connect(loop, options_for({address, cql::ProtocolVersion::v4, cql::Compression::none})));
            ASSERT_TRUE(session && *session) << address << ": " << (session ? session->error().message : "");
            ExecuteOptions patient;  // a table of each test goes with it
            patient.timeout = std::chrono::seconds(55);
            const auto dropped = run(
                loop,
                (**session)->query(std::string("DROP KEYSPACE IF EXISTS ") + RealCluster::keyspace_name, {}, patient));
            EXPECT_TRUE(dropped && *dropped) << address << ": " << (dropped ? dropped->error().message : "");
            (**session)->close();
        }
    }
};
const ::testing::Environment* const drops_keyspaces = ::testing::AddGlobalTestEnvironment(new DropsKeyspaces);

}  // namespace

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
    std::string text =
        address + "_v" + std::string(cql::name_of(version)) + "_" + std::string(cql::name_of(compression));
    std::ranges::replace_if(
        text, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
    if (text.back() == '_') text += "plain";
    return text;
}

std::vector<Way> all_ways() {
    std::vector<Way> ways;
    for (const std::string& address : addresses_in("CROSSFADE_TEST_NODES")) {
        ways.push_back({address, cql::ProtocolVersion::v3, cql::Compression::none});
        ways.push_back({address, cql::ProtocolVersion::v3, cql::Compression::snappy});
        ways.push_back({address, cql::ProtocolVersion::v4, cql::Compression::none});
        ways.push_back({address, cql::ProtocolVersion::v4, cql::Compression::lz4});
        ways.push_back({address, cql::ProtocolVersion::v5, cql::Compression::none});
        ways.push_back({address, cql::ProtocolVersion::v5, cql::Compression::lz4});
    }
    if (ways.empty()) ways.push_back({});
    return ways;
}

SessionOptions options_for(const Way& way) {
    SessionOptions options;
    options.cluster.label = "cluster";
    options.cluster.contact_points = {*net::parse_address(way.address, 9042)};
    options.version = way.version;
    options.compression = way.compression;
    options.application_name = "driver_integration";
    return options;
}

void RealCluster::SetUp() {
    if (GetParam().address.empty())
        GTEST_SKIP() << "CROSSFADE_TEST_NODES is not set: there is no real Cassandra to test against";
    auto connected = run(loop_, Session::connect(loop_, options_for(GetParam())));
    ASSERT_TRUE(connected && *connected) << (connected ? connected->error().message : "");
    session_ = **connected;
    if (made_keyspaces().insert(GetParam().address).second) {
        ok("DROP KEYSPACE IF EXISTS " + keyspace_);
        ok("CREATE KEYSPACE " + keyspace_ + " WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
    }
    static int tables = 0;
    table_ = keyspace_ + ".t" + std::to_string(++tables);
}

void RealCluster::TearDown() {
    if (session_ != nullptr) session_->close();
}

Rows RealCluster::ok(const std::string& text, ExecuteOptions with) {
    with.timeout = std::chrono::seconds(40);
    auto rows = run(loop_, session_->query(text, {}, std::move(with)));
    EXPECT_TRUE(rows && *rows) << text << ": " << (rows ? rows->error().message : "");
    return rows && *rows ? std::move(**rows) : Rows();
}

bool RealCluster::has_vectors() const {
    return session_->topology()->release_version.substr(0, 2) == "5.";
}

}  // namespace crossfade::driver
