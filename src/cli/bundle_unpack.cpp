// `crossfade bundle unpack`.
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <ostream>

#include "base/durable_file.hpp"
#include "bundle/bundle.hpp"
#include "cli/bundle_part.hpp"
#include "cli/bundle_snippets.hpp"
#include "cli/exit_code.hpp"
#include "cli/text_table.hpp"

namespace crossfade::cli {
namespace {

constexpr const char* snippets_name = "snippets.md";
constexpr mode_t others_may = S_IRWXG | S_IRWXO;

// A folder that is its owner's alone: made, or found so.
base::Result<void> make_private_folder(const std::string& folder) {
    if (::mkdir(folder.c_str(), S_IRWXU) == 0) return {};
    const auto wrong = [&](const std::string& why) {
        return base::fail(base::ErrorKind::bad_input, folder + ": " + why);
    };
    if (errno != EEXIST) return wrong(std::string("cannot be made: ") + std::strerror(errno));
    struct stat about {};
    if (::stat(folder.c_str(), &about) != 0 || !S_ISDIR(about.st_mode)) return wrong("is no folder; name another one");
    if ((about.st_mode & others_may) != 0)
        return wrong("others can get into this folder, and a key goes there; chmod 700 it, or name a new one");
    return {};
}

class BundleUnpack final : public BundlePart {
public:
    void add_to(CLI::App& app) override {
        app.add_option("FILE", path_, "the bundle")->required();
        app.add_option("DIR", folder_, "where to: made with mode 0700, the files with 0600")->required();
        app.add_flag("--force", overwrites_, "also over files that are there")->default_str("false");
    }

    int run(std::ostream& out, std::ostream& error) override {
        const auto unpacked = unpack();
        if (!unpacked) {
            error << printable(unpacked.error().message) << "\n";
            return exit_code_of(unpacked.error());
        }
        out << folder_ << ": " << *unpacked << " files; " << snippets_name
            << " shows what to write into drivers that cannot open a bundle\n";
        return exit_done;
    }

private:
    base::Result<std::size_t> unpack() const {
        const auto bundle = bundle::read_bundle(path_);
        if (!bundle) return base::fail(bundle.error());
        // Made new: what the bundle lacks is there too, and every store opens with the password beside it.
        auto files = bundle::make_bundle_files(*bundle, present().time_since_epoch().count());
        if (!files) return base::fail(files.error().kind, path_ + ": " + files.error().message);
        const std::string folder = std::filesystem::weakly_canonical(std::filesystem::absolute(folder_)).string();
        for (bundle::ZipEntry& file : *files) {
            if (file.name != bundle::file_name::cqlshrc) continue;
            const std::string text = bundle::cqlshrc_of(*bundle, folder);
            file.content.assign(text.begin(), text.end());
        }
        const std::string snippets = old_driver_snippets(*bundle, folder);
        files->push_back({snippets_name, {snippets.begin(), snippets.end()}});
        if (auto made = make_private_folder(folder_); !made) return base::fail(made.error());
        if (auto free = refuse_what_is_there(*files); !free) return base::fail(free.error());
        for (const bundle::ZipEntry& file : *files)
            if (auto written = base::write_durably(folder_ + "/" + file.name, base::text_of(file.content)); !written)
                return base::fail(written.error());
        return files->size();
    }

    base::Result<void> refuse_what_is_there(const std::vector<bundle::ZipEntry>& files) const {
        if (overwrites_) return {};
        for (const bundle::ZipEntry& file : files) {
            const std::string path = folder_ + "/" + file.name;
            struct stat about {};
            if (::lstat(path.c_str(), &about) == 0)
                return base::fail(base::ErrorKind::bad_input,
                                  path + ": is there already; name another folder, or give --force");
        }
        return {};
    }

    std::string path_, folder_;
    bool overwrites_ = false;
};

}  // namespace

std::unique_ptr<BundlePart> make_bundle_unpack() {
    return std::make_unique<BundleUnpack>();
}

}  // namespace crossfade::cli
