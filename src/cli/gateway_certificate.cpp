// `crossfade gateway certificate list|renew|revoke`.
#include <CLI/CLI.hpp>
#include <ostream>

#include "bundle/certificate_facts.hpp"
#include "cli/bundle_part.hpp"
#include "cli/exit_code.hpp"
#include "cli/gateway_part.hpp"
#include "cli/text_table.hpp"
#include "gateway/identity.hpp"

namespace crossfade::cli {
namespace {

std::int64_t days_until(std::chrono::sys_seconds time) {
    return std::chrono::floor<std::chrono::days>(time - present()).count();
}

class CertificateList final : public GatewayPart {
public:
    void add_to(CLI::App& app) override { add_folder(app, path_); }

    int run(std::ostream& out, std::ostream& error) override {
        const gateway::Folder folder = folder_of(path_);
        const auto issued = gateway::read_issued(folder);
        if (!issued) return end_with(issued.error(), error);
        TextTable table({"serial", "days left", "state", "for"});
        for (const std::string& path : {folder.root_certificate(), folder.server_certificate()}) {
            const auto text = gateway::read_text(path);
            if (!text) return end_with(text.error(), error);
            const auto facts = bundle::read_certificate_facts(path, *text);
            if (!facts) return end_with(facts.error(), error);
            table.add({facts->serial, std::to_string(bundle::days_left(*facts, present())), "counts",
                       facts->is_authority ? "the root" : "the server"});
        }
        for (const gateway::IssuedBundle& one : issued->bundles)
            table.add({one.serial, std::to_string(days_until(one.until)),
                       one.revoked.time_since_epoch().count() == 0 ? "counts" : "revoked", one.file});
        table.print(out);
        return exit_done;
    }

private:
    std::string path_;
};

class CertificateRenew final : public GatewayPart {
public:
    void add_to(CLI::App& app) override {
        add_folder(app, path_);
        app.add_flag("--server", server_, "a new certificate and key for the server")->default_str("false");
        app.add_flag("--bundles", bundles_,
                     "new bundles in place of those there are; the certificates of the old ones count until they are "
                     "revoked")
            ->default_str("false");
    }

    std::vector<std::string> problems() const override {
        if (server_ || bundles_) return {};
        return {"say what is to be renewed: --server, --bundles, or both"};
    }

    int run(std::ostream& out, std::ostream& error) override {
        const gateway::Folder folder = folder_of(path_);
        const auto settings = gateway::read_settings(folder);
        if (!settings) return end_with(settings.error(), error);
        if (server_) {
            const auto renewed = gateway::renew_server(folder, *settings, present());
            if (!renewed) return end_with(renewed.error(), error);
            out << folder.server_certificate() << ": new; a running gateway shows it to whoever connects from now on\n";
        }
        return bundles_ ? renew_bundles(folder, *settings, out, error) : exit_done;
    }

private:
    static int renew_bundles(const gateway::Folder& folder, const gateway::Settings& settings, std::ostream& out,
                             std::ostream& error) {
        const auto issued = gateway::read_issued(folder);
        if (!issued) return end_with(issued.error(), error);
        std::vector<std::pair<std::string, std::string>> renewed;
        // The last one of each is what the bundle has now.
        for (auto last = issued->bundles.rbegin(); last != issued->bundles.rend(); ++last) {
            const gateway::IssuedBundle& one = *last;
            const std::pair what(one.datacenter, one.host);
            if (std::find(renewed.begin(), renewed.end(), what) != renewed.end()) continue;
            renewed.push_back(what);
            const auto again = gateway::issue_bundle(folder, settings, one.datacenter, one.host, present());
            if (!again) return end_with(again.error(), error);
            out << again->file << ": new; the certificate before it, " << one.serial
                << ", counts until it is revoked\n";
        }
        return exit_done;
    }

    std::string path_;
    bool server_ = false, bundles_ = false;
};

class CertificateRevoke final : public GatewayPart {
public:
    void add_to(CLI::App& app) override {
        add_folder(app, path_);
        app.add_option("SERIAL", serial_, "the certificate's serial number, as 'certificate list' shows it")
            ->required();
    }

    int run(std::ostream& out, std::ostream& error) override {
        const auto revoked = gateway::revoke_certificate(folder_of(path_), serial_, present());
        if (!revoked) return end_with(revoked.error(), error);
        out << revoked->serial << ": revoked; a running gateway ends its connections within a second\n";
        return exit_done;
    }

private:
    std::string path_, serial_;
};

}  // namespace

std::unique_ptr<GatewayPart> make_gateway_certificate_list() {
    return std::make_unique<CertificateList>();
}
std::unique_ptr<GatewayPart> make_gateway_certificate_renew() {
    return std::make_unique<CertificateRenew>();
}
std::unique_ptr<GatewayPart> make_gateway_certificate_revoke() {
    return std::make_unique<CertificateRevoke>();
}

}  // namespace crossfade::cli
