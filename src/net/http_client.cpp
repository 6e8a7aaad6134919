#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

#include <spdlog/fmt/fmt.h>

#include "net/http.hpp"
#include "net/url.hpp"

namespace crossfade::net {
namespace {

namespace http = boost::beast::http;

constexpr std::uint32_t largest_response_header = 64U * 1024U;

bool is_method(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
}

bool is_one_line(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x20; });
}

std::string request_text(const HttpAsk& ask) {
    std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAccept: */*\r\n", ask.method,
                                   ask.target, to_text(ask.to));
    for (const auto& [name, value] : ask.headers) text += name + ": " + value + "\r\n";
    if (!ask.body.empty() || ask.method == "POST" || ask.method == "PUT")
        text += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", ask.body.size());
    return text + "\r\n" + ask.body;
}

// One exchange, alive while the network may call it.
class Exchange final : public StreamUser, public std::enable_shared_from_this<Exchange> {
public:
    Exchange(Loop& loop, HttpAsk ask, HttpDone done)
        : loop_(loop), ask_(std::move(ask)), done_(std::move(done)), timer_(loop) {
        parser_.eager(true);
        parser_.skip(ask_.method == "HEAD");
        parser_.body_limit(ask_.largest_body);
        parser_.header_limit(largest_response_header);
    }

    void begin() {
        timer_.start(ask_.timeout, [this] {
            finish(base::fail(base::ErrorKind::timeout,
                              fmt::format("no answer from {} within {} ms", peer(), ask_.timeout.count())));
        });
        if (!is_method(ask_.method)) {
            finish(base::fail(base::ErrorKind::bad_input, "'" + ask_.method.substr(0, 40) + "' is no HTTP method"));
            return;
        }
        for (const auto& [name, value] : ask_.headers) {
            if (is_one_line(name) && is_one_line(value)) continue;
            finish(base::fail(base::ErrorKind::bad_input, "an HTTP header has a control character in it"));
            return;
        }
        ConnectOptions options;
        options.timeout = ask_.timeout + std::chrono::seconds(1);  // the timer above is the one that counts
        options.tls = ask_.tls;
        connecting_ = connect(loop_, ask_.to, options, [this](base::Result<std::unique_ptr<Stream>> stream) {
            connecting_.reset();
            if (!stream) {
                finish(base::fail(stream.error()));
                return;
            }
            stream_ = std::move(*stream);
            base::append(stream_->out(), base::bytes_of(request_text(ask_)));
            stream_->send_soon();
            stream_->start(*this);
        });
    }

    void cancel() {
        done_ = nullptr;
        let_go();
    }

    std::size_t on_bytes(std::span<std::uint8_t> bytes) override {
        std::size_t used = 0;
        while (used < bytes.size() && !parser_.is_done()) {
            boost::beast::error_code error;
            const std::size_t took = parser_.put(boost::asio::buffer(bytes.data() + used, bytes.size() - used), error);
            used += took;
            if (error == http::error::need_more) break;
            if (error) {
                finish(bad_answer(error.message()));
                return used;
            }
            if (took == 0) break;
        }
        if (parser_.is_done()) complete();
        return used;
    }

    // An answer without a length ends with its connection.
    void on_closed(const base::Error& why) override {
        boost::beast::error_code error;
        if (parser_.is_header_done()) parser_.put_eof(error);
        if (parser_.is_done() && !error)
            complete();
        else
            finish(base::fail(base::ErrorKind::connection, why.message + " before its answer was complete"));
    }

private:
    std::string peer() const { return (ask_.tls == nullptr ? "http://" : "https://") + to_text(ask_.to); }

    void complete() {
        auto& message = parser_.get();
        const auto type = message[http::field::content_type];
        finish(HttpResponse{
            static_cast<int>(message.result_int()), {type.data(), type.size()}, std::move(message.body())});
    }
    tl::unexpected<base::Error> bad_answer(const std::string& why) const {
        return base::fail(base::ErrorKind::connection, fmt::format("{} did not answer with HTTP: {}", peer(), why));
    }
    // Told in a later turn: then nothing of the stream, of this or of the caller's handle is in the middle of a call.
    void finish(base::Result<HttpResponse> result) {
        if (result_) return;
        result_ = std::move(result);
        let_go();
        loop_.post([self = shared_from_this()] {
            const HttpDone done = std::exchange(self->done_, nullptr);
            if (done != nullptr) done(std::move(*self->result_));
        });
    }
    void let_go() {
        timer_.cancel();
        connecting_.reset();
        stream_.reset();
    }

    Loop& loop_;
    const HttpAsk ask_;
    HttpDone done_;
    Timer timer_;
    std::unique_ptr<PendingConnect> connecting_;
    std::unique_ptr<Stream> stream_;
    http::response_parser<http::string_body> parser_;
    std::optional<base::Result<HttpResponse>> result_;
};

class Handle final : public PendingHttp {
public:
    explicit Handle(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
    ~Handle() override { exchange_->cancel(); }

private:
    const std::shared_ptr<Exchange> exchange_;
};

}  // namespace

std::unique_ptr<PendingHttp> ask_http(Loop& loop, HttpAsk ask, HttpDone done) {
    auto exchange = std::make_shared<Exchange>(loop, std::move(ask), std::move(done));
    exchange->begin();
    return std::make_unique<Handle>(std::move(exchange));
}

base::Result<HttpResponse> http_request(const std::string& method, const std::string& url, const std::string& body,
                                        std::chrono::milliseconds timeout) {
    return interruptible_http_request(method, url, body, timeout, {});
}

base::Result<HttpResponse> interruptible_http_request(const std::string& method, const std::string& url,
                                                      const std::string& body, std::chrono::milliseconds timeout,
                                                      const std::stop_token& stop) {
    const auto parsed = parse_url(url);
    if (!parsed) return base::fail(parsed.error());
    HttpAsk ask;
    ask.method = method;
    ask.to = parsed->address;
    ask.target = parsed->target;
    ask.body = body;
    ask.timeout = timeout;
    base::Result<HttpResponse> result = base::fail(
        base::ErrorKind::interrupted, fmt::format("http://{} was asked no further: stopped", to_text(parsed->address)));
    Loop loop;
    const auto pending = ask_http(loop, std::move(ask), [&](base::Result<HttpResponse> answer) {
        result = std::move(answer);
        loop.stop();
    });
    const std::stop_callback ends(stop, [&loop] { loop.stop(); });
    loop.run();
    return result;
}

}  // namespace crossfade::net
