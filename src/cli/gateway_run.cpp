// `crossfade gateway run`.
#include <CLI/CLI.hpp>
#include <ostream>

#include "cli/exit_code.hpp"
#include "cli/gateway_part.hpp"
#include "cli/secret_file.hpp"
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
        nodes::Credentials credentials;
        if (!settings->username.empty()) {
            const auto password = read_secret_variable(settings->password_variable);
            if (!password) {
                error << folder.settings() << ": password_env: " << password.error().message << "\n";
                return exit_bad_input;
            }
            credentials = {settings->username, password->reveal()};
        }
        return gateway::run(folder, *settings, credentials);
    }

private:
    std::string path_;
};

}  // namespace

std::unique_ptr<GatewayPart> make_gateway_run() {
    return std::make_unique<GatewayRun>();
}

}  // namespace crossfade::cli
