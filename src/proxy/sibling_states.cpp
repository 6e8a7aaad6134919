#include "proxy/sibling_states.hpp"

#include <simdjson.h>

#include <thread>

#include "base/log.hpp"
#include "net/http.hpp"
#include "proxy/phase_control.hpp"

namespace crossfade::proxy {
namespace {

constexpr std::chrono::seconds patience{2};

std::optional<PhaseState> state_of(const std::string& url) {
    const auto answer = net::http_request("GET", url + "/phase", "", patience);
    if (!answer || answer->status != 200) return std::nullopt;
    simdjson::dom::parser parser;
    simdjson::dom::element json;
    std::int64_t epoch = 0, phase = 0;
    std::string_view mode;
    if (parser.parse(answer->body).get(json) != simdjson::SUCCESS || json["epoch"].get(epoch) != simdjson::SUCCESS || json["phase"].get(phase) != simdjson::SUCCESS ||
        json["write_mode"].get(mode) != simdjson::SUCCESS || epoch < 0 || phase < 1 || phase > 5 || !write_mode_named(mode))
        return std::nullopt;
    return PhaseState{static_cast<std::uint64_t>(epoch), static_cast<int>(phase), *write_mode_named(mode)};
}

}  // namespace

void ask_siblings(net::Loop& loop, const std::vector<std::string>& urls, std::function<void(std::vector<PhaseState>)> done) {
    std::thread([&loop, urls, done = std::move(done)] {
        std::vector<PhaseState> states;
        for (const std::string& url : urls) {
            if (const auto state = state_of(url)) states.push_back(*state);
            else base::log_warning("the sibling {} does not say where it stands", url);
        }
        loop.post([done, states] { done(states); });
    }).detach();
}

}  // namespace crossfade::proxy
