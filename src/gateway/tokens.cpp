#include "gateway/tokens.hpp"

#include <simdjson.h>

#include <algorithm>
#include <utility>

#include "base/json_text.hpp"
#include "gateway/sealing.hpp"

namespace crossfade::gateway {
namespace {

constexpr std::string_view token_prefix = "AstraCS:";
constexpr std::size_t id_bytes = 12, token_bytes = 32, secret_bytes = 64, longest_password = 1024;

std::string role_text(const nodes::Credentials& role) {
    return base::JsonObject().field("role", role.username).field("password", role.password).text();
}

std::optional<nodes::Credentials> role_of(std::string_view text) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    std::string_view role, password;
    if (parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS ||
        root["role"].get(role) != simdjson::SUCCESS || root["password"].get(password) != simdjson::SUCCESS)
        return std::nullopt;
    return nodes::Credentials{std::string(role), std::string(password)};
}

tl::unexpected<base::Error> wrong(const std::string& where, const std::string& what) {
    return base::fail(base::ErrorKind::bad_configuration,
                      where + ": " + what + "; restore it from a copy, or make the tokens anew");
}

std::string token_text(const Token& token) {
    base::JsonList keyspaces;
    for (const std::string& keyspace : token.limits.keyspaces) keyspaces.add(base::json_quoted(keyspace));
    return base::JsonObject()
        .field("client_id", token.client_id)
        .field("role", token.role)
        .field("created", token.created.time_since_epoch().count())
        .field("expires", token.expires.time_since_epoch().count())
        .field("read_only", token.limits.is_read_only)
        .raw("keyspaces", keyspaces.text())
        .field("connections", token.limits.connections)
        .field("requests_per_second", token.limits.requests_per_second)
        .field("token_fingerprint", token.token_fingerprint)
        .field("secret_fingerprint", token.secret_fingerprint)
        .field("sealed_by_token", token.sealed_by_token)
        .field("sealed_by_secret", token.sealed_by_secret)
        .text();
}

// One token of the file; false when something that it needs is missing.
bool read_token(const simdjson::dom::element& from, Token& token) {
    const auto text = [&](const char* name, std::string& into) {
        std::string_view value;
        if (from[name].get(value) != simdjson::SUCCESS) return false;
        into = value;
        return true;
    };
    const auto number = [&](const char* name, auto& into) {
        std::uint64_t value = 0;
        // Cut off, a limit of 2^32 connections would be none at all.
        if (from[name].get(value) != simdjson::SUCCESS ||
            !std::in_range<std::remove_reference_t<decltype(into)>>(value))
            return false;
        into = static_cast<std::remove_reference_t<decltype(into)>>(value);
        return true;
    };
    std::int64_t created = 0, expires = 0;
    simdjson::dom::array keyspaces;
    if (!text("client_id", token.client_id) || !text("role", token.role) || !number("created", created) ||
        !number("expires", expires) || from["read_only"].get(token.limits.is_read_only) != simdjson::SUCCESS ||
        from["keyspaces"].get(keyspaces) != simdjson::SUCCESS || !number("connections", token.limits.connections) ||
        !number("requests_per_second", token.limits.requests_per_second) ||
        !text("token_fingerprint", token.token_fingerprint) || !text("secret_fingerprint", token.secret_fingerprint) ||
        !text("sealed_by_token", token.sealed_by_token) || !text("sealed_by_secret", token.sealed_by_secret))
        return false;
    token.created = std::chrono::sys_seconds(std::chrono::seconds(created));
    token.expires = std::chrono::sys_seconds(std::chrono::seconds(expires));
    for (const simdjson::dom::element keyspace : keyspaces) {
        std::string_view name;
        if (keyspace.get(name) != simdjson::SUCCESS) return false;
        token.limits.keyspaces.emplace_back(name);
    }
    return true;
}

}  // namespace

MadeToken make_token(const nodes::Credentials& role, TokenLimits limits, std::chrono::sys_seconds now,
                     std::chrono::sys_seconds expires) {
    MadeToken made;
    made.secrets.client_id = random_hex(id_bytes);
    made.secrets.token =
        base::Secret<std::string>(std::string(token_prefix) + made.secrets.client_id + ":" + random_hex(token_bytes));
    made.secrets.secret = base::Secret<std::string>(random_hex(secret_bytes));
    Token& token = made.token;
    token.client_id = made.secrets.client_id;
    token.role = role.username;
    token.created = now;
    token.expires = expires;
    token.limits = std::move(limits);
    const std::string text = role_text(role);
    const std::string &by_token = made.secrets.token.reveal(), &by_secret = made.secrets.secret.reveal();
    token.token_fingerprint = fingerprint(by_token);
    token.secret_fingerprint = fingerprint(by_secret);
    token.sealed_by_token = seal(by_token, token.client_id, text);
    token.sealed_by_secret = seal(by_secret, token.client_id, text);
    return made;
}

std::string_view text_of(LoginProblem problem) {
    switch (problem) {
        case LoginProblem::wrong_form:
            return "Provided username token and/or password are incorrect: log in as user 'token' with an application "
                   "token (AstraCS:...), or with a client id and its secret";
        case LoginProblem::expired:
            return "The application token has expired; ask for a new one";
        case LoginProblem::unknown:
            break;
    }
    return "Provided username token and/or password are incorrect";
}

TokenTable::TokenTable(std::vector<Token> tokens) : tokens_(std::move(tokens)) {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
        by_fingerprint_[tokens_[i].token_fingerprint] = i;
        by_fingerprint_[tokens_[i].secret_fingerprint] = i;
        by_client_id_[tokens_[i].client_id] = i;
    }
}

tl::expected<TokenTable::Login, LoginProblem> TokenTable::login(const nodes::Credentials& sent,
                                                                std::chrono::sys_seconds now) const {
    if (sent.username.empty() || sent.password.empty() || sent.password.size() > longest_password)
        return tl::unexpected(LoginProblem::wrong_form);
    if (sent.username == "token" && !sent.password.starts_with(token_prefix) &&
        sent.password.size() != 2 * secret_bytes)
        return tl::unexpected(LoginProblem::wrong_form);
    const std::string print = fingerprint(sent.password);
    const auto found = by_fingerprint_.find(print);
    if (found == by_fingerprint_.end()) return tl::unexpected(LoginProblem::unknown);
    const Token& token = tokens_[found->second];
    if (sent.username != "token" && sent.username != token.client_id) return tl::unexpected(LoginProblem::unknown);
    if (token.has_expired(now)) return tl::unexpected(LoginProblem::expired);
    const auto& sealed = print == token.token_fingerprint ? token.sealed_by_token : token.sealed_by_secret;
    const auto text = unseal(sent.password, token.client_id, sealed);
    const auto role = text ? role_of(text->reveal()) : std::nullopt;
    if (!role) return tl::unexpected(LoginProblem::unknown);
    return Login{&token, *role};
}

const Token* TokenTable::find(std::string_view client_id) const {
    const auto found = by_client_id_.find(std::string(client_id));
    return found == by_client_id_.end() ? nullptr : &tokens_[found->second];
}

std::string to_json(const std::vector<Token>& tokens) {
    std::string text = "{\"tokens\":[";
    for (const Token& token : tokens) text += (text.ends_with('[') ? "\n" : ",\n") + token_text(token);
    return text + "\n]}\n";
}

base::Result<std::vector<Token>> parse_tokens(const std::string& where, std::string_view json) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    simdjson::dom::array list;
    if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS ||
        root["tokens"].get(list) != simdjson::SUCCESS)
        return wrong(where, "this is no list of tokens");
    std::vector<Token> tokens;
    for (const simdjson::dom::element one : list) {
        Token token;
        if (!read_token(one, token))
            return wrong(where, "its token number " + std::to_string(tokens.size() + 1) + " is not whole");
        tokens.push_back(std::move(token));
    }
    return tokens;
}

}  // namespace crossfade::gateway
