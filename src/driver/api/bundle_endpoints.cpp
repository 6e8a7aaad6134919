#include "driver/api/bundle_endpoints.hpp"

namespace crossfade::driver {

base::Result<BundleEndpoints> open_bundles(const std::vector<std::string>& paths) {
    return base::fail(base::ErrorKind::bad_configuration, paths.front() + ": this build cannot open bundles");
}

}  // namespace crossfade::driver
