// Bundles from anywhere. Input: a choice (0 a zip archive, 1 a config.json beside good certificates), the bytes.
#include "bundle/bundle.hpp"
#include "bundle/bundle_findings.hpp"
#include "bundle_seed.hpp"
#include "fuzz_input.hpp"

using namespace crossfade;

namespace {

void look_at(const std::vector<bundle::ZipEntry>& files) {
    const auto read = bundle::read_bundle("fuzz", files);
    if (!read) {
        CROSSFADE_REQUIRE(read.error().message.size() < 1000);
        return;
    }
    CROSSFADE_REQUIRE(!read->host.empty() && read->port != 0);
    bundle::examine(*read, files, fuzz::seed_time);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const bool is_archive = input.choice(2) == 0;
    const base::Bytes rest(input.rest().begin(), input.rest().end());
    if (!is_archive) {
        static const std::vector<bundle::ZipEntry> seed = fuzz::seed_files();
        std::vector<bundle::ZipEntry> files = seed;
        files.front().content = rest;
        look_at(files);
        return 0;
    }
    const bundle::ZipLimits limits;
    const auto files = bundle::read_zip("fuzz", rest, limits);
    if (!files) return 0;
    std::size_t total = 0;
    for (const bundle::ZipEntry& file : *files) {
        CROSSFADE_REQUIRE(!file.name.starts_with('/') && ("/" + file.name + "/").find("/../") == std::string::npos);
        total += file.content.size();
    }
    CROSSFADE_REQUIRE(files->size() <= limits.most_entries && total <= limits.largest_total);
    look_at(*files);
    return 0;
}
