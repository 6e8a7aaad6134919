// stub_node: a small CQL server for faults and for speed (lab/README.md). It stores nothing.
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>

#include <CLI/CLI.hpp>

#include "stub_node/control.hpp"

namespace {

using namespace crossfade;
using namespace crossfade::lab;

struct Given {
    NodeOptions node;
    std::string address = "127.0.0.31", control, compression = "lz4,snappy", key_type = "text";
    std::uint16_t port = 9042;
    int highest_version = 5;
    std::vector<std::string> peers, users, error_every;
    std::map<std::string, std::string> settings;  // of Behaviour, by name
};

void add_options(CLI::App& app, Given& given) {
    app.add_option("--address", given.address, "where it listens, and what it says its address is")
        ->capture_default_str();
    app.add_option("--port", given.port, "of CQL")->check(CLI::Range(1, 65535))->capture_default_str();
    app.add_option("--control", given.control, "HOST:PORT of its HTTP port; without it there is none");
    app.add_option("--peers", given.peers, "ADDRESS[:PORT] of the stub nodes that are one cluster with it")
        ->delimiter(',')
        ->allow_extra_args(false);
    app.add_option("--cluster-name", given.node.cluster_name, "as system.local has it")->capture_default_str();
    app.add_option("--datacenter", given.node.datacenter, "of it and its peers")->capture_default_str();
    app.add_option("--rack", given.node.rack, "of it and its peers")->capture_default_str();
    app.add_option("--release-version", given.node.release_version, "the Cassandra version that it claims")
        ->capture_default_str();
    app.add_option("--id-salt", given.node.id_salt,
                   "text that goes into prepared ids: clusters with different salts have different ids");
    app.add_option("--key-type", given.key_type, "type of column k: text or bigint")
        ->check(CLI::IsMember({"text", "bigint"}))
        ->capture_default_str();
    app.add_option("--max-version", given.highest_version, "highest protocol version")
        ->check(CLI::Range(3, 5))
        ->capture_default_str();
    app.add_option("--compression", given.compression, "what it supports: none, or lz4, snappy or both")
        ->capture_default_str();
    app.add_option("--auth", given.users,
                   "USER:PASSWORD that may log in (not a real one: arguments can be seen); may be repeated")
        ->allow_extra_args(false);
    app.add_option("--threads", given.node.threads, "event loops")->check(CLI::Range(1, 64))->capture_default_str();

    const auto add_setting = [&](const char* flag, const char* name, const char* help) {
        app.add_option_function<std::string>(
            flag, [&given, name](const std::string& value) { given.settings[name] = value; }, help);
    };
    add_setting("--row-bytes", "row_bytes", "length of each blob in an answer (100)");
    add_setting("--forget-every", "forget_every", "forget all prepared statements before each Nth request");
    app.add_option("--error-every", given.error_every, "N CODE: answer each Nth read or write with that error")
        ->expected(2);
    add_setting("--never-answer-every", "never_answer_every", "take each Nth read or write and never answer it");
    add_setting("--close-every", "close_every", "close the connection at each Nth read or write");
    add_setting("--faults-on", "faults_on", "which requests the three above count: all, reads or writes");
    add_setting("--delay-ms", "delay_ms", "answers leave that much later, in steps of 10 ms");
    add_setting("--clock-offset-ms", "clock_offset_ms", "what now() is ahead of this machine's clock");
    add_setting("--record-writes", "record_writes", "whether GET /writes is filled: 0 or 1 (1)");
}

base::Result<void> finish(Given& given, Behaviour& behaviour) {
    given.node.address = {given.address, given.port};
    given.node.highest_version = static_cast<cql::ProtocolVersion>(given.highest_version);
    given.node.key_type = given.key_type == "bigint" ? cql::TypeCode::bigint : cql::TypeCode::varchar;
    for (const std::string& peer : given.peers) {
        auto address = net::parse_address(peer, given.port);
        if (!address) return base::fail(std::move(address.error()));
        given.node.members.push_back(std::move(*address));
    }
    if (!given.control.empty()) {
        auto address = net::parse_address(given.control, 0);
        if (!address) return base::fail(std::move(address.error()));
        given.node.control = std::move(*address);
    }
    given.node.compressions.clear();
    for (const std::string& name : CLI::detail::split(given.compression, ',')) {
        if (name == "none") continue;
        const auto compression = cql::compression_named(name);
        if (!compression) return base::fail(compression.error());
        given.node.compressions.push_back(*compression);
    }
    for (const std::string& user : given.users) {
        const std::size_t colon = user.find(':');
        if (colon == std::string::npos) return base::fail(base::ErrorKind::bad_input, "--auth takes USER:PASSWORD");
        given.node.users[user.substr(0, colon)] = user.substr(colon + 1);
    }
    if (given.error_every.size() == 2) {
        given.settings["error_every"] = given.error_every[0];
        given.settings["error_code"] = given.error_every[1];
    }
    for (const auto& [name, value] : given.settings)
        if (auto result = set(behaviour, name, value); !result) return result;
    return {};
}

int report(const base::Error& error) {
    std::cerr << "stub_node: " << error.message << "\n";
    return 30;
}

int serve(const Given& given, Node& node, const sigset_t& ends) {
    std::vector<std::unique_ptr<Worker>> workers;
    net::Address listening = given.node.address;
    for (std::uint32_t i = 0; i < given.node.threads; ++i) {
        workers.push_back(std::make_unique<Worker>(node));
        auto address = workers.back()->listen(listening);
        if (!address) return report(address.error());
        listening = *address;
    }
    Control control(node, workers);
    std::string ready = "ready " + net::to_text(listening);
    if (given.node.control) {
        const auto address = control.listen(*given.node.control);
        if (!address) return report(address.error());
        ready += " " + net::to_text(*address);
    }
    for (const auto& worker : workers) worker->run();
    std::cout << ready << std::endl;
    int which = 0;
    sigwait(&ends, &which);
    for (const auto& worker : workers) worker->stop();
    return 0;
}

}  // namespace

int main(int argument_count, char** arguments) {
    // Blocked before any thread is made, so that only sigwait() sees them.
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);
    CLI::App app(
        "A small CQL server for faults and for speed. Prints 'ready LISTEN [CONTROL]' when it listens; ends at "
        "SIGTERM.",
        "stub_node");
    Given given;
    add_options(app, given);
    try {
        CLI11_PARSE(app, argument_count, arguments);
        Behaviour behaviour;
        if (const auto result = finish(given, behaviour); !result) return report(result.error());
        Node node(given.node);
        for (const auto& [name, value] : given.settings) (void)set(node.behaviour, name, value);  // checked above
        return serve(given, node, ends);
    } catch (const std::exception& defect) {
        std::cerr << "stub_node: internal error: " << defect.what() << "\n";
        return 1;
    }
}
