// Names to addresses without blocking a loop. For net's own sources only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/loop.hpp"
#include "net/socket.hpp"

namespace crossfade::net {

// All TCP addresses of `address`, in the order that the system prefers; blocks as long as the system's resolver does.
// Any thread. Errors: connection, with the name.
base::Result<std::vector<Endpoint>> resolve(const Address& address);

// The same on one of a few threads of the process that do nothing else; `done` is called on the loop's thread, never
// inside this call, and not at all when the loop has gone.
void resolve_later(const Poster& loop, const Address& address,
                   std::function<void(base::Result<std::vector<Endpoint>>)> done);

}  // namespace crossfade::net
