// `crossfade gateway token create|list|revoke`.
#include <CLI/CLI.hpp>
#include <optional>
#include <ostream>

#include "cli/bundle_part.hpp"
#include "cli/exit_code.hpp"
#include "cli/gateway_part.hpp"
#include "cli/point_in_time.hpp"
#include "cli/secret_file.hpp"
#include "cli/text_table.hpp"
#include "gateway/settings.hpp"
#include "gateway/token_file.hpp"

namespace crossfade::cli {
namespace {

std::string day_text(std::chrono::sys_seconds time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02} UTC", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                       clock.minutes().count());
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
    return text.empty() ? "all" : text;
}

class TokenCreate final : public GatewayPart {
public:
    void add_to(CLI::App& app) override {
        add_folder(app, path_);
        app.add_option("--role", role_, "the database role that its connections have")
            ->type_name("ROLE")
            ->default_str("none, for a cluster that asks for no login");
        app.add_option("--role-password-env", variable_, "the environment variable that holds the role's password")
            ->type_name("VARIABLE")
            ->default_str("none");
        app.add_option("--expires", expires_, "when it ends: 90d, 12h, 30m, 45s, or a day such as 2027-01-31 (UTC)")
            ->type_name("TIME")
            ->default_str("never");
        app.add_flag("--read-only", limits_.is_read_only, "it may only read")->default_str("false");
        app.add_option("--keyspaces", limits_.keyspaces,
                       "the keyspaces that it may use, separated by commas, in their stored case")
            ->type_name("NAME,…")
            ->delimiter(',')
            ->default_str("all");
        app.add_option("--connections", limits_.connections, "how many connections it may have at once, 0 for any")
            ->type_name("N")
            ->capture_default_str();
        app.add_option("--requests-per-second", limits_.requests_per_second,
                       "how many requests it may send; further ones wait. 0 for any")
            ->type_name("N")
            ->capture_default_str();
    }

    std::vector<std::string> problems() const override {
        std::vector<std::string> found;
        if (role_.empty() != variable_.empty()) found.emplace_back("--role and --role-password-env: give both or none");
        if (!expires_.empty())
            if (const auto time = parse_expiry(expires_, present()); !time)
                found.push_back("--expires: " + time.error().message);
        if (limits_.requests_per_second > 1'000'000'000)
            found.emplace_back("--requests-per-second: it goes up to 1,000,000,000");
        return found;
    }

    int run(std::ostream& out, std::ostream& error) override {
        const gateway::Folder folder = folder_of(path_);
        if (const auto settings = gateway::read_settings(folder); !settings) return end_with(settings.error(), error);
        if (const auto is_private = gateway::check_privacy(folder); !is_private)
            return end_with(is_private.error(), error);
        nodes::Credentials role;
        if (!role_.empty()) {
            const auto password = read_secret_variable(variable_);
            if (!password) {
                error << "--role-password-env: " << password.error().message << "\n";
                return exit_bad_input;
            }
            role = {role_, password->reveal()};
        }
        const auto until = expires_.empty() ? std::chrono::sys_seconds() : *parse_expiry(expires_, present());
        const auto made = gateway::make_token(role, limits_, present(), until);
        if (const auto added = gateway::add_token(folder, made.token); !added) return end_with(added.error(), error);
        // The one time that they are seen.
        out << "token:     " << made.secrets.token.reveal() << "\nclient id: " << made.secrets.client_id
            << "\nsecret:    " << made.secrets.secret.reveal()
            << "\nLog in as user 'token' with the token, or as the client id with the secret. They are not shown "
               "again.\n";
        return exit_done;
    }

private:
    std::string path_, role_, variable_, expires_;
    gateway::TokenLimits limits_;
};

class TokenList final : public GatewayPart {
public:
    void add_to(CLI::App& app) override { add_folder(app, path_); }

    int run(std::ostream& out, std::ostream& error) override {
        const gateway::Folder folder = folder_of(path_);
        if (const auto settings = gateway::read_settings(folder); !settings) return end_with(settings.error(), error);
        const auto tokens = gateway::read_tokens(folder);
        if (!tokens) return end_with(tokens.error(), error);
        TextTable table({"client id", "role", "created", "expires", "may", "keyspaces", "connections", "requests/s"});
        for (const gateway::Token& token : *tokens) {
            const gateway::TokenLimits& limits = token.limits;
            const auto number = [](std::uint32_t limit) { return limit == 0 ? "any" : with_thousands(limit); };
            table.add({token.client_id, token.role.empty() ? "none" : token.role, day_text(token.created),
                       token.expires.time_since_epoch().count() == 0 ? "never"
                       : token.has_expired(present())                ? "expired"
                                                                     : day_text(token.expires),
                       limits.is_read_only ? "read" : "read, write", joined(limits.keyspaces),
                       number(limits.connections), number(limits.requests_per_second)});
        }
        table.print(out);
        return exit_done;
    }

private:
    std::string path_;
};

class TokenRevoke final : public GatewayPart {
public:
    void add_to(CLI::App& app) override {
        add_folder(app, path_);
        app.add_option("CLIENT_ID", client_id_, "the token's client id: what stands between the colons of AstraCS:…:…")
            ->required();
    }

    int run(std::ostream& out, std::ostream& error) override {
        const gateway::Folder folder = folder_of(path_);
        if (const auto settings = gateway::read_settings(folder); !settings) return end_with(settings.error(), error);
        const auto removed = gateway::remove_token(folder, client_id_);
        if (!removed) return end_with(removed.error(), error);
        out << removed->client_id << ": revoked; a running gateway ends its connections within a second\n";
        return exit_done;
    }

private:
    std::string path_, client_id_;
};

}  // namespace

std::unique_ptr<GatewayPart> make_gateway_token_create() {
    return std::make_unique<TokenCreate>();
}
std::unique_ptr<GatewayPart> make_gateway_token_list() {
    return std::make_unique<TokenList>();
}
std::unique_ptr<GatewayPart> make_gateway_token_revoke() {
    return std::make_unique<TokenRevoke>();
}

}  // namespace crossfade::cli
