// crossfade_load: keeps a server busy over the native protocol and checks that each request gets its own answer, once
// (bench/README.md).
#include <cstdlib>
#include <exception>
#include <iostream>

#include <CLI/CLI.hpp>

#include "load_run.hpp"

namespace {

using namespace crossfade;
using namespace crossfade::bench;

struct Given {
    LoadOptions load;
    net::TlsOptions tls;
    std::string to = "127.0.0.1:14002", password_variable, statement = "prepared";
    int version = 4, in_flight = 0;
    double seconds = 3, warm_up = 0.5, patience = 15;
    bool may_fail = false;
};

void add_options(CLI::App& app, Given& given) {
    const std::map<std::string, Mix> mixes{{"reads", Mix::reads}, {"writes", Mix::writes}, {"half", Mix::half}};
    app.add_option("--to", given.to, "HOST[:PORT] of the server")->capture_default_str();
    app.add_option("--connections", given.load.connections, "that it opens")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    app.add_option("--depth", given.load.depth, "requests in flight on each connection")
        ->check(CLI::Range(1, 32'768))
        ->capture_default_str();
    app.add_option("--in-flight", given.in_flight, "the same with one connection")->check(CLI::Range(1, 32'768));
    app.add_option("--threads", given.load.threads, "event loops")->check(CLI::Range(1, 64))->capture_default_str();
    app.add_option("--protocol", given.version, "version")->check(CLI::Range(3, 5))->capture_default_str();
    app.add_option("--mix", given.load.mix, "reads, writes or half")
        ->transform(CLI::CheckedTransformer(mixes, CLI::ignore_case))
        ->default_str("half");
    app.add_option("--statement", given.statement, "prepared: EXECUTE; text: QUERY with bound values")
        ->check(CLI::IsMember({"prepared", "text"}))
        ->capture_default_str();
    app.add_flag("--timestamps", given.load.has_timestamps, "writes have a default timestamp");
    app.add_option("--table", given.load.table, "KEYSPACE.TABLE with columns k text and v blob")->capture_default_str();
    app.add_option("--keys", given.load.keys, "how many different ones")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--frame-bytes", given.load.frame_bytes, "of a write, with its header, in v4")
        ->check(CLI::Range(73, 1'000'000))
        ->capture_default_str();
    app.add_option("--seconds", given.seconds, "that are measured")->check(CLI::PositiveNumber)->capture_default_str();
    app.add_option("--warm-up", given.warm_up, "seconds before, not measured")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app.add_option("--requests", given.load.requests, "so many in all, all measured, instead of a time");
    app.add_option("--patience", given.patience, "seconds to wait for connections and for the last answers")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--username", given.load.username, "logs in with it");
    app.add_option("--password-env", given.password_variable, "environment variable with the password");
    app.add_option("--tls-ca", given.tls.ca_file, "PEM certificates to trust: connects by TLS");
    app.add_option("--tls-cert", given.tls.certificate_file, "PEM certificate to show");
    app.add_option("--tls-key", given.tls.key_file, "PEM key of that certificate");
    app.add_option("--server-name", given.load.server_name, "to ask for in TLS (SNI)");
    app.add_option("--watch", given.load.watched_process, "id of the process whose CPU time is measured");
    app.add_flag("--may-fail", given.may_fail, "exit 0 also with failed requests");
}

bool finish(Given& given) {
    auto to = net::parse_address(given.to, 9042);
    if (!to) {
        std::cerr << "crossfade_load: " << to.error().message << "\n";
        return false;
    }
    LoadOptions& load = given.load;
    load.to = std::move(*to);
    load.version = static_cast<cql::ProtocolVersion>(given.version);
    load.is_prepared = given.statement == "prepared";
    const auto milliseconds = [](double seconds) {
        return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
    };
    load.window = milliseconds(given.seconds);
    load.warm_up = milliseconds(given.warm_up);
    load.patience = milliseconds(given.patience);
    if (given.in_flight > 0) {
        load.connections = 1;
        load.depth = static_cast<std::uint32_t>(given.in_flight);
    }
    load.threads = std::min(load.threads, load.connections);
    if (!given.tls.ca_file.empty()) {
        given.tls.verify_host = false;
        auto context = net::make_client_tls(given.tls);
        if (!context) {
            std::cerr << "crossfade_load: " << context.error().message << "\n";
            return false;
        }
        load.tls = std::move(*context);
    }
    if (!given.password_variable.empty()) {
        const char* const password = std::getenv(given.password_variable.c_str());
        if (password == nullptr) {
            std::cerr << "crossfade_load: --password-env: there is no environment variable " << given.password_variable
                      << "\n";
            return false;
        }
        load.password = password;
    }
    return true;
}

}  // namespace

int main(int argument_count, char** arguments) {
    CLI::App app(
        "Keeps a server busy over the native protocol. Prints one JSON object; exit 0 when each request got exactly "
        "one right answer, "
        "1 when not, 30 when it could not run.",
        "crossfade_load");
    Given given;
    add_options(app, given);
    try {
        try {
            app.parse(argument_count, arguments);
        } catch (const CLI::ParseError& wrong) {
            return app.exit(wrong) == 0 ? 0 : 30;
        }
        if (!finish(given)) return 30;
        const auto report = run_load(given.load);
        if (!report) {
            std::cerr << "crossfade_load: " << report.error().message << "\n";
            return 30;
        }
        std::cout << to_json(report->result, report->window) << std::endl;
        return report->result.is_clean() || given.may_fail ? 0 : 1;
    } catch (const std::exception& defect) {
        std::cerr << "crossfade_load: internal error: " << defect.what() << "\n";
        return 30;
    }
}
