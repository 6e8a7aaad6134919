// Application tokens: what a client logs in with, and the database role behind each. Pure; the file is
// token_file.hpp's.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "nodes/cluster_options.hpp"

namespace crossfade::gateway {

// What a token may do beside what its role may.
struct TokenLimits {
    bool is_read_only = false;
    std::vector<std::string> keyspaces;     // in their stored case; empty: any
    std::uint32_t connections = 0;          // at once; 0: any number
    std::uint32_t requests_per_second = 0;  // 0: any number
    bool operator==(const TokenLimits&) const = default;
};

// What is kept of a token. Neither the token nor its secret is here: the role's password is sealed by each of them.
struct Token {
    Token() = default;

    std::string client_id;                          // the token's public name: 24 letters
    std::string role;                               // empty: the cluster asks for no login
    std::chrono::sys_seconds created{}, expires{};  // `expires` 0: never
    TokenLimits limits;
    std::string token_fingerprint, secret_fingerprint;
    std::string sealed_by_token, sealed_by_secret;

    bool has_expired(std::chrono::sys_seconds now) const {
        return expires.time_since_epoch().count() != 0 && expires <= now;
    }
    bool operator==(const Token&) const = default;
};

// What its owner is shown, once.
struct TokenSecrets {
    std::string client_id;
    base::Secret<std::string> token;   // "AstraCS:" 24 letters ":" 64 hexadecimal digits
    base::Secret<std::string> secret;  // 128 letters
};
struct MadeToken {
    Token token;
    TokenSecrets secrets;
};
MadeToken make_token(const nodes::Credentials& role, TokenLimits limits, std::chrono::sys_seconds now,
                     std::chrono::sys_seconds expires);

// Why a login is refused. The client reads the same sentence for unknown tokens and wrong secrets.
enum class LoginProblem : std::uint8_t { wrong_form, unknown, expired };
std::string_view text_of(LoginProblem problem);

// All tokens of a gateway. Immutable; shared between loops.
class TokenTable {
public:
    TokenTable() = default;
    explicit TokenTable(std::vector<Token> tokens);
    TokenTable(const TokenTable&) = delete;
    TokenTable& operator=(const TokenTable&) = delete;

    struct Login {
        const Token* token;  // as long as the table
        nodes::Credentials role;
    };
    // What a client sent as user and password: "token" or the client id, and the token or its secret. Costs the same
    // few microseconds for any number of tokens and for any wrong one.
    tl::expected<Login, LoginProblem> login(const nodes::Credentials& sent, std::chrono::sys_seconds now) const;
    const Token* find(std::string_view client_id) const;  // null: there is none
    const std::vector<Token>& tokens() const { return tokens_; }

private:
    std::vector<Token> tokens_;
    std::unordered_map<std::string, std::size_t> by_fingerprint_, by_client_id_;
};
using TokenTablePtr = std::shared_ptr<const TokenTable>;

// The tokens as JSON, and back. Errors: bad_configuration, with `where` in front.
std::string to_json(const std::vector<Token>& tokens);
base::Result<std::vector<Token>> parse_tokens(const std::string& where, std::string_view json);

}  // namespace crossfade::gateway
