// `crossfade gateway init|run|bundle|token|certificate`.
#include <CLI/CLI.hpp>
#include <ostream>

#include "cli/commands.hpp"
#include "cli/gateway_part.hpp"
#include "cli/text_table.hpp"

namespace crossfade::cli {
namespace {

struct NamedPart {
    CLI::App* app;
    std::unique_ptr<GatewayPart> part;
};

class GatewayCommand final : public Command {
public:
    void add_arguments(CLI::App& app) override {
        app.require_subcommand(1);
        add(app, "init", "makes a gateway's folder: certificates, bundles, the first token", make_gateway_init());
        add(app, "run", "runs a gateway until it is told to stop", make_gateway_run());
        CLI::App* const bundle = app.add_subcommand("bundle", "makes bundles for what was added after init");
        bundle->require_subcommand(1);
        add(*bundle, "create", "makes the bundles that are missing, of datacenters and hosts that there are now",
            make_gateway_bundle_create());
        CLI::App* const token = app.add_subcommand("token", "makes, lists and revokes application tokens");
        token->require_subcommand(1);
        add(*token, "create", "makes a token and shows it, once", make_gateway_token_create());
        add(*token, "list", "lists the tokens, without what logs in", make_gateway_token_list());
        add(*token, "revoke", "ends a token and its open connections", make_gateway_token_revoke());
        CLI::App* const certificate = app.add_subcommand("certificate", "lists, renews and revokes certificates");
        certificate->require_subcommand(1);
        add(*certificate, "list", "lists the certificates and their bundles", make_gateway_certificate_list());
        add(*certificate, "renew", "makes a new certificate for the server, or new bundles",
            make_gateway_certificate_renew());
        add(*certificate, "revoke", "ends a bundle's certificate and its open connections",
            make_gateway_certificate_revoke());
    }

    std::vector<std::string> check(const Configuration&) const override { return parsed().problems(); }

    int run(const Configuration&, std::ostream& out, std::ostream& error) override { return parsed().run(out, error); }

private:
    void add(CLI::App& app, const std::string& name, const std::string& about, std::unique_ptr<GatewayPart> part) {
        CLI::App* const sub = app.add_subcommand(name, about);
        part->add_to(*sub);
        parts_.push_back({sub, std::move(part)});
    }
    GatewayPart& parsed() const {
        for (const NamedPart& one : parts_)
            if (one.app->parsed()) return *one.part;
        return *parts_.front().part;  // one of them is required
    }

    std::vector<NamedPart> parts_;
};

}  // namespace

void add_folder(CLI::App& app, std::string& path) {
    app.add_option("--dir", path, "the gateway's folder")->type_name("DIR")->required();
}

gateway::Folder folder_of(std::string path) {
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    return {std::move(path)};
}

int end_with(const base::Error& why, std::ostream& error) {
    error << printable(why.message) << "\n";
    return why.kind == base::ErrorKind::not_found ? exit_bad_input : exit_code_of(why);
}

std::unique_ptr<Command> make_gateway_command() {
    return std::make_unique<GatewayCommand>();
}

}  // namespace crossfade::cli
