// Writes JSON text piece by piece: objects and lists of a few fields, for admin APIs and the output of commands.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace crossfade::base {

// `text` with quotes and escapes. Control characters are escaped; what is no UTF-8 becomes U+FFFD, a byte each.
std::string json_quoted(std::string_view text);

// JsonObject().field("epoch", 4).field("phase", 4).text() → {"epoch":4,"phase":4}. Fields stay in order.
class JsonObject {
public:
    JsonObject& field(std::string_view name, std::string_view value) { return raw(name, json_quoted(value)); }
    JsonObject& field(std::string_view name, const char* value) { return raw(name, json_quoted(value)); }
    template <std::same_as<bool> B>
    JsonObject& field(std::string_view name, B value) {
        return raw(name, value ? "true" : "false");
    }
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    JsonObject& field(std::string_view name, T value) {
        return raw(name, std::to_string(value));
    }
    // `json` is JSON already.
    JsonObject& raw(std::string_view name, std::string_view json);
    std::string text() const { return "{" + fields_ + "}"; }

private:
    std::string fields_;
};

// JsonList().add(json).text() → [json,…]
class JsonList {
public:
    JsonList& add(std::string_view json);
    std::string text() const { return "[" + items_ + "]"; }

private:
    std::string items_;
};

}  // namespace crossfade::base
