// `crossfade bundle download`.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <ostream>

#include "base/durable_file.hpp"
#include "bundle/bundle.hpp"
#include "cli/bundle_part.hpp"
#include "cli/devops_client.hpp"
#include "cli/exit_code.hpp"
#include "cli/secret_file.hpp"
#include "cli/text_table.hpp"

namespace crossfade::cli {
namespace {

class BundleDownload final : public BundlePart {
public:
    void add_to(CLI::App& app) override {
        add(app, "--database-id", database_id_, "ID", "the database")->required();
        add(app, "--region", region_, "NAME", "the region whose bundle is wanted")
            ->default_str("the only one there is");
        app.add_flag("--all", wants_all_, "the bundles of all regions")->default_str("false");
        add(app, "--token-file", token_file_, "FILE",
            "a file whose first line is the application token, or the JSON that came with it")
            ->default_str("none");
        add(app, "--token-env", token_variable_, "VARIABLE", "the environment variable that holds the token")
            ->default_str("none");
        add(app, "--api-url", api_url_, "URL", "where the DevOps API is")->capture_default_str();
        add(app, "--dir", folder_, "DIR", "where the bundles go, as secure-connect-ID[-REGION].zip, mode 0600")
            ->capture_default_str();
        app.add_flag("--force", overwrites_, "also over files that are there")->default_str("false");
    }

    std::vector<std::string> problems() const override {
        std::vector<std::string> found;
        if (!is_database_id(database_id_))
            found.push_back("--database-id: '" + printable(database_id_.substr(0, 100)) +
                            "' is no id of a database; it is made of letters, digits and dashes");
        if (wants_all_ && !region_.empty()) found.emplace_back("--all: there is --region too; keep one of them");
        if (token_file_.empty() == token_variable_.empty())
            found.emplace_back("--token-file: give the application token by one of --token-file and --token-env");
        if (auto url = safe_url(api_url_, "--api-url"); !url) found.push_back(url.error().message);
        std::error_code ignored;
        if (!std::filesystem::is_directory(folder_, ignored))
            found.push_back("--dir: there is no folder '" + folder_ + "'; make it first");
        return found;
    }

    int run(std::ostream& out, std::ostream& error) override {
        const auto sources = find_sources();
        if (!sources) {
            error << printable(sources.error().message) << "\n";
            return exit_code_of(sources.error());
        }
        int exit = exit_done;
        for (const BundleSource& source : *sources) {
            const std::string path = path_for(source);
            const auto fetched = fetch(source, path);
            if (fetched) {
                out << path << ": written; see it with 'crossfade bundle inspect " << path << "'\n";
                continue;
            }
            error << printable(fetched.error().message) << "\n";
            exit = std::max<int>(exit, exit_code_of(fetched.error()));
        }
        return exit;
    }

private:
    static CLI::Option* add(CLI::App& app, const char* name, std::string& value, const char* type, const char* help) {
        return app.add_option(name, value, help)->type_name(type);
    }

    std::string path_for(const BundleSource& source) const {
        const std::string region = source.region.empty() ? "" : "-" + source.region;
        return (std::filesystem::path(folder_) / ("secure-connect-" + database_id_ + region + ".zip")).string();
    }

    base::Result<std::vector<BundleSource>> find_sources() const {
        const auto token = token_file_.empty() ? read_secret_variable(token_variable_) : read_secret_file(token_file_);
        if (!token) return base::fail(token.error());
        DevopsQuestion question;
        question.api_url = api_url_;
        question.api_url_flag = "--api-url";
        question.database_id_flag = "--database-id";
        question.database_id = database_id_;
        question.token = *token;
        auto sources = ask_bundle_sources(question);
        if (!sources) return base::fail(sources.error());
        return choose_sources(std::move(*sources), region_, wants_all_);
    }

    base::Result<void> fetch(const BundleSource& source, const std::string& path) const {
        std::error_code ignored;
        if (!overwrites_ && std::filesystem::exists(path, ignored))
            return base::fail(base::ErrorKind::bad_input,
                              path + ": is there already; name another folder, or give --force");
        const auto archive = fetch_bundle(source, path, DevopsQuestion().patience);
        if (!archive) return base::fail(archive.error());
        const auto files = bundle::read_zip(path, base::bytes_of(*archive));
        if (!files) return base::fail(base::ErrorKind::protocol, files.error().message);
        if (auto read = bundle::read_bundle(path, *files); !read)
            return base::fail(base::ErrorKind::protocol, read.error().message);
        return base::write_durably(path, *archive);
    }

    std::string database_id_, region_, token_file_, token_variable_, api_url_ = astra_api_url, folder_ = ".";
    bool wants_all_ = false, overwrites_ = false;
};

}  // namespace

std::unique_ptr<BundlePart> make_bundle_download() {
    return std::make_unique<BundleDownload>();
}

}  // namespace crossfade::cli
