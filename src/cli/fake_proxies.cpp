#include "cli/fake_proxies.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/answer_reader.hpp"

namespace crossfade::cli {
namespace {

net::HttpResponse ok(std::string body) {
    return {200, "application/json", std::move(body)};
}

bool target_answers(int phase) {
    return phase >= 4;
}

net::HttpResponse prepare(FakeProxy& proxy, const AnswerObject& request) {
    if (!proxy.prepare_answer.empty()) return {409, "application/json", proxy.prepare_answer};
    if (!proxy.holding_for.empty() && proxy.holding_for != request.text("id"))
        return {409, "application/json", R"({"ok":false,"reason":"another switch is under way"})"};
    const int phase = static_cast<int>(request.number("phase"));
    const std::uint64_t unrepaired = target_answers(phase) ? proxy.unrepaired_target : proxy.unrepaired_origin;
    if (target_answers(phase) != target_answers(proxy.phase) && unrepaired > 0 && !request.boolean("force"))
        return {
            409, "application/json",
            fmt::format(
                R"({{"ok":false,"reason":"there are {} unrepaired entries","entries":[{{"table":"ks.t","count":{}}}]}})",
                unrepaired, unrepaired)};
    proxy.holding_for = request.text("id");
    return ok(fmt::format(R"({{"ok":true,"epoch":{},"phase":{}}})", proxy.epoch, proxy.phase));
}

net::HttpResponse commit(FakeProxy& proxy, const AnswerObject& request) {
    const std::int64_t epoch = request.number("epoch");
    if (proxy.epoch != epoch) {
        if (proxy.holding_for != request.text("id"))
            return {409, "application/json", R"({"ok":false,"reason":"it did not prepare that switch"})"};
        proxy.epoch = epoch;
        proxy.phase = static_cast<int>(request.number("phase"));
        proxy.write_mode = request.text("write_mode");
        proxy.holding_for.clear();
    }
    return ok(fmt::format(R"({{"ok":true,"epoch":{},"phase":{}}})", proxy.epoch, proxy.phase));
}

}  // namespace

FakeProxies::FakeProxies(std::size_t count) : proxies_(count) {}

std::vector<AdminClient> FakeProxies::clients() {
    std::vector<AdminClient> clients;
    for (std::size_t i = 0; i < proxies_.size(); ++i)
        clients.emplace_back(
            url(i),
            [this](const std::string& method, const std::string& target, const std::string& body,
                   std::chrono::milliseconds) { return fetch(method, target, body); },
            std::chrono::milliseconds(1000));
    return clients;
}

std::size_t FakeProxies::times(std::size_t i, const std::string& request) const {
    const auto& seen = proxies_[i].seen;
    return static_cast<std::size_t>(
        std::count_if(seen.begin(), seen.end(), [&](const std::string& one) { return one.starts_with(request); }));
}

net::HttpResponse FakeProxies::answer(FakeProxy& proxy, const std::string& request, const std::string& body) {
    if (const auto canned = proxy.canned.find(request); canned != proxy.canned.end()) return ok(canned->second);
    const AnswerReader reader("the test", body.empty() ? "{}" : body);
    if (request == "GET /phase")
        return ok(fmt::format(
            R"({{"proxy":"127.0.0.1:9042","epoch":{},"phase":{},"write_mode":"{}","holding":{},"unrepaired":{{"origin":{},"target":{}}}}})",
            proxy.epoch, proxy.phase, proxy.write_mode, !proxy.holding_for.empty(), proxy.unrepaired_origin,
            proxy.unrepaired_target));
    if (request == "POST /phase/prepare") return prepare(proxy, reader.root());
    if (request == "POST /phase/commit") return commit(proxy, reader.root());
    if (request == "POST /phase/abort") {
        if (proxy.holding_for == reader.root().text("id")) proxy.holding_for.clear();
        return ok("{}");
    }
    return {404, "application/json", R"({"reason":"there is nothing at this path"})"};
}

base::Result<net::HttpResponse> FakeProxies::fetch(const std::string& method, const std::string& url_and_target,
                                                   const std::string& body) {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < proxies_.size(); ++i) {
        if (!url_and_target.starts_with(url(i) + "/")) continue;
        FakeProxy& proxy = proxies_[i];
        const std::string request = method + " " + url_and_target.substr(url(i).size());
        const auto fault = proxy.faults.find(request);
        const bool is_faulty = fault != proxy.faults.end() && met_[url_and_target]++ < proxy.fault_count;
        if (is_faulty && fault->second == Fault::unreachable)
            return base::fail(base::ErrorKind::connection, "connection refused");
        proxy.seen.push_back(request + " " + body);
        if (is_faulty && fault->second == Fault::broken) return net::HttpResponse{500, "text/plain", "defect"};
        net::HttpResponse response = answer(proxy, request, body);
        if (is_faulty && fault->second == Fault::answer_lost)
            return base::fail(base::ErrorKind::timeout, "no answer in time");
        if (is_faulty && fault->second == Fault::garbage) return net::HttpResponse{200, "text/html", "<html>"};
        return response;
    }
    return base::fail(base::ErrorKind::connection, "no such host");
}

}  // namespace crossfade::cli
