#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <vector>

#include "net/raw_socket.hpp"
#include "net/tls_fixture.hpp"

namespace crossfade::net {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string content_of(const std::string& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

TEST_F(TlsTest, CertificatesAndKeysMayComeAsText) {
    const auto server = certificates.issue({.addresses = {"127.0.0.1"}});
    const auto client = certificates.issue({.common_name = "client"});
    const std::string ca = content_of(certificates.ca_file());
    TlsOptions options;
    options.ca_pem = ca;
    options.certificate_pem = content_of(server.certificate);
    options.key_pem = base::Secret<std::string>(content_of(server.key));
    auto listening = listen(loop, {"127.0.0.1", 0}, made(make_server_tls(options)),
                            [this](std::unique_ptr<Stream> stream) { at_server.push_back(std::move(stream)); });
    ASSERT_TRUE(listening) << listening.error().message;
    listener = std::move(*listening);
    TlsOptions ours;
    ours.ca_pem = ca;
    ours.certificate_pem = content_of(client.certificate);
    ours.key_pem = base::Secret<std::string>(content_of(client.key));
    const auto stream = connected(ours);
    ASSERT_TRUE(stream) << stream.error().message;
    loop.run_until([&] { return at_server.size() == 1; });
}

TEST_F(TlsTest, TextThatIsNoCertificateOrKeyIsRefused) {
    const auto client = certificates.issue({.common_name = "client"});
    const auto other = certificates.issue({.common_name = "other"});
    TlsOptions no_certificate;
    no_certificate.ca_pem = "nothing";
    TlsOptions half;
    half.certificate_pem = content_of(client.certificate);
    TlsOptions foreign_key = half;
    foreign_key.key_pem = base::Secret<std::string>(content_of(other.key));
    TlsOptions no_list;
    no_list.revocations_pem = "nothing";
    for (const TlsOptions& wrong : {no_certificate, half, foreign_key, no_list}) {
        const auto context = make_client_tls(wrong);
        ASSERT_FALSE(context);
        EXPECT_EQ(context.error().kind, base::ErrorKind::bad_configuration);
        EXPECT_THAT(context.error().message, testing::Not(HasSubstr("PRIVATE KEY")));
    }
}

TEST_F(TlsTest, BytesGoBothWaysInAnyAmount) {
    serve({.addresses = {"127.0.0.1"}});
    auto stream = connected(trusting());
    ASSERT_TRUE(stream) << stream.error().message;
    (*stream)->start(client_user);
    const std::string question = pattern(3U << 20U, 1);
    const std::string answer = pattern(5U << 20U, 2);
    append_text(**stream, question);
    loop.run_until([&] { return server_user.received.size() == question.size(); });
    EXPECT_TRUE(server_user.received == question);
    append_text(*at_server[0], answer);
    loop.run_until([&] { return client_user.received.size() == answer.size(); });
    EXPECT_TRUE(client_user.received == answer);
    EXPECT_EQ((*stream)->unsent(), 0U);
}

TEST_F(TlsTest, WhatAServerSaysAtOnceIsShownToWhoStartsLater) {
    serve({.addresses = {"127.0.0.1"}});
    auto stream = connected(trusting());
    ASSERT_TRUE(stream);
    loop.run_until([&] { return !at_server.empty(); });
    append_text(*at_server[0], "welcome");
    loop.run_turns(20);
    (*stream)->start(client_user);
    loop.run_until([&] { return client_user.received == "welcome"; });
}

TEST_F(TlsTest, EndBeforeAnybodyStartedIsToldToWhoDoes) {
    serve({.addresses = {"127.0.0.1"}});
    for (const bool by_reset : {false, true}) {
        auto stream = connected(trusting());
        ASSERT_TRUE(stream);
        loop.run_until([&] { return !at_server.empty(); });
        // Unread bytes make the kernel answer the close with a reset.
        if (by_reset) {
            at_server[0]->pause_reading();
            append_text(**stream, "never read");
            loop.run_turns(20);
        }
        at_server.clear();
        loop.run_turns(20);
        RecordingUser user;
        (*stream)->start(user);
        loop.run_until([&] { return user.closed.has_value(); });
        EXPECT_EQ(user.closed->kind, base::ErrorKind::connection);
    }
}

TEST_F(TlsTest, ManySmallPiecesOfATurnShareRecords) {
    serve({.addresses = {"127.0.0.1"}});
    auto stream = connected(trusting());
    ASSERT_TRUE(stream);
    (*stream)->start(client_user);
    loop.run_until([&] { return !at_server.empty(); });
    server_user.calls = 0;
    loop.post([&] {
        for (int i = 0; i < 500; ++i) append_text(**stream, "0123456789");
    });
    loop.run_until([&] { return server_user.received.size() == 5000; });
    EXPECT_EQ(server_user.calls, 1);
}

TEST_F(TlsTest, ServerSeesTheNameThatTheClientAskedFor) {
    serve({.names = {"db.example.com"}});
    ConnectOptions options;
    options.server_name = "9d7b.db.example.com";
    options.verify_name = "db.example.com";
    auto stream = connected(trusting(), options);
    ASSERT_TRUE(stream) << stream.error().message;
    loop.run_until([&] { return !at_server.empty(); });
    EXPECT_EQ(at_server[0]->server_name(), "9d7b.db.example.com");
    EXPECT_EQ((*stream)->server_name(), "");
}

TEST_F(TlsTest, AnIpAddressIsNotSentAsServerName) {
    serve({.addresses = {"127.0.0.1"}});
    auto stream = connected(trusting());
    ASSERT_TRUE(stream);
    loop.run_until([&] { return !at_server.empty(); });
    EXPECT_EQ(at_server[0]->server_name(), "");
}

TEST_F(TlsTest, HostOfTheCertificateMustBeTheOneConnectedTo) {
    serve({.names = {"other.example.com"}, .addresses = {"127.0.0.2"}});
    EXPECT_THAT(refusal(trusting()), HasSubstr("IP address mismatch"));
    ConnectOptions options;
    options.verify_name = "db.example.com";
    EXPECT_THAT(refusal(trusting(), options), HasSubstr("hostname mismatch"));
    EXPECT_TRUE(at_server.empty());
    // Checked only where the context says so.
    TlsOptions any_host = trusting();
    any_host.verify_host = false;
    EXPECT_TRUE(connected(any_host));
}

TEST_F(TlsTest, CommonNameAloneCountsOnlyWhereThereIsNoAlternativeName) {
    serve({.common_name = "127.0.0.1", .names = {"other.example.com"}});
    EXPECT_THAT(refusal(trusting()), HasSubstr("mismatch"));
}

TEST_F(TlsTest, ExpiredCertificateIsRefused) {
    serve({.addresses = {"127.0.0.1"}, .is_expired = true});
    EXPECT_THAT(refusal(trusting()), HasSubstr("certificate has expired"));
}

TEST_F(TlsTest, CertificateOfAnUnknownAuthorityIsRefused) {
    serve({.addresses = {"127.0.0.1"}});
    const TestCertificates others;
    TlsOptions options;
    options.ca_file = others.ca_file();
    EXPECT_THAT(refusal(options), HasSubstr("not accepted"));
    options.verify_peer = false;
    EXPECT_TRUE(connected(options));
}

TEST_F(TlsTest, ClientWithTheDemandedCertificateIsLetIn) {
    serve({.addresses = {"127.0.0.1"}}, true);
    const auto files = certificates.issue({.common_name = "client"});
    TlsOptions options = trusting();
    options.certificate_file = files.certificate;
    options.key_file = files.key;
    auto stream = connected(options);
    ASSERT_TRUE(stream) << stream.error().message;
    (*stream)->start(client_user);
    append_text(**stream, "it is me");
    loop.run_until([&] { return server_user.received == "it is me"; });
}

TEST_F(TlsTest, ClientWithoutTheDemandedCertificateIsNeverShown) {
    serve({.addresses = {"127.0.0.1"}}, true);
    const TestCertificates others;
    const auto foreign = const_cast<TestCertificates&>(others).issue({.common_name = "client"});
    for (const bool has_foreign : {false, true}) {
        TlsOptions options = trusting();
        if (has_foreign) {
            options.certificate_file = foreign.certificate;
            options.key_file = foreign.key;
        }
        // In TLS 1.3 the client learns of it after its own handshake, with the first read.
        auto stream = connected(options);
        if (!stream) continue;
        RecordingUser user;
        (*stream)->start(user);
        loop.run_until([&] { return user.closed.has_value(); });
        EXPECT_EQ(user.closed->kind, base::ErrorKind::connection);
        EXPECT_THAT(user.closed->message, testing::AnyOf(HasSubstr("certificate required"), HasSubstr("unknown ca")))
            << has_foreign;
    }
    EXPECT_TRUE(at_server.empty());
}

TEST_F(TlsTest, OlderThanTls12IsRefused) {
    serve({.addresses = {"127.0.0.1"}});
    // A ClientHello of TLS 1.1, by hand.
    std::string hello("\x03\x02", 2);
    hello += std::string(32, 'r');
    hello += std::string("\x00", 1);
    hello += std::string("\x00\x04\xc0\x13\x00\x2f", 6);
    hello += std::string("\x01\x00", 2);
    std::string handshake("\x01\x00\x00", 3);
    handshake += static_cast<char>(hello.size());
    handshake += hello;
    std::string record("\x16\x03\x01\x00", 4);
    record += static_cast<char>(handshake.size());
    record += handshake;
    RawSocket peer = RawSocket::connected_to(listener->address());
    peer.send(record);
    std::string answer;
    loop.run_until([&] { return !peer.receive(answer); });
    ASSERT_GE(answer.size(), 7U);
    EXPECT_EQ(answer[0], '\x15');  // an alert
    EXPECT_EQ(answer[6], '\x46');  // protocol_version
    EXPECT_TRUE(at_server.empty());
}

TEST_F(TlsTest, GarbageEndsTheConnectionAndIsNeverShown) {
    serve({.addresses = {"127.0.0.1"}});
    RawSocket peer = RawSocket::connected_to(listener->address());
    peer.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    std::string answer;
    loop.run_until([&] { return !peer.receive(answer); });
    EXPECT_TRUE(at_server.empty());
}

TEST_F(TlsTest, PlainServerIsAConnectionErrorOfTheClient) {
    serve({.addresses = {"127.0.0.1"}});
    const RawSocket plain = RawSocket::listening();
    ConnectOptions options;
    options.tls = made(make_client_tls(trusting()));
    std::optional<base::Result<std::unique_ptr<Stream>>> result;
    const auto pending = connect(loop, plain.address(), options,
                                 [&](base::Result<std::unique_ptr<Stream>> stream) { result = std::move(stream); });
    RawSocket peer;
    loop.run_until([&] {
        if (!peer.is_open()) peer = plain.accept();
        if (peer.is_open()) peer.send("\x84\0\0\0\x02 this is no TLS");
        return result.has_value();
    });
    ASSERT_FALSE(*result);
    EXPECT_EQ(result->error().kind, base::ErrorKind::connection);
    EXPECT_THAT(result->error().message, HasSubstr("no TLS connection to " + to_text(plain.address())));
}

TEST_F(TlsTest, ServerThatEndsDuringTheHandshakeIsAConnectionError) {
    const RawSocket plain = RawSocket::listening();
    ConnectOptions options;
    options.tls = made(make_client_tls(trusting()));
    std::optional<base::Result<std::unique_ptr<Stream>>> result;
    const auto pending = connect(loop, plain.address(), options,
                                 [&](base::Result<std::unique_ptr<Stream>> stream) { result = std::move(stream); });
    loop.run_until([&] {
        plain.accept();  // and closed at once
        return result.has_value();
    });
    ASSERT_FALSE(*result);
    EXPECT_EQ(result->error().kind, base::ErrorKind::connection);
}

TEST_F(TlsTest, HandshakeThatNeverEndsIsATimeout) {
    const RawSocket silent = RawSocket::listening();
    ConnectOptions options;
    options.tls = made(make_client_tls(trusting()));
    options.timeout = 100ms;
    std::optional<base::Result<std::unique_ptr<Stream>>> result;
    const auto pending = connect(loop, silent.address(), options,
                                 [&](base::Result<std::unique_ptr<Stream>> stream) { result = std::move(stream); });
    loop.run_until([&] { return result.has_value(); });
    ASSERT_FALSE(*result);
    EXPECT_EQ(result->error().kind, base::ErrorKind::timeout);
    EXPECT_THAT(result->error().message, HasSubstr("TLS handshake"));
}

TEST_F(TlsTest, HandleDestroyedDuringTheHandshakeCancels) {
    const RawSocket silent = RawSocket::listening();
    ConnectOptions options;
    options.tls = made(make_client_tls(trusting()));
    auto pending = connect(loop, silent.address(), options, [&](base::Result<std::unique_ptr<Stream>>) { FAIL(); });
    RawSocket peer;
    std::string hello;
    loop.run_until([&] {
        if (!peer.is_open()) peer = silent.accept();
        if (peer.is_open()) peer.receive(hello);
        return !hello.empty();
    });
    pending.reset();
    loop.run_until([&] { return !peer.receive(hello); });
}

TEST_F(TlsTest, OrderlyEndAndResetAreTold) {
    serve({.addresses = {"127.0.0.1"}});
    auto stream = connected(trusting());
    ASSERT_TRUE(stream);
    (*stream)->start(client_user);
    append_text(**stream, "goodbye");
    (*stream)->close_after_sending(10s);
    loop.run_until([&] { return server_user.closed.has_value(); });
    EXPECT_EQ(server_user.received, "goodbye");
    EXPECT_EQ(server_user.closed->kind, base::ErrorKind::connection);
    EXPECT_THAT(server_user.closed->message, HasSubstr("closed the connection"));
    EXPECT_FALSE(client_user.closed);
}

TEST_F(TlsTest, UserMayDestroyItsStreamInItsCalls) {
    serve({.addresses = {"127.0.0.1"}});
    for (const bool in_bytes : {true, false}) {
        server_user.closed.reset();
        auto stream = connected(trusting());
        ASSERT_TRUE(stream);
        RecordingUser user;
        std::string seen;
        user.take = [&](std::span<std::uint8_t> bytes) {
            const std::size_t size = bytes.size();
            if (in_bytes) stream->reset();
            seen.assign(bytes.begin(), bytes.end());
            return size;
        };
        user.when_closed = [&] { stream->reset(); };
        (*stream)->start(user);
        loop.run_until([&] { return !at_server.empty(); });
        append_text(*at_server.back(), "words");
        if (!in_bytes) at_server.back()->close_after_sending(10s);
        loop.run_until([&] { return *stream == nullptr; });
        loop.run_turns();
        EXPECT_EQ(seen, "words");
        at_server.clear();
    }
}

TEST_F(TlsTest, PausedStreamShowsNothingUntilItGoesOn) {
    serve({.addresses = {"127.0.0.1"}});
    auto stream = connected(trusting());
    ASSERT_TRUE(stream);
    (*stream)->start(client_user);
    (*stream)->pause_reading();
    loop.run_until([&] { return !at_server.empty(); });
    const std::string much = pattern(40U << 20U);
    append_text(*at_server[0], much);
    at_server[0]->close_after_sending(20s);
    loop.run_turns(100);
    EXPECT_EQ(client_user.calls, 0);
    (*stream)->resume_reading();
    loop.run_until([&] { return client_user.closed.has_value(); });
    EXPECT_TRUE(client_user.received == much);
}

TEST_F(TlsTest, PauseInsideOnBytesHoldsBackTheRestAndTheEnd) {
    serve({.addresses = {"127.0.0.1"}});
    auto stream = connected(trusting());
    ASSERT_TRUE(stream);
    client_user.take = [&](std::span<std::uint8_t> bytes) -> std::size_t {
        client_user.received.push_back(static_cast<char>(bytes[0]));
        (*stream)->pause_reading();
        return 1;
    };
    (*stream)->start(client_user);
    loop.run_until([&] { return !at_server.empty(); });
    append_text(*at_server[0], "abc");
    at_server[0]->close_after_sending(10s);
    for (const std::string expected : {"a", "ab", "abc"}) {
        loop.run_until([&] { return client_user.received == expected; });
        loop.run_turns(20);
        EXPECT_EQ(client_user.received, expected);
        EXPECT_FALSE(client_user.closed);
        (*stream)->resume_reading();
    }
    loop.run_until([&] { return client_user.closed.has_value(); });
}

TEST_F(TlsTest, DrainIsToldWhenEncryptedBytesHaveLeft) {
    serve({.addresses = {"127.0.0.1"}});
    auto stream = connected(trusting());
    ASSERT_TRUE(stream);
    (*stream)->start(client_user);
    loop.run_until([&] { return !at_server.empty(); });
    at_server[0]->pause_reading();
    append_text(**stream, pattern(32U << 20U));
    (*stream)->notify_when_unsent_below(1U << 20U);
    loop.run_turns(50);
    EXPECT_EQ(client_user.drained, 0);
    EXPECT_GT((*stream)->unsent(), 1U << 20U);
    at_server[0]->resume_reading();
    loop.run_until([&] { return client_user.drained == 1; });
    EXPECT_LE((*stream)->unsent(), 1U << 20U);
}

TEST_F(TlsTest, NewUserGetsWhatTheOldOneLeft) {
    serve({.addresses = {"127.0.0.1"}});
    auto stream = connected(trusting());
    ASSERT_TRUE(stream);
    RecordingUser next;
    client_user.take = [&](std::span<std::uint8_t>) -> std::size_t {
        (*stream)->start(next);
        return 3;
    };
    (*stream)->start(client_user);
    loop.run_until([&] { return !at_server.empty(); });
    append_text(*at_server[0], "oldnew");
    loop.run_until([&] { return next.received == "new"; });
}

TEST_F(TlsTest, BadFilesAreNamed) {
    const auto files = certificates.issue({.common_name = "a"});
    const auto others = certificates.issue({.common_name = "b"});
    const auto locked = certificates.issue({.common_name = "c"}, "passphrase");
    const auto message = [](const TlsOptions& options, bool is_server) {
        const auto result = is_server ? make_server_tls(options) : make_client_tls(options);
        EXPECT_FALSE(result);
        if (result) return std::string();
        EXPECT_EQ(result.error().kind, base::ErrorKind::bad_configuration);
        return result.error().message;
    };
    TlsOptions options;
    options.ca_file = "/nonexistent/ca.pem";
    EXPECT_THAT(message(options, false), HasSubstr("/nonexistent/ca.pem"));
    options.ca_file = certificates.file("empty.pem", "");
    EXPECT_THAT(message(options, false), HasSubstr("empty.pem"));
    options = {};
    options.certificate_file = files.certificate;
    EXPECT_THAT(message(options, false), HasSubstr("together"));
    options.key_file = others.key;
    EXPECT_THAT(message(options, false), HasSubstr(others.key));
    options.key_file = certificates.file("bad.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    EXPECT_THAT(message(options, false), HasSubstr("bad.key"));
    // Refused, not asked for on the terminal.
    options.certificate_file = locked.certificate;
    options.key_file = locked.key;
    EXPECT_THAT(message(options, false), HasSubstr(locked.key));
    options = {};
    options.verify_peer = false;
    EXPECT_THAT(message(options, true), HasSubstr("needs a certificate"));
    options.verify_peer = true;
    options.certificate_file = files.certificate;
    options.key_file = files.key;
    EXPECT_THAT(message(options, true), HasSubstr("client certificates"));
}

}  // namespace
}  // namespace crossfade::net
