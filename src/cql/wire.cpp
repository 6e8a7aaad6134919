#include "cql/wire.hpp"

#include <cassert>

namespace crossfade::cql {

std::int64_t Reader::long_number() {
    const ByteView view = raw(8);
    if (view.empty()) return 0;
    return static_cast<std::int64_t>((static_cast<std::uint64_t>(load_int(view.data())) << 32U) |
                                     load_int(view.data() + 4));
}

std::string_view Reader::long_string() {
    const std::int32_t length = int_number();
    if (length < 0) {
        make_bad();
        return {};
    }
    return base::text_of(raw(static_cast<std::size_t>(length)));
}

ByteView Reader::bytes() {
    const std::int32_t length = int_number();
    return length < 0 ? ByteView() : raw(static_cast<std::size_t>(length));
}

ValueView Reader::value() {
    const std::int32_t length = int_number();
    if (length >= 0) return {ValueView::State::bytes, raw(static_cast<std::size_t>(length))};
    if (length == -2) return {ValueView::State::unset, {}};
    if (length != -1) make_bad();
    return {};
}

void Writer::short_number(std::uint16_t value) {
    const std::size_t at = out_.size();
    out_.resize(at + 2);
    store_short(out_.data() + at, value);
}

void Writer::int_number(std::int32_t value) {
    const std::size_t at = out_.size();
    out_.resize(at + 4);
    store_int(out_.data() + at, static_cast<std::uint32_t>(value));
}

void Writer::long_number(std::int64_t value) {
    int_number(static_cast<std::int32_t>(value >> 32));
    int_number(static_cast<std::int32_t>(value & 0xFFFFFFFF));
}

void Writer::string(std::string_view text) {
    assert(text.size() <= 0xFFFF);
    short_number(static_cast<std::uint16_t>(text.size()));
    raw(base::bytes_of(text));
}

void Writer::long_string(std::string_view text) {
    int_number(static_cast<std::int32_t>(text.size()));
    raw(base::bytes_of(text));
}

void Writer::bytes(ByteView value) {
    int_number(static_cast<std::int32_t>(value.size()));
    raw(value);
}

void Writer::short_bytes(ByteView value) {
    assert(value.size() <= 0xFFFF);
    short_number(static_cast<std::uint16_t>(value.size()));
    raw(value);
}

void Writer::value(const ValueView& value) {
    switch (value.state) {
        case ValueView::State::bytes:
            bytes(value.bytes);
            break;
        case ValueView::State::null:
            int_number(-1);
            break;
        case ValueView::State::unset:
            int_number(-2);
            break;
    }
}

void Writer::string_map(const std::vector<std::pair<std::string, std::string>>& map) {
    short_number(static_cast<std::uint16_t>(map.size()));
    for (const auto& [name, text] : map) {
        string(name);
        string(text);
    }
}

void Writer::string_list(const std::vector<std::string>& list) {
    short_number(static_cast<std::uint16_t>(list.size()));
    for (const auto& text : list) string(text);
}

void Writer::patch_int(std::size_t at, std::int32_t value) {
    store_int(out_.data() + at, static_cast<std::uint32_t>(value));
}

std::vector<std::pair<std::string, std::string>> read_string_map(Reader& in) {
    std::vector<std::pair<std::string, std::string>> map;
    const std::uint16_t count = in.short_number();
    for (std::uint16_t i = 0; i < count && in.ok(); ++i) {
        std::string name(in.string());
        map.emplace_back(std::move(name), std::string(in.string()));
    }
    return map;
}

std::map<std::string, std::vector<std::string>> read_string_multimap(Reader& in) {
    std::map<std::string, std::vector<std::string>> map;
    const std::uint16_t count = in.short_number();
    for (std::uint16_t i = 0; i < count && in.ok(); ++i) {
        std::string name(in.string());
        map[std::move(name)] = read_string_list(in);
    }
    return map;
}

std::vector<std::string> read_string_list(Reader& in) {
    std::vector<std::string> list;
    const std::uint16_t count = in.short_number();
    for (std::uint16_t i = 0; i < count && in.ok(); ++i) list.emplace_back(in.string());
    return list;
}

}  // namespace crossfade::cql
