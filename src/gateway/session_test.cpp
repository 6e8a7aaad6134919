#include "gateway/session.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "cql/request.hpp"
#include "cql/response.hpp"
#include "net/fake_stream.hpp"
#include "net/testing_loop.hpp"

namespace crossfade::gateway {
namespace {

constexpr cql::ProtocolVersion v4 = cql::ProtocolVersion::v4;

// A node that asks for no login and answers no request.
class SilentNode final : public net::StreamUser {
public:
    explicit SilentNode(net::Loop& loop)
        : listener_(*net::listen(loop, {"127.0.0.1", 0}, nullptr, [this](std::unique_ptr<net::Stream> stream) {
              stream_ = std::move(stream);
              stream_->start(*this);
          })) {}
    net::Address address() const { return listener_->address(); }

    std::size_t on_bytes(std::span<std::uint8_t> bytes) override {
        const auto scan = cql::scan_frame(bytes, 1U << 20U);
        if (scan.state != cql::FrameScan::State::whole) return 0;
        const cql::FrameHeader& header = scan.frame.header;
        const auto stream_id = static_cast<std::uint16_t>(header.stream_id);
        if (header.opcode == cql::Opcode::options)
            cql::append_supported(stream_->out(), header.version, stream_id, {{"CQL_VERSION", {"3.4.5"}}});
        else if (header.opcode == cql::Opcode::startup)
            cql::append_ready(stream_->out(), header.version, stream_id);
        stream_->send_soon();
        return scan.frame.bytes.size();
    }
    void on_closed(const base::Error&) override {}

private:
    std::unique_ptr<net::Listener> listener_;
    std::unique_ptr<net::Stream> stream_;
};

// A client that is a buffer, and a gateway's session between it and that node.
class SessionTest : public testing::Test, public SessionOwner {
protected:
    SessionTest() : shared_(settings(), folder_), node_(loop_) {
        EXPECT_TRUE(shared_.audit.open());
        auto topology = std::make_shared<nodes::Topology>();
        nodes::Node& node = topology->nodes.emplace_back();
        node.address = node_.address();
        node.is_up = true;
        auto facts = std::make_shared<Facts>();
        facts->topology = std::move(topology);
        facts->greeting = std::make_shared<const Greeting>(greeting_of(v4, {{"CQL_VERSION", {"3.4.5"}}}, {}));
        facts_ = std::move(facts);
    }
    ~SessionTest() {
        session_.reset();
        std::filesystem::remove_all(folder_.path);
    }

    net::Loop& loop() override { return loop_; }
    Shared& shared() override { return shared_; }
    const FactsPtr& facts() const override { return facts_; }
    LoginThrottle& throttle() override { return throttle_; }
    void session_ended(Session&) override { has_ended_ = true; }

    void connect() { session_ = std::make_unique<Session>(*this, std::make_unique<net::FakeStream>(client_)); }
    void log_in(TokenLimits limits) {
        const MadeToken made = make_token({}, std::move(limits), {}, {});
        auto facts = std::make_shared<Facts>(*facts_);
        facts->tokens = std::make_shared<const TokenTable>(std::vector{made.token});
        facts_ = std::move(facts);
        connect();
        base::Bytes startup, credentials;
        cql::append_startup(startup, v4, 1, {{"CQL_VERSION", "3.0.0"}});
        sends(startup);
        expect(cql::Opcode::authenticate);
        const std::string plain = std::string("\0token\0", 7) + made.secrets.token.reveal();
        cql::append_auth_response(credentials, v4, 1, base::bytes_of(plain));
        sends(credentials);
        expect(cql::Opcode::auth_success);
    }
    void sends(base::Bytes bytes) { EXPECT_EQ(client_.user->on_bytes(bytes), bytes.size()); }
    // Waits for the one frame that the client gets, and takes it.
    void expect(cql::Opcode opcode) {
        ASSERT_TRUE(loop_.run_until([this] { return !client_.out.empty(); }));
        EXPECT_EQ(cql::read_frame_header(client_.out.data()).opcode, opcode);
        client_.out.clear();
    }
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

    const Folder folder_{made_folder()};
    net::FakeStream::Seen client_;
    bool has_ended_ = false;

private:
    static Settings settings() {
        Settings one;
        one.name = "shop";
        one.hosts = {"localhost"};
        return one;
    }
    static Folder made_folder() {
        std::string path = (std::filesystem::temp_directory_path() / "crossfade-session-XXXXXX").string();
        EXPECT_NE(::mkdtemp(path.data()), nullptr);
        return {path};
    }

    net::TestingLoop loop_;
    Shared shared_;
    SilentNode node_;
    FactsPtr facts_;
    LoginThrottle throttle_;
    std::unique_ptr<Session> session_;
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
    client_.server_name = "00000000-0000-0000-0000-000000000000";
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

}  // namespace
}  // namespace crossfade::gateway
