// For tests: a query that says all it can, in every version.
#pragma once

#include "cql/request.hpp"

namespace crossfade::relay {

inline constexpr cql::ProtocolVersion tested_versions[] = {cql::ProtocolVersion::v3, cql::ProtocolVersion::v4,
                                                           cql::ProtocolVersion::v5, cql::ProtocolVersion::dse_v2};

inline cql::ValueView value(std::string_view text) {
    return {cql::ValueView::State::bytes, base::bytes_of(text)};
}

// A frame without a custom payload, warnings or a tracing id.
inline base::ByteView message(const base::Bytes& frame) {
    return base::ByteView(frame).subspan(cql::frame_header_size);
}

inline cql::QueryOptions all_options() {
    cql::QueryOptions options;
    options.values = {value("one"), cql::ValueView{}, value("")};
    options.page_size = 77;
    options.serial_consistency = cql::Consistency::local_serial;
    return options;
}

}  // namespace crossfade::relay
