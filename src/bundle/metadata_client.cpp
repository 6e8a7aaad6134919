#include "bundle/metadata_client.hpp"

#include <functional>

#include "net/http.hpp"

namespace crossfade::bundle {
namespace {

using Answer = base::Result<net::HttpResponse>;

tl::unexpected<base::Error> unreached(const std::string& url, const base::Error& why) {
    std::string advice =
        "; look whether the database is up, neither hibernated nor terminated, and that a firewall "
        "lets this machine through";
    // An alert is the server's word on our certificate.
    if (why.message.find("certificate") != std::string::npos || why.message.find("alert") != std::string::npos)
        advice = "; another service answers there, or a certificate has ended: 'crossfade bundle inspect' tells";
    return base::fail(why.kind, url + ": " + why.message + advice);
}

}  // namespace

base::Result<std::shared_ptr<net::TlsContext>> make_bundle_tls(const Bundle& bundle) {
    net::TlsOptions options;
    options.ca_pem = bundle.authority;
    options.certificate_pem = bundle.certificate;
    options.key_pem = bundle.key;
    return net::make_client_tls(options);
}

base::Task<base::Result<Metadata>> fetch_metadata(net::Loop& loop, net::Address service,
                                                  std::shared_ptr<net::TlsContext> tls,
                                                  std::chrono::milliseconds timeout, std::stop_token stop) {
    net::HttpAsk ask;
    ask.to = service;
    ask.target = "/metadata";
    ask.tls = std::move(tls);
    ask.timeout = timeout;
    ask.largest_body = largest_metadata;
    const std::string url = "https://" + net::to_text(service) + ask.target;
    const base::Error stopped(base::ErrorKind::interrupted, url + ": asked no further");
    if (stop.stop_requested()) co_return base::fail(stopped);
    std::unique_ptr<net::PendingHttp> pending;
    std::function<void(Answer)> told;
    const std::function<void(std::function<void(Answer)>)> start = [&](std::function<void(Answer)> done) {
        told = done;
        pending = net::ask_http(loop, std::move(ask), std::move(done));
    };
    base::Completion<Answer> completion(start);
    // The coroutine may have ended, and this with it, when the call returns.
    const std::function<void()> end = [&] {
        pending.reset();
        const auto tell = told;
        tell(base::fail(stopped));
    };
    const std::stop_callback ends(stop, end);
    const Answer answer = co_await completion;
    if (stop.stop_requested()) co_return base::fail(stopped);
    if (!answer) co_return unreached(url, answer.error());
    co_return read_metadata_answer(url, *answer);
}

}  // namespace crossfade::bundle
