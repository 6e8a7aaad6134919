// HTTP/1.1: a small server on a loop, a client on a loop, and a blocking client for commands.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"

namespace crossfade::net {

struct HttpRequest {
    std::string method, path;                  // path without the query, percent-decoded
    std::map<std::string, std::string> query;  // decoded; of a name given twice the last one counts
    std::map<std::string, std::string>
        headers;  // names in lower case; of a name given twice the values are joined by ", "
    std::string body;
    std::string peer{};              // as Stream::peer_address()
    std::string peer_certificate{};  // over TLS: as Stream::peer_certificate()
};
struct HttpResponse {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
};
// Call once, from any thread, also when the server or the client has gone; the answer leaves on the loop. Kept by
// value; if every copy is destroyed uncalled the client gets 500. A second call does nothing.
using HttpReply = std::function<void(HttpResponse)>;

class HttpServer {
public:
    virtual ~HttpServer() = default;  // closes its connections; requests without an answer get none
    virtual Address address() const = 0;
};
struct HttpLimits {
    std::size_t largest_body = 4U * 1024U * 1024U;
    std::size_t largest_header = 16U * 1024U;  // request line and header fields together
    std::size_t most_connections = 1000;       // one more ends the one that waits longest for its next request
    std::chrono::seconds idle{
        60};  // a request must have come whole, and an answer must make progress, within this time
};
// `handle` is called on the loop's thread for each request, one at a time for each connection. It may destroy the
// server. Malformed or oversized requests get 400, 413 or 431 by themselves and end their connection. Errors: as
// listen().
base::Result<std::unique_ptr<HttpServer>> serve_http(Loop& loop, const Address& on, std::shared_ptr<TlsContext> tls,
                                                     HttpLimits limits,
                                                     std::function<void(HttpRequest, HttpReply)> handle);
// `refused`: told of a malformed or oversized request, and of who was closed for a newer one (408; nothing is sent).
using HttpRefused = std::function<void(const std::string& peer, int status, const std::string& why)>;
base::Result<std::unique_ptr<HttpServer>> serve_http(Loop& loop, const Address& on, TlsListening tls, HttpLimits limits,
                                                     std::function<void(HttpRequest, HttpReply)> handle,
                                                     HttpRefused refused = {});

// One request of a client on a loop.
struct HttpAsk {
    HttpAsk() = default;  // not an aggregate: safe as a temporary in a coroutine

    std::string method = "GET";
    Address to;
    std::string target = "/";                                  // path and query as they are sent
    std::vector<std::pair<std::string, std::string>> headers;  // beside Host, Connection, Accept and the body's
    std::string body;
    std::shared_ptr<TlsContext> tls;           // null: plain
    std::chrono::milliseconds timeout{10000};  // for all of it
    std::size_t largest_body = 256U * 1024U * 1024U;
};
// Destroying it cancels the request: `done` is not called.
class PendingHttp {
public:
    virtual ~PendingHttp() = default;
};
using HttpDone = std::function<void(base::Result<HttpResponse>)>;
// Connects, asks, reads the answer, closes; no redirects. `done` is called once, on the loop's thread, in a later turn;
// the handle may be destroyed from inside it. Errors: bad_input (the method, a header), connection, timeout.
[[nodiscard]] std::unique_ptr<PendingHttp> ask_http(Loop& loop, HttpAsk ask, HttpDone done);

// One blocking request to "http://host:port/path?query"; connects, asks, reads at most 256 MiB of body, closes; no
// redirects. Any thread, but not a loop's. `timeout` covers all of it. Errors: bad_input (the URL or the method),
// connection, timeout.
base::Result<HttpResponse> http_request(const std::string& method, const std::string& url, const std::string& body,
                                        std::chrono::milliseconds timeout);
// The same, but ends soon after `stop` asks for it, then with the error interrupted.
base::Result<HttpResponse> interruptible_http_request(const std::string& method, const std::string& url,
                                                      const std::string& body, std::chrono::milliseconds timeout,
                                                      const std::stop_token& stop);

}  // namespace crossfade::net
