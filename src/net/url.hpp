// Pieces of URLs (RFC 3986).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/stream.hpp"

namespace crossfade::net {

struct Url {
    Address address;
    std::string target;  // path and query, at least "/"
};
// "http://host[:port][/path][?query]"; port 80 where none is given. bad_input otherwise.
base::Result<Url> parse_url(const std::string& text);

// With `plus_is_space` as in queries. A % without two hex digits stays as it is.
std::string percent_decoded(std::string_view text, bool plus_is_space);
std::map<std::string, std::string> query_of(std::string_view text);

}  // namespace crossfade::net
