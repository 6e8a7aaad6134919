#include "net/url.hpp"

#include <algorithm>

namespace crossfade::net {
namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_visible_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

base::Result<Url> parse_either(std::string_view text, bool may_be_secure) {
    const auto wrong = [&](const std::string& why) {
        return base::fail(base::ErrorKind::bad_input,
                          "'" + std::string(text.substr(0, 200)) + "' is no URL to ask: " + why);
    };
    constexpr std::string_view plain = "http://", secure = "https://";
    const bool is_secure = may_be_secure && text.starts_with(secure);
    if (!is_secure && !text.starts_with(plain))
        return wrong(std::string("it does not start with ") + (may_be_secure ? "https:// or http://" : "http://"));
    if (!is_visible_ascii(text)) return wrong("it has a character that must be percent-encoded");
    std::string_view rest = text.substr(is_secure ? secure.size() : plain.size());
    rest = rest.substr(0, rest.find('#'));
    const std::size_t end = rest.find_first_of("/?");
    const std::string_view authority = rest.substr(0, end);
    if (authority.find('@') != std::string_view::npos) return wrong("a user in it is not supported");
    auto address = parse_address(authority, is_secure ? 443 : 80);
    if (!address) return wrong(address.error().message);
    Url url{std::move(*address), std::string(end == std::string_view::npos ? std::string_view() : rest.substr(end)),
            is_secure};
    if (!url.target.starts_with('/')) url.target.insert(0, "/");
    return url;
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            if (i + 2 >= text.size()) return std::nullopt;
            const int high = hex_value(text[i + 1]);
            const int low = hex_value(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            c = static_cast<char>(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
        decoded += c;
    }
    return decoded;
}

std::optional<Target> parse_target(std::string_view text) {
    if (!text.starts_with('/')) return std::nullopt;
    const std::size_t mark = text.find('?');
    auto path = percent_decoded(text.substr(0, mark), false);
    if (!path) return std::nullopt;
    Target target{std::move(*path), {}};
    std::string_view rest = mark == std::string_view::npos ? std::string_view() : text.substr(mark + 1);
    while (!rest.empty()) {
        const std::size_t end = rest.find('&');
        const std::string_view pair = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        if (pair.empty()) continue;
        const std::size_t equals = pair.find('=');
        auto name = percent_decoded(pair.substr(0, equals), true);
        auto value =
            percent_decoded(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
        if (!name || !value) return std::nullopt;
        target.query[std::move(*name)] = std::move(*value);
    }
    return target;
}

base::Result<Url> parse_url(std::string_view text) {
    return parse_either(text, false);
}
base::Result<Url> parse_web_url(std::string_view text) {
    return parse_either(text, true);
}

}  // namespace crossfade::net
