// For whoever ends a program, and does not want to cut off last words.
#pragma once

#include <cstddef>

#include "net/loop.hpp"

namespace crossfade::net {

// Streams whose users have gone and that are still sending, or wait for the peer's end, after close_after_sending().
// Loop's thread.
std::size_t lingering_streams(Loop& loop);

}  // namespace crossfade::net
