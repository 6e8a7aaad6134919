#include "cli/json_text.hpp"

#include <fmt/format.h>

namespace crossfade::cli {

std::string json_quoted(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') quoted += '\\';
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        else quoted += c;
    }
    return quoted + "\"";
}

JsonObject& JsonObject::raw(std::string_view name, std::string_view json) {
    if (!fields_.empty()) fields_ += ',';
    fields_ += json_quoted(name);
    fields_ += ':';
    fields_ += json;
    return *this;
}

JsonList& JsonList::add(std::string_view json) {
    if (!items_.empty()) items_ += ',';
    items_ += json;
    return *this;
}

}  // namespace crossfade::cli
