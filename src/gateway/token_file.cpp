#include "gateway/token_file.hpp"

#include <algorithm>
#include <filesystem>

#include "base/durable_file.hpp"

namespace crossfade::gateway {

base::Result<std::vector<Token>> read_tokens(const Folder& folder) {
    std::error_code ignored;
    if (!std::filesystem::exists(folder.tokens(), ignored)) return std::vector<Token>();
    const auto text = read_text(folder.tokens());
    if (!text) return base::fail(text.error());
    return parse_tokens(folder.tokens(), *text);
}

base::Result<void> add_token(const Folder& folder, const Token& token) {
    const auto lock = FolderLock::take(folder);
    if (!lock) return base::fail(lock.error());
    auto tokens = read_tokens(folder);
    if (!tokens) return base::fail(tokens.error());
    tokens->push_back(token);
    return base::write_durably(folder.tokens(), to_json(*tokens));
}

base::Result<Token> remove_token(const Folder& folder, const std::string& client_id) {
    const auto lock = FolderLock::take(folder);
    if (!lock) return base::fail(lock.error());
    auto tokens = read_tokens(folder);
    if (!tokens) return base::fail(tokens.error());
    const auto found =
        std::find_if(tokens->begin(), tokens->end(), [&](const Token& token) { return token.client_id == client_id; });
    if (found == tokens->end())
        return base::fail(base::ErrorKind::not_found, folder.path + ": no token has the client id '" +
                                                          client_id.substr(0, 60) +
                                                          "'; 'crossfade gateway token list' shows those there are");
    Token removed = std::move(*found);
    tokens->erase(found);
    if (auto written = base::write_durably(folder.tokens(), to_json(*tokens)); !written)
        return base::fail(written.error());
    return removed;
}

}  // namespace crossfade::gateway
