// `crossfade bundle inspect`.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>
#include <ostream>

#include "bundle/bundle_findings.hpp"
#include "bundle/certificate_facts.hpp"
#include "cli/bundle_part.hpp"
#include "cli/exit_code.hpp"
#include "cli/text_table.hpp"

namespace crossfade::cli {
namespace {

std::string day_of(std::chrono::sys_seconds time) {
    const std::time_t seconds = time.time_since_epoch().count();
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

std::string or_none(const std::string& text) {
    return text.empty() ? "none" : printable(text);
}

std::string about_certificate(const std::string& name, const std::string& pem, std::chrono::sys_seconds now) {
    const auto facts = bundle::read_certificate_facts(name, pem);
    if (!facts) return printable(facts.error().message);
    const std::int64_t left = bundle::days_left(*facts, now);
    const std::string end = day_of(facts->not_after);
    const std::string ends =
        left < 0 ? fmt::format("ended on {}", end) : fmt::format("until {}, {} days left", end, left);
    const std::string by = facts->subject == facts->issuer ? "its own root" : "signed by " + printable(facts->issuer);
    return printable(facts->subject) + ", " + by + ", " + ends;
}

std::string contents(const std::vector<bundle::ZipEntry>& files) {
    std::string text;
    for (const bundle::ZipEntry& file : files)
        text += (text.empty() ? "" : ", ") +
                fmt::format("{} ({} bytes)", printable(file.name), with_thousands(file.content.size()));
    return text;
}

class BundleInspect final : public BundlePart {
public:
    void add_to(CLI::App& app) override { app.add_option("FILE", path_, "the bundle")->required(); }

    int run(std::ostream& out, std::ostream& error) override {
        const auto bytes = bundle::read_file(path_, bundle::ZipLimits{}.largest_archive);
        if (!bytes) return refuse(bytes.error(), error);
        const auto files = bundle::read_zip(path_, *bytes);
        if (!files) return refuse(files.error(), error);
        const auto bundle = bundle::read_bundle(path_, *files);
        if (!bundle) return refuse(bundle.error(), error);
        const std::chrono::sys_seconds now = present();
        print(*bundle, *files, now, out);
        bool has_problem = false;
        for (const bundle::BundleFinding& finding : bundle::examine(*bundle, *files, now)) {
            error << path_ << ": " << (finding.is_problem ? "" : "warning: ") << printable(finding.text) << "\n";
            has_problem |= finding.is_problem;
        }
        return has_problem ? exit_partial : exit_done;
    }

private:
    static int refuse(const base::Error& why, std::ostream& error) {
        error << printable(why.message) << "\n";
        return exit_bad_input;
    }

    static void print(const bundle::Bundle& bundle, const std::vector<bundle::ZipEntry>& files,
                      std::chrono::sys_seconds now, std::ostream& out) {
        TextTable table({"PART", "WHAT"});
        table.add({"files", contents(files)});
        table.add({"metadata service", fmt::format("{}:{}", bundle.host, bundle.port)});
        table.add({"local datacenter", or_none(bundle.local_datacenter)});
        table.add({"keyspace", or_none(bundle.keyspace)});
        table.add({"CQL port of cqlshrc", bundle.cql_port ? std::to_string(*bundle.cql_port) : "none"});
        if (!bundle.username.empty())
            table.add({"login", printable(bundle.username) + ", with a password that is not shown"});
        table.add({"ca.crt", about_certificate("ca.crt", bundle.authority, now)});
        table.add({"cert", about_certificate("cert", bundle.certificate, now)});
        table.print(out);
    }

    std::string path_;
};

}  // namespace

std::unique_ptr<BundlePart> make_bundle_inspect() {
    return std::make_unique<BundleInspect>();
}

}  // namespace crossfade::cli
