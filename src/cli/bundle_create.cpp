// `crossfade bundle create`.
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <filesystem>
#include <optional>
#include <ostream>

#include "bundle/bundle_findings.hpp"
#include "bundle/certificate_facts.hpp"
#include "cli/bundle_part.hpp"
#include "cli/exit_code.hpp"
#include "cli/text_table.hpp"

namespace crossfade::cli {
namespace {

constexpr std::size_t largest_pem = 1U << 20U;

std::optional<std::uint16_t> port_of(const std::string& text) {
    std::uint16_t port = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (problem != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
    return port;
}

class BundleCreate final : public BundlePart {
public:
    void add_to(CLI::App& app) override {
        add(app, "--out", out_, "FILE", "the bundle to write, mode 0600")->required();
        add(app, "--host", host_, "HOST",
            "name of the metadata service, which its certificate has; nodes are behind it too")
            ->required();
        add(app, "--port", port_, "PORT", "port of the metadata service")->capture_default_str();
        add(app, "--cql-port", cql_port_, "PORT", "port for drivers that cannot open a bundle, in cqlshrc")
            ->capture_default_str();
        add(app, "--local-dc", local_datacenter_, "NAME", "the datacenter that it is for")->required();
        add(app, "--ca", authority_, "FILE", "PEM certificate that vouches for the servers")->required();
        add(app, "--cert", certificate_, "FILE", "PEM certificate that clients show")->required();
        add(app, "--key", key_, "FILE", "PEM key of that certificate, without a passphrase")->required();
        add(app, "--keyspace", keyspace_, "NAME", "a keyspace to name in it")->default_str("none");
        app.add_flag("--force", overwrites_, "also over a file that is there")->default_str("false");
    }

    std::vector<std::string> problems() const override {
        std::vector<std::string> found;
        for (const auto& [flag, text] : {std::pair("--port", &port_), std::pair("--cql-port", &cql_port_)})
            if (!port_of(*text))
                found.push_back(std::string(flag) + ": '" + printable(text->substr(0, 60)) +
                                "' is no port; it goes from 1 to 65535");
        const std::filesystem::path folder = std::filesystem::absolute(out_).parent_path();
        std::error_code ignored;
        if (!std::filesystem::is_directory(folder, ignored))
            found.push_back("--out: there is no folder '" + folder.string() + "'; make it first");
        else if (!overwrites_ && std::filesystem::exists(out_, ignored))
            found.push_back("--out: '" + out_ + "' is there already; give another name, or --force");
        return found;
    }

    int run(std::ostream& out, std::ostream& error) override {
        const auto bundle = wished();
        if (!bundle) {
            error << bundle.error().message << "\n";
            return exit_code_of(bundle.error());
        }
        warn(*bundle, error);
        const auto written = bundle::write_bundle(*bundle, out_, present().time_since_epoch().count());
        if (!written) {
            error << written.error().message << "\n";
            return exit_code_of(written.error());
        }
        out << out_ << ": written for " << bundle->host << ":" << bundle->port << ", datacenter "
            << printable(bundle->local_datacenter) << "; see it with 'crossfade bundle inspect " << out_ << "'\n";
        return exit_done;
    }

private:
    static CLI::Option* add(CLI::App& app, const char* name, std::string& value, const char* type, const char* help) {
        return app.add_option(name, value, help)->type_name(type);
    }

    base::Result<bundle::Bundle> wished() const {
        bundle::Bundle bundle;
        bundle.host = host_;
        bundle.port = *port_of(port_);
        bundle.cql_port = *port_of(cql_port_);
        bundle.local_datacenter = local_datacenter_;
        bundle.keyspace = keyspace_;
        std::string key;
        for (const auto& [path, into] : {std::pair(&authority_, &bundle.authority),
                                         std::pair(&certificate_, &bundle.certificate), std::pair(&key_, &key)}) {
            const auto bytes = bundle::read_file(*path, largest_pem);
            if (!bytes) return base::fail(bytes.error());
            *into = base::text_of(*bytes);
        }
        bundle.key = base::Secret<std::string>(std::move(key));
        return bundle;
    }

    // Of what is written all the same.
    void warn(const bundle::Bundle& bundle, std::ostream& error) const {
        struct stat about {};
        if (::stat(key_.c_str(), &about) == 0 && (about.st_mode & S_IROTH) != 0)
            error << "warning: every user of this machine can read '" << key_ << "'; chmod 600 keeps the key private\n";
        const auto files = bundle::make_bundle_files(bundle, 0);
        if (!files) return;  // write_bundle() says why
        const auto read = bundle::read_bundle(out_, *files);
        if (!read) return;
        for (const bundle::BundleFinding& finding : bundle::examine(*read, *files, present()))
            error << "warning: " << finding.text << "\n";
    }

    std::string out_, host_, port_ = "29080", cql_port_ = "29042", local_datacenter_, authority_, certificate_, key_,
                             keyspace_;
    bool overwrites_ = false;
};

}  // namespace

std::unique_ptr<BundlePart> make_bundle_create() {
    return std::make_unique<BundleCreate>();
}

}  // namespace crossfade::cli
