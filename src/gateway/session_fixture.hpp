// For unit tests: a client that is a buffer, a session of the gateway, and a node that asks for no login and answers
// when it is told to.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "cql/request.hpp"
#include "cql/response.hpp"
#include "gateway/session.hpp"
#include "net/fake_stream.hpp"
#include "net/testing_loop.hpp"

namespace crossfade::gateway {

using namespace std::string_literals;

class FakeNode final : public net::StreamUser {
public:
    FakeNode(net::Loop& loop, std::shared_ptr<net::TlsContext> tls)
        : listener_(*net::listen(loop, {"127.0.0.1", 0}, std::move(tls), [this](std::unique_ptr<net::Stream> stream) {
              stream_ = std::move(stream);
              stream_->start(*this);
          })) {}
    net::Address address() const { return listener_->address(); }

    // Stream ids of requests that came and were not answered, in the order in which they came.
    std::vector<std::uint16_t> waiting;

    // With a body of that size; what is in it nobody reads.
    void answer(std::uint16_t stream_id, std::size_t size) {
        std::erase(waiting, stream_id);
        send(cql::Opcode::result, stream_id, size);
    }
    // A whole frame of the node's version, not compressed, as the answer to that stream id.
    void reply(std::uint16_t stream_id, base::Bytes frame) {
        std::erase(waiting, stream_id);
        cql::patch_stream_id(frame.data(), stream_id);
        reader_->append(frame, stream_->out());
        stream_->send_soon();
    }
    // For the next client.
    void forget() {
        stream_.reset();
        reader_.reset();
        waiting.clear();
    }
    void send_event() { send(cql::Opcode::event, 0xFFFF, 100); }

    std::size_t on_bytes(std::span<std::uint8_t> bytes) override {
        if (reader_ == nullptr) return greet(bytes);
        const auto used = reader_->read(bytes, [this](const cql::FrameHeader& header, std::span<std::uint8_t>) {
            waiting.push_back(static_cast<std::uint16_t>(header.stream_id));
            return true;
        });
        EXPECT_TRUE(used);
        return used ? *used : bytes.size();
    }
    void on_closed(const base::Error&) override {}

private:
    std::size_t greet(std::span<std::uint8_t> bytes) {
        const auto scan = cql::scan_frame(bytes, 1U << 20U);
        if (scan.state != cql::FrameScan::State::whole) return 0;
        const cql::FrameHeader& header = scan.frame.header;
        const auto stream_id = static_cast<std::uint16_t>(header.stream_id);
        version_ = static_cast<cql::ProtocolVersion>(header.version);
        if (header.opcode == cql::Opcode::options) {
            cql::append_supported(stream_->out(), header.version, stream_id,
                                  {{"CQL_VERSION", {"3.4.5"}}, {"COMPRESSION", {"lz4"}}});
        } else if (header.opcode == cql::Opcode::startup) {
            cql::append_ready(stream_->out(), header.version, stream_id);
            auto compression = cql::Compression::none;
            if (const auto options = cql::parse_startup(scan.frame.body()); options)
                for (const auto& [name, value] : *options)
                    if (name == "COMPRESSION") compression = *cql::compression_named(value);
            reader_ = std::make_unique<FrameReader>(version_, compression);
        }
        stream_->send_soon();
        return scan.frame.bytes.size();
    }
    void send(cql::Opcode opcode, std::uint16_t stream_id, std::size_t size) {
        base::Bytes frame(cql::frame_header_size + size, 'x');
        for (std::size_t i = cql::frame_header_size; i < frame.size(); ++i)
            frame[i] = static_cast<std::uint8_t>(i * i >> 3U);
        cql::write_frame_header(
            frame.data(), {static_cast<std::uint8_t>(version_), true, 0, static_cast<std::int16_t>(stream_id), opcode,
                           static_cast<std::uint32_t>(size)});
        reader_->append(frame, stream_->out());
        stream_->send_soon();
    }

    std::unique_ptr<net::Listener> listener_;
    std::unique_ptr<net::Stream> stream_;
    cql::ProtocolVersion version_ = cql::ProtocolVersion::v4;
    std::unique_ptr<FrameReader> reader_;  // once the greeting is over
};

class SessionFixture : public testing::Test, public SessionOwner {
protected:
    SessionFixture() : shared_(settings(), folder_) { EXPECT_TRUE(shared_.audit.open()); }
    ~SessionFixture() override {
        session_.reset();
        std::filesystem::remove_all(folder_.path);
    }

    // Before a client connects. `tls`: the node's; null: plain.
    void start_node(std::shared_ptr<net::TlsContext> tls = nullptr) {
        node_ = std::make_unique<FakeNode>(loop_, std::move(tls));
        auto topology = std::make_shared<nodes::Topology>();
        nodes::Node& node = topology->nodes.emplace_back();
        node.address = node_->address();
        node.is_up = true;
        auto facts = std::make_shared<Facts>();
        facts->topology = std::move(topology);
        facts->greeting = std::make_shared<const Greeting>(
            greeting_of(cql::ProtocolVersion::v5, {{"CQL_VERSION", {"3.4.5"}}, {"COMPRESSION", {"lz4"}}}, {}));
        facts_ = std::move(facts);
    }
    // One more, that nobody connects to. Its host id ends on the byte.
    void add_other_node(std::uint8_t host_id, bool is_up) {
        auto topology = std::make_shared<nodes::Topology>(*facts_->topology);
        nodes::Node& node = topology->nodes.emplace_back();
        node.address = {"127.0.0.254", 1};
        node.host_id.back() = host_id;
        node.is_up = is_up;
        auto facts = std::make_shared<Facts>(*facts_);
        facts->topology = std::move(topology);
        facts_ = std::move(facts);
    }
    // By name: nothing but headers is looked at, unless the token has limits.
    void name_the_node() { client_.server_name = "00000000-0000-0000-0000-000000000000"; }

    net::Loop& loop() override { return loop_; }
    Shared& shared() override { return shared_; }
    const FactsPtr& facts() const override { return facts_; }
    LoginThrottle& throttle() override { return throttle_; }
    Newcomers& newcomers() override { return newcomers_; }
    void session_ended(Session&) override { has_ended_ = true; }

    void connect() { session_ = std::make_unique<Session>(*this, std::make_unique<net::FakeStream>(client_)); }
    void start_up(cql::ProtocolVersion version, cql::Compression compression) {
        reader_ = std::make_unique<FrameReader>(version, compression);
        version_ = version;
        std::vector<std::pair<std::string, std::string>> options{{"CQL_VERSION", "3.0.0"}};
        if (compression != cql::Compression::none) options.emplace_back("COMPRESSION", cql::name_of(compression));
        base::Bytes startup;
        cql::append_startup(startup, version, 1, options);
        sends(startup);
    }
    void know(const Token& token) {
        auto facts = std::make_shared<Facts>(*facts_);
        facts->tokens = std::make_shared<const TokenTable>(std::vector{token});
        facts_ = std::move(facts);
    }
    void log_in(TokenLimits limits, cql::ProtocolVersion version = cql::ProtocolVersion::v4,
                cql::Compression compression = cql::Compression::none) {
        const MadeToken made = make_token({}, std::move(limits), {}, {});
        know(made.token);
        connect();
        start_up(version, compression);
        expect(cql::Opcode::authenticate);
        const std::string plain = std::string("\0token\0", 7) + made.secrets.token.reveal();
        base::Bytes credentials, sent;
        cql::append_auth_response(credentials, version, 1, base::bytes_of(plain));
        reader_->append(credentials, sent);
        sends(sent);
        ASSERT_TRUE(loop_.run_until([this] { return !client_.out.empty(); }));
        ASSERT_EQ(got(), std::vector{"AUTH_SUCCESS of 1"s});
    }
    void sends(base::Bytes bytes) { EXPECT_EQ(client_.user->on_bytes(bytes), bytes.size()); }
    void sends_query(std::uint16_t stream_id, std::string_view text = "SELECT a FROM b.c") {
        base::Bytes sent;
        append_query(stream_id, sent, text);
        sends(sent);
    }
    void append_query(std::uint16_t stream_id, base::Bytes& out, std::string_view text = "SELECT a FROM b.c") const {
        base::Bytes query;
        cql::append_query(query, version_, stream_id, text, {});
        reader_->append(query, out);
    }
    // What the client has got and not looked at: "RESULT of 5" for each frame.
    std::vector<std::string> got() {
        std::vector<std::string> frames;
        const auto used = reader_->read(client_.out, [&](const cql::FrameHeader& header, std::span<std::uint8_t>) {
            frames.push_back(std::string(cql::name_of(header.opcode)) + " of " + std::to_string(header.stream_id));
            return true;
        });
        EXPECT_TRUE(used);
        if (used) client_.out.erase(client_.out.begin(), client_.out.begin() + static_cast<std::ptrdiff_t>(*used));
        return frames;
    }
    // Waits for the one frame that the client gets, not in a segment, and takes it.
    void expect(cql::Opcode opcode) {
        ASSERT_TRUE(loop_.run_until([this] { return !client_.out.empty(); }));
        EXPECT_EQ(cql::read_frame_header(client_.out.data()).opcode, opcode);
        client_.out.clear();
    }
    std::string audit_log() const {
        std::ifstream file(folder_.audit_log());
        return {std::istreambuf_iterator<char>(file), {}};
    }

    const Folder folder_{made_folder()};
    net::TestingLoop loop_;
    Shared shared_;
    std::unique_ptr<FakeNode> node_;
    net::FakeStream::Seen client_;
    static constexpr std::size_t most_newcomers = 8;
    Newcomers newcomers_{most_newcomers};
    std::unique_ptr<Session> session_;
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

    FactsPtr facts_;
    LoginThrottle throttle_;
    cql::ProtocolVersion version_ = cql::ProtocolVersion::v4;
    std::unique_ptr<FrameReader> reader_;  // as the client reads and writes
};

}  // namespace crossfade::gateway
