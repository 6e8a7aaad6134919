#include "nodes/connection.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "cql/request.hpp"
#include "cql/response.hpp"

namespace crossfade::nodes {
namespace {

using base::Bytes;
using cql::ProtocolVersion;

// A stream without a network: what was sent is in `sent`, and the test gives what comes.
class MadeStream final : public net::Stream {
public:
    void start(net::StreamUser& with) override { user = &with; }
    void pause_reading() override {}
    void resume_reading() override {}
    Bytes& out() override { return sent; }
    void send_soon() override {}
    std::size_t unsent() const override { return unsent_bytes; }
    void notify_when_unsent_below(std::size_t) override { wants_drained = true; }
    void close() override { is_closed = true; }
    void close_after_sending(std::chrono::milliseconds) override { is_closed = true; }
    std::string peer_address() const override { return "peer"; }
    std::string local_address() const override { return "local"; }
    std::string server_name() const override { return {}; }

    net::StreamUser* user = nullptr;
    Bytes sent;
    std::size_t unsent_bytes = 0;
    bool wants_drained = false, is_closed = false;
};

struct Waiter final : AnswerWaiter {
    void on_answer(Connection&, const Answer& answer) override {
        ++answers;
        opcode = answer.header.opcode;
        message.assign(answer.message.begin(), answer.message.end());
    }
    void on_lost(Connection&, const base::Error& why) override {
        ++lost;
        error = why;
    }
    int answers = 0, lost = 0;
    cql::Opcode opcode = cql::Opcode::error;
    Bytes message;
    base::Error error;
};

class ConnectionTest : public ::testing::Test, public ConnectionOwner {
protected:
    void open(ProtocolVersion version, cql::Compression compression = cql::Compression::none) {
        OpenedConnection opened;
        auto stream = std::make_unique<MadeStream>();
        stream_ = stream.get();
        opened.stream = std::move(stream);
        opened.version = version;
        opened.compression = compression;
        opened.peer = "10.0.0.1:9042";
        connection_ = Connection::start(loop_, *this, std::move(opened));
    }
    void TearDown() override {
        if (connection_ != nullptr) connection_->close(base::Error(base::ErrorKind::interrupted, "test ends"));
    }
    std::uint16_t send(Waiter& waiter, const std::string& text = "SELECT") {
        Bytes frame;
        cql::append_query(frame, connection_->version(), 0, text, cql::QueryOptions());
        return connection_->send(waiter, frame);
    }
    // One that lives as long as the connection.
    Waiter& waiter() { return waiters_.emplace_back(); }
    // Gives `bytes` as a network would; false when not all were consumed.
    bool receive(Bytes bytes) { return stream_->user->on_bytes(bytes) == bytes.size(); }
    // Runs the loop's turn to its end.
    void end_turn() {
        loop_.post([this] { loop_.post([this] { loop_.stop(); }); });
        loop_.run();
    }

    void on_room(Connection&) override { ++rooms_; }
    void on_ended(Connection&, const base::Error& why) override { ended_.push_back(why); }
    void on_event(Connection&, const Answer& answer) override {
        events_.emplace_back(answer.message.begin(), answer.message.end());
    }

    net::Loop loop_;
    std::deque<Waiter> waiters_;
    MadeStream* stream_ = nullptr;
    std::shared_ptr<Connection> connection_;
    int rooms_ = 0;
    std::vector<base::Error> ended_;
    std::vector<Bytes> events_;
};

Bytes void_answer(std::uint16_t id, std::uint8_t version = 4) {
    Bytes bytes;
    cql::append_void(bytes, version, id);
    return bytes;
}

TEST_F(ConnectionTest, AnswersFindThoseWhoAskedWhateverTheirOrder) {
    open(ProtocolVersion::v4);
    Waiter& first = waiter();
    Waiter& second = waiter();
    const auto first_id = send(first), second_id = send(second, "INSERT");
    const auto scan = cql::scan_frame(stream_->sent, cql::largest_frame);
    ASSERT_EQ(scan.state, cql::FrameScan::State::whole);
    EXPECT_EQ(scan.frame.header.stream_id, first_id);
    EXPECT_EQ(cql::parse_query(ProtocolVersion::v4, scan.frame.body())->text, "SELECT");
    Bytes both = void_answer(second_id);
    base::append(both, void_answer(first_id));
    EXPECT_TRUE(receive(both));
    EXPECT_EQ(first.answers, 1);
    EXPECT_EQ(second.answers, 1);
    EXPECT_EQ(connection_->in_flight(), 0U);
}

TEST_F(ConnectionTest, AnAnswerInPiecesIsTakenWhenItIsWhole) {
    for (const auto version : {ProtocolVersion::v4, ProtocolVersion::v5}) {
        open(version);
        Waiter& asker = waiter();
        const auto id = send(asker);
        Bytes whole;
        if (version == ProtocolVersion::v5)
            cql::append_segments(whole, void_answer(id, 5), cql::SegmentCompression::none);
        else
            whole = void_answer(id);
        Bytes held;
        for (const std::uint8_t byte : whole) {
            EXPECT_EQ(asker.answers, 0);
            held.push_back(byte);
            const std::size_t used = stream_->user->on_bytes(held);
            held.erase(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(used));
        }
        EXPECT_EQ(asker.answers, 1);
        EXPECT_TRUE(held.empty());
        connection_->close(base::Error());
    }
}

TEST_F(ConnectionTest, RequestsOfOneTurnShareASegment) {
    open(ProtocolVersion::v5, cql::Compression::lz4);
    Waiter& asker = waiter();
    for (int i = 0; i < 10; ++i) send(asker);
    EXPECT_TRUE(stream_->sent.empty());
    end_turn();
    cql::SegmentDecoder decoder(cql::SegmentCompression::lz4);
    Bytes envelopes;
    const auto used = decoder.decode(stream_->sent, envelopes);
    ASSERT_TRUE(used);
    EXPECT_EQ(*used, stream_->sent.size());
    int count = 0;
    for (std::size_t at = 0; at < envelopes.size(); ++count) {
        const auto scan = cql::scan_frame(base::ByteView(envelopes).subspan(at), cql::largest_frame);
        ASSERT_EQ(scan.state, cql::FrameScan::State::whole);
        EXPECT_EQ(scan.frame.header.stream_id, count);
        at += scan.frame.bytes.size();
    }
    EXPECT_EQ(count, 10);
}

TEST_F(ConnectionTest, BodiesAreCompressedBothWays) {
    open(ProtocolVersion::v4, cql::Compression::lz4);
    Waiter& asker = waiter();
    const std::string text(5000, 'x');
    const auto id = send(asker, text);
    const auto scan = cql::scan_frame(stream_->sent, cql::largest_frame);
    ASSERT_EQ(scan.state, cql::FrameScan::State::whole);
    EXPECT_EQ(scan.frame.header.flags, cql::frame_flag::compressed);
    EXPECT_LT(scan.frame.bytes.size(), 500U);
    Bytes body;
    ASSERT_TRUE(cql::decompress(cql::Compression::lz4, scan.frame.body(), cql::largest_frame, body));
    EXPECT_EQ(cql::parse_query(ProtocolVersion::v4, body)->text, text);

    Bytes answer;
    cql::append_frame(answer, 4, true, cql::frame_flag::compressed, id, cql::Opcode::result, [](cql::Writer& out) {
        cql::compress(cql::Compression::lz4, Bytes{0, 0, 0, 1}, out.out());
    });
    EXPECT_TRUE(receive(answer));
    EXPECT_EQ(asker.message, (Bytes{0, 0, 0, 1}));
}

TEST_F(ConnectionTest, WarningsAndPayloadBeforeTheMessageAreSteppedOver) {
    open(ProtocolVersion::v4);
    Waiter& asker = waiter();
    const auto id = send(asker);
    Bytes answer;
    constexpr std::uint8_t flags =
        cql::frame_flag::tracing | cql::frame_flag::warning | cql::frame_flag::custom_payload;
    cql::append_frame(answer, 4, true, flags, id, cql::Opcode::result, [](cql::Writer& out) {
        out.raw(Bytes(16, 7));
        out.string_list({"this query is slow", "very"});
        out.short_number(1);
        out.string("key");
        out.bytes(Bytes{1, 2});
        out.int_number(1);
    });
    EXPECT_TRUE(receive(answer));
    EXPECT_EQ(asker.answers, 1);
    EXPECT_EQ(asker.message, (Bytes{0, 0, 0, 1}));
}

TEST_F(ConnectionTest, EventsGoToTheOwner) {
    open(ProtocolVersion::v4);
    Bytes event;
    cql::append_frame(event, 4, true, 0, 0xFFFF, cql::Opcode::event,
                      [](cql::Writer& out) { out.string("STATUS_CHANGE"); });
    EXPECT_TRUE(receive(event));
    EXPECT_EQ(events_.size(), 1U);
    EXPECT_TRUE(ended_.empty());
}

TEST_F(ConnectionTest, NonsenseEndsItAndTellsAllWhoWait) {
    const std::vector<Bytes> nonsense = {
        void_answer(9),                                 // nobody asked on 9
        {0x04, 0, 0, 0, 0x08, 0, 0, 0, 0},              // a request
        {0x84, 0, 0, 0, 0x08, 0x7F, 0xFF, 0xFF, 0xFF},  // 2 GiB
        {0x84, 0x08, 0, 0, 0x08, 0, 0, 0, 2, 0, 9},     // warnings that are not there
        {0x84, 0x01, 0, 0, 0x08, 0, 0, 0, 2, 0, 9},     // compressed, and nothing was agreed
    };
    for (const Bytes& bytes : nonsense) {
        open(ProtocolVersion::v4);
        ended_.clear();
        Waiter& asker = waiter();
        send(asker);
        receive(bytes);
        EXPECT_EQ(asker.lost, 1);
        ASSERT_EQ(ended_.size(), 1U);
        EXPECT_EQ(ended_[0].kind, base::ErrorKind::protocol);
        EXPECT_NE(ended_[0].message.find("10.0.0.1:9042"), std::string::npos) << ended_[0].message;
        EXPECT_TRUE(connection_->is_ended());
        EXPECT_FALSE(connection_->has_room());
    }
}

TEST_F(ConnectionTest, ADamagedSegmentEndsIt) {
    open(ProtocolVersion::v5);
    Waiter& asker = waiter();
    Bytes segment;
    cql::append_segments(segment, void_answer(send(asker), 5), cql::SegmentCompression::none);
    segment.back() ^= 1U;
    receive(segment);
    EXPECT_EQ(asker.lost, 1);
    EXPECT_EQ(ended_.size(), 1U);
}

TEST_F(ConnectionTest, ItsEndIsToldOnceAndClosingTellsNotTheOwner) {
    open(ProtocolVersion::v4);
    Waiter& asker = waiter();
    send(asker);
    stream_->user->on_closed(base::Error(base::ErrorKind::connection, "reset"));
    EXPECT_EQ(asker.lost, 1);
    EXPECT_EQ(asker.error.message, "reset");
    EXPECT_EQ(ended_.size(), 1U);

    open(ProtocolVersion::v4);
    Waiter& other = waiter();
    send(other);
    connection_->close(base::Error(base::ErrorKind::interrupted, "closed"));
    connection_->close(base::Error(base::ErrorKind::interrupted, "closed"));
    EXPECT_EQ(other.lost, 1);
    EXPECT_EQ(ended_.size(), 1U);
}

TEST_F(ConnectionTest, RoomIsToldToThoseWhoAskedForIt) {
    open(ProtocolVersion::v4);
    Waiter& asker = waiter();
    while (connection_->has_room()) send(asker);
    EXPECT_EQ(connection_->in_flight(), 32768U);
    EXPECT_TRUE(receive(void_answer(3)));
    EXPECT_EQ(rooms_, 0);
    send(asker);
    connection_->notify_room();
    EXPECT_TRUE(receive(void_answer(4)));
    EXPECT_EQ(rooms_, 1);
    EXPECT_TRUE(receive(void_answer(5)));
    EXPECT_EQ(rooms_, 1);
}

TEST_F(ConnectionTest, ASlowPeerHasNoRoom) {
    open(ProtocolVersion::v4);
    Waiter& asker = waiter();
    send(asker);
    stream_->unsent_bytes = Connection::most_unsent;
    EXPECT_FALSE(connection_->has_room());
    connection_->notify_room();
    EXPECT_TRUE(stream_->wants_drained);
    stream_->unsent_bytes = 0;
    stream_->user->on_drained();
    EXPECT_EQ(rooms_, 1);
}

TEST_F(ConnectionTest, TooManyForgottenRequestsEndIt) {
    open(ProtocolVersion::v4);
    Waiter& asker = waiter();
    std::vector<std::uint16_t> ids;
    for (std::uint32_t i = 0; i <= Connection::most_orphans; ++i) ids.push_back(send(asker));
    for (std::uint32_t i = 0; i < Connection::most_orphans; ++i) connection_->forget(ids[i]);
    end_turn();
    EXPECT_FALSE(connection_->is_ended());
    connection_->forget(ids.back());
    EXPECT_FALSE(connection_->has_room());
    end_turn();
    EXPECT_TRUE(connection_->is_ended());
    ASSERT_EQ(ended_.size(), 1U);
    EXPECT_NE(ended_[0].message.find("never answered"), std::string::npos);
    EXPECT_EQ(asker.lost, 0);
}

// Lets go of the connection from inside the answer.
struct Dropper final : AnswerWaiter {
    explicit Dropper(std::shared_ptr<Connection>& connection) : held(connection) {}
    void on_answer(Connection& from, const Answer&) override {
        from.close(base::Error(base::ErrorKind::interrupted, "enough"));
        held.reset();
    }
    void on_lost(Connection&, const base::Error&) override {}
    std::shared_ptr<Connection>& held;
};

TEST_F(ConnectionTest, WhoeverIsAnsweredMayLetGoOfIt) {
    open(ProtocolVersion::v4);
    Dropper dropper(connection_);
    Waiter& other = waiter();
    Bytes frame;
    cql::append_options(frame, ProtocolVersion::v4, 0);
    Bytes answers = void_answer(connection_->send(dropper, frame));
    base::append(answers, void_answer(send(other)));
    net::StreamUser* const user = stream_->user;
    user->on_bytes(answers);
    EXPECT_EQ(connection_, nullptr);
    EXPECT_EQ(other.lost, 1);
    EXPECT_EQ(other.answers, 0);
    EXPECT_TRUE(ended_.empty());
}

// Gives up another request when its own is lost, as a speculative execution does.
struct Canceller final : AnswerWaiter {
    void on_answer(Connection&, const Answer&) override {}
    void on_lost(Connection& from, const base::Error&) override { from.forget(other); }
    std::uint16_t other = 0;
};

TEST_F(ConnectionTest, WhoGivesUpWhileItEndsIsNotTold) {
    open(ProtocolVersion::v4);
    Canceller canceller;
    Bytes frame;
    cql::append_options(frame, ProtocolVersion::v4, 0);
    connection_->send(canceller, frame);
    Waiter &given_up = waiter(), &last = waiter();
    canceller.other = send(given_up);
    send(last);
    stream_->user->on_closed(base::Error(base::ErrorKind::connection, "reset"));
    EXPECT_EQ(given_up.lost, 0);
    EXPECT_EQ(last.lost, 1);
}

}  // namespace
}  // namespace crossfade::nodes
