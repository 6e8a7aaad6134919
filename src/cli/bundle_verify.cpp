// `crossfade bundle verify`.
#include <CLI/CLI.hpp>
#include <charconv>
#include <ostream>

#include "bundle/bundle_findings.hpp"
#include "cli/bundle_part.hpp"
#include "cli/bundle_probe.hpp"
#include "cli/exit_code.hpp"
#include "cli/secret_file.hpp"
#include "cli/text_table.hpp"

namespace crossfade::cli {
namespace {

constexpr std::int64_t longest_timeout_ms = 600'000;

class BundleVerify final : public BundlePart {
public:
    void add_to(CLI::App& app) override {
        app.add_option("FILE", path_, "the bundle")->required();
        app.add_option("--username", username_, "the user to log in as; \"token\" goes with an application token")
            ->type_name("NAME")
            ->capture_default_str();
        app.add_option("--password-file", password_file_,
                       "a file whose first line is the password or token, or the JSON that came with the token")
            ->type_name("FILE")
            ->default_str("none, the login is not tried");
        app.add_option("--password-env", password_variable_, "the environment variable that holds it")
            ->type_name("VARIABLE")
            ->default_str("none");
        app.add_option("--timeout-ms", timeout_, "patience with each step, in milliseconds")
            ->type_name("N")
            ->capture_default_str();
    }

    std::vector<std::string> problems() const override {
        std::vector<std::string> found;
        if (timeout_ms() == 0)
            found.push_back("--timeout-ms: '" + printable(timeout_.substr(0, 60)) + "' is no whole number from 1 to " +
                            std::to_string(longest_timeout_ms));
        if (!password_file_.empty() && !password_variable_.empty())
            found.emplace_back("--password-env: there is --password-file too; keep one of them");
        return found;
    }

    int run(std::ostream& out, std::ostream& error) override {
        ProbeOptions options;
        options.timeout = std::chrono::milliseconds(timeout_ms());
        if (auto read = read_credentials(options.credentials); !read) return refuse(read.error(), error);
        const auto bytes = bundle::read_file(path_, bundle::ZipLimits{}.largest_archive);
        if (!bytes) return refuse(bytes.error(), error);
        const auto files = bundle::read_zip(path_, *bytes);
        if (!files) return refuse(files.error(), error);
        const auto bundle = bundle::read_bundle(path_, *files);
        if (!bundle) return refuse(bundle.error(), error);
        bool is_good = true;
        for (const bundle::BundleFinding& finding : bundle::examine(*bundle, *files, present())) {
            say(out, finding.is_problem ? "failed" : "warning", "bundle", finding.text);
            is_good = is_good && !finding.is_problem;
        }
        if (is_good) say(out, "ok", "bundle", path_ + " is complete and its certificates count");
        return probe(*bundle, options, out) && is_good ? exit_done : exit_partial;
    }

private:
    static int refuse(const base::Error& why, std::ostream& error) {
        error << printable(why.message) << "\n";
        return exit_bad_input;
    }
    static void say(std::ostream& out, const std::string& verdict, const std::string& step, const std::string& words) {
        out << verdict << std::string(9 - verdict.size(), ' ') << printable(step) << ": " << printable(words) << "\n"
            << std::flush;
    }

    // 0: none.
    std::int64_t timeout_ms() const {
        std::int64_t number = 0;
        const auto [end, problem] = std::from_chars(timeout_.data(), timeout_.data() + timeout_.size(), number);
        const bool is_number = problem == std::errc() && end == timeout_.data() + timeout_.size();
        return is_number && number > 0 && number <= longest_timeout_ms ? number : 0;
    }

    base::Result<void> read_credentials(nodes::Credentials& credentials) const {
        if (password_file_.empty() && password_variable_.empty()) return {};
        const auto password =
            password_file_.empty() ? read_secret_variable(password_variable_) : read_secret_file(password_file_);
        if (!password) return base::fail(password.error());
        credentials = {username_, password->reveal()};
        return {};
    }

    static bool probe(const bundle::Bundle& bundle, const ProbeOptions& options, std::ostream& out) {
        net::Loop loop;
        bool is_good = false;
        const ProbeReport report = [&out](const std::string& step, bool is_step_good, const std::string& words) {
            say(out, is_step_good ? "ok" : "failed", step, words);
        };
        const base::Task<void> task = run_probe(loop, bundle, options, report, is_good);
        loop.run();
        return is_good;
    }
    static base::Task<void> run_probe(net::Loop& loop, bundle::Bundle bundle, ProbeOptions options, ProbeReport report,
                                      bool& is_good) {
        is_good = co_await probe_bundle(loop, std::move(bundle), std::move(options), std::move(report));
        loop.stop();
    }

    std::string path_, username_ = "token", password_file_, password_variable_, timeout_ = "10000";
};

}  // namespace

std::unique_ptr<BundlePart> make_bundle_verify() {
    return std::make_unique<BundleVerify>();
}

}  // namespace crossfade::cli
