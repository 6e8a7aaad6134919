#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/asio/buffer.hpp>
#include <list>
#include <sstream>

#include "net/http.hpp"
#include "net/url.hpp"

namespace crossfade::net {
namespace {

namespace http = boost::beast::http;

constexpr std::chrono::milliseconds last_words{5000};

class Server;

// One client connection: one request after the other.
class Connection final : public StreamUser {
public:
    Connection(Server& server, std::unique_ptr<Stream> stream);
    std::size_t on_bytes(std::span<std::uint8_t> bytes) override;
    void on_closed(const base::Error& why) override;
    void answer(const HttpResponse& response, bool keeps_alive);
    void refuse(int status, const std::string& why);

private:
    void begin();
    void take_request();
    void end();

    Server& server_;
    std::unique_ptr<Stream> stream_;
    Timer idle_;
    std::optional<http::request_parser<http::string_body>> parser_;
    bool is_answering_ = false, has_ended_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    friend class Server;
};

class Server final : public HttpServer {
public:
    Server(Loop& on_loop, HttpLimits with_limits, std::function<void(HttpRequest, HttpReply)> handler)
        : loop(on_loop), limits(with_limits), handle(std::move(handler)) {}
    ~Server() override {
        for (auto& connection : connections) *connection->alive_ = false;
    }
    Address address() const override { return listener->address(); }

    void accept(std::unique_ptr<Stream> stream) { connections.push_back(std::make_unique<Connection>(*this, std::move(stream))); }
    // Destroys it in a later turn: it may be on the stack now.
    void remove(Connection& connection) {
        for (auto it = connections.begin(); it != connections.end(); ++it) {
            if (it->get() != &connection) continue;
            auto keep = std::make_shared<std::unique_ptr<Connection>>(std::move(*it));
            connections.erase(it);
            loop.post([keep] {});
            return;
        }
    }

    Loop& loop;
    const HttpLimits limits;
    const std::function<void(HttpRequest, HttpReply)> handle;
    std::unique_ptr<Listener> listener;
    std::list<std::unique_ptr<Connection>> connections;
};

// Answers 500 when nobody else did.
struct ReplyOnce {
    std::function<void(HttpResponse)> send;
    std::atomic<bool> is_used{false};
    void operator()(HttpResponse response) {
        if (!is_used.exchange(true)) send(std::move(response));
    }
    ~ReplyOnce() {
        if (!is_used) send(HttpResponse{500, "text/plain", "the request was dropped\n"});
    }
};

Connection::Connection(Server& server, std::unique_ptr<Stream> stream) : server_(server), stream_(std::move(stream)), idle_(server.loop) {
    begin();
    stream_->start(*this);
}

void Connection::begin() {
    parser_.emplace();
    parser_->body_limit(server_.limits.largest_body);
    parser_->header_limit(static_cast<std::uint32_t>(server_.limits.largest_header));
    is_answering_ = false;
    idle_.start(server_.limits.idle, [this] { end(); });
}

void Connection::end() {
    if (has_ended_) return;
    has_ended_ = true;
    *alive_ = false;
    idle_.cancel();
    stream_->close_after_sending(last_words);
    server_.remove(*this);
}

void Connection::on_closed(const base::Error&) {
    has_ended_ = true;
    *alive_ = false;
    server_.remove(*this);
}

std::size_t Connection::on_bytes(std::span<std::uint8_t> bytes) {
    if (has_ended_) return bytes.size();
    if (is_answering_) return 0;  // pipelined: taken after the answer
    boost::system::error_code error;
    std::size_t used = 0;
    while (used < bytes.size() && !parser_->is_done()) {
        const std::size_t count = parser_->put(boost::asio::buffer(bytes.data() + used, bytes.size() - used), error);
        used += count;
        if (error == http::error::need_more) return used;
        if (error == http::error::body_limit) refuse(413, "the body is larger than is allowed");
        else if (error == http::error::header_limit) refuse(431, "the header is larger than is allowed");
        else if (error) refuse(400, "this is no HTTP request: " + error.message());
        if (error) return bytes.size();
        if (count == 0) break;
    }
    if (parser_->is_done()) take_request();
    return used;
}

void Connection::take_request() {
    is_answering_ = true;
    idle_.cancel();
    const auto& message = parser_->get();
    HttpRequest request;
    request.method = std::string(message.method_string());
    const std::string target(message.target());
    const std::size_t question = target.find('?');
    request.path = percent_decoded(target.substr(0, question), false);
    if (question != std::string::npos) request.query = query_of(target.substr(question + 1));
    for (const auto& field : message) {
        std::string name(field.name_string());
        for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        request.headers[name] = std::string(field.value());
    }
    request.body = message.body();
    const bool keeps_alive = message.keep_alive();
    auto once = std::make_shared<ReplyOnce>();
    once->send = [&loop = server_.loop, alive = alive_, this, keeps_alive](HttpResponse response) {
        loop.post([alive, this, keeps_alive, response = std::move(response)] {
            if (*alive) answer(response, keeps_alive);
        });
    };
    server_.handle(std::move(request), [once](HttpResponse response) { (*once)(std::move(response)); });
}

void Connection::answer(const HttpResponse& response, bool keeps_alive) {
    http::response<http::string_body> message(static_cast<http::status>(response.status), 11);
    message.set(http::field::content_type, response.content_type);
    message.set(http::field::server, "crossfade");
    message.body() = response.body;
    message.keep_alive(keeps_alive);
    message.prepare_payload();
    std::ostringstream text;
    text << message;
    base::append(stream_->out(), base::bytes_of(text.str()));
    stream_->send_soon();
    if (!keeps_alive) {
        end();
        return;
    }
    begin();
    // What was pipelined is shown again.
    stream_->start(*this);
}

void Connection::refuse(int status, const std::string& why) {
    is_answering_ = true;
    answer(HttpResponse{status, "text/plain", why + "\n"}, false);
}

}  // namespace

base::Result<std::unique_ptr<HttpServer>> serve_http(Loop& loop, const Address& on, std::shared_ptr<TlsContext> tls, HttpLimits limits,
                                                     std::function<void(HttpRequest, HttpReply)> handle) {
    auto server = std::make_unique<Server>(loop, limits, std::move(handle));
    auto listener = listen(loop, on, std::move(tls), [raw = server.get()](std::unique_ptr<Stream> stream) { raw->accept(std::move(stream)); });
    if (!listener) return base::fail(listener.error());
    server->listener = std::move(*listener);
    return server;
}

}  // namespace crossfade::net
