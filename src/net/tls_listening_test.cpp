#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <map>

#include "net/raw_socket.hpp"
#include "net/sanitized.hpp"
#include "net/tls_fixture.hpp"

namespace crossfade::net {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// What a gateway does: certificates of the moment, names that are served, and a word on every failure.
class TlsListeningTest : public TlsTest {
protected:
    std::shared_ptr<TlsContext> context(const std::string& common_name) {
        const auto files =
            certificates.issue({.common_name = common_name, .names = {"localhost"}, .addresses = {"127.0.0.1"}});
        TlsOptions options;
        options.certificate_file = files.certificate;
        options.key_file = files.key;
        options.verify_peer = false;
        options.accepts_server_name = [](const std::string& name) { return name.empty() || name == "node-1"; };
        return made(make_server_tls(options));
    }
    void listen_with(std::chrono::milliseconds handshake_time, std::size_t most_handshakes) {
        current = context("first");
        TlsListening tls;
        tls.context = [this] { return current; };
        tls.failed = [this](const std::string& peer, const base::Error& why) { failures[peer] = why.message; };
        tls.handshake_time = handshake_time;
        tls.most_handshakes = most_handshakes;
        listener = std::move(*listen(loop, {"127.0.0.1", 0}, std::move(tls), [this](std::unique_ptr<Stream> stream) {
            at_server.push_back(std::move(stream));
            at_server.back()->start(server_user);
        }));
    }
    // What a client gets that sends these bytes in place of a handshake.
    std::string answer_to(const std::string& bytes) {
        RawSocket peer = RawSocket::connected_to(listener->address());
        peer.send(bytes);
        std::string answer;
        loop.run_until([&] {
            peer.receive(answer);
            return !failures.empty() && !answer.empty();
        });
        return answer;
    }
    std::shared_ptr<TlsContext> current;
    std::map<std::string, std::string> failures;
};

TEST_F(TlsListeningTest, AListenerThatGoesInTheTurnInWhichItsClientsGoTellsNobody) {
    listen_with(10s, 100);
    std::vector<RawSocket> peers;
    for (int i = 0; i < 20; ++i) peers.push_back(RawSocket::connected_to(listener->address()));
    loop.run_turns(10);
    peers.clear();  // each handshake has something to read now
    loop.post([this] { listener.reset(); });
    loop.run_turns();
    EXPECT_TRUE(failures.empty());
}

TEST_F(TlsListeningTest, OnlyServerNamesThatAreServedComeIn) {
    listen_with(10s, 100);
    ConnectOptions options;
    options.verify_name = "localhost";
    std::vector<base::Result<std::unique_ptr<Stream>>> open;
    for (const char* const name : {"node-1", "127.0.0.1"}) {
        options.server_name = name;
        open.push_back(connected(trusting(), options));
        EXPECT_TRUE(open.back()) << name;
    }
    options.server_name = "node-2";
    EXPECT_THAT(refusal(trusting(), options), HasSubstr("unrecognized name"));
    loop.run_until([&] { return failures.size() == 1; });
    EXPECT_THAT(failures.begin()->second, HasSubstr("nobody has the server name 'node-2' here"));
}

TEST_F(TlsListeningTest, NewConnectionsSeeTheCertificateOfTheMoment) {
    listen_with(10s, 100);
    const auto before = connected(trusting());
    ASSERT_TRUE(before);
    const std::string first = (*before)->peer_certificate();
    current = context("second");
    const auto after = connected(trusting());
    ASSERT_TRUE(after);
    EXPECT_FALSE(first.empty());
    EXPECT_NE((*after)->peer_certificate(), first);
    EXPECT_EQ(at_server[0]->peer_certificate(), "");  // the client showed none
}

TEST_F(TlsListeningTest, PlainTextIsAnsweredInItsOwnTerms) {
    listen_with(10s, 100);
    EXPECT_THAT(answer_to("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), testing::StartsWith("HTTP/1.1 400 "));
    failures.clear();
    EXPECT_EQ(answer_to(std::string("\x04\0\0\0\x05\0\0\0\0", 9)), std::string("\x15\x03\x03\0\x02\x02\x0a", 7));
}

TEST_F(TlsListeningTest, AHandshakeThatNeverEndsIsGivenUpAndTheOldestGivesWay) {
    listen_with(200ms, 2);
    std::vector<RawSocket> silent;
    for (int i = 0; i < 3; ++i) silent.push_back(RawSocket::connected_to(listener->address()));
    loop.run_until([&] { return failures.size() == 3; });
    int gave_way = 0, too_long = 0;
    for (const auto& [peer, why] : failures) {
        gave_way += why.find("others came") != std::string::npos ? 1 : 0;
        too_long += why.find("longer than 200 ms") != std::string::npos ? 1 : 0;
    }
    EXPECT_EQ(gave_way, 1);
    EXPECT_EQ(too_long, 2);
}

TEST_F(TlsListeningTest, WithoutDescriptorsTheOldestHandshakeGivesWay) {
#ifdef CROSSFADE_ADDRESS_SANITIZED
    GTEST_SKIP() << "the undefined-behaviour sanitizer needs descriptors itself (it tests pointers with a pipe)";
#endif
    listen_with(60s, 100);
    std::vector<RawSocket> silent;
    for (int i = 0; i < 2; ++i) silent.push_back(RawSocket::connected_to(listener->address()));
    loop.run_turns(20);
    const RawSocket late = RawSocket::connected_to(listener->address());
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    const rlimit before = limit;
    limit.rlim_cur = static_cast<rlim_t>(late.get());  // all that are below are open
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    loop.run_until([&] { return !failures.empty(); });
    loop.run_turns(20);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    // At most one more than came: without a descriptor accept(2) does not tell that nobody waits.
    EXPECT_LE(failures.size(), 2U);
    for (const auto& [peer, why] : failures) EXPECT_THAT(why, HasSubstr("others came"));
}

}  // namespace
}  // namespace crossfade::net
