#include "proxy/sibling_states.hpp"

#include <pthread.h>
#include <simdjson.h>

#include "base/log.hpp"
#include "net/http.hpp"
#include "proxy/phase_control.hpp"

namespace crossfade::proxy {
namespace {

constexpr std::chrono::seconds patience{2};

std::optional<PhaseState> state_of(const std::string& url, const std::stop_token& stop) {
    const auto answer = net::interruptible_http_request("GET", url + "/phase", "", patience, stop);
    if (!answer || answer->status != 200) return std::nullopt;
    simdjson::dom::parser parser;
    simdjson::dom::element json;
    std::int64_t epoch = 0, phase = 0;
    std::string_view mode;
    if (parser.parse(answer->body).get(json) != simdjson::SUCCESS || json["epoch"].get(epoch) != simdjson::SUCCESS ||
        json["phase"].get(phase) != simdjson::SUCCESS || json["write_mode"].get(mode) != simdjson::SUCCESS ||
        epoch < 0 || phase < 1 || phase > 5 || !write_mode_named(mode))
        return std::nullopt;
    return PhaseState{static_cast<std::uint64_t>(epoch), static_cast<int>(phase), *write_mode_named(mode)};
}

}  // namespace

SiblingStates::SiblingStates(net::Loop& loop, std::vector<std::string> admin_urls)
    : loop_(loop), urls_(std::move(admin_urls)) {
    thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

SiblingStates::~SiblingStates() = default;

void SiblingStates::ask(Done done) {
    {
        const std::lock_guard guard(mutex_);
        waiting_.push_back(std::move(done));
    }
    changed_.notify_one();
}

void SiblingStates::work(const std::stop_token& stop) {
    ::pthread_setname_np(::pthread_self(), "siblings");
    for (;;) {
        std::vector<Done> asked;
        {
            std::unique_lock guard(mutex_);
            if (!changed_.wait(guard, stop, [this] { return !waiting_.empty(); })) return;
            asked.swap(waiting_);
        }
        const std::vector<PhaseState> states = ask_all(stop);
        if (stop.stop_requested()) return;
        for (Done& done : asked) loop_.post([done = std::move(done), states] { done(states); });
    }
}

std::vector<PhaseState> SiblingStates::ask_all(const std::stop_token& stop) const {
    std::vector<PhaseState> states;
    for (const std::string& url : urls_) {
        if (stop.stop_requested()) break;
        if (const auto state = state_of(url, stop))
            states.push_back(*state);
        else if (!stop.stop_requested())
            base::log_warning("the sibling {} does not say where it stands", url);
    }
    return states;
}

}  // namespace crossfade::proxy
