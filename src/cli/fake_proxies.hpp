// For tests: proxies behind a Fetch. Each keeps the contract of docs/admin-api.md for phases; faults are injected at
// any step.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "cli/admin_client.hpp"

namespace crossfade::cli {

// What happens to a request instead of an ordinary answer.
enum class Fault : std::uint8_t {
    unreachable,  // it never arrives
    answer_lost,  // it arrives and has its effect; the answer does not come back
    broken,       // it has no effect and is answered with HTTP 500
    garbage,      // it has its effect and is answered with no JSON
};

struct FakeProxy {
    std::int64_t epoch = 1;
    int phase = 1;
    std::string write_mode = "strict", holding_for;  // the id of the switch it holds LWTs for
    std::uint64_t unrepaired_origin = 0, unrepaired_target = 0;
    std::string prepare_answer;  // not empty: prepare is answered with 409 and this body
    // Faults by "POST /phase/commit" and so on. The first `fault_count` requests of that kind meet it.
    std::map<std::string, Fault> faults;
    int fault_count = 1;
    std::map<std::string, std::string> canned;  // answers by "GET /journal/summary"
    std::vector<std::string> seen;              // "POST /phase/abort {"id":…}"
};

class FakeProxies {
public:
    // They get the URLs http://p0:14001, http://p1:14001, …
    explicit FakeProxies(std::size_t count);

    FakeProxy& operator[](std::size_t i) { return proxies_[i]; }
    std::size_t size() const { return proxies_.size(); }
    std::vector<AdminClient> clients();
    static std::string url(std::size_t i) { return "http://p" + std::to_string(i) + ":14001"; }
    // How often a request of this kind came to proxy `i`.
    std::size_t times(std::size_t i, const std::string& request) const;

private:
    base::Result<net::HttpResponse> fetch(const std::string& method, const std::string& url, const std::string& body);
    static net::HttpResponse answer(FakeProxy& proxy, const std::string& request, const std::string& body);

    std::mutex mutex_;
    std::vector<FakeProxy> proxies_;
    std::map<std::string, int> met_;  // faults met so far, by URL and request
};

}  // namespace crossfade::cli
