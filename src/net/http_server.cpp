#include <spdlog/fmt/fmt.h>

#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cctype>
#include <optional>
#include <unordered_map>

#include "base/log.hpp"
#include "net/http.hpp"
#include "net/url.hpp"

namespace crossfade::net {
namespace {

namespace http = boost::beast::http;

constexpr std::chrono::seconds last_words{5};  // for the client of a refused request to take the refusal

class Server;

std::string_view view(boost::beast::string_view text) {
    return {text.data(), text.size()};
}

void append_response(base::Bytes& out, const HttpResponse& response, bool is_head, bool keeps_open) {
    const bool has_no_body = response.status == 204 || response.status == 304;
    const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(response.status)));
    std::string head = fmt::format("HTTP/1.1 {} {}\r\nServer: crossfade\r\n", response.status, view(reason));
    if (!has_no_body)
        head += fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n", response.content_type, response.body.size());
    head += keeps_open ? "\r\n" : "Connection: close\r\n\r\n";
    base::append(out, base::bytes_of(head));
    if (!is_head && !has_no_body) base::append(out, base::bytes_of(response.body));
}

// One client connection: one request after the other.
class Connection final : public StreamUser {
public:
    Connection(Server& server, Loop& loop, std::uint64_t number, std::unique_ptr<Stream> stream)
        : server_(server), number_(number), stream_(std::move(stream)), idle_(loop) {}

    void begin();
    void answer(const HttpResponse& response);
    // Closes it, without a word.
    void give_way();
    bool may_give_way() const { return !is_answering_ && !is_going_; }
    // When it began to wait for a request, compared to others.
    std::uint64_t waits_since() const { return waits_since_; }

    std::size_t on_bytes(std::span<std::uint8_t> bytes) override;
    void on_closed(const base::Error& why) override;

private:
    using Parser = http::request_parser<http::string_body>;

    void begin_request();
    void expect_progress();
    void ran_out_of_time();
    void tell_to_continue();
    void complete();
    void go();
    void refuse(const boost::beast::error_code& error);
    void refuse(int status, const std::string& why);

    Server& server_;
    const std::uint64_t number_;
    const std::unique_ptr<Stream> stream_;
    Timer idle_;
    std::size_t unsent_at_check_ = 0;
    std::optional<Parser> parser_;
    bool is_answering_ = false;  // a request is with the handler
    std::uint64_t waits_since_ = 0;
    bool was_told_to_continue_ = false;
    bool is_head_ = false, keeps_open_ = true, is_refused_ = false;
    bool is_going_ = false;
};

// Lives while a reply or a task of the loop may still need it.
class Server final : public std::enable_shared_from_this<Server> {
public:
    Server(Loop& loop, HttpLimits limits, std::function<void(HttpRequest, HttpReply)> handle, HttpRefused refused)
        : loop_(loop), limits_(limits), handle_(std::move(handle)), refused_(std::move(refused)) {}

    void accept(std::unique_ptr<Stream> stream) {
        if (connections_.size() >= limits_.most_connections && !make_room()) {
            base::log_warning("more than {} HTTP connections: {} is turned away", limits_.most_connections,
                              stream->peer_address());
            return;
        }
        const std::uint64_t number = next_number_++;
        auto& connection = connections_[number] = std::make_unique<Connection>(*this, loop_, number, std::move(stream));
        connection->begin();
    }

    std::uint64_t next_wait() { return next_wait_++; }

    // The connection asks for it from inside its own calls: it goes in a later turn.
    void forget(std::uint64_t number) {
        loop_.post([weak = weak_from_this(), number] {
            if (const auto server = weak.lock()) server->connections_.erase(number);
        });
    }

    // Handled in a later turn, outside of the connection's calls, so that the handler may destroy the server.
    void handle_later(std::uint64_t number, HttpRequest request);

    void answer(std::uint64_t number, const HttpResponse& response) {
        const auto found = connections_.find(number);
        if (found != connections_.end()) found->second->answer(response);
    }

    void stop() {
        is_stopped_ = true;
        connections_.clear();
    }
    const HttpLimits& limits() const { return limits_; }
    void tell_refused(const std::string& peer, int status, const std::string& why) const {
        if (refused_) refused_(peer, status, why);
    }

private:
    // Whoever holds connections and asks nothing keeps nobody out. False: all of them are being answered.
    bool make_room() {
        auto longest = connections_.end();
        for (auto one = connections_.begin(); one != connections_.end(); ++one)
            if (one->second->may_give_way() &&
                (longest == connections_.end() || one->second->waits_since() < longest->second->waits_since()))
                longest = one;
        if (longest == connections_.end()) return false;
        longest->second->give_way();
        connections_.erase(longest);
        return true;
    }

    Loop& loop_;
    const HttpLimits limits_;
    const std::function<void(HttpRequest, HttpReply)> handle_;
    const HttpRefused refused_;
    std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
    std::uint64_t next_number_ = 0, next_wait_ = 0;
    bool is_stopped_ = false;
};

// The one answer to one request; 500 when nobody gives it.
class Answer {
public:
    Answer(Poster poster, std::weak_ptr<Server> server, std::uint64_t connection)
        : poster_(std::move(poster)), server_(std::move(server)), connection_(connection) {}
    Answer(const Answer&) = delete;
    Answer& operator=(const Answer&) = delete;
    ~Answer() { give({500, "text/plain", "the request was dropped without an answer\n"}); }

    void give(HttpResponse response) {
        if (is_given_.exchange(true)) return;
        poster_.post([server = server_, connection = connection_, response = std::move(response)] {
            if (const auto alive = server.lock()) alive->answer(connection, response);
        });
    }

private:
    const Poster poster_;
    const std::weak_ptr<Server> server_;
    const std::uint64_t connection_;
    std::atomic<bool> is_given_{false};
};

void Server::handle_later(std::uint64_t number, HttpRequest request) {
    loop_.post([weak = weak_from_this(), number, request = std::move(request)]() mutable {
        const auto server = weak.lock();
        if (server == nullptr || server->is_stopped_) return;
        const auto answer = std::make_shared<Answer>(server->loop_.poster(), weak, number);
        server->handle_(std::move(request), [answer](HttpResponse response) { answer->give(std::move(response)); });
    });
}

void Connection::begin() {
    begin_request();
    expect_progress();
    stream_->start(*this);
}

void Connection::begin_request() {
    parser_.emplace();
    parser_->eager(true);
    parser_->header_limit(static_cast<std::uint32_t>(server_.limits().largest_header));
    parser_->body_limit(server_.limits().largest_body);
    was_told_to_continue_ = false;
    is_answering_ = false;
    waits_since_ = server_.next_wait();
}

void Connection::give_way() {
    idle_.cancel();
    server_.tell_refused(stream_->peer_address(), 408,
                         "it waited longest for its next request, and gave way to a newer connection");
    stream_->close();
}

void Connection::expect_progress() {
    unsent_at_check_ = stream_->unsent();
    idle_.start(server_.limits().idle, [this] { ran_out_of_time(); });
}

void Connection::go() {
    is_going_ = true;
    server_.forget(number_);
}

void Connection::ran_out_of_time() {
    // A large answer may take longer, as long as some of it goes. A request may not: who sends a byte a minute holds a
    // connection.
    if (stream_->unsent() < unsent_at_check_) {
        expect_progress();
        return;
    }
    stream_->close();
    go();
}

std::size_t Connection::on_bytes(std::span<std::uint8_t> bytes) {
    if (is_refused_) return bytes.size();
    if (is_answering_) return 0;
    std::size_t used = 0;
    while (used < bytes.size() && !parser_->is_done()) {
        boost::beast::error_code error;
        const std::size_t took = parser_->put(boost::asio::buffer(bytes.data() + used, bytes.size() - used), error);
        used += took;
        if (error == http::error::need_more) break;
        if (error) {
            refuse(error);
            return bytes.size();
        }
        if (took == 0) break;
    }
    if (parser_->is_done())
        complete();
    else if (parser_->is_header_done())
        tell_to_continue();
    return used;
}

// To a client that waits for leave to send its body (RFC 9110, section 10.1.1).
void Connection::tell_to_continue() {
    if (was_told_to_continue_ || !boost::beast::iequals(parser_->get()[http::field::expect], "100-continue")) return;
    was_told_to_continue_ = true;
    base::append(stream_->out(), base::bytes_of("HTTP/1.1 100 Continue\r\n\r\n"));
    stream_->send_soon();
}

void Connection::complete() {
    auto& message = parser_->get();
    HttpRequest request;
    request.method = view(message.method_string());
    auto target = parse_target(view(message.target()));
    if (!target) {
        refuse(400, "the request's target is no path with a query");
        return;
    }
    request.path = std::move(target->path);
    request.query = std::move(target->query);
    for (const auto& field : message) {
        std::string name(view(field.name_string()));
        for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        std::string& value = request.headers[name];
        if (!value.empty()) value += ", ";
        value += view(field.value());
    }
    request.body = std::move(message.body());
    request.peer = stream_->peer_address();
    request.peer_certificate = stream_->peer_certificate();
    is_head_ = message.method() == http::verb::head;
    keeps_open_ = message.keep_alive();
    is_answering_ = true;
    idle_.cancel();
    // What is pipelined behind it waits where it is.
    stream_->pause_reading();
    server_.handle_later(number_, std::move(request));
}

void Connection::refuse(const boost::beast::error_code& error) {
    if (error == http::error::header_limit)
        refuse(431, "the request's header is larger than is allowed");
    else if (error == http::error::body_limit)
        refuse(413, "the request's body is larger than is allowed");
    else
        refuse(400, "this is no HTTP request: " + error.message());
}

void Connection::refuse(int status, const std::string& why) {
    is_refused_ = true;
    idle_.cancel();
    server_.tell_refused(stream_->peer_address(), status, why);
    append_response(stream_->out(), {status, "text/plain", why + "\n"}, false, false);
    stream_->close_after_sending(last_words);
    go();
}

void Connection::answer(const HttpResponse& response) {
    if (!is_answering_) return;
    append_response(stream_->out(), response, is_head_, keeps_open_);
    if (!keeps_open_) {
        is_answering_ = false;
        stream_->close_after_sending(server_.limits().idle);
        go();
        return;
    }
    begin_request();
    expect_progress();
    stream_->send_soon();
    stream_->resume_reading();
}

void Connection::on_closed(const base::Error&) {
    idle_.cancel();
    go();
}

class HttpServerOnLoop final : public HttpServer {
public:
    HttpServerOnLoop(std::shared_ptr<Server> server, std::unique_ptr<Listener> listener)
        : server_(std::move(server)), listener_(std::move(listener)) {}
    ~HttpServerOnLoop() override {
        listener_.reset();
        server_->stop();
    }
    Address address() const override { return listener_->address(); }

private:
    const std::shared_ptr<Server> server_;
    std::unique_ptr<Listener> listener_;
};

template <class Tls>
base::Result<std::unique_ptr<HttpServer>> serve(Loop& loop, const Address& on, Tls tls, HttpLimits limits,
                                                std::function<void(HttpRequest, HttpReply)> handle,
                                                HttpRefused refused) {
    auto server = std::make_shared<Server>(loop, limits, std::move(handle), std::move(refused));
    auto listener = listen(loop, on, std::move(tls),
                           [server](std::unique_ptr<Stream> stream) { server->accept(std::move(stream)); });
    if (!listener) return base::fail(listener.error());
    return std::make_unique<HttpServerOnLoop>(std::move(server), std::move(*listener));
}

}  // namespace

base::Result<std::unique_ptr<HttpServer>> serve_http(Loop& loop, const Address& on, std::shared_ptr<TlsContext> tls,
                                                     HttpLimits limits,
                                                     std::function<void(HttpRequest, HttpReply)> handle) {
    return serve(loop, on, std::move(tls), limits, std::move(handle), {});
}

base::Result<std::unique_ptr<HttpServer>> serve_http(Loop& loop, const Address& on, TlsListening tls, HttpLimits limits,
                                                     std::function<void(HttpRequest, HttpReply)> handle,
                                                     HttpRefused refused) {
    return serve(loop, on, std::move(tls), limits, std::move(handle), std::move(refused));
}

}  // namespace crossfade::net
