#include "cli/admin_url.hpp"

#include "net/stream.hpp"

namespace crossfade::cli {

base::Result<std::string> admin_url(std::string_view text) {
    constexpr std::uint16_t default_port = 14001;
    constexpr std::string_view http = "http://";
    std::string_view rest = text;
    if (rest.starts_with(http)) rest.remove_prefix(http.size());
    while (rest.ends_with('/')) rest.remove_suffix(1);
    const bool is_other_scheme = rest.find("://") != std::string_view::npos;
    if (is_other_scheme || rest.find_first_of("/?#@ ") != std::string_view::npos)
        return base::fail(
            base::ErrorKind::bad_input,
            "'" + std::string(text.substr(0, 100)) + "' is no address of a proxy's admin API; write http://HOST:PORT");
    auto address = net::parse_address(rest, default_port);
    if (!address) return base::fail(address.error());
    if (address->port == 0)
        return base::fail(base::ErrorKind::bad_input, "'" + std::string(text.substr(0, 100)) + "' has no usable port");
    return std::string(http) + net::to_text(*address);
}

}  // namespace crossfade::cli
