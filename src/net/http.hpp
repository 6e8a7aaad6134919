// HTTP/1.1 for admin endpoints: a small server on a loop, and a blocking client for commands.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"

namespace crossfade::net {

struct HttpRequest {
    std::string method, path;                  // path without the query, percent-decoded
    std::map<std::string, std::string> query;  // decoded
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
};
struct HttpResponse {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
};
// Call once, from any thread; the answer leaves on the loop. Kept by value; if every copy is destroyed uncalled the client gets 500.
using HttpReply = std::function<void(HttpResponse)>;

class HttpServer {
public:
    virtual ~HttpServer() = default;
    virtual Address address() const = 0;
};
struct HttpLimits {
    std::size_t largest_body = 4U * 1024U * 1024U;
    std::size_t largest_header = 16U * 1024U;
    std::chrono::seconds idle{60};
};
// `handle` is called on the loop's thread for each request. Malformed or oversized requests get 400, 413 or 431 by themselves.
base::Result<std::unique_ptr<HttpServer>> serve_http(Loop& loop, const Address& on, std::shared_ptr<TlsContext> tls, HttpLimits limits,
                                                     std::function<void(HttpRequest, HttpReply)> handle);

// One blocking request to "http://host:port/path?query". Any thread. Errors: bad_input (the URL), connection, timeout.
base::Result<HttpResponse> http_request(const std::string& method, const std::string& url, const std::string& body,
                                        std::chrono::milliseconds timeout);

}  // namespace crossfade::net
