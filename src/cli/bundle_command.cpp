// `crossfade bundle create|inspect|unpack|verify|download`.
#include <CLI/CLI.hpp>

#include "cli/bundle_part.hpp"
#include "cli/commands.hpp"

namespace crossfade::cli {
namespace {

struct NamedPart {
    CLI::App* app;
    std::unique_ptr<BundlePart> part;
};

class BundleCommand : public Command {
public:
    void add_arguments(CLI::App& app) override {
        app.require_subcommand(1);
        add(app, "create", "makes a Secure Connect Bundle of certificates and addresses", make_bundle_create());
        add(app, "inspect", "shows what is in a bundle, without its secrets, and what is wrong with it",
            make_bundle_inspect());
        add(app, "unpack", "unpacks a bundle for drivers and tools that cannot open one", make_bundle_unpack());
        add(app, "verify", "connects with a bundle: metadata service, every node, login", make_bundle_verify());
        add(app, "download", "fetches the bundles of an Astra database", make_bundle_download());
    }

    std::vector<std::string> check(const Configuration&) const override { return parsed().problems(); }

    int run(const Configuration&, std::ostream& out, std::ostream& error) override { return parsed().run(out, error); }

private:
    void add(CLI::App& app, const std::string& name, const std::string& about, std::unique_ptr<BundlePart> part) {
        CLI::App* const sub = app.add_subcommand(name, about);
        part->add_to(*sub);
        parts_.push_back({sub, std::move(part)});
    }
    BundlePart& parsed() const {
        for (const NamedPart& one : parts_)
            if (one.app->parsed()) return *one.part;
        return *parts_.front().part;  // one of them is required
    }

    std::vector<NamedPart> parts_;
};

}  // namespace

std::unique_ptr<Command> make_bundle_command() {
    return std::make_unique<BundleCommand>();
}

}  // namespace crossfade::cli
