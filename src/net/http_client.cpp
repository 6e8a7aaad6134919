#include <boost/asio/buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <sstream>

#include "net/http.hpp"
#include "net/url.hpp"

namespace crossfade::net {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t largest_answer = 256U * 1024U * 1024U;

// One request on a loop of its own.
class Exchange final : public StreamUser {
public:
    Exchange(Loop& loop, std::string request) : loop_(loop), request_(std::move(request)) { parser_.body_limit(largest_answer); }

    void connected(base::Result<std::unique_ptr<Stream>> stream) {
        if (!stream) {
            finish(base::fail(stream.error()));
            return;
        }
        stream_ = std::move(*stream);
        stream_->start(*this);
        base::append(stream_->out(), base::bytes_of(request_));
        stream_->send_soon();
    }
    std::size_t on_bytes(std::span<std::uint8_t> bytes) override {
        boost::system::error_code error;
        std::size_t used = 0;
        while (used < bytes.size() && !parser_.is_done()) {
            const std::size_t count = parser_.put(boost::asio::buffer(bytes.data() + used, bytes.size() - used), error);
            used += count;
            if (error == http::error::need_more) return used;
            if (error) {
                finish(base::fail(base::ErrorKind::protocol, "the answer is no HTTP: " + error.message()));
                return bytes.size();
            }
            if (count == 0) break;
        }
        if (parser_.is_done()) complete();
        return used;
    }
    void on_closed(const base::Error& why) override {
        boost::system::error_code error;
        parser_.put_eof(error);
        if (!error && parser_.is_done()) complete(); else finish(base::fail(why));
    }
    void finish(base::Result<HttpResponse> with) {
        if (result) return;
        result.emplace(std::move(with));
        loop_.stop();
    }

    std::optional<base::Result<HttpResponse>> result;

private:
    void complete() {
        const auto& message = parser_.get();
        HttpResponse response;
        response.status = message.result_int();
        response.content_type = std::string(message[http::field::content_type]);
        response.body = message.body();
        finish(std::move(response));
    }

    Loop& loop_;
    const std::string request_;
    std::unique_ptr<Stream> stream_;
    http::response_parser<http::string_body> parser_;
};

}  // namespace

base::Result<HttpResponse> http_request(const std::string& method, const std::string& url, const std::string& body,
                                        std::chrono::milliseconds timeout) {
    const auto parsed = parse_url(url);
    if (!parsed) return base::fail(parsed.error());
    http::request<http::string_body> message;
    message.method_string(method);
    message.target(parsed->target);
    message.version(11);
    message.set(http::field::host, to_text(parsed->address));
    message.set(http::field::user_agent, "crossfade");
    message.keep_alive(false);
    if (!body.empty()) message.set(http::field::content_type, "application/json");
    message.body() = body;
    message.prepare_payload();
    std::ostringstream text;
    text << message;

    Loop loop;
    Exchange exchange(loop, text.str());
    Timer timer(loop);
    timer.start(timeout, [&] { exchange.finish(base::fail(base::ErrorKind::timeout, url + ": no answer within " + std::to_string(timeout.count()) + " ms")); });
    ConnectOptions options;
    options.timeout = timeout;
    const auto pending = connect(loop, parsed->address, options, [&](base::Result<std::unique_ptr<Stream>> stream) { exchange.connected(std::move(stream)); });
    loop.run();
    if (!*exchange.result && exchange.result->error().message.find(url) == std::string::npos)
        return base::fail(exchange.result->error().kind, url + ": " + exchange.result->error().message);
    return std::move(*exchange.result);
}

}  // namespace crossfade::net
