// What the metadata service answers. Pure.
#pragma once

#include "gateway/facts.hpp"
#include "net/http.hpp"

namespace crossfade::gateway {

// GET /metadata, whatever the query and the Host header (drivers send wrong ones): the document for the bundle whose
// certificate was shown, with the nodes of its datacenter that are up, or, where none is, those of the others; 503 with
// a message while no node is up. Anything else: 404 or 405.
net::HttpResponse answer_metadata(const Settings& settings, const Facts& facts, const net::HttpRequest& request);

}  // namespace crossfade::gateway
