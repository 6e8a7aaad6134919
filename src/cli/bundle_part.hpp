// One part of `crossfade bundle`, in a file of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace crossfade::cli {

class BundlePart {
public:
    virtual ~BundlePart() = default;
    // Adds its positional arguments and flags, each with its default.
    virtual void add_to(CLI::App& app) = 0;
    // What is wrong with them, one sentence each: exit 30.
    virtual std::vector<std::string> problems() const { return {}; }
    // Gives the exit code: 0 done; 20 it can be read or was reached, but something is wrong with it, named; 30 it is no
    // bundle.
    virtual int run(std::ostream& out, std::ostream& error) = 0;
};

std::unique_ptr<BundlePart> make_bundle_create();
std::unique_ptr<BundlePart> make_bundle_inspect();
std::unique_ptr<BundlePart> make_bundle_unpack();
std::unique_ptr<BundlePart> make_bundle_verify();
std::unique_ptr<BundlePart> make_bundle_download();

// The present, in whole seconds.
inline std::chrono::sys_seconds present() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

}  // namespace crossfade::cli
