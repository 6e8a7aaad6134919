#include "base/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace crossfade::base {
namespace {

// How many bytes at the start of `text` are one well-formed UTF-8 character (Unicode 15, table 3-7); 0 if none.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(text[i])); };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xC0U) != 0x80) return 0;
    const bool is_overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
    const bool is_no_character = (first == 0xED && byte(1) > 0x9F) || (first == 0xF4 && byte(1) > 0x8F);
    return is_overlong || is_no_character ? 0 : length;
}

}  // namespace

std::string json_quoted(std::string_view text) {
    std::string quoted = "\"";
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const char c = text[0];
        if (length == 0) {
            quoted += "\\ufffd";
        } else if (length == 1 && (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)) {
            quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            if (c == '"' || c == '\\') quoted += '\\';
            quoted += text.substr(0, length);
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
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

}  // namespace crossfade::base
