// What a stub node is told at its start and cannot be told later.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cql/compression.hpp"
#include "cql/protocol.hpp"
#include "cql/type.hpp"
#include "net/stream.hpp"

namespace crossfade::lab {

struct NodeOptions {
    net::Address address{"127.0.0.31", 9042};
    std::vector<net::Address> members;  // of the cluster that it says it belongs to; its own address may be among them
    std::string cluster_name = "stub";
    std::string datacenter = "datacenter1", rack = "rack1";
    std::string release_version = "4.1.7";
    std::string id_salt;                              // goes into every prepared id and result metadata id
    cql::TypeCode key_type = cql::TypeCode::varchar;  // of column k: varchar or bigint
    cql::ProtocolVersion highest_version = cql::ProtocolVersion::v5;
    std::vector<cql::Compression> compressions{cql::Compression::lz4, cql::Compression::snappy};
    std::map<std::string, std::string> users;  // name to password; empty: nobody has to log in
    std::uint32_t threads = 1;
    std::optional<net::Address> control;
};

}  // namespace crossfade::lab
