#include "relay/backend.hpp"

#include <gtest/gtest.h>

#include "cql/request.hpp"
#include "net/fake_stream.hpp"
#include "net/testing_loop.hpp"

namespace crossfade::relay {
namespace {

using namespace std::chrono_literals;

class Owner final : public BackendOwner {
public:
    void on_room(Backend&) override {}
    void on_ended(Backend&, const base::Error& why) override { ended = why.message; }
    std::string ended;
};

class Waiter final : public Waiting {
public:
    void on_response(Backend&, const Response&) override { ++answers; }
    void on_lost(Backend&, const base::Error&) override { is_lost = true; }
    int answers = 0;
    bool is_lost = false;
};

class BackendHeartbeat : public testing::Test {
protected:
    static nodes::OpenedConnection opened(net::FakeStream::Seen& seen) {
        nodes::OpenedConnection connection;
        connection.stream = std::make_unique<net::FakeStream>(seen);
        connection.version = cql::ProtocolVersion::v4;
        return connection;
    }
    std::uint16_t ask() {
        const std::uint16_t id = backend_.begin_send(waiter_);
        cql::append_options(backend_.buffer(), cql::ProtocolVersion::v4, id);
        backend_.sent();
        return id;
    }
    void answer(std::uint16_t id) {
        base::Bytes frame{0x84, 0, static_cast<std::uint8_t>(id >> 8U), static_cast<std::uint8_t>(id & 0xFFU), 2, 0, 0,
                          0,    0};  // READY
        EXPECT_EQ(backend_.on_bytes(frame), frame.size());
    }
    // How many requests went out since this was asked last.
    std::size_t requests() {
        const std::size_t count = seen_.out.size() / cql::frame_header_size;
        seen_.out.clear();
        return count;
    }
    std::uint16_t last_id() const {
        const std::size_t at = seen_.out.size() - cql::frame_header_size;
        return static_cast<std::uint16_t>(seen_.out[at + 2] << 8U | seen_.out[at + 3]);
    }

    net::TestingLoop loop_;
    net::FakeStream::Seen seen_;
    Owner owner_;
    Waiter waiter_;
    Backend backend_{loop_, owner_, opened(seen_), "127.0.0.1:9042"};
    const net::Loop::Clock::time_point begun_ = loop_.now();
};

TEST_F(BackendHeartbeat, AnIdleConnectionIsAskedEveryHalfMinute) {
    backend_.beat(begun_ + 29s);
    EXPECT_EQ(requests(), 0U);
    backend_.beat(begun_ + 31s);
    EXPECT_EQ(requests(), 1U);
    EXPECT_EQ(owner_.ended, "");
}

TEST_F(BackendHeartbeat, AConnectionThatIsSilentWhileItIsAskedIsGivenUp) {
    ask();
    backend_.beat(begun_ + 4s);
    EXPECT_EQ(requests(), 1U);
    backend_.beat(begun_ + 6s);
    EXPECT_EQ(requests(), 1U) << "a heartbeat";
    // More requests go out all the time; they say nothing about what comes back.
    for (int second = 7; second < 16; ++second) {
        ask();
        backend_.beat(begun_ + std::chrono::seconds(second));
    }
    EXPECT_EQ(owner_.ended, "");
    backend_.beat(begun_ + 17s);
    EXPECT_NE(owner_.ended.find("127.0.0.1:9042: nothing came for 10 s"), std::string::npos) << owner_.ended;
    EXPECT_TRUE(waiter_.is_lost);
    EXPECT_TRUE(seen_.is_closed);
}

TEST_F(BackendHeartbeat, ANodeThatOnlyThinksLongIsKept) {
    const std::uint16_t id = ask();
    backend_.beat(begun_ + 6s);
    ASSERT_EQ(seen_.out.size(), 2 * cql::frame_header_size);
    answer(last_id());
    backend_.beat(begun_ + 17s);
    EXPECT_EQ(owner_.ended, "");
    answer(id);
    EXPECT_EQ(waiter_.answers, 1);
}

TEST_F(BackendHeartbeat, WithNothingUnderWaySilenceIsInOrder) {
    answer(ask());
    requests();
    backend_.beat(begun_ + 20s);
    EXPECT_EQ(requests(), 0U);
}

}  // namespace
}  // namespace crossfade::relay
