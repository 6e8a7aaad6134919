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

constexpr std::size_t largest_response_body = 256U * 1024U * 1024U;
constexpr std::uint32_t largest_response_header = 64U * 1024U;

bool is_method(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
}

// One exchange on a loop that the caller's thread runs until it is over.
class Exchange final : public StreamUser {
public:
    Exchange(Loop& loop, const Url& url, std::string request, bool is_head, std::chrono::milliseconds timeout)
        : loop_(loop), url_(url), request_(std::move(request)), timer_(loop) {
        parser_.eager(true);
        parser_.skip(is_head);
        parser_.body_limit(largest_response_body);
        parser_.header_limit(largest_response_header);
        timer_.start(timeout, [this, timeout] {
            finish(base::fail(base::ErrorKind::timeout, fmt::format("no answer from http://{} within {} ms",
                                                                    to_text(url_.address), timeout.count())));
        });
        ConnectOptions options;
        options.timeout = timeout + std::chrono::seconds(1);  // the timer above is the one that counts
        connecting_ = connect(loop, url.address, options, [this](base::Result<std::unique_ptr<Stream>> stream) {
            if (!stream) {
                finish(base::fail(stream.error()));
                return;
            }
            stream_ = std::move(*stream);
            base::append(stream_->out(), base::bytes_of(request_));
            stream_->send_soon();
            stream_->start(*this);
        });
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

    base::Result<HttpResponse> take_result() {
        if (!result_)
            return base::fail(base::ErrorKind::interrupted,
                              fmt::format("http://{} was asked no further: stopped", to_text(url_.address)));
        return std::move(*result_);
    }

private:
    void complete() {
        auto& message = parser_.get();
        const auto type = message[http::field::content_type];
        finish(HttpResponse{
            static_cast<int>(message.result_int()), {type.data(), type.size()}, std::move(message.body())});
    }
    tl::unexpected<base::Error> bad_answer(const std::string& why) const {
        return base::fail(base::ErrorKind::connection,
                          fmt::format("http://{} did not answer with HTTP: {}", to_text(url_.address), why));
    }
    void finish(base::Result<HttpResponse> result) {
        if (!result_) result_ = std::move(result);
        loop_.stop();
    }

    Loop& loop_;
    const Url& url_;
    const std::string request_;
    Timer timer_;
    std::unique_ptr<PendingConnect> connecting_;
    std::unique_ptr<Stream> stream_;
    http::response_parser<http::string_body> parser_;
    std::optional<base::Result<HttpResponse>> result_;
};

}  // namespace

base::Result<HttpResponse> http_request(const std::string& method, const std::string& url, const std::string& body,
                                        std::chrono::milliseconds timeout) {
    return interruptible_http_request(method, url, body, timeout, {});
}

base::Result<HttpResponse> interruptible_http_request(const std::string& method, const std::string& url,
                                                      const std::string& body, std::chrono::milliseconds timeout,
                                                      const std::stop_token& stop) {
    if (!is_method(method))
        return base::fail(base::ErrorKind::bad_input, "'" + method.substr(0, 40) + "' is no HTTP method");
    const auto parsed = parse_url(url);
    if (!parsed) return base::fail(parsed.error());
    std::string request = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAccept: */*\r\n", method,
                                      parsed->target, to_text(parsed->address));
    if (!body.empty() || method == "POST" || method == "PUT")
        request += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body.size());
    request += "\r\n" + body;
    Loop loop;
    Exchange exchange(loop, *parsed, std::move(request), method == "HEAD", timeout);
    const std::stop_callback ends(stop, [&loop] { loop.stop(); });
    loop.run();
    return exchange.take_result();
}

}  // namespace crossfade::net
