#include "net/stream.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "net/raw_socket.hpp"
#include "net/recording_user.hpp"
#include "net/socket_stream.hpp"
#include "net/stream_handle.hpp"
#include "net/testing_loop.hpp"

namespace crossfade::net {
namespace {

using namespace std::chrono_literals;

// A stream of ours and the raw other end.
class StreamTest : public testing::Test {
protected:
    void SetUp() override { connect({}); }

    struct Buffers {
        int our_send = 0, peer_receive = 0;
    };
    void connect(Buffers buffers) {
        stream.reset();
        const RawSocket listener = RawSocket::listening();
        if (buffers.peer_receive > 0) listener.set(SOL_SOCKET, SO_RCVBUF, buffers.peer_receive);
        const auto endpoint = endpoint_of_literal(listener.address());
        Socket ours = open_tcp(*endpoint);
        if (buffers.our_send > 0) ::setsockopt(ours.get(), SOL_SOCKET, SO_SNDBUF, &buffers.our_send, sizeof(int));
        ::connect(ours.get(), endpoint->get(), endpoint->size);
        pollfd connected{ours.get(), POLLOUT, 0};
        ASSERT_EQ(::poll(&connected, 1, 5000), 1);
        peer = listener.accept();
        ASSERT_TRUE(peer.is_open());
        descriptor = ours.get();
        stream = std::make_unique<StreamHandle<SocketState>>(loop, make_socket_state(loop, std::move(ours), false));
    }
    // Bytes in the kernel's hands on the way to us, that we did not read.
    int unread_by_us() const {
        int count = 0;
        ::ioctl(descriptor, FIONREAD, &count);
        return count;
    }
    // Everything that has come for the peer, until `size` bytes are there.
    void receive(std::size_t size) {
        loop.run_until([&] {
            peer.receive(at_peer);
            return at_peer.size() >= size;
        });
    }

    TestingLoop loop;
    RawSocket peer;
    std::string at_peer;
    RecordingUser user;
    std::unique_ptr<Stream> stream;
    int descriptor = -1;
};

TEST_F(StreamTest, ShowsWhatThePeerSendsAndSendsWhatIsAppended) {
    stream->start(user);
    peer.send("question");
    loop.run_until([&] { return user.received == "question"; });
    append_text(*stream, "ans");
    append_text(*stream, "wer");
    EXPECT_EQ(stream->unsent(), 6U);
    receive(6);
    EXPECT_EQ(at_peer, "answer");
    EXPECT_EQ(stream->unsent(), 0U);
    EXPECT_EQ(stream->peer_address(), to_text(peer.address()));
    EXPECT_TRUE(stream->local_address().starts_with("127.0.0.1:"));
    EXPECT_EQ(stream->server_name(), "");
}

TEST_F(StreamTest, EverythingOfATurnLeavesInOneSystemCall) {
    // A socket that keeps the borders between calls.
    int ends[2] = {-1, -1};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    peer = RawSocket(ends[1]);
    stream = std::make_unique<StreamHandle<SocketState>>(loop, make_socket_state(loop, Socket(ends[0]), false));
    stream->start(user);
    loop.post([&] {
        for (int i = 0; i < 300; ++i) append_text(*stream, "0123456789");
    });
    loop.post([&] { append_text(*stream, "the same turn"); });
    loop.run_until([&] {
        peer.receive(at_peer);
        return !at_peer.empty();
    });
    EXPECT_EQ(at_peer.size(), 3013U);
}

TEST_F(StreamTest, TheSmallestReplyIsNotDelayed) {
    int no_delay = 0;
    socklen_t size = sizeof no_delay;
    ASSERT_EQ(::getsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
    EXPECT_NE(no_delay, 0);
}

TEST_F(StreamTest, ByteAtATimeEveryCallShowsAllThatIsNotConsumed) {
    const std::string message = "one whole message";
    user.take = [&](std::span<std::uint8_t> bytes) -> std::size_t {
        EXPECT_EQ(std::string(bytes.begin(), bytes.end()), message.substr(0, bytes.size()));
        if (bytes.size() < message.size()) return 0;
        user.received.assign(bytes.begin(), bytes.end());
        return bytes.size();
    };
    stream->start(user);
    for (const char c : message) {
        const int before = user.calls;
        peer.send({&c, 1});
        loop.run_until([&] { return user.calls > before; });
    }
    EXPECT_EQ(user.received, message);
}

TEST_F(StreamTest, FramesOfAnySizeSurviveAnyConsumption) {
    const std::string sent = pattern(8U << 20U);
    std::uint32_t seed = 9;
    user.take = [&](std::span<std::uint8_t> bytes) {
        seed = seed * 1664525U + 1013904223U;
        const std::size_t count = bytes.size() < 100 ? bytes.size() : (seed >> 8U) % (bytes.size() + 1);
        user.received.append(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
        return count;
    };
    stream->start(user);
    std::size_t done = 0;
    loop.run_until([&] {
        done += peer.send(std::string_view(sent).substr(done));
        if (done == sent.size()) peer.half_close();
        return user.closed.has_value();
    });
    // What was not consumed when the end came is lost to nobody but this user.
    EXPECT_EQ(user.received, sent.substr(0, user.received.size()));
    EXPECT_GT(user.received.size(), sent.size() / 2);
}

TEST_F(StreamTest, OneFrameLargerThanAnyBufferArrivesWhole) {
    const std::string sent = pattern(20U << 20U);
    user.take = [&](std::span<std::uint8_t> bytes) -> std::size_t {
        if (bytes.size() < sent.size()) return 0;
        user.received.assign(bytes.begin(), bytes.end());
        return bytes.size();
    };
    stream->start(user);
    std::size_t done = 0;
    loop.run_until([&] {
        done += peer.send(std::string_view(sent).substr(done));
        return !user.received.empty();
    });
    EXPECT_EQ(user.received, sent);
}

TEST_F(StreamTest, BytesMayBeModifiedInPlaceAndTheRestStaysModified) {
    user.take = [&](std::span<std::uint8_t> bytes) -> std::size_t {
        if (user.calls == 1) {
            for (auto& byte : bytes) byte = 'x';
            return 1;
        }
        user.received.assign(bytes.begin(), bytes.end());
        return bytes.size();
    };
    stream->start(user);
    peer.send("abc");
    loop.run_until([&] { return user.calls == 1; });
    peer.send("d");
    loop.run_until([&] { return user.calls == 2; });
    EXPECT_EQ(user.received, "xxd");
}

TEST_F(StreamTest, WhatASmallSendBufferDoesNotTakeLeavesLaterInOrder) {
    connect({.our_send = 4096, .peer_receive = 4096});
    stream->start(user);
    const std::string first = pattern(3U << 20U, 1);
    const std::string second = pattern(2U << 20U, 2);
    append_text(*stream, first);
    loop.run_turns();
    EXPECT_GT(stream->unsent(), 2U << 20U);
    EXPECT_LT(stream->unsent(), first.size());
    // While sending is blocked more may be appended, in several turns.
    append_text(*stream, second.substr(0, 1000));
    loop.run_turns();
    append_text(*stream, second.substr(1000));
    receive(first.size() + second.size());
    EXPECT_TRUE(at_peer == first + second);
    EXPECT_EQ(stream->unsent(), 0U);
}

TEST_F(StreamTest, TellsOnceWhenUnsentHasFallenToTheMark) {
    connect({.our_send = 4096, .peer_receive = 4096});
    stream->start(user);
    append_text(*stream, pattern(1U << 20U));
    stream->notify_when_unsent_below(100000);
    std::size_t unsent_then = 0;
    user.when_drained = [&] { unsent_then = stream->unsent(); };
    loop.run_turns();
    EXPECT_EQ(user.drained, 0);
    receive(1U << 20U);
    EXPECT_EQ(user.drained, 1);
    EXPECT_LE(unsent_then, 100000U);
    // Already below: told all the same, not from inside the call.
    stream->notify_when_unsent_below(10);
    EXPECT_EQ(user.drained, 1);
    loop.run_until([&] { return user.drained == 2; });
}

TEST_F(StreamTest, DrainedUserMayAppendMoreAndItLeaves) {
    stream->start(user);
    int rounds = 0;
    user.when_drained = [&] {
        if (++rounds > 5) return;
        append_text(*stream, "more ");
        stream->notify_when_unsent_below(0);
    };
    stream->notify_when_unsent_below(0);
    receive(25);
    EXPECT_EQ(at_peer, "more more more more more ");
}

TEST_F(StreamTest, PausedStreamReadsNothingAndResumedShowsItAll) {
    stream->start(user);
    stream->pause_reading();
    peer.send("while paused");
    loop.run_until([&] { return unread_by_us() == 12; });
    loop.run_turns();
    EXPECT_EQ(user.calls, 0);
    EXPECT_EQ(unread_by_us(), 12);
    stream->resume_reading();
    EXPECT_EQ(user.calls, 0);
    loop.run_until([&] { return user.received == "while paused"; });
}

TEST_F(StreamTest, BackpressureReachesThePeer) {
    stream->start(user);
    stream->pause_reading();
    const std::string much = pattern(64U << 20U);
    std::size_t done = 0;
    for (int turns = 0; turns < 200; ++turns) {
        done += peer.send(std::string_view(much).substr(done));
        loop.run_turns(1);
    }
    EXPECT_LT(done, much.size());
    stream->resume_reading();
    loop.run_until([&] {
        done += peer.send(std::string_view(much).substr(done));
        return user.received.size() == much.size();
    });
    EXPECT_TRUE(user.received == much);
}

TEST_F(StreamTest, ResumedStreamShowsUnconsumedBytesWithoutWaitingForMore) {
    user.take = [&](std::span<std::uint8_t> bytes) -> std::size_t {
        if (user.calls == 1) {
            stream->pause_reading();
            return 3;
        }
        user.received.assign(bytes.begin(), bytes.end());
        return bytes.size();
    };
    stream->start(user);
    peer.send("onetwo");
    loop.run_until([&] { return user.calls == 1; });
    loop.run_turns();
    EXPECT_EQ(user.calls, 1);
    stream->resume_reading();
    stream->resume_reading();
    loop.run_until([&] { return user.calls == 2; });
    EXPECT_EQ(user.received, "two");
    loop.run_turns();
    EXPECT_EQ(user.calls, 2);
}

TEST_F(StreamTest, NewUserIsShownWhatTheOldOneLeft) {
    RecordingUser next;
    user.take = [&](std::span<std::uint8_t> bytes) -> std::size_t {
        user.received.assign(bytes.begin(), bytes.begin() + 3);
        stream->start(next);  // from inside, as after a handshake
        return 3;
    };
    stream->start(user);
    peer.send("oldnew");
    loop.run_until([&] { return next.received == "new"; });
    EXPECT_EQ(user.received, "old");
    EXPECT_EQ(user.calls, 1);
    peer.send("er");
    loop.run_until([&] { return next.received == "newer"; });
    // And from outside.
    RecordingUser last;
    next.take = [](std::span<std::uint8_t>) -> std::size_t { return 0; };
    peer.send("?");
    loop.run_until([&] { return next.calls == 3; });
    stream->start(last);
    EXPECT_EQ(last.calls, 0);
    loop.run_until([&] { return last.received == "?"; });
}

TEST_F(StreamTest, BytesThatCameBeforeStartAreShown) {
    peer.send("early");
    loop.run_turns(20);
    stream->start(user);
    loop.run_until([&] { return user.received == "early"; });
}

TEST_F(StreamTest, DestroyedInsideOnBytesItsBytesLiveUntilTheCallReturns) {
    std::string seen;
    user.take = [&](std::span<std::uint8_t> bytes) {
        stream.reset();
        seen.assign(bytes.begin(), bytes.end());
        std::memset(bytes.data(), 0, bytes.size());
        return bytes.size();
    };
    stream->start(user);
    peer.send("farewell");
    loop.run_until([&] { return !seen.empty(); });
    loop.run_turns();
    EXPECT_EQ(seen, "farewell");
    EXPECT_EQ(user.calls, 1);
    EXPECT_FALSE(user.closed);
}

TEST_F(StreamTest, ClosedInsideOnBytesNothingFollows) {
    user.take = [&](std::span<std::uint8_t> bytes) {
        append_text(*stream, "never sent");
        stream->close();
        append_text(*stream, "nor this");
        stream->resume_reading();
        stream->notify_when_unsent_below(0);
        return bytes.size() + 100;  // ignored
    };
    stream->start(user);
    peer.send("x");
    loop.run_until([&] { return user.calls == 1; });
    loop.run_until([&] { return !peer.receive(at_peer); });
    EXPECT_EQ(at_peer, "");
    EXPECT_FALSE(user.closed);
    EXPECT_EQ(user.drained, 0);
}

TEST_F(StreamTest, UserAndStreamMayGoTogetherInEachCall) {
    struct Owner {
        std::unique_ptr<Stream> stream;
        RecordingUser user;
    };
    for (const int which : {0, 1, 2}) {
        connect({});
        auto owner = std::make_unique<Owner>();
        owner->stream = std::move(stream);
        bool is_gone = false;
        const auto go = [&] {
            owner.reset();
            is_gone = true;
        };
        owner->user.take = [&, which](std::span<std::uint8_t> bytes) {
            const std::size_t size = bytes.size();
            if (which == 0) go();
            return size;
        };
        if (which == 1) owner->user.when_closed = go;
        if (which == 2) owner->user.when_drained = go;
        owner->stream->start(owner->user);
        if (which == 2) owner->stream->notify_when_unsent_below(10);
        peer.send("x");
        if (which == 1) peer.close();
        loop.run_until([&] { return is_gone; });
        loop.run_turns();
    }
}

TEST_F(StreamTest, OneStreamMayDestroyAnotherThatIsReadyInTheSameTurn) {
    auto first = std::move(stream);
    RawSocket first_peer = std::move(peer);
    connect({});
    RecordingUser first_user, second_user;
    auto second = std::move(stream);
    first_user.take = [&](std::span<std::uint8_t> bytes) {
        second.reset();
        return bytes.size();
    };
    second_user.take = [&](std::span<std::uint8_t> bytes) {
        first.reset();
        return bytes.size();
    };
    first->start(first_user);
    second->start(second_user);
    first_peer.send("x");
    peer.send("x");
    loop.run_until([&] { return first == nullptr || second == nullptr; });
    loop.run_turns();
    EXPECT_EQ(first_user.calls + second_user.calls, 1);
}

TEST_F(StreamTest, OrderlyEndIsTold) {
    stream->start(user);
    peer.send("last words");
    peer.close();
    loop.run_until([&] { return user.closed.has_value(); });
    EXPECT_EQ(user.received, "last words");
    EXPECT_EQ(user.closed->kind, base::ErrorKind::connection);
    EXPECT_NE(user.closed->message.find(stream->peer_address() + " closed the connection"), std::string::npos)
        << user.closed->message;
}

TEST_F(StreamTest, HalfClosedPeerCountsAsEnded) {
    stream->start(user);
    peer.half_close();
    loop.run_until([&] { return user.closed.has_value(); });
    EXPECT_EQ(user.closed->kind, base::ErrorKind::connection);
}

TEST_F(StreamTest, ManyBytesBeforeTheEndAreAllShown) {
    stream->start(user);
    stream->pause_reading();
    const std::string much = pattern(300000);
    std::size_t done = 0;
    while (done < much.size()) done += peer.send(std::string_view(much).substr(done));
    peer.close();
    loop.run_turns(20);
    EXPECT_FALSE(user.closed);
    stream->resume_reading();
    loop.run_until([&] { return user.closed.has_value(); });
    EXPECT_TRUE(user.received == much);
}

TEST_F(StreamTest, ResetIsToldWithTheReason) {
    stream->start(user);
    peer.reset();
    loop.run_until([&] { return user.closed.has_value(); });
    EXPECT_EQ(user.closed->kind, base::ErrorKind::connection);
    EXPECT_NE(user.closed->message.find("reset"), std::string::npos) << user.closed->message;
}

TEST_F(StreamTest, ResetIsToldEvenWhilePaused) {
    stream->start(user);
    stream->pause_reading();
    peer.reset();
    loop.run_until([&] { return user.closed.has_value(); });
    EXPECT_NE(user.closed->message.find("reset"), std::string::npos) << user.closed->message;
}

TEST_F(StreamTest, PeersLastWordsAreSeenAlthoughWritingFails) {
    stream->start(user);
    stream->pause_reading();
    peer.send("you broke the protocol");
    peer.close();
    loop.run_turns(10);
    // The peer is gone: the first write makes it answer with a reset, a later one fails.
    stream->resume_reading();
    append_text(*stream, "more");
    loop.run_until([&] { return user.closed.has_value(); });
    EXPECT_EQ(user.received, "you broke the protocol");
}

TEST_F(StreamTest, WritingToAPeerThatHasGoneEndsTheStreamNotTheProgram) {
    stream->start(user);
    stream->pause_reading();
    peer.close();
    loop.run_until([&] {
        append_text(*stream, "is somebody there?");
        return user.closed.has_value();
    });
    EXPECT_EQ(user.closed->kind, base::ErrorKind::connection);
}

TEST_F(StreamTest, CloseAfterSendingSendsAllAndDestroyingItMeanwhileChangesNothing) {
    connect({.our_send = 4096, .peer_receive = 4096});
    stream->start(user);
    const std::string words = pattern(1U << 20U);
    append_text(*stream, words);
    stream->close_after_sending(20s);
    peer.send("ignored");
    stream.reset();
    loop.run_until([&] { return !peer.receive(at_peer); });
    EXPECT_TRUE(at_peer == words);
    EXPECT_FALSE(peer.was_reset());
    EXPECT_EQ(user.calls, 0);
    EXPECT_FALSE(user.closed);
}

TEST_F(StreamTest, LastBytesReachAPeerThatHasHalfClosed) {
    connect({.our_send = 4096, .peer_receive = 4096});
    const std::string words = pattern(1U << 20U);
    append_text(*stream, words);
    stream->close_after_sending(20s);
    peer.half_close();
    loop.run_until([&] { return !peer.receive(at_peer); });
    EXPECT_TRUE(at_peer == words);
}

TEST_F(StreamTest, NewUserIsNotShownNothing) {
    RecordingUser next;
    user.take = [&](std::span<std::uint8_t> bytes) {
        stream->start(next);
        return bytes.size();
    };
    stream->start(user);
    peer.send("all of it");
    loop.run_until([&] { return user.calls == 1; });
    loop.run_turns();
    EXPECT_EQ(next.calls, 0);
}

TEST_F(StreamTest, WhatIsAppendedAfterCloseAfterSendingInTheSameTurnStillLeaves) {
    stream->start(user);
    loop.post([&] {
        append_text(*stream, "one ");
        stream->close_after_sending(20s);
        append_text(*stream, "two");
    });
    loop.run_until([&] { return !peer.receive(at_peer); });
    EXPECT_EQ(at_peer, "one two");
}

TEST_F(StreamTest, CloseAfterSendingWaitsForTheSlowAtMostAsLongAsItIsTold) {
    connect({.our_send = 4096, .peer_receive = 4096});
    append_text(*stream, pattern(1U << 20U));
    const auto began = Loop::Clock::now();
    stream->close_after_sending(100ms);
    stream.reset();
    // The peer reads nothing; its connection ends all the same.
    loop.run_until([&] {
        pollfd ended{peer.get(), POLLRDHUP, 0};
        return ::poll(&ended, 1, 0) > 0 && (ended.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
    });
    EXPECT_GE(Loop::Clock::now() - began, 100ms);
    EXPECT_LT(Loop::Clock::now() - began, 10s);
}

TEST_F(StreamTest, LoopMayGoWhileAStreamStillSendsItsLastBytes) {
    auto short_lived = std::make_unique<TestingLoop>();
    const RawSocket listener = RawSocket::listening();
    RawSocket client = RawSocket::connected_to(listener.address());
    Socket ours(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    auto lingering = std::make_unique<StreamHandle<SocketState>>(
        *short_lived, make_socket_state(*short_lived, std::move(ours), false));
    append_text(*lingering, pattern(32U << 20U));
    lingering->close_after_sending(100s);
    lingering.reset();
    short_lived->run_turns();
    short_lived.reset();
    SUCCEED();  // the sanitizers decide
}

TEST_F(StreamTest, LargeBuffersAreGivenBackAfterABurst) {
    connect({.our_send = 200000});
    stream->start(user);
    append_text(*stream, pattern(150000));
    receive(150000);
    EXPECT_GE(stream->out().capacity(), 150000U);
    loop.run_until([&] { return stream->out().capacity() <= SocketState::normal_out_capacity; });
}

}  // namespace
}  // namespace crossfade::net
