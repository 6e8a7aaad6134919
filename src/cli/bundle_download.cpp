// `crossfade bundle download`.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <optional>
#include <ostream>

#include "base/durable_file.hpp"
#include "bundle/bundle.hpp"
#include "cli/bundle_part.hpp"
#include "cli/devops_answer.hpp"
#include "cli/exit_code.hpp"
#include "cli/secret_file.hpp"
#include "cli/text_table.hpp"
#include "net/http.hpp"
#include "net/url.hpp"

namespace crossfade::cli {
namespace {

constexpr std::chrono::seconds patience{60};

bool is_this_machine(const std::string& host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

// A token, or an address that lets anybody in, does not travel in the clear.
base::Result<net::Url> safe_url(const std::string& text, const std::string& what) {
    auto url = net::parse_web_url(text);
    if (!url) return base::fail(base::ErrorKind::bad_input, what + " is no URL that starts with https://");
    if (!url->is_secure && !is_this_machine(url->address.host))
        return base::fail(base::ErrorKind::bad_input, what + " is not https, and nothing secret is sent in the clear");
    return url;
}

base::Result<net::HttpResponse> ask(const std::string& method, const net::Url& url,
                                    const base::Secret<std::string>* token, std::size_t largest) {
    net::HttpAsk ask;
    ask.method = method;
    ask.to = url.address;
    ask.target = url.target;
    if (token != nullptr) ask.headers = {{"Authorization", "Bearer " + token->reveal()}};
    ask.timeout = patience;
    ask.largest_body = largest;
    if (url.is_secure) {
        auto tls = net::make_client_tls({});
        if (!tls) return base::fail(tls.error());
        ask.tls = *tls;
    }
    std::optional<base::Result<net::HttpResponse>> result;
    net::Loop loop;
    const auto pending = net::ask_http(loop, std::move(ask), [&](base::Result<net::HttpResponse> answer) {
        result = std::move(answer);
        loop.stop();
    });
    loop.run();
    return std::move(*result);
}

bool is_database_id(const std::string& text) {
    return !text.empty() && text.size() <= 100 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    });
}

std::string reason_for(int status) {
    if (status == 401) return "the token is wrong, has ended or was revoked: make a new one";
    if (status == 403) return "the token may not do this: give its role the right to download bundles";
    if (status == 404) return "there is no such database: look at --database-id";
    return "try again later";
}

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
        std::string base_url = api_url_;
        while (base_url.ends_with('/')) base_url.pop_back();
        // All are asked for in every case: without it the answer does not say whose bundle it is.
        const std::string where = base_url + "/v2/databases/" + database_id_ + "/secureBundleURL?all=true";
        const auto url = safe_url(where, "--api-url");
        if (!url) return base::fail(url.error());
        const auto answer = ask("POST", *url, &*token, 1U << 20U);
        if (!answer) return base::fail(answer.error().kind, where + ": " + answer.error().message);
        if (answer->status < 200 || answer->status > 299)
            return base::fail(base::ErrorKind::server, where + ": the API answered with HTTP status " +
                                                           std::to_string(answer->status) + "; " +
                                                           reason_for(answer->status));
        auto sources = parse_bundle_sources(where, answer->body);
        if (!sources) return base::fail(sources.error());
        return choose_sources(std::move(*sources), region_, wants_all_);
    }

    base::Result<void> fetch(const BundleSource& source, const std::string& path) const {
        std::error_code ignored;
        if (!overwrites_ && std::filesystem::exists(path, ignored))
            return base::fail(base::ErrorKind::bad_input,
                              path + ": is there already; name another folder, or give --force");
        const auto url = safe_url(source.url, path + ": the address that the API gives");
        if (!url) return base::fail(url.error());
        const auto answer = ask("GET", *url, nullptr, bundle::ZipLimits{}.largest_archive);
        if (!answer) return base::fail(answer.error().kind, path + ": " + answer.error().message);
        if (answer->status != 200)
            return base::fail(base::ErrorKind::server, path + ": the store answered with HTTP status " +
                                                           std::to_string(answer->status) + "; try again");
        const auto files = bundle::read_zip(path, base::bytes_of(answer->body));
        if (!files) return base::fail(base::ErrorKind::protocol, files.error().message);
        if (auto read = bundle::read_bundle(path, *files); !read)
            return base::fail(base::ErrorKind::protocol, read.error().message);
        return base::write_durably(path, answer->body);
    }

    std::string database_id_, region_, token_file_, token_variable_, api_url_ = "https://api.astra.datastax.com",
                                                                     folder_ = ".";
    bool wants_all_ = false, overwrites_ = false;
};

}  // namespace

std::unique_ptr<BundlePart> make_bundle_download() {
    return std::make_unique<BundleDownload>();
}

}  // namespace crossfade::cli
