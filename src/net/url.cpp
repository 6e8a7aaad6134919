#include "net/url.hpp"

namespace crossfade::net {
namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

std::string percent_decoded(std::string_view text, bool plus_is_space) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_escape = text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
        if (is_escape) {
            decoded += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        } else {
            decoded += plus_is_space && text[i] == '+' ? ' ' : text[i];
        }
    }
    return decoded;
}

std::map<std::string, std::string> query_of(std::string_view text) {
    std::map<std::string, std::string> query;
    while (!text.empty()) {
        const std::size_t end = text.find('&');
        const std::string_view pair = text.substr(0, end);
        const std::size_t equals = pair.find('=');
        if (!pair.empty())
            query[percent_decoded(pair.substr(0, equals), true)] = equals == std::string_view::npos ? "" : percent_decoded(pair.substr(equals + 1), true);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
    return query;
}

base::Result<Url> parse_url(const std::string& text) {
    constexpr std::string_view scheme = "http://";
    if (!text.starts_with(scheme)) return base::fail(base::ErrorKind::bad_input, "'" + text.substr(0, 200) + "' is no URL that starts with http://");
    const std::size_t end = text.find_first_of("/?", scheme.size());
    auto address = parse_address(std::string_view(text).substr(scheme.size(), end == std::string::npos ? end : end - scheme.size()), 80);
    if (!address) return base::fail(address.error());
    Url url{std::move(*address), end == std::string::npos ? "/" : text.substr(end)};
    if (url.target.front() != '/') url.target.insert(0, "/");
    return url;
}

}  // namespace crossfade::net
