// Pieces of URLs (RFC 3986).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/stream.hpp"

namespace crossfade::net {

struct Url {
    Address address;
    std::string target;      // path and query as they are sent, at least "/"
    bool is_secure = false;  // https
};
// "http://host[:port][/path][?query]"; port 80 where none is given; a fragment is dropped. bad_input otherwise, also
// for a user in it and for what must be percent-encoded.
base::Result<Url> parse_url(std::string_view text);
// The same, and "https://…" too; its port is 443 where none is given.
base::Result<Url> parse_web_url(std::string_view text);

// Without its percent encoding; with `plus_is_space` as in queries. Nothing when the encoding is broken or hides a
// control character.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space);

// The path and the query of a request's target, decoded. Of a name given twice the last value counts. Nothing when it
// is no path, or its encoding is broken.
struct Target {
    std::string path;
    std::map<std::string, std::string> query;
    bool operator==(const Target&) const = default;
};
std::optional<Target> parse_target(std::string_view text);

}  // namespace crossfade::net
