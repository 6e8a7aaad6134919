#include "net/http.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "net/raw_socket.hpp"
#include "net/recording_user.hpp"
#include "net/test_certificates.hpp"
#include "net/testing_loop.hpp"
#include "net/url.hpp"

namespace crossfade::net {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

class HttpTest : public testing::Test {
protected:
    void serve(std::function<void(HttpRequest, HttpReply)> handle, HttpLimits limits = {}) {
        const auto refuse = [this](const std::string& peer, int status, const std::string& why) {
            EXPECT_THAT(peer, StartsWith("127.0.0.1:"));
            told_refused.push_back(std::to_string(status) + " " + why);
        };
        auto made = serve_http(loop, {"127.0.0.1", 0}, TlsListening(), limits, std::move(handle), refuse);
        ASSERT_TRUE(made) << made.error().message;
        server = std::move(*made);
    }
    // Answers with what it was asked.
    void serve_echo(HttpLimits limits = {}) {
        serve(
            [](const HttpRequest& request, const HttpReply& reply) {
                std::string text = request.method + " " + request.path;
                for (const auto& [name, value] : request.query) text += " " + name + "=" + value;
                reply({200, "text/plain", text + " [" + request.body + "]"});
            },
            limits);
    }
    // What the server says to these bytes until it closes the connection or `until` has come.
    std::string said_to(std::string_view request, std::string_view until = "") {
        RawSocket peer = RawSocket::connected_to(server->address());
        std::string answer;
        loop.run_until([&] {
            request.remove_prefix(peer.send(request));
            return !peer.receive(answer) || (!until.empty() && answer.find(until) != std::string::npos);
        });
        return answer;
    }
    // http_request() from a thread of its own, while the loop runs here.
    base::Result<HttpResponse> asked(const std::string& method, const std::string& target, const std::string& body = "",
                                     std::chrono::milliseconds timeout = 10s) {
        const std::string url = "http://" + to_text(server->address()) + target;
        std::optional<base::Result<HttpResponse>> result;
        std::atomic<bool> is_done{false};
        std::thread client([&] {
            result = http_request(method, url, body, timeout);
            is_done = true;
        });
        loop.run_until([&] { return is_done.load(); });
        client.join();
        return std::move(*result);
    }

    TestingLoop loop;
    std::unique_ptr<HttpServer> server;
    std::vector<std::string> told_refused;  // what the server told of requests that it did not hand on
};

TEST_F(HttpTest, ClientAndServerUnderstandEachOther) {
    serve_echo();
    const auto got = asked("GET", "/journal/list?limit=10&text=a%20b+c&flag");
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->status, 200);
    EXPECT_EQ(got->content_type, "text/plain");
    EXPECT_EQ(got->body, "GET /journal/list flag= limit=10 text=a b c []");
    const auto posted = asked("POST", "/phase", R"({"phase":4})");
    ASSERT_TRUE(posted);
    EXPECT_EQ(posted->body, R"(POST /phase [{"phase":4}])");
    const auto root = asked("GET", "");
    ASSERT_TRUE(root);
    EXPECT_EQ(root->body, "GET / []");
    const auto head = asked("HEAD", "/x");
    ASSERT_TRUE(head) << head.error().message;
    EXPECT_EQ(head->body, "");
}

// ask_http() on the loop that also serves it.
class AskHttpTest : public HttpTest {
protected:
    base::Result<HttpResponse> asked_here(HttpAsk ask) {
        ask.to = server->address();
        std::optional<base::Result<HttpResponse>> result;
        const auto pending = ask_http(loop, std::move(ask), [&](base::Result<HttpResponse> answer) {
            EXPECT_FALSE(result) << "told twice";
            result = std::move(answer);
        });
        EXPECT_FALSE(result) << "told from inside ask_http()";
        loop.run_until([&] { return result.has_value(); });
        return std::move(*result);
    }
};

TEST_F(AskHttpTest, HeadersArriveAndSoDoesTheAnswer) {
    serve([](const HttpRequest& request, const HttpReply& reply) {
        reply({200, "text/plain", request.method + " " + request.path + " " + request.headers.at("authorization")});
    });
    HttpAsk ask;
    ask.method = "POST";
    ask.target = "/x";
    ask.headers = {{"Authorization", "Bearer abc"}};
    const auto got = asked_here(ask);
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->body, "POST /x Bearer abc");
}

TEST_F(AskHttpTest, HeaderWithALineBreakIsRefusedWithoutBeingShown) {
    serve_echo();
    HttpAsk ask;
    ask.headers = {{"Authorization", "Bearer secret\r\nX: y"}};
    const auto got = asked_here(ask);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().kind, base::ErrorKind::bad_input);
    EXPECT_EQ(got.error().message.find("secret"), std::string::npos);
}

TEST_F(AskHttpTest, LargerBodyThanAllowedIsRefused) {
    serve([](const HttpRequest&, const HttpReply& reply) { reply({200, "text/plain", std::string(100, 'x')}); });
    HttpAsk ask;
    ask.largest_body = 100;
    EXPECT_TRUE(asked_here(ask));
    ask.largest_body = 99;
    const auto got = asked_here(ask);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().kind, base::ErrorKind::connection);
}

TEST_F(AskHttpTest, TimeoutAndCancelEndAnUnansweredRequest) {
    std::vector<HttpReply> unanswered;
    serve([&](const HttpRequest&, HttpReply reply) { unanswered.push_back(std::move(reply)); });
    HttpAsk ask;
    ask.timeout = 50ms;
    const auto got = asked_here(ask);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().kind, base::ErrorKind::timeout);
    ask.timeout = 10s;
    ask.to = server->address();
    bool is_told = false;
    auto pending = ask_http(loop, ask, [&](const base::Result<HttpResponse>&) { is_told = true; });
    loop.run_until([&] { return unanswered.size() == 2; });
    pending.reset();
    unanswered.back()({200, "text/plain", "too late"});
    loop.run_turns(20);
    EXPECT_FALSE(is_told);
}

TEST_F(AskHttpTest, OverTlsTheServerHasToBeTheOneThatWasMeant) {
    const TestCertificates certificates;
    TestCertificates issuing;
    const auto files = issuing.issue({.addresses = {"127.0.0.1"}});
    TlsOptions at_server;
    at_server.certificate_file = files.certificate;
    at_server.key_file = files.key;
    at_server.verify_peer = false;
    auto made = serve_http(loop, {"127.0.0.1", 0}, *make_server_tls(at_server), {},
                           [](const HttpRequest&, const HttpReply& reply) {
                               reply({200, "text/plain", "safe"});
                           });
    ASSERT_TRUE(made) << made.error().message;
    server = std::move(*made);
    TlsOptions at_client;
    at_client.ca_file = issuing.ca_file();
    HttpAsk ask;
    ask.tls = *make_client_tls(at_client);
    const auto got = asked_here(ask);
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->body, "safe");
    at_client.ca_file = certificates.ca_file();
    ask.tls = *make_client_tls(at_client);
    const auto refused = asked_here(ask);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("certificate"));
}

TEST(UrlTest, WebUrlsMayBeSecure) {
    const auto secure = parse_web_url("https://api.example.com/v2/x?all=true");
    ASSERT_TRUE(secure) << secure.error().message;
    EXPECT_TRUE(secure->is_secure);
    EXPECT_EQ(to_text(secure->address), "api.example.com:443");
    EXPECT_EQ(secure->target, "/v2/x?all=true");
    EXPECT_FALSE(parse_web_url("http://localhost:8080")->is_secure);
    EXPECT_FALSE(parse_web_url("ftp://example.com"));
    EXPECT_FALSE(parse_url("https://example.com")) << "admin endpoints are plain";
}

TEST_F(HttpTest, StatusBodyAndTypeArriveAsTheyWereGiven) {
    const std::string large = pattern(3U << 20U);
    serve([&](const HttpRequest& request, const HttpReply& reply) {
        if (request.path == "/large")
            reply({200, "application/octet-stream", large});
        else if (request.path == "/none")
            reply({204, "text/plain", "not sent"});
        else
            reply({503, "application/json", "{}"});
    });
    EXPECT_TRUE(asked("GET", "/large")->body == large);
    const auto none = asked("DELETE", "/none");
    ASSERT_TRUE(none) << none.error().message;
    EXPECT_EQ(none->status, 204);
    EXPECT_EQ(none->body, "");
    EXPECT_EQ(asked("GET", "/")->status, 503);
    EXPECT_EQ(asked("PUT", "/", large)->body, "{}");
}

TEST_F(HttpTest, ReplyMayComeLaterFromAnotherThread) {
    std::thread answering;
    serve([&](const HttpRequest&, HttpReply reply) {
        answering = std::thread([reply = std::move(reply)] {
            reply({200, "text/plain", "from a thread"});
            reply({500, "text/plain", "a second one counts for nothing"});
        });
    });
    EXPECT_EQ(asked("GET", "/")->body, "from a thread");
    answering.join();
}

TEST_F(HttpTest, DroppedReplyIsA500) {
    serve([](const HttpRequest&, const HttpReply&) {});
    const auto got = asked("GET", "/");
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->status, 500);
}

TEST_F(HttpTest, ReplyMayOutliveClientServerAndLoop) {
    HttpReply kept;
    serve([&](const HttpRequest&, HttpReply reply) { kept = std::move(reply); });
    {
        RawSocket peer = RawSocket::connected_to(server->address());
        peer.send("GET / HTTP/1.1\r\n\r\n");
        loop.run_until([&] { return kept != nullptr; });
    }
    loop.run_turns(20);
    HttpReply for_gone_client = std::exchange(kept, nullptr);
    for_gone_client({200, "text/plain", "nobody listens"});
    RawSocket peer = RawSocket::connected_to(server->address());
    peer.send("GET / HTTP/1.1\r\n\r\n");
    loop.run_until([&] { return kept != nullptr; });
    server.reset();
    kept({200, "text/plain", "nobody listens"});
    loop.run_turns();
    HttpReply for_gone_loop;
    {
        TestingLoop other;
        auto short_lived = serve_http(other, {"127.0.0.1", 0}, nullptr, {},
                                      [&](const HttpRequest&, HttpReply reply) { for_gone_loop = std::move(reply); });
        RawSocket client = RawSocket::connected_to((*short_lived)->address());
        client.send("GET / HTTP/1.1\r\n\r\n");
        other.run_until([&] { return for_gone_loop != nullptr; });
    }
    for_gone_loop({200, "text/plain", "nobody listens"});
}

TEST_F(HttpTest, HandlerMayDestroyTheServer) {
    serve([&](const HttpRequest&, const HttpReply& reply) {
        server.reset();
        reply({200, "text/plain", "too late"});
    });
    RawSocket peer = RawSocket::connected_to(server->address());
    peer.send("POST /stop HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
    std::string answer;
    loop.run_until([&] { return !peer.receive(answer); });
    EXPECT_EQ(answer, "");
    EXPECT_EQ(server, nullptr);
}

TEST_F(HttpTest, ConnectionStaysOpenAndPipelinedRequestsAreAnsweredInOrder) {
    std::vector<HttpReply> replies;
    serve([&](const HttpRequest& request, const HttpReply& reply) {
        if (request.path == "/slow")
            replies.push_back(reply);
        else
            reply({200, "text/plain", request.path + ";"});
    });
    RawSocket peer = RawSocket::connected_to(server->address());
    peer.send(
        "GET /slow HTTP/1.1\r\n\r\nGET /second HTTP/1.1\r\n\r\nPOST /third HTTP/1.1\r\nContent-Length: 2\r\n\r\nxyGET "
        "/fourth HTTP/1.1\r\n\r\n");
    std::string answer;
    loop.run_until([&] { return replies.size() == 1; });
    loop.run_turns(20);
    peer.receive(answer);
    EXPECT_EQ(answer, "");
    replies[0]({200, "text/plain", "/slow;"});
    loop.run_until([&] {
        peer.receive(answer);
        return answer.find("/fourth;") != std::string::npos;
    });
    EXPECT_LT(answer.find("/slow;"), answer.find("/second;"));
    EXPECT_LT(answer.find("/second;"), answer.find("/third;"));
    EXPECT_LT(answer.find("/third;"), answer.find("/fourth;"));
}

TEST_F(HttpTest, RequestMayComeByteByByte) {
    serve_echo();
    RawSocket peer = RawSocket::connected_to(server->address());
    std::string answer;
    for (const char c : std::string("POST /slow?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody")) {
        peer.send({&c, 1});
        loop.run_turns(2);
    }
    loop.run_until([&] {
        peer.receive(answer);
        return answer.find("[body]") != std::string::npos;
    });
}

TEST_F(HttpTest, ChunkedBodiesAndLeaveToSendThemWork) {
    serve_echo();
    EXPECT_THAT(said_to("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "]"),
                HasSubstr("[abcde]"));
    EXPECT_THAT(said_to("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", "\r\n\r\n"),
                StartsWith("HTTP/1.1 100 Continue\r\n\r\n"));
}

TEST_F(HttpTest, OldAndClosingClientsAreClosed) {
    serve_echo();
    EXPECT_THAT(said_to("GET / HTTP/1.0\r\n\r\n"), HasSubstr("Connection: close"));
    EXPECT_THAT(said_to("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"), HasSubstr("GET / []"));
}

TEST_F(HttpTest, HeadersAreInLowerCaseAndRepeatedOnesJoined) {
    serve([](HttpRequest request, const HttpReply& reply) {
        reply({200, "text/plain", request.headers["x-many"] + "|" + request.headers["authorization"]});
    });
    EXPECT_THAT(said_to("GET / HTTP/1.1\r\nX-Many: a\r\nAuthorization: Bearer x\r\nx-many: b\r\n\r\n", "|Bearer x"),
                HasSubstr("a, b|Bearer x"));
}

TEST_F(HttpTest, HostileInputGetsItsStatusAndIsNeverHandled) {
    int handled = 0;
    HttpLimits limits;
    limits.largest_body = 1000;
    limits.largest_header = 2000;
    serve(
        [&](const HttpRequest&, const HttpReply& reply) {
            ++handled;
            reply({});
        },
        limits);
    const auto status_of = [&](std::string_view request) { return said_to(request).substr(0, 12); };
    EXPECT_EQ(status_of("this is no HTTP\r\n\r\n"), "HTTP/1.1 400");
    EXPECT_EQ(status_of(std::string("\x84\0\0\0\x01\0\0\0\0\r\n\r\n", 13)), "HTTP/1.1 400");
    EXPECT_EQ(status_of("GET / HTTP/9.9\r\n\r\n"), "HTTP/1.1 400");
    EXPECT_EQ(status_of("GET /% HTTP/1.1\r\n\r\n"), "HTTP/1.1 400");
    EXPECT_EQ(status_of("GET /%0d%0aX HTTP/1.1\r\n\r\n"), "HTTP/1.1 400");
    EXPECT_EQ(status_of("GET /?a=%zz HTTP/1.1\r\n\r\n"), "HTTP/1.1 400");
    EXPECT_EQ(status_of("GET http://elsewhere/ HTTP/1.1\r\n\r\n"), "HTTP/1.1 400");
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"), "HTTP/1.1 400");
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), "HTTP/1.1 400");
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), "HTTP/1.1 400");
    EXPECT_EQ(status_of("POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n"), "HTTP/1.1 413");
    EXPECT_EQ(status_of("POST / HTTP/1.1\r\nContent-Length: 99999999999999999\r\n\r\n"), "HTTP/1.1 413");
    EXPECT_EQ(
        status_of("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n" + std::string(4095, 'x') + "\r\n"),
        "HTTP/1.1 413");
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nX: " + std::string(5000, 'x') + "\r\n\r\n"), "HTTP/1.1 431");
    EXPECT_EQ(status_of("GET /" + std::string(5000, 'x') + " HTTP/1.1\r\n\r\n"), "HTTP/1.1 431");
    EXPECT_EQ(status_of(std::string(5000, 'x')).substr(0, 10), "HTTP/1.1 4");
    EXPECT_EQ(handled, 0);
    ASSERT_EQ(told_refused.size(), 16U);  // of each, once
    EXPECT_THAT(told_refused[0], StartsWith("400 this is no HTTP request: "));
    EXPECT_EQ(told_refused[10], "413 the request's body is larger than is allowed");
}

TEST_F(HttpTest, RandomBytesNeverHangOrCrashIt) {
    serve_echo();
    for (std::uint32_t seed = 1; seed <= 200; ++seed) {
        std::string request = "POST /x?y=z HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
        std::uint32_t random = seed;
        for (int i = 0; i < 3; ++i) {
            random = random * 1664525U + 1013904223U;
            request[(random >> 16U) % request.size()] = static_cast<char>(random >> 8U);
        }
        RawSocket peer = RawSocket::connected_to(server->address());
        peer.send(request);
        peer.half_close();
        std::string answer;
        loop.run_until([&] { return !peer.receive(answer); });
    }
}

TEST_F(HttpTest, SlowRequestsAreEndedAndSlowHandlersAreNot) {
    HttpLimits limits;
    limits.idle = 1s;
    HttpReply kept;
    serve([&](const HttpRequest&, const HttpReply& reply) { kept = reply; }, limits);
    const auto began = Loop::Clock::now();
    RawSocket waiting = RawSocket::connected_to(server->address());
    waiting.send("GET / HTTP/1.1\r\n\r\n");
    // A byte now and then does not keep a connection.
    EXPECT_EQ(said_to("GET / HTT"), "");
    EXPECT_GE(Loop::Clock::now() - began, 1s);
    EXPECT_LT(Loop::Clock::now() - began, 5s);
    ASSERT_NE(kept, nullptr);
    kept({200, "text/plain", "patience"});
    std::string answer;
    loop.run_until([&] {
        waiting.receive(answer);
        return answer.find("patience") != std::string::npos;
    });
}

TEST_F(HttpTest, WhoWaitsLongestForItsNextRequestGivesWayToANewcomer) {
    HttpLimits limits;
    limits.most_connections = 2;
    serve_echo(limits);
    RawSocket one = RawSocket::connected_to(server->address());
    loop.run_turns(20);
    RawSocket two = RawSocket::connected_to(server->address());
    loop.run_turns(20);
    std::string to_one, to_two;
    one.send("GET /first HTTP/1.1\r\n\r\n");
    loop.run_until([&] { return one.receive(to_one) && to_one.find("/first") != std::string::npos; });
    two.send("GET /half HTTP/1.1\r\n");  // a part of one is none
    EXPECT_THAT(said_to("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"), HasSubstr("200"));
    loop.run_until([&] { return !two.receive(to_two); });
    EXPECT_EQ(to_two, "");
    one.send("GET /second HTTP/1.1\r\n\r\n");
    loop.run_until([&] { return one.receive(to_one) && to_one.find("/second") != std::string::npos; });
    EXPECT_THAT(told_refused, testing::ElementsAre(HasSubstr("408 it waited longest for its next request")));
}

TEST_F(HttpTest, WhereAllAreBeingAnsweredTheNewcomerIsTurnedAway) {
    HttpLimits limits;
    limits.most_connections = 2;
    std::vector<HttpReply> unanswered;
    serve([&](const HttpRequest&, HttpReply reply) { unanswered.push_back(std::move(reply)); }, limits);
    testing::internal::CaptureStderr();
    RawSocket one = RawSocket::connected_to(server->address());
    RawSocket two = RawSocket::connected_to(server->address());
    for (RawSocket* each : {&one, &two}) each->send("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    loop.run_until([&] { return unanswered.size() == 2; });
    EXPECT_EQ(said_to("GET / HTTP/1.1\r\n\r\n"), "");
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("more than 2 HTTP connections"));
    EXPECT_THAT(told_refused, testing::IsEmpty());
    for (HttpReply& reply : std::exchange(unanswered, {})) reply({200, "text/plain", "late"});
    for (RawSocket* each : {&one, &two}) {
        std::string answer;
        loop.run_until([&] { return !each->receive(answer); });
        EXPECT_THAT(answer, HasSubstr("late"));
    }
}

TEST_F(HttpTest, ServesThroughTls) {
    TestCertificates certificates;
    const auto files = certificates.issue({.addresses = {"127.0.0.1"}});
    TlsOptions server_tls, client_tls;
    server_tls.certificate_file = files.certificate;
    server_tls.key_file = files.key;
    server_tls.verify_peer = false;
    client_tls.ca_file = certificates.ca_file();
    auto made = serve_http(loop, {"127.0.0.1", 0}, *make_server_tls(server_tls), {},
                           [](const HttpRequest&, const HttpReply& reply) {
                               reply({200, "text/plain", "in private"});
                           });
    ASSERT_TRUE(made);
    ConnectOptions options;
    options.tls = *make_client_tls(client_tls);
    std::unique_ptr<Stream> stream;
    RecordingUser user;
    const auto pending =
        connect(loop, (*made)->address(), options, [&](base::Result<std::unique_ptr<Stream>> connected) {
            ASSERT_TRUE(connected) << connected.error().message;
            stream = std::move(*connected);
            stream->start(user);
            append_text(*stream, "GET / HTTP/1.1\r\n\r\n");
        });
    loop.run_until([&] { return user.received.find("in private") != std::string::npos; });
}

// What a server of any sort may do to the client.
class HttpClientTest : public testing::Test {
protected:
    // Asks a server that says `answer` and then closes, or keeps silent.
    static base::Result<HttpResponse> asked(const std::string& answer, bool closes,
                                            std::chrono::milliseconds timeout = 5s) {
        const RawSocket listener = RawSocket::listening();
        std::atomic<bool> is_done{false};
        std::thread server([&] {
            pollfd comes{listener.get(), POLLIN, 0};
            ::poll(&comes, 1, 5000);
            RawSocket peer = listener.accept();
            pollfd request{peer.get(), POLLIN, 0};
            ::poll(&request, 1, 5000);
            std::string ignored;
            peer.receive(ignored);
            peer.send(answer);
            if (closes) peer.close();
            while (!is_done) std::this_thread::yield();
        });
        auto result = http_request("GET", "http://" + to_text(listener.address()) + "/", "", timeout);
        is_done = true;
        server.join();
        return result;
    }
};

TEST_F(HttpClientTest, AnswerWithoutALengthEndsWithTheConnection) {
    const auto got = asked("HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n\r\nto the end", true);
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->body, "to the end");
    EXPECT_EQ(got->content_type, "a/b");
}

TEST_F(HttpClientTest, AnswerWithALengthDoesNotWaitForTheEnd) {
    const auto got = asked("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", false);
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->status, 404);
    EXPECT_EQ(got->body, "no");
}

TEST_F(HttpClientTest, BrokenOffGarbledAndMissingAnswersAreConnectionErrors) {
    for (const char* const answer :
         {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "HTTP/1.1 200", "", "SSH-2.0-OpenSSH_9.2\r\n"}) {
        const auto got = asked(answer, true);
        ASSERT_FALSE(got) << answer;
        EXPECT_EQ(got.error().kind, base::ErrorKind::connection) << answer;
        EXPECT_THAT(got.error().message, HasSubstr("127.0.0.1:"));
    }
}

TEST_F(HttpClientTest, SilenceIsATimeout) {
    const auto got = asked("HTTP/1.1 200 OK\r\n", false, 150ms);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().kind, base::ErrorKind::timeout);
}

TEST_F(HttpClientTest, IsInterruptedWhileNobodyAnswers) {
    const RawSocket silent = RawSocket::listening();
    const std::string url = "http://" + to_text(silent.address()) + "/";
    std::stop_source stop;
    std::optional<base::Result<HttpResponse>> result;
    std::thread client([&] { result = interruptible_http_request("GET", url, "", 1h, stop.get_token()); });
    pollfd comes{silent.get(), POLLIN, 0};
    ::poll(&comes, 1, 5000);
    stop.request_stop();
    client.join();
    ASSERT_FALSE(*result);
    EXPECT_EQ(result->error().kind, base::ErrorKind::interrupted);
}

TEST_F(HttpClientTest, NobodyThereIsAConnectionError) {
    Address nobody;
    {
        const RawSocket listener = RawSocket::listening();
        nobody = listener.address();
    }
    const auto got = http_request("GET", "http://" + to_text(nobody) + "/", "", 5s);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().kind, base::ErrorKind::connection);
    EXPECT_THAT(got.error().message, HasSubstr("Connection refused"));
}

TEST_F(HttpClientTest, BadUrlsAndMethodsAreRefusedBeforeAnythingIsSent) {
    for (const char* const url :
         {"", "127.0.0.1:1", "https://127.0.0.1/", "http://", "http://:80/", "http://host:0x/",
          "http://user:secret@host/", "http://host/a b", "http://host/\r\nX: y", "http://host:99999/", "ftp://host/"}) {
        const auto got = http_request("GET", url, "", 1s);
        ASSERT_FALSE(got) << url;
        EXPECT_EQ(got.error().kind, base::ErrorKind::bad_input) << url;
    }
    EXPECT_EQ(http_request("GET /x HTTP/1.1\r\nX:", "http://127.0.0.1:1/", "", 1s).error().kind,
              base::ErrorKind::bad_input);
    EXPECT_EQ(http_request("", "http://127.0.0.1:1/", "", 1s).error().kind, base::ErrorKind::bad_input);
}

TEST(Url, IsTakenApart) {
    const auto parts = [](const char* text) {
        const auto url = parse_url(text);
        return url ? to_text(url->address) + " " + url->target : "error";
    };
    EXPECT_EQ(parts("http://host"), "host:80 /");
    EXPECT_EQ(parts("http://host:14001/phase?x=1#top"), "host:14001 /phase?x=1");
    EXPECT_EQ(parts("http://host?x=1"), "host:80 /?x=1");
    EXPECT_EQ(parts("http://[::1]:1/"), "[::1]:1 /");
}

TEST(Url, PercentEncodingIsUndoneOrRefused) {
    EXPECT_EQ(percent_decoded("a%2Fb+c%c3%a9", false), "a/b+c\xc3\xa9");
    EXPECT_EQ(percent_decoded("a+b", true), "a b");
    for (const char* const wrong : {"%", "%a", "%g0", "%0", "%00", "%0a", "%7F"})
        EXPECT_EQ(percent_decoded(wrong, false), std::nullopt) << wrong;
    EXPECT_EQ(parse_target("no/slash"), std::nullopt);
}

}  // namespace
}  // namespace crossfade::net
