#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "proxy/run.hpp"

namespace crossfade::cli {
namespace {

// `crossfade proxy`: everything that it takes is a key of the configuration.
class ProxyCommand final : public Command {
public:
    void add_arguments(CLI::App&) override {}
    int run(const Configuration& configuration, std::ostream&, std::ostream&) override {
        return proxy::run(configuration.proxy);
    }
};

}  // namespace

std::unique_ptr<Command> make_proxy_command() {
    return std::make_unique<ProxyCommand>();
}

}  // namespace crossfade::cli
