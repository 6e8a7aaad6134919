// Asks a bundle's metadata service where the nodes are.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>

#include "base/result.hpp"
#include "base/task.hpp"
#include "bundle/bundle.hpp"
#include "bundle/metadata.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"

namespace crossfade::bundle {

// For both ports of a bundle: shows its certificate, trusts its ca.crt alone, and wants TLS 1.2 at least and the right
// name in the server's certificate. Errors: bad_configuration, with what of the bundle is wrong.
base::Result<std::shared_ptr<net::TlsContext>> make_bundle_tls(const Bundle& bundle);

// GET https://HOST:PORT/metadata; the certificate there has the name HOST. On the loop's thread; `loop` outlives it.
// Errors name the URL: connection and timeout (nobody is there, or the certificates are refused), unavailable and
// protocol as read_metadata_answer(); interrupted, at once, when `stop` is requested (on the loop's thread).
base::Task<base::Result<Metadata>> fetch_metadata(net::Loop& loop, net::Address service,
                                                  std::shared_ptr<net::TlsContext> tls,
                                                  std::chrono::milliseconds timeout, std::stop_token stop = {});

}  // namespace crossfade::bundle
