// Connecting to one of several addresses. For net's own sources only.
#pragma once

#include <memory>
#include <vector>

#include "net/socket.hpp"
#include "net/stream.hpp"

namespace crossfade::net {

// As connect(), where the addresses of `to` are known: they are tried in this order, each with its share of the time
// that is left, so that one that does not answer leaves some to the others. None at all means that `to` is to be
// resolved.
std::unique_ptr<PendingConnect> connect_any(Loop& loop, const Address& to, std::vector<Endpoint> endpoints,
                                            const ConnectOptions& options, ConnectDone done);

}  // namespace crossfade::net
