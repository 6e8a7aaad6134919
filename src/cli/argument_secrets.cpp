#include "cli/argument_secrets.hpp"

#include <algorithm>
#include <cstring>

namespace crossfade::cli {
namespace {

void overwrite(char* text) {
    std::memset(text, '*', std::strlen(text));
}

}  // namespace

const std::vector<SecretFlags>& secret_flags() {
    static const std::vector<SecretFlags> flags = {{"connect", {"--password", "-p", "--astra-token", "-t"}}};
    return flags;
}

void hide_secrets(int count, char** arguments) {
    if (count < 2) return;
    const auto command = std::ranges::find(secret_flags(), std::string_view(arguments[1]), &SecretFlags::command);
    if (command == secret_flags().end()) return;
    for (int i = 2; i < count; ++i) {
        const std::string_view word = arguments[i];
        for (const std::string_view name : command->names) {
            if (word == name && i + 1 < count)
                overwrite(arguments[i + 1]);
            else if (word.starts_with(name) && (word.substr(name.size()).starts_with('=') || !name.starts_with("--")))
                overwrite(arguments[i] + name.size());
        }
    }
}

}  // namespace crossfade::cli
