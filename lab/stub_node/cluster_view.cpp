#include "stub_node/cluster_view.hpp"

#include <algorithm>
#include <cstring>

namespace crossfade::lab {
namespace {

constexpr std::uint64_t tokens_of_a_member = 16;

cql::Token token_at(std::uint64_t place, std::uint64_t places) {
    const std::uint64_t width = UINT64_MAX / places;
    // Half a width in, so that no token is the smallest, which nothing owns.
    return static_cast<cql::Token>((place * width + width / 2) ^ (std::uint64_t{1} << 63));
}

}  // namespace

Uuid uuid_from(std::string_view text) {
    Uuid id{};
    for (std::size_t half = 0; half < 2; ++half) {
        const std::string part = std::string(text) + static_cast<char>('0' + half);
        const cql::Token hash = cql::token_of(base::bytes_of(part));
        std::memcpy(id.data() + 8 * half, &hash, 8);
    }
    id[6] = static_cast<std::uint8_t>((id[6] & 0x0F) | 0x40);
    id[8] = static_cast<std::uint8_t>((id[8] & 0x3F) | 0x80);
    return id;
}

ClusterView view_cluster(const NodeOptions& options) {
    const std::string own = net::to_text(options.address);
    std::vector<net::Address> addresses{options.address};
    for (net::Address address : options.members) {
        if (address.port == 0) address.port = options.address.port;
        if (net::to_text(address) != own) addresses.push_back(address);
    }
    std::sort(addresses.begin(), addresses.end(),
              [](const net::Address& a, const net::Address& b) { return net::to_text(a) < net::to_text(b); });

    const auto is_same = [](const net::Address& a, const net::Address& b) {
        return net::to_text(a) == net::to_text(b);
    };
    addresses.erase(std::unique(addresses.begin(), addresses.end(), is_same), addresses.end());

    ClusterView view;
    view.schema_version = uuid_from("schema of " + options.cluster_name);
    for (std::uint64_t i = 0; i < addresses.size(); ++i) {
        Member member;
        member.address = addresses[i];
        member.host_id = uuid_from(options.cluster_name + " " + net::to_text(addresses[i]));
        for (std::uint64_t t = 0; t < tokens_of_a_member; ++t)
            member.tokens.push_back(token_at(t * addresses.size() + i, tokens_of_a_member * addresses.size()));
        if (net::to_text(member.address) == own)
            view.self = std::move(member);
        else
            view.peers.push_back(std::move(member));
    }
    return view;
}

}  // namespace crossfade::lab
