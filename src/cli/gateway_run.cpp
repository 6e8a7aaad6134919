// `crossfade gateway run`.
#include <CLI/CLI.hpp>
#include <ostream>

#include "cli/exit_code.hpp"
#include "cli/gateway_cluster.hpp"
#include "cli/gateway_part.hpp"
#include "gateway/run.hpp"

namespace crossfade::cli {
namespace {

class GatewayRun final : public GatewayPart {
public:
    void add_to(CLI::App& app) override { add_folder(app, path_); }

    int run(std::ostream&, std::ostream& error) override {
        const gateway::Folder folder = folder_of(path_);
        const auto settings = gateway::read_settings(folder);
        if (!settings) return end_with(settings.error(), error);
        const auto role = role_of(*settings);
        if (!role) {
            error << folder.settings() << ": password_env: " << role.error().message << "\n";
            return exit_bad_input;
        }
        return gateway::run(folder, *settings, *role);
    }

private:
    std::string path_;
};

}  // namespace

std::unique_ptr<GatewayPart> make_gateway_run() {
    return std::make_unique<GatewayRun>();
}

}  // namespace crossfade::cli
