// One part of `crossfade gateway`, in a file of its own.
#pragma once

#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "gateway/folder.hpp"

namespace CLI {
class App;
}

namespace crossfade::cli {

class GatewayPart {
public:
    virtual ~GatewayPart() = default;
    // Adds its flags, each with its default.
    virtual void add_to(CLI::App& app) = 0;
    // What is wrong with them, one sentence each: exit 30.
    virtual std::vector<std::string> problems() const { return {}; }
    // Gives the exit code: 0 done, 20 the cluster could not be asked, 30 bad configuration or input.
    virtual int run(std::ostream& out, std::ostream& error) = 0;
};

std::unique_ptr<GatewayPart> make_gateway_init();
std::unique_ptr<GatewayPart> make_gateway_run();
std::unique_ptr<GatewayPart> make_gateway_bundle_create();
std::unique_ptr<GatewayPart> make_gateway_token_create();
std::unique_ptr<GatewayPart> make_gateway_token_list();
std::unique_ptr<GatewayPart> make_gateway_token_revoke();
std::unique_ptr<GatewayPart> make_gateway_certificate_list();
std::unique_ptr<GatewayPart> make_gateway_certificate_renew();
std::unique_ptr<GatewayPart> make_gateway_certificate_revoke();

// --dir, which all of them take.
void add_folder(CLI::App& app, std::string& path);
// The folder without slashes at its end.
gateway::Folder folder_of(std::string path);
// Tells why a part ends, and gives its exit code.
int end_with(const base::Error& why, std::ostream& error);

}  // namespace crossfade::cli
