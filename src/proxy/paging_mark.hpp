// Which cluster a paged read goes on with. Pure.
#pragma once

#include <optional>

#include "cql/response.hpp"

namespace crossfade::proxy {

// A paged read goes on where it began (SEMANTICS, Switching): the paging state that a client sees ends with a mark that
// says which cluster gave it.
constexpr std::size_t paging_mark_size = 4;
// The cluster that a client's paging state names; nothing when it bears no mark.
std::optional<std::size_t> marked_cluster(base::ByteView paging_state);
// Appends the Rows answer `frame` with the mark added to its paging state. `message_offset` is where the message
// begins.
void append_marked_rows(base::Bytes& out, base::ByteView frame, std::size_t message_offset, const cql::RowsResult& head,
                        std::size_t cluster);

}  // namespace crossfade::proxy
