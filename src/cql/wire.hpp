// Reading and writing the primitive notations of the native protocol (§3 of every version): all numbers big-endian.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace crossfade::cql {

using base::Bytes;
using base::ByteView;

// One [value] of a request or cell of a row: bytes, null, or not set.
struct ValueView {
    enum class State : std::uint8_t { bytes, null, unset };
    State state = State::null;
    ByteView bytes;
    bool is_null() const { return state == State::null; }
    bool is_unset() const { return state == State::unset; }
};

// Big-endian stores and loads at a place that is known to be large enough: for patching ids and lengths in place.
inline void store_short(std::uint8_t* at, std::uint16_t v) {
    at[0] = static_cast<std::uint8_t>(v >> 8);
    at[1] = static_cast<std::uint8_t>(v);
}
inline void store_int(std::uint8_t* at, std::uint32_t v) {
    at[0] = static_cast<std::uint8_t>(v >> 24);
    at[1] = static_cast<std::uint8_t>(v >> 16);
    at[2] = static_cast<std::uint8_t>(v >> 8);
    at[3] = static_cast<std::uint8_t>(v);
}
inline std::uint16_t load_short(const std::uint8_t* at) {
    return static_cast<std::uint16_t>((at[0] << 8) | at[1]);
}
inline std::uint32_t load_int(const std::uint8_t* at) {
    return (static_cast<std::uint32_t>(at[0]) << 24) | (static_cast<std::uint32_t>(at[1]) << 16) |
           (static_cast<std::uint32_t>(at[2]) << 8) | static_cast<std::uint32_t>(at[3]);
}

// A cursor over bytes that somebody else owns. A read past the end (or of a negative length) makes it *bad*: that read
// and all later ones give zeros and empty views, so a parser may read a whole message and check `ok()` once at the end.
// No allocation.
class Reader {
public:
    explicit Reader(ByteView bytes) : bytes_(bytes) {}

    std::uint8_t byte() {
        const ByteView view = raw(1);
        return view.empty() ? std::uint8_t{0} : view[0];
    }
    // [short]
    std::uint16_t short_number() {
        const ByteView view = raw(2);
        return view.empty() ? std::uint16_t{0} : load_short(view.data());
    }
    // [int]
    std::int32_t int_number() {
        const ByteView view = raw(4);
        return view.empty() ? 0 : static_cast<std::int32_t>(load_int(view.data()));
    }
    std::int64_t long_number();  // [long]
    // [string]: short length
    std::string_view string() { return base::text_of(raw(short_number())); }
    std::string_view long_string();  // [long string]: int length
    ByteView bytes();                // [bytes]: int length; null (negative) reads as empty, see value()
    ByteView short_bytes() { return raw(short_number()); }  // [short bytes]
    ValueView value();  // [value]: -1 null, -2 not set, else bytes; other negative lengths make it bad
    ByteView raw(std::size_t count) {
        if (count > remaining()) {
            make_bad();
            return {};
        }
        const ByteView view = bytes_.subspan(position_, count);
        position_ += count;
        return view;
    }

    bool ok() const { return ok_; }
    std::size_t position() const { return position_; }  // bytes read so far; the end once it is bad
    // Where the first read that failed would have begun; the position as long as none has.
    std::size_t broken_at() const { return ok_ ? position_ : broken_at_; }
    std::size_t remaining() const { return bytes_.size() - position_; }
    ByteView rest() const { return bytes_.subspan(position_); }
    void make_bad() {
        if (ok_) broken_at_ = position_;
        ok_ = false;
        position_ = bytes_.size();
    }

private:
    ByteView bytes_;
    std::size_t position_ = 0;
    std::size_t broken_at_ = 0;
    bool ok_ = true;
};

// Appends notations to a buffer that the caller owns. A string longer than its length field is cut by nobody: callers
// give strings under 65,536 bytes to string() (asserted).
class Writer {
public:
    explicit Writer(Bytes& out) : out_(out) {}

    void byte(std::uint8_t value) { out_.push_back(value); }
    void short_number(std::uint16_t value);
    void int_number(std::int32_t value);
    void long_number(std::int64_t value);
    void string(std::string_view text);
    void long_string(std::string_view text);
    void bytes(ByteView value);
    void short_bytes(ByteView value);
    void value(const ValueView& value);
    void null_value() { int_number(-1); }
    void raw(ByteView value) { base::append(out_, value); }
    void string_map(const std::vector<std::pair<std::string, std::string>>& map);
    void string_list(const std::vector<std::string>& list);

    std::size_t size() const { return out_.size(); }
    Bytes& out() { return out_; }
    // Overwrites the [int] at `at` (for lengths that are known only later).
    void patch_int(std::size_t at, std::int32_t value);

private:
    Bytes& out_;
};

std::vector<std::pair<std::string, std::string>> read_string_map(Reader& in);
std::map<std::string, std::vector<std::string>> read_string_multimap(Reader& in);
std::vector<std::string> read_string_list(Reader& in);

}  // namespace crossfade::cql
