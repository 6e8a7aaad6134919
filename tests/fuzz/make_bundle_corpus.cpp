// Writes the seeds of the bundle, metadata and key_store targets, made by our own writers. Usage: make_bundle_corpus
// DIRECTORY   (tests/fuzz/corpus). Keys are new in each run.
#include <filesystem>
#include <fstream>

#include "bundle/metadata.hpp"
#include "bundle_seed.hpp"

using namespace crossfade;

namespace {

void write(const std::filesystem::path& path, std::string_view choices, base::ByteView content) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    file << choices << base::text_of(content);
    if (file) return;
    std::cerr << "cannot write " << path << "\n";
    std::exit(1);
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        std::cerr << "usage: make_bundle_corpus DIRECTORY\n";
        return 30;
    }
    const std::filesystem::path root = arguments[1];
    const std::string_view plain("\0", 1), other("\1", 1);
    const auto files = fuzz::seed_files();
    const auto content = [&](const char* name) -> base::ByteView { return bundle::find_file(files, name)->content; };
    write(root / "bundle" / "whole", plain, fuzz::value_of(bundle::write_zip(files, 0)));
    write(root / "bundle" / "small", plain,
          fuzz::value_of(bundle::write_zip({{"config.json", {'{', '}'}}, {"folder/", {}}}, 0)));
    write(root / "bundle" / "config", other, content("config.json"));
    const bundle::Metadata metadata{"dc1", "dc1", {"0a1b2c3d-0000-4000-8000-000000000001"}, {"db.example.com", 29042}};
    write(root / "metadata" / "document", "", base::bytes_of(bundle::to_json(metadata)));
    write(root / "metadata" / "failure", "", base::bytes_of(R"({"message":"hibernated"})"));
    write(root / "key_store" / "pkcs12", plain, content("identity.jks"));
    write(root / "key_store" / "jks", plain, content("trustStore.jks"));
    write(root / "key_store" / "jks_proven", other,
          content("trustStore.jks").first(content("trustStore.jks").size() - 20));
    return 0;
}
