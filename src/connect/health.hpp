// What /liveness and /readiness answer. Pure.
#pragma once

#include <chrono>

#include "net/http.hpp"

namespace crossfade::connect {

// `outage`: for how long the cluster could not be reached; 0: it can be. /liveness is 200 "ok" as long as the process
// serves at all; /readiness is 200 while the outage is shorter than `readiness_timeout`, else 503, both with
// {"OutageDuration": "1m2s"}. Anything else is 404.
net::HttpResponse health_answer(const net::HttpRequest& request, std::chrono::milliseconds outage,
                                std::chrono::milliseconds readiness_timeout);

}  // namespace crossfade::connect
