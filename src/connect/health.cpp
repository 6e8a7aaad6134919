#include "connect/health.hpp"

#include "connect/go_duration.hpp"

namespace crossfade::connect {

net::HttpResponse health_answer(const net::HttpRequest& request, std::chrono::milliseconds outage,
                                std::chrono::milliseconds readiness_timeout) {
    net::HttpResponse answer;
    if (request.method != "GET" && request.method != "HEAD") {
        answer.status = 405;
        answer.content_type = "text/plain";
        answer.body = "only GET is answered here\n";
    } else if (request.path == "/liveness") {
        answer.content_type = "text/plain";
        answer.body = "ok";
    } else if (request.path == "/readiness") {
        answer.status = outage < readiness_timeout ? 200 : 503;
        answer.body = "{\"OutageDuration\":\"" + to_go_duration(outage) + "\"}";
    } else {
        answer.status = 404;
        answer.content_type = "text/plain";
        answer.body = "here are /liveness and /readiness\n";
    }
    return answer;
}

}  // namespace crossfade::connect
