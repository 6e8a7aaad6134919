#include "relay/client_session.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "cql/request.hpp"
#include "net/fake_stream.hpp"
#include "relay/engine.hpp"

namespace crossfade::relay {
namespace {

// Takes every request and answers none, unless told.
class RecordingPolicy final : public Policy {
public:
    const std::vector<cql::ProtocolVersion>& versions() const override { return versions_; }
    std::map<std::string, std::vector<std::string>> supported_options() const override {
        return {{"CQL_VERSION", {"3.4.5"}}};
    }
    std::string authenticator() const override { return authenticator_; }
    void login(ClientSession&, nodes::Credentials credentials, std::function<void(base::Result<void>)> done) override {
        if (credentials == nodes::Credentials{"user", "right"})
            done({});
        else
            done(base::fail(base::ErrorKind::authentication, "wrong"));
    }
    base::Result<void> on_session_ready(ClientSession&) override { return {}; }
    void on_session_closed(ClientSession&) override {}
    void on_request(ClientSession& session, const cql::FrameView& frame) override {
        requests.emplace_back(frame.bytes.begin(), frame.bytes.end());
        session.count_request(frame.bytes.size());
    }
    void on_leg_answered(Request&, Leg&, const Response&) override {}
    void on_leg_lost(Request&, Leg&, const base::Error&) override {}
    bool on_room(Request&) override { return true; }
    void on_deadline(Request&) override {}

    std::vector<cql::ProtocolVersion> versions_{cql::ProtocolVersion::v5, cql::ProtocolVersion::v4,
                                                cql::ProtocolVersion::v3};
    std::string authenticator_;
    std::vector<base::Bytes> requests;
};

class ClientSessionTest : public testing::Test {
protected:
    ClientSessionTest() : registry(10), engine(loop, options(), registry) {
        engine.set_policy(policy);
        engine.accept(std::make_unique<net::FakeStream>(seen));
    }
    static EngineOptions options() {
        EngineOptions options;
        options.session_limits = {1000, 1000};
        return options;
    }
    // Shows bytes to the session as a stream would, until it takes no more.
    void receive(base::Bytes bytes) {
        pending.insert(pending.end(), bytes.begin(), bytes.end());
        while (!pending.empty() && seen.user != nullptr && !seen.is_paused && !seen.is_closed) {
            const std::size_t used = seen.user->on_bytes(pending);
            pending.erase(pending.begin(),
                          pending.begin() + static_cast<std::ptrdiff_t>(std::min(used, pending.size())));
            if (used == 0) break;
        }
    }
    static base::Bytes startup(cql::ProtocolVersion version,
                               std::vector<std::pair<std::string, std::string>> more = {}) {
        base::Bytes bytes;
        more.emplace_back("CQL_VERSION", "3.0.0");
        cql::append_startup(bytes, version, 1, more);
        return bytes;
    }
    static base::Bytes query(std::uint16_t stream_id, const std::string& text = "SELECT") {
        base::Bytes bytes;
        cql::append_query(bytes, cql::ProtocolVersion::v4, stream_id, text, cql::QueryOptions());
        return bytes;
    }
    // Opcodes of the answers so far.
    std::vector<cql::Opcode> answers() const {
        std::vector<cql::Opcode> opcodes;
        base::ByteView rest = seen.out;
        for (auto scan = cql::scan_frame(rest, 1 << 20); scan.state == cql::FrameScan::State::whole;
             scan = cql::scan_frame(rest, 1 << 20)) {
            opcodes.push_back(scan.frame.header.opcode);
            rest = rest.subspan(scan.frame.bytes.size());
        }
        return opcodes;
    }
    std::string last_error() const {
        base::ByteView rest = seen.out;
        std::string text;
        for (auto scan = cql::scan_frame(rest, 1 << 20); scan.state == cql::FrameScan::State::whole;
             scan = cql::scan_frame(rest, 1 << 20)) {
            if (scan.frame.header.opcode == cql::Opcode::error)
                text = cql::parse_error(cql::ProtocolVersion::v4, scan.frame.body())->text;
            rest = rest.subspan(scan.frame.bytes.size());
        }
        return text;
    }

    net::Loop loop;
    PreparedRegistry registry;
    RecordingPolicy policy;
    net::FakeStream::Seen seen;
    Engine engine;
    base::Bytes pending;
};

using Opcodes = std::vector<cql::Opcode>;

TEST_F(ClientSessionTest, IsReadyAfterStartup) {
    receive(startup(cql::ProtocolVersion::v4));
    receive(query(5));
    EXPECT_EQ(answers(), Opcodes{cql::Opcode::ready});
    EXPECT_EQ(policy.requests.size(), 1U);
}

TEST_F(ClientSessionTest, TakesFramesInWhateverPiecesTheyCome) {
    base::Bytes all = startup(cql::ProtocolVersion::v4);
    for (std::uint16_t id = 0; id < 5; ++id) base::append(all, query(id));
    for (const std::uint8_t byte : all) receive({byte});
    ASSERT_EQ(policy.requests.size(), 5U);
    EXPECT_EQ(policy.requests[3], query(3));
}

TEST_F(ClientSessionTest, AnUnknownVersionGetsTheWordsAndTheEnd) {
    receive({0x06, 0, 0, 7, 1, 0, 0, 0, 0});
    EXPECT_NE(last_error().find("Invalid or unsupported protocol version (6)"), std::string::npos);
    EXPECT_EQ(cql::read_frame_header(seen.out.data()).stream_id, 0) << "as Cassandra does";
    EXPECT_TRUE(seen.is_closed);
}

TEST_F(ClientSessionTest, ARequestBeforeStartupIsRefused) {
    receive(query(1));
    EXPECT_EQ(answers(), Opcodes{cql::Opcode::error});
    EXPECT_TRUE(policy.requests.empty());
    EXPECT_TRUE(seen.is_closed);
}

TEST_F(ClientSessionTest, AnIdInUseIsNotTakenTwice) {
    receive(startup(cql::ProtocolVersion::v4));
    receive(query(5));
    receive(query(5));
    EXPECT_EQ(policy.requests.size(), 1U);
    EXPECT_NE(last_error().find("still in use"), std::string::npos);
}

TEST_F(ClientSessionTest, CredentialsAreAskedForAndJudged) {
    policy.authenticator_ = "org.apache.cassandra.auth.PasswordAuthenticator";
    receive(startup(cql::ProtocolVersion::v4));
    EXPECT_EQ(answers(), Opcodes{cql::Opcode::authenticate});
    receive(query(2));
    EXPECT_TRUE(policy.requests.empty());
    EXPECT_TRUE(seen.is_closed);
}

TEST_F(ClientSessionTest, ALoginInACompressedFrameIsReadToo) {
    policy.authenticator_ = "org.apache.cassandra.auth.PasswordAuthenticator";
    receive(startup(cql::ProtocolVersion::v4, {{"COMPRESSION", "lz4"}}));
    base::Bytes plain;
    cql::append_auth_response(plain, cql::ProtocolVersion::v4, 1, base::bytes_of(std::string("\0user\0right", 11)));
    base::Bytes packed(plain.begin(), plain.begin() + cql::frame_header_size);
    cql::compress(cql::Compression::lz4, base::ByteView(plain).subspan(cql::frame_header_size), packed);
    packed[1] = cql::frame_flag::compressed;
    cql::patch_body_length(packed.data(), static_cast<std::uint32_t>(packed.size() - cql::frame_header_size));
    receive(packed);
    EXPECT_EQ(answers(), (Opcodes{cql::Opcode::authenticate, cql::Opcode::auth_success}));
}

TEST_F(ClientSessionTest, PastItsBudgetAClientIsNotReadUntilHalfIsAnswered) {
    receive(startup(cql::ProtocolVersion::v4));
    seen.out.clear();
    for (std::uint16_t id = 0; id < 60; ++id) receive(query(id, std::string(30, 'x')));
    EXPECT_TRUE(seen.is_paused);
    const std::size_t taken = policy.requests.size();
    EXPECT_LT(taken, 60U);
    auto& session = *static_cast<ClientSession*>(seen.user);
    base::Bytes frame;
    cql::append_void(frame, 4, 0);
    for (std::uint16_t id = 0; id < taken; ++id) {
        session.answer(id, frame);
        seen.out.clear();
        session.uncount_request(policy.requests[id].size());
    }
    EXPECT_FALSE(seen.is_paused);
    receive({});
    EXPECT_GT(policy.requests.size(), taken);
}

}  // namespace
}  // namespace crossfade::relay
