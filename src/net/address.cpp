#include <charconv>

#include "net/stream.hpp"

namespace crossfade::net {
namespace {

// Whether it can be one: digits in groups, and a zone behind '%'.
bool looks_like_ipv6(std::string_view host) {
    return host.substr(0, host.find('%')).find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

}  // namespace

base::Result<Address> parse_address(std::string_view text, std::uint16_t default_port) {
    const auto wrong = [&](std::string_view why) {
        return base::fail(base::ErrorKind::bad_input,
                          "'" + std::string(text.substr(0, 100)) + "' is no address: " + std::string(why));
    };
    Address address{{}, default_port};
    std::string_view port;
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) return wrong("the bracket is not closed");
        address.host = text.substr(1, end - 1);
        const std::string_view rest = text.substr(end + 1);
        if (!rest.empty() && rest[0] != ':') return wrong("after the bracket comes a colon and a port");
        if (!rest.empty()) port = rest.substr(1);
        if (!rest.empty() && port.empty()) return wrong("the port is missing");
    } else {
        const std::size_t colon = text.rfind(':');
        const bool is_bare_ipv6 = colon != std::string_view::npos && text.find(':') != colon;
        address.host = is_bare_ipv6 ? text : text.substr(0, colon);
        if (colon != std::string_view::npos && !is_bare_ipv6) {
            port = text.substr(colon + 1);
            if (port.empty()) return wrong("the port is missing");
        }
    }
    if (address.host.empty()) return wrong("the host is missing");
    if (address.host.find_first_of("[]") != std::string::npos) return wrong("brackets stand around an IPv6 address");
    if (address.host.find(':') != std::string::npos && !looks_like_ipv6(address.host))
        return wrong("what has several colons is an IPv6 address, and this is none");
    if (!port.empty()) {
        unsigned number = 0;
        const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
        if (error != std::errc() || end != port.data() + port.size() || number > 65535)
            return wrong("the port is a number from 0 to 65535");
        address.port = static_cast<std::uint16_t>(number);
    }
    return address;
}

std::string to_text(const Address& address) {
    const bool is_ipv6 = address.host.find(':') != std::string::npos;
    return (is_ipv6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

}  // namespace crossfade::net
