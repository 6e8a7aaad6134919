#include "cli/secret_file.hpp"

#include <simdjson.h>

#include <cstdlib>

#include "bundle/zip_archive.hpp"

namespace crossfade::cli {
namespace {

constexpr std::size_t largest_secret = 64U << 10U;

tl::unexpected<base::Error> wrong(const std::string& what) {
    return base::fail(base::ErrorKind::bad_input, what);
}

}  // namespace

base::Result<base::Secret<std::string>> read_secret_file(const std::string& path) {
    const auto bytes = bundle::read_file(path, largest_secret);
    if (!bytes) return base::fail(bytes.error());
    const std::string text(base::text_of(*bytes));
    if (text.starts_with('{')) {
        simdjson::dom::parser parser;
        simdjson::dom::element root;
        std::string_view token;
        if (parser.parse(text).get(root) != simdjson::SUCCESS || root["token"].get(token) != simdjson::SUCCESS ||
            token.empty())
            return wrong(path + ": this JSON has no \"token\"; give the file that came with the token, or its text");
        return base::Secret<std::string>(std::string(token));
    }
    std::string line = text.substr(0, text.find('\n'));
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) return wrong(path + ": its first line is empty; it has to be the secret");
    return base::Secret<std::string>(std::move(line));
}

base::Result<base::Secret<std::string>> read_secret_variable(const std::string& variable) {
    const char* const value = std::getenv(variable.c_str());
    if (value == nullptr || value[0] == '\0')
        return wrong("the environment variable " + variable + (value == nullptr ? " is not set" : " is empty"));
    return base::Secret<std::string>(value);
}

}  // namespace crossfade::cli
