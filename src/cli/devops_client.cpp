#include "cli/devops_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <optional>

#include "bundle/zip_archive.hpp"
#include "net/http.hpp"

namespace crossfade::cli {
namespace {

// By its address: a name that begins with 127. may lead anywhere.
bool is_this_machine(const std::string& host) {
    if (host == "localhost") return true;
    in_addr v4{};
    if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24U) == 127;
    in6_addr v6{};
    return ::inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

base::Result<net::HttpResponse> ask(const std::string& method, const net::Url& url,
                                    const base::Secret<std::string>* token, std::size_t largest,
                                    std::chrono::milliseconds patience) {
    net::HttpAsk ask;
    ask.method = method;
    ask.to = url.address;
    ask.target = url.target;
    if (token != nullptr) ask.headers = {{"Authorization", "Bearer " + token->reveal()}};
    ask.timeout = patience;
    ask.largest_body = largest;
    if (url.is_secure) {
        auto tls = net::make_client_tls({});
        if (!tls) return base::fail(tls.error());
        ask.tls = *tls;
    }
    std::optional<base::Result<net::HttpResponse>> result;
    net::Loop loop;
    const auto pending = net::ask_http(loop, std::move(ask), [&](base::Result<net::HttpResponse> answer) {
        result = std::move(answer);
        loop.stop();
    });
    loop.run();
    return std::move(*result);
}

std::string reason_for(int status, const DevopsQuestion& question) {
    if (status == 401) return "the token is wrong, has ended or was revoked: make a new one";
    if (status == 403) return "the token may not do this: give its role the right to download bundles";
    if (status == 404) return "there is no such database: look at " + question.database_id_flag;
    return "try again later";
}

}  // namespace

base::Result<net::Url> safe_url(const std::string& text, const std::string& what) {
    auto url = net::parse_web_url(text);
    if (!url) return base::fail(base::ErrorKind::bad_input, what + " is no URL that starts with https://");
    if (!url->is_secure && !is_this_machine(url->address.host))
        return base::fail(base::ErrorKind::bad_input, what + " is not https, and nothing secret is sent in the clear");
    return url;
}

bool is_database_id(const std::string& text) {
    return !text.empty() && text.size() <= 100 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    });
}

base::Result<std::vector<BundleSource>> ask_bundle_sources(const DevopsQuestion& question) {
    std::string base_url = question.api_url;
    while (base_url.ends_with('/')) base_url.pop_back();
    // All are asked for in every case: without it the answer does not say whose bundle it is.
    const std::string where = base_url + "/v2/databases/" + question.database_id + "/secureBundleURL?all=true";
    const auto url = safe_url(where, question.api_url_flag);
    if (!url) return base::fail(url.error());
    const auto answer = ask("POST", *url, &question.token, 1U << 20U, question.patience);
    if (!answer) return base::fail(answer.error().kind, where + ": " + answer.error().message);
    if (answer->status < 200 || answer->status > 299)
        return base::fail(base::ErrorKind::server, where + ": the API answered with HTTP status " +
                                                       std::to_string(answer->status) + "; " +
                                                       reason_for(answer->status, question));
    return parse_bundle_sources(where, answer->body);
}

base::Result<std::string> fetch_bundle(const BundleSource& source, const std::string& where,
                                       std::chrono::milliseconds patience) {
    const auto url = safe_url(source.url, where + ": the address that the API gives");
    if (!url) return base::fail(url.error());
    auto answer = ask("GET", *url, nullptr, bundle::ZipLimits{}.largest_archive, patience);
    if (!answer) return base::fail(answer.error().kind, where + ": " + answer.error().message);
    if (answer->status != 200)
        return base::fail(base::ErrorKind::server, where + ": the store answered with HTTP status " +
                                                       std::to_string(answer->status) + "; try again");
    return std::move(answer->body);
}

}  // namespace crossfade::cli
