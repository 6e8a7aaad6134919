// Connecting to real Cassandra: versions, compression, logins, the schema, the clock, nodes.
#include <algorithm>
#include <cmath>

#include "driver/integration/real_nodes.hpp"
#include "driver/pause.hpp"

namespace crossfade::driver {
namespace {

class Connecting : public RealCluster {};

TEST_P(Connecting, SpeaksTheVersionThatWasAskedFor) {
    EXPECT_EQ(session_->version(), GetParam().version);
    const auto topology = session_->topology();
    ASSERT_EQ(topology->nodes.size(), 1U);
    EXPECT_EQ(net::to_text(topology->nodes[0].address), GetParam().address);
    EXPECT_FALSE(topology->local_datacenter.empty());
    EXPECT_EQ(topology->ring.entries().size(), 16U);
    EXPECT_TRUE(topology->is_schema_agreed());
    EXPECT_EQ(session_->statistics().open_connections, 1U);
}

TEST_P(Connecting, TheClockOfAClusterOnThisMachineIsOurs) {
    const auto reading = run(loop_, session_->measure_clock());
    ASSERT_TRUE(reading && *reading) << reading->error().message;
    EXPECT_GE((*reading)->error_us, 1000);
    // Its timeuuids may run ahead of the clock by a tick each; a second would be another clock.
    EXPECT_LT(std::abs((*reading)->offset_us), 1'000'000);
}

TEST_P(Connecting, EventsOfTheSchemaAreTold) {
    std::vector<std::string> seen;
    session_->on_event([&](std::shared_ptr<const nodes::ClusterEvent> event) {
        if (event->event.kind == cql::Event::Kind::schema_change &&
            event->event.schema.name == table_.substr(table_.find('.') + 1)) {
            seen.emplace_back(event->event.schema.change);
            loop_.stop();
        }
    });
    session_->query("CREATE TABLE " + table_ + " (k int PRIMARY KEY)").detach();
    loop_.run();
    EXPECT_EQ(seen, std::vector<std::string>{"CREATED"});
    const auto agreed = run(loop_, session_->schema_agreement(std::chrono::seconds(10)));
    EXPECT_TRUE(agreed && *agreed);
}

TEST_P(Connecting, ASessionOfAKeyspaceFindsItsTables) {
    ok("CREATE TABLE " + table_ + " (k int PRIMARY KEY)");
    SessionOptions options = options_for(GetParam());
    options.keyspace = keyspace_;
    const auto other = run(loop_, Session::connect(loop_, options));
    ASSERT_TRUE(other && *other) << other->error().message;
    const auto rows = run(loop_, (**other)->query("SELECT * FROM " + table_.substr(table_.find('.') + 1)));
    EXPECT_TRUE(rows && *rows) << rows->error().message;
    (**other)->close();

    options.keyspace = "there_is_no_such_keyspace";
    const auto none = run(loop_, Session::connect(loop_, options));
    ASSERT_TRUE(none && !*none);
    EXPECT_EQ(none->error().server_code, static_cast<std::int32_t>(cql::ErrorCode::invalid));
}

TEST_P(Connecting, AClosedSessionEndsWhatIsUnderWay) {
    base::Task<base::Result<Rows>> rows = session_->query("SELECT * FROM system.local");
    session_->close();
    const auto ended = run(loop_, std::move(rows));
    ASSERT_TRUE(ended && !*ended);
    EXPECT_EQ(ended->error().kind, base::ErrorKind::interrupted);
    const auto after = run(loop_, session_->query("SELECT * FROM system.local"));
    ASSERT_TRUE(after && !*after);
    EXPECT_EQ(after->error().kind, base::ErrorKind::interrupted);
}

TEST_P(Connecting, AnUnknownLocalDatacenterIsNamedWithThoseThereAre) {
    SessionOptions options = options_for(GetParam());
    options.cluster.local_datacenter = "nowhere";
    const auto session = run(loop_, Session::connect(loop_, options));
    ASSERT_TRUE(session && !*session);
    EXPECT_EQ(session->error().kind, base::ErrorKind::bad_configuration);
    EXPECT_NE(session->error().message.find("nowhere"), std::string::npos);
    EXPECT_NE(session->error().message.find("datacenter1"), std::string::npos) << session->error().message;
}

TEST_P(Connecting, WithoutAVersionTheHighestIsUsed) {
    SessionOptions options = options_for(GetParam());
    options.version.reset();
    const auto session = run(loop_, Session::connect(loop_, options));
    ASSERT_TRUE(session && *session) << session->error().message;
    EXPECT_EQ((**session)->version(), cql::ProtocolVersion::v5);
    (**session)->close();
}

INSTANTIATE_TEST_SUITE_P(RealCassandra, Connecting, ::testing::ValuesIn(all_ways()),
                         [](const auto& way) { return way.param.name(); });

// CROSSFADE_TEST_AUTH="127.0.0.31:9042": a cluster with PasswordAuthenticator and its first role, cassandra/cassandra.
class Login : public ::testing::TestWithParam<cql::ProtocolVersion> {
protected:
    void SetUp() override {
        if (addresses_in("CROSSFADE_TEST_AUTH").empty())
            GTEST_SKIP() << "CROSSFADE_TEST_AUTH is not set: there is no real Cassandra with logins to test against";
    }
    base::Result<std::shared_ptr<Session>> connect(const nodes::Credentials& credentials) {
        SessionOptions options =
            options_for({addresses_in("CROSSFADE_TEST_AUTH").front(), GetParam(), cql::Compression::none});
        options.cluster.credentials = credentials;
        auto session = run(loop_, Session::connect(loop_, options));
        if (!session) return base::fail(base::ErrorKind::timeout, "did not end");
        return std::move(*session);
    }
    net::Loop loop_;
};

TEST_P(Login, TheRightPasswordOpensAndSoDoesItForEachConnection) {
    const auto session = connect({"cassandra", "cassandra"});
    ASSERT_TRUE(session) << session.error().message;
    const auto rows = run(loop_, (*session)->query("SELECT * FROM system_auth.roles"));
    EXPECT_TRUE(rows && *rows) << rows->error().message;
    (*session)->close();
}

TEST_P(Login, AWrongPasswordIsAnAuthenticationErrorInTheServersWords) {
    const auto session = connect({"cassandra", "wrong-secret"});
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().kind, base::ErrorKind::authentication);
    EXPECT_EQ(session.error().server_code, static_cast<std::int32_t>(cql::ErrorCode::bad_credentials));
    EXPECT_NE(session.error().message.find("incorrect"), std::string::npos) << session.error().message;
    EXPECT_EQ(session.error().message.find("wrong-secret"), std::string::npos);
}

TEST_P(Login, NoPasswordWhereOneIsAskedForIsAnAuthenticationError) {
    const auto session = connect({});
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().kind, base::ErrorKind::authentication);
}

INSTANTIATE_TEST_SUITE_P(RealCassandra, Login,
                         ::testing::Values(cql::ProtocolVersion::v3, cql::ProtocolVersion::v4,
                                           cql::ProtocolVersion::v5),
                         [](const auto& version) { return "v" + std::string(cql::name_of(version.param)); });

}  // namespace
}  // namespace crossfade::driver
