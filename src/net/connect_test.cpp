#include <gtest/gtest.h>

#include <sys/resource.h>

#include <set>
#include <vector>

#include "net/connect_any.hpp"
#include "net/raw_socket.hpp"
#include "net/recording_user.hpp"
#include "net/sanitized.hpp"
#include "net/stream.hpp"
#include "net/testing_loop.hpp"

namespace crossfade::net {
namespace {

using namespace std::chrono_literals;

class ConnectTest : public testing::Test {
protected:
    void begin(const Address& to, ConnectOptions options = {}) {
        result.reset();
        handle = connect(loop, to, options, [this](base::Result<std::unique_ptr<Stream>> outcome) {
            EXPECT_FALSE(result) << "told twice";
            result = std::move(outcome);
        });
        EXPECT_FALSE(result) << "told from inside connect()";
    }
    const base::Result<std::unique_ptr<Stream>>& outcome() {
        loop.run_until([this] { return result.has_value(); });
        return *result;
    }
    // A port where nobody listens.
    static Address nobody() {
        const RawSocket listener = RawSocket::listening();
        return listener.address();
    }

    TestingLoop loop;
    std::unique_ptr<PendingConnect> handle;
    std::optional<base::Result<std::unique_ptr<Stream>>> result;
};

// A listener that nobody can connect to any more: its queue is full, the kernel drops what comes.
class FullListener {
public:
    FullListener() : listener_(RawSocket::listening(0)) {
        const auto endpoint = endpoint_of_literal(listener_.address());
        for (int i = 0; i < 4; ++i) {
            waiting_.push_back(open_tcp(*endpoint));
            ::connect(waiting_.back().get(), endpoint->get(), endpoint->size);
        }
    }
    Address address() const { return listener_.address(); }

private:
    RawSocket listener_;
    std::vector<Socket> waiting_;
};

TEST_F(ConnectTest, Connects) {
    const RawSocket listener = RawSocket::listening();
    begin(listener.address());
    ASSERT_TRUE(outcome());
    EXPECT_EQ((**result)->peer_address(), to_text(listener.address()));
    RawSocket peer = listener.accept();
    ASSERT_TRUE(peer.is_open());
    append_text(***result, "hello");
    std::string received;
    loop.run_until([&] {
        peer.receive(received);
        return received == "hello";
    });
}

TEST_F(ConnectTest, RefusalIsAConnectionErrorThatNamesTheAddress) {
    const Address to = nobody();
    begin(to);
    ASSERT_FALSE(outcome());
    EXPECT_EQ(result->error().kind, base::ErrorKind::connection);
    EXPECT_EQ(result->error().message, "cannot connect to " + to_text(to) + ": Connection refused");
}

TEST_F(ConnectTest, AddressThatSwallowsEverythingIsATimeout) {
    const FullListener full;
    const auto began = Loop::Clock::now();
    ConnectOptions options;
    options.timeout = 150ms;
    begin(full.address(), options);
    ASSERT_FALSE(outcome());
    EXPECT_EQ(result->error().kind, base::ErrorKind::timeout);
    EXPECT_GE(Loop::Clock::now() - began, 150ms);
    EXPECT_NE(result->error().message.find(to_text(full.address()) + " within 150 ms"), std::string::npos)
        << result->error().message;
}

TEST_F(ConnectTest, NamesAreResolved) {
    const RawSocket listener = RawSocket::listening();
    begin({"localhost", listener.address().port});
    ASSERT_TRUE(outcome()) << result->error().message;
}

TEST_F(ConnectTest, EveryAddressIsTriedInOrder) {
    const RawSocket listener = RawSocket::listening();
    const auto at = [](const Address& address) { return *endpoint_of_literal(address); };
    handle = connect_any(loop, {"several", 1}, {at(nobody()), at(nobody()), at(listener.address())}, {},
                         [this](base::Result<std::unique_ptr<Stream>> connected) { result = std::move(connected); });
    ASSERT_TRUE(outcome()) << result->error().message;
    EXPECT_EQ((**result)->peer_address(), to_text(listener.address()));
}

TEST_F(ConnectTest, AddressThatSwallowsEverythingLeavesTimeForTheNext) {
    const FullListener full;
    const RawSocket listener = RawSocket::listening();
    ConnectOptions options;
    options.timeout = 2s;
    handle = connect_any(loop, {"several", 1},
                         {*endpoint_of_literal(full.address()), *endpoint_of_literal(listener.address())}, options,
                         [this](base::Result<std::unique_ptr<Stream>> connected) { result = std::move(connected); });
    ASSERT_TRUE(outcome()) << result->error().message;
    EXPECT_EQ((**result)->peer_address(), to_text(listener.address()));
}

TEST_F(ConnectTest, WhenNoAddressAnswersTheLastReasonIsTold) {
    const auto at = [](const Address& address) { return *endpoint_of_literal(address); };
    handle = connect_any(loop, {"several", 1}, {at(nobody()), at(nobody())}, {},
                         [this](base::Result<std::unique_ptr<Stream>> connected) { result = std::move(connected); });
    ASSERT_FALSE(outcome());
    EXPECT_EQ(result->error().message, "cannot connect to several:1: Connection refused");
}

TEST_F(ConnectTest, UnknownNameIsNamed) {
    begin({"no-such-host.invalid", 9042});
    ASSERT_FALSE(outcome());
    EXPECT_NE(result->error().message.find("no-such-host.invalid"), std::string::npos) << result->error().message;
}

TEST_F(ConnectTest, DestroyedHandleCancels) {
    const RawSocket listener = RawSocket::listening();
    begin(listener.address());
    handle.reset();
    begin({"localhost", listener.address().port});
    handle.reset();
    const FullListener full;
    ConnectOptions options;
    options.timeout = 20ms;
    begin(full.address(), options);
    handle.reset();
    bool is_later = false;
    Timer timer(loop);
    timer.start(60ms, [&] { is_later = true; });
    loop.run_until([&] { return is_later; });
    EXPECT_FALSE(result);
}

TEST_F(ConnectTest, OutcomeMayDestroyTheHandleAndConnectAnew) {
    const Address to = nobody();
    int attempts = 0;
    std::function<void(base::Result<std::unique_ptr<Stream>>)> again =
        [&](base::Result<std::unique_ptr<Stream>> refused) {
            EXPECT_FALSE(refused);
            if (++attempts < 5)
                handle = connect(loop, to, {}, again);
            else
                handle.reset();
        };
    handle = connect(loop, to, {}, again);
    loop.run_until([&] { return handle == nullptr; });
    EXPECT_EQ(attempts, 5);
}

TEST_F(ConnectTest, ManyAtOnce) {
    const RawSocket listener = RawSocket::listening(1000);
    std::vector<std::unique_ptr<PendingConnect>> handles;
    std::vector<std::unique_ptr<Stream>> streams;
    for (int i = 0; i < 400; ++i)
        handles.push_back(connect(loop, listener.address(), {}, [&](base::Result<std::unique_ptr<Stream>> stream) {
            ASSERT_TRUE(stream) << stream.error().message;
            streams.push_back(std::move(*stream));
        }));
    loop.run_until([&] { return streams.size() == 400; });
}

class ListenTest : public testing::Test {
protected:
    std::unique_ptr<Listener> listening(Loop& on, Address at = {"127.0.0.1", 0}) {
        auto listener =
            listen(on, at, nullptr, [this](std::unique_ptr<Stream> stream) { streams.push_back(std::move(stream)); });
        EXPECT_TRUE(listener) << (listener ? "" : listener.error().message);
        return listener ? std::move(*listener) : nullptr;
    }
    TestingLoop loop;
    std::vector<std::unique_ptr<Stream>> streams;
};

TEST_F(ListenTest, GivesItsRealPortAndAcceptsWhoComes) {
    const auto listener = listening(loop);
    EXPECT_NE(listener->address().port, 0);
    std::vector<RawSocket> peers;
    for (int i = 0; i < 200; ++i) peers.push_back(RawSocket::connected_to(listener->address()));
    loop.run_until([&] { return streams.size() == 200; });
    std::set<std::string> theirs, ours;
    for (const auto& peer : peers) theirs.insert(to_text(peer.address()));
    for (const auto& stream : streams) ours.insert(stream->peer_address());
    EXPECT_EQ(ours, theirs);
}

TEST_F(ListenTest, AddressInUseIsAnErrorThatNamesIt) {
    const RawSocket taken = RawSocket::listening();
    const auto refused = listen(loop, taken.address(), nullptr, [](std::unique_ptr<Stream>) {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::connection);
    EXPECT_EQ(refused.error().message, "cannot listen on " + to_text(taken.address()) + ": Address already in use");
}

TEST_F(ListenTest, AddressOfAnotherMachineIsAnError) {
    const auto refused = listen(loop, {"192.0.2.1", 9042}, nullptr, [](std::unique_ptr<Stream>) {});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("192.0.2.1:9042"), std::string::npos);
}

TEST_F(ListenTest, SeveralLoopsShareOneAddress) {
    TestingLoop other;
    const auto first = listening(loop);
    std::size_t at_other = 0;
    const auto second = listen(other, first->address(), nullptr, [&](std::unique_ptr<Stream>) { ++at_other; });
    ASSERT_TRUE(second) << second.error().message;
    std::vector<RawSocket> peers;
    for (int i = 0; i < 64; ++i) peers.push_back(RawSocket::connected_to(first->address()));
    loop.run_until([&] {
        other.run_turns(1);
        return streams.size() + at_other == 64;
    });
    EXPECT_GT(streams.size(), 0U);
    EXPECT_GT(at_other, 0U);
}

TEST_F(ListenTest, DestroyedInsideAcceptedItStops) {
    std::unique_ptr<Listener> listener;
    int accepted = 0;
    const std::string captured(100, 'x');
    listener = *listen(loop, {"127.0.0.1", 0}, nullptr, [&, captured](std::unique_ptr<Stream>) {
        ++accepted;
        listener.reset();
        EXPECT_EQ(captured.size(), 100U);
    });
    const RawSocket one = RawSocket::connected_to(listener->address());
    const RawSocket two = RawSocket::connected_to(listener->address());
    loop.run_until([&] { return listener == nullptr; });
    loop.run_turns();
    EXPECT_EQ(accepted, 1);
}

TEST_F(ListenTest, WithoutDescriptorsItWaitsAndGoesOnWhenThereAreSome) {
#ifdef CROSSFADE_ADDRESS_SANITIZED
    GTEST_SKIP() << "the undefined-behaviour sanitizer needs descriptors itself (it tests pointers with a pipe)";
#endif
    const auto listener = listening(loop);
    RawSocket peer = RawSocket::connected_to(listener->address());
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    const rlimit before = limit;
    limit.rlim_cur = static_cast<rlim_t>(peer.get());  // below what is open already: no new one at all
    testing::internal::CaptureStderr();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    loop.run_turns(50);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_EQ(streams.size(), 0U);
    EXPECT_NE(log.find("cannot accept connections: Too many open files"), std::string::npos) << log;
    EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
    loop.run_until([&] { return streams.size() == 1; });
}

TEST(Address, IsParsedWithItsPortOrTheDefault) {
    const auto parsed = [](std::string_view text) {
        const auto address = parse_address(text, 9042);
        return address ? address->host + " " + std::to_string(address->port) : "error";
    };
    EXPECT_EQ(parsed("node1:9043"), "node1 9043");
    EXPECT_EQ(parsed("node1"), "node1 9042");
    EXPECT_EQ(parsed("127.0.0.1:1"), "127.0.0.1 1");
    EXPECT_EQ(parsed("[::1]:9044"), "::1 9044");
    EXPECT_EQ(parsed("[::1]"), "::1 9042");
    EXPECT_EQ(parsed("fe80::1"), "fe80::1 9042");
    EXPECT_EQ(parsed("[fe80::1%eth0]:1"), "fe80::1%eth0 1");
    for (const char* const wrong :
         {"", ":9042", "node1:", "node1:x", "node1:65536", "node1:-1", "[::1", "[::1]9042", "[::1]:", "[]:1", "a:1 ",
          "::1]:9042", "node1:9042:9043", "[node1:9042]:1", "[[node1]:1"})
        EXPECT_EQ(parsed(wrong), "error") << wrong;
    EXPECT_EQ(to_text({"::1", 9042}), "[::1]:9042");
    EXPECT_EQ(to_text({"node1", 9042}), "node1:9042");
}

}  // namespace
}  // namespace crossfade::net
