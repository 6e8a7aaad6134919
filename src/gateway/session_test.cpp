#include <gmock/gmock.h>

#include "bundle/authority.hpp"
#include "gateway/session_fixture.hpp"

namespace crossfade::gateway {
namespace {

using testing::HasSubstr;

constexpr cql::ProtocolVersion v4 = cql::ProtocolVersion::v4;

class SessionTest : public SessionFixture {
protected:
    SessionTest() { start_node(); }

    static base::Bytes times(std::size_t count, const base::Bytes& frame) {
        base::Bytes all;
        for (std::size_t i = 0; i < count; ++i) base::append(all, frame);
        return all;
    }
    static TokenLimits read_only() {
        TokenLimits limits;
        limits.is_read_only = true;
        return limits;
    }
};

TEST_F(SessionTest, WhoTakesNoAnswersToRefusedStatementsIsReadNoMore) {
    log_in(read_only());
    base::Bytes write;
    cql::append_query(write, v4, 1, "INSERT INTO ks.t (k) VALUES (1)", {});
    const base::Bytes many = times(1000, write);
    for (std::size_t sent = 0; !client_.is_paused && sent < (64U << 20U); sent += many.size()) sends(many);
    ASSERT_TRUE(client_.is_paused);
    client_.out.clear();
    client_.user->on_drained();
    EXPECT_FALSE(client_.is_paused);
}

TEST_F(SessionTest, WhoAsksForOptionsAndTakesNoAnswersIsLetGo) {
    connect();
    base::Bytes options;
    cql::append_options(options, v4, 1);
    sends(times(5000, options));
    EXPECT_TRUE(client_.is_closed);
    EXPECT_TRUE(has_ended_);
}

TEST_F(SessionTest, NobodyLogsInAgain) {
    name_the_node();
    log_in({});
    base::Bytes credentials;
    cql::append_auth_response(credentials, v4, 1, base::bytes_of(std::string("\0other\0role", 11)));
    sends(credentials);
    expect(cql::Opcode::error);
    EXPECT_TRUE(client_.is_closed);
}

TEST_F(SessionTest, OfALongNameTheAuditLogHasTheBeginning) {
    log_in(read_only());
    base::Bytes write;
    cql::append_query(write, v4, 1, "INSERT INTO ks." + std::string(100'000, 'n') + " (k) VALUES (1)", {});
    sends(write);
    expect(cql::Opcode::error);
    EXPECT_LT(std::filesystem::file_size(folder_.audit_log()), 4'000U);
}

// The node's certificate is for `host`, of a root that the gateway trusts or of another one.
class TlsToNodeTest : public SessionFixture {
protected:
    void start_node_of(const std::string& host, bool is_trusted, bool verifies_host) {
        const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        const auto validity = bundle::Validity::of_days(now, std::chrono::days(2));
        const auto root = *bundle::Authority::make("Root", validity),
                   other = *bundle::Authority::make("Root", validity);
        const auto own = *root.issue_server({host}, validity);
        net::TlsOptions node, gateway;
        node.verify_peer = false;
        node.certificate_pem = own.certificate;
        node.key_pem = own.key;
        gateway.ca_pem = (is_trusted ? root : other).pem().certificate;
        gateway.verify_host = verifies_host;
        start_node(*net::make_server_tls(node));
        shared_.cluster_tls = *net::make_client_tls(gateway);
    }
    // The node lets in whoever has a certificate of its root, and has one of it.
    void start_node_that_asks(bool gateway_has_one) {
        const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        const auto validity = bundle::Validity::of_days(now, std::chrono::days(2));
        const auto root = *bundle::Authority::make("Root", validity);
        const auto own = *root.issue_server({"127.0.0.1"}, validity), client = *root.issue_client("gateway", validity);
        net::TlsOptions node, gateway;
        node.ca_pem = gateway.ca_pem = root.pem().certificate;
        node.certificate_pem = own.certificate;
        node.key_pem = own.key;
        if (gateway_has_one) {
            gateway.certificate_pem = client.certificate;
            gateway.key_pem = client.key;
        }
        start_node(*net::make_server_tls(node));
        shared_.cluster_tls = *net::make_client_tls(gateway);
    }
    void is_refused() {
        connect();
        start_up(v4, cql::Compression::none);
        ASSERT_TRUE(loop_.run_until([this] { return !client_.out.empty(); }));
        const base::ByteView body = base::ByteView(client_.out).subspan(cql::frame_header_size);
        const auto error = cql::parse_error(v4, body);
        ASSERT_TRUE(error);
        EXPECT_EQ(error->code, cql::ErrorCode::is_bootstrapping);
        EXPECT_TRUE(client_.is_closed);
        EXPECT_THAT(audit_log(), HasSubstr("node_unreachable"));
        EXPECT_THAT(audit_log(), HasSubstr("certificate is not accepted"));
    }
};

TEST_F(TlsToNodeTest, RequestsGoToANodeThatIsWhoItHasToBe) {
    start_node_of("127.0.0.1", true, true);
    log_in({});
    sends_query(7);
    ASSERT_TRUE(loop_.run_until([this] { return node_->waiting == std::vector<std::uint16_t>{7}; }));
    node_->answer(7, 100'000);
    ASSERT_TRUE(loop_.run_until([this] { return client_.out.size() == cql::frame_header_size + 100'000; }));
    EXPECT_EQ(got(), std::vector{"RESULT of 7"s});
}

TEST_F(TlsToNodeTest, ANodeThatAsksForACertificateIsShownIt) {
    start_node_that_asks(true);
    log_in({});
}

TEST_F(TlsToNodeTest, ANodeThatAsksForACertificateInVainIsUnreachableAndNoWrongPassword) {
    start_node_that_asks(false);
    connect();
    start_up(v4, cql::Compression::none);
    // TLS 1.3: the node refuses when the gateway already takes the handshake for done.
    ASSERT_TRUE(loop_.run_until([this] { return !client_.out.empty(); }));
    if (cql::read_frame_header(client_.out.data()).opcode == cql::Opcode::authenticate) {
        client_.out.clear();
        const MadeToken made = make_token({}, {}, {}, {});
        know(made.token);
        base::Bytes credentials;
        cql::append_auth_response(credentials, v4, 1,
                                  base::bytes_of(std::string("\0token\0", 7) + made.secrets.token.reveal()));
        sends(credentials);
        ASSERT_TRUE(loop_.run_until([this] { return !client_.out.empty(); }));
    }
    const auto error = cql::parse_error(v4, base::ByteView(client_.out).subspan(cql::frame_header_size));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, cql::ErrorCode::is_bootstrapping);
    EXPECT_THAT(audit_log(), HasSubstr("certificate required"));
}

TEST_F(TlsToNodeTest, ACertificateOfAnotherRootIsToldBeforeTheCredentials) {
    start_node_of("127.0.0.1", false, true);
    is_refused();
}

TEST_F(TlsToNodeTest, ACertificateForAnotherAddressIsToldToo) {
    start_node_of("127.0.0.2", true, true);
    is_refused();
}

TEST_F(TlsToNodeTest, ForAnotherAddressItDoesWhereHostsAreNotVerified) {
    start_node_of("127.0.0.2", true, false);
    log_in({});
}

TEST_F(TlsToNodeTest, APlainNodeIsNoneForTls) {
    start_node_of("127.0.0.1", true, true);
    const auto tls = shared_.cluster_tls;
    start_node();
    shared_.cluster_tls = tls;
    connect();
    start_up(v4, cql::Compression::none);
    expect(cql::Opcode::error);
    EXPECT_TRUE(client_.is_closed);
}

}  // namespace
}  // namespace crossfade::gateway
