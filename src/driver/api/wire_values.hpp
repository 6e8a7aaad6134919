// Public enums as the protocol's. A value that only one side has does not compile.
#pragma once

#include "cql/compression.hpp"
#include "cql/request.hpp"
#include "crossfade/cluster_options.hpp"
#include "crossfade/statement.hpp"

namespace crossfade::driver {

constexpr cql::Consistency wire_value(Consistency level) {
    switch (level) {
        case Consistency::any:
            return cql::Consistency::any;
        case Consistency::one:
            return cql::Consistency::one;
        case Consistency::two:
            return cql::Consistency::two;
        case Consistency::three:
            return cql::Consistency::three;
        case Consistency::quorum:
            return cql::Consistency::quorum;
        case Consistency::all:
            return cql::Consistency::all;
        case Consistency::local_quorum:
            return cql::Consistency::local_quorum;
        case Consistency::each_quorum:
            return cql::Consistency::each_quorum;
        case Consistency::serial:
            return cql::Consistency::serial;
        case Consistency::local_serial:
            return cql::Consistency::local_serial;
        case Consistency::local_one:
            return cql::Consistency::local_one;
    }
    // A number that was cast: the server says what it thinks of it.
    return static_cast<cql::Consistency>(level);
}

constexpr cql::BatchType wire_value(BatchType type) {
    switch (type) {
        case BatchType::logged:
            return cql::BatchType::logged;
        case BatchType::unlogged:
            return cql::BatchType::unlogged;
        case BatchType::counter:
            return cql::BatchType::counter;
    }
    return static_cast<cql::BatchType>(type);
}

constexpr cql::ProtocolVersion wire_value(ProtocolVersion version) {
    switch (version) {
        case ProtocolVersion::v3:
            return cql::ProtocolVersion::v3;
        case ProtocolVersion::v4:
            return cql::ProtocolVersion::v4;
        case ProtocolVersion::v5:
            break;
    }
    return cql::ProtocolVersion::v5;
}

constexpr cql::Compression wire_value(Compression algorithm) {
    switch (algorithm) {
        case Compression::lz4:
            return cql::Compression::lz4;
        case Compression::snappy:
            return cql::Compression::snappy;
        case Compression::none:
            break;
    }
    return cql::Compression::none;
}

}  // namespace crossfade::driver
