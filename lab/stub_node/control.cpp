#include "stub_node/control.hpp"

#include <simdjson.h>

#include <mutex>

#include "base/json_text.hpp"

namespace crossfade::lab {
namespace {

net::HttpResponse failure(int status, const std::string& message) {
    return {status, "application/json", base::JsonObject().field("error", message).text()};
}

// What a JSON value says, as set() takes it.
std::optional<std::string> text_of_value(const simdjson::dom::element& value) {
    if (std::string_view text; value.get(text) == simdjson::SUCCESS) return std::string(text);
    if (std::int64_t number = 0; value.get(number) == simdjson::SUCCESS) return std::to_string(number);
    if (bool truth = false; value.get(truth) == simdjson::SUCCESS) return truth ? "true" : "false";
    return std::nullopt;
}

}  // namespace

base::Result<net::Address> Control::listen(const net::Address& address) {
    auto server = net::serve_http(
        workers_.front()->loop(), address, nullptr, {},
        [this](const net::HttpRequest& request, const net::HttpReply& reply) { handle(request, reply); });
    if (!server) return base::fail(std::move(server.error()));
    server_ = std::move(*server);
    return server_->address();
}

void Control::ask_workers(std::function<void(Worker&)> visit, std::function<std::string()> finish,
                          net::HttpReply reply) {
    struct Round {
        std::mutex mutex;
        std::size_t missing;
        std::function<void(Worker&)> visit;
        std::function<std::string()> finish;
        net::HttpReply reply;
    };
    auto round = std::make_shared<Round>();
    round->missing = workers_.size();
    round->visit = std::move(visit);
    round->finish = std::move(finish);
    round->reply = std::move(reply);
    for (const auto& worker : workers_) {
        worker->loop().post([round, &target = *worker] {
            const std::lock_guard lock(round->mutex);
            round->visit(target);
            if (--round->missing == 0) round->reply({200, "application/json", round->finish()});
        });
    }
}

void Control::handle(const net::HttpRequest& request, const net::HttpReply& reply) {
    const std::string what = request.method + " " + request.path;
    const auto nothing = [] { return std::string("{}"); };
    if (what == "GET /counts") {
        auto sum = std::make_shared<Counts>();
        ask_workers([sum](Worker& worker) { sum->add(worker.counts()); }, [sum] { return sum->to_json(); }, reply);
    } else if (what == "GET /writes") {
        auto list = std::make_shared<base::JsonList>();
        auto dropped = std::make_shared<std::uint64_t>(0);
        ask_workers(
            [list, dropped, type = node_.options.key_type](Worker& worker) {
                worker.records().for_each([&](const WriteRecord& record) { list->add(record.to_json(type)); });
                *dropped += worker.records().dropped();
            },
            [list, dropped] {
                return base::JsonObject().raw("writes", list->text()).field("dropped", *dropped).text();
            },
            reply);
    } else if (what == "POST /reset") {
        ask_workers(
            [](Worker& worker) {
                worker.counts().reset();
                worker.records().clear();
            },
            nothing, reply);
    } else if (what == "POST /close_connections") {
        ask_workers([](Worker& worker) { worker.close_connections(); }, nothing, reply);
    } else if (what == "POST /forget") {
        node_.prepared.forget_all();
        reply({200, "application/json", "{}"});
    } else if (what == "GET /settings") {
        reply({200, "application/json", to_json(node_.behaviour)});
    } else if (what == "POST /set") {
        const std::string wrong = set(request.body);
        reply(wrong.empty() ? net::HttpResponse{200, "application/json", to_json(node_.behaviour)}
                            : failure(400, wrong));
    } else {
        reply(failure(404, "there is no " + what));
    }
}

std::string Control::set(const std::string& body) {
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(simdjson::padded_string(body)).get(object) != simdjson::SUCCESS)
        return "the body is no JSON object";
    std::vector<std::pair<std::string, std::string>> wanted;
    for (const auto field : object) {
        const auto text = text_of_value(field.value);
        if (!text) return std::string(field.key) + ": neither a number nor text";
        wanted.emplace_back(field.key, *text);
    }
    // Tried on a copy first, so that a wrong one changes nothing.
    Behaviour trial;
    for (const auto& [name, value] : wanted)
        if (const auto result = lab::set(trial, name, value); !result) return result.error().message;
    for (const auto& [name, value] : wanted)
        if (const auto result = lab::set(node_.behaviour, name, value); !result) return result.error().message;
    return {};
}

}  // namespace crossfade::lab
