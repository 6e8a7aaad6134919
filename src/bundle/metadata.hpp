// The metadata document: what a bundle's metadata service says about where the nodes are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/http.hpp"
#include "net/stream.hpp"

namespace crossfade::bundle {

struct Metadata {
    std::string region;                       // empty: not said; else the name of the datacenter
    std::string local_datacenter;             // needed
    std::vector<std::string> contact_points;  // host ids, at least one: server names (SNI) behind sni_proxy
    net::Address sni_proxy;
    bool operator==(const Metadata& other) const {
        return region == other.region && local_datacenter == other.local_datacenter &&
               contact_points == other.contact_points && net::to_text(sni_proxy) == net::to_text(other.sni_proxy);
    }
};

constexpr std::size_t largest_metadata = 1U << 20U;
constexpr std::size_t most_contact_points = 10'000;

// What a document needs is demanded, with the field's name; what it has besides is left alone. Errors: protocol, with
// `where` (a URL) in front.
base::Result<Metadata> parse_metadata(const std::string& where, std::string_view document);

// The document in the service's answer. Errors: unavailable, when the service says that it cannot serve (401, 403, 404,
// 5xx: what Astra answers for hibernated and deleted databases), with what to do; protocol, when the answer is not
// JSON.
base::Result<Metadata> read_metadata_answer(const std::string& where, const net::HttpResponse& answer);

// The document, as every driver takes it.
std::string to_json(const Metadata& metadata);

}  // namespace crossfade::bundle
