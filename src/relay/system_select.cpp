#include "relay/system_select.hpp"

#include <algorithm>
#include <array>
#include <random>

#include "base/clock.hpp"
#include "cql/tokenizer.hpp"
#include "cql/wire.hpp"

namespace crossfade::relay {
namespace {

tl::unexpected<base::Error> not_understood(std::string_view what) {
    return base::fail(base::ErrorKind::bad_input,
                      "this system table shows the proxy and not a node, and is answered by the proxy itself, which "
                      "understands columns, *, count and functions of the time, but not '" +
                          std::string(what) + "'");
}

class SelectReader {
public:
    explicit SelectReader(std::string_view text) : tokens_(text) { step(); }

    base::Result<SystemSelect> read() {
        SystemSelect select;
        if (!now_.is_word("select")) return not_understood(now_.text);
        do {
            step();
            auto selector = read_selector();
            if (!selector) return base::fail(selector.error());
            select.selectors.push_back(std::move(*selector));
        } while (now_.is_symbol(","));
        if (!now_.is_word("from")) return not_understood(now_.text);
        while (!now_.is(cql::LexemeKind::end) && !now_.is_word("where")) step();
        if (now_.is_word("where")) select.where = read_equality();
        return select;
    }

private:
    void step() { now_ = tokens_.next(); }

    base::Result<Selector> read_selector() {
        Selector selector;
        if (now_.is_symbol("*")) {
            selector.column = "*";
            step();
            return selector;
        }
        if (!now_.is_name()) return not_understood(now_.text);
        selector.column = selector.label = cql::name_text(now_.text);
        const bool may_be_function = now_.is(cql::LexemeKind::word);
        step();
        if (may_be_function && now_.is_symbol("(")) {
            if (auto called = read_call(selector); !called) return base::fail(called.error());
        }
        if (now_.is_word("as")) {
            step();
            if (!now_.is_name()) return not_understood(now_.text);
            selector.label = cql::name_text(now_.text);
            step();
        }
        return selector;
    }

    // What stands in the brackets behind a name, and the second one.
    base::Result<void> read_call(Selector& selector) {
        const std::string name = selector.column;
        step();
        if (name == "count") {
            const bool counts_rows = now_.is_symbol("*") || now_.text == "1";
            if (!counts_rows && !now_.is_name()) return not_understood(now_.text);
            selector.kind = Selector::Kind::count;
            selector.column = counts_rows ? "*" : cql::name_text(now_.text);
            selector.label = counts_rows ? "count" : "system.count(" + selector.column + ")";
            step();
        } else {
            selector.kind = Selector::Kind::function;
            selector.function = name;
            selector.label = "system." + name + "()";
            if (now_.is(cql::LexemeKind::word)) {
                const std::string argument = cql::name_text(now_.text);
                selector.function += "(" + argument + ")";
                selector.label = "system." + name + "(system." + argument + "())";
                for (const std::string_view wanted : {"(", ")"}) {
                    step();
                    if (!now_.is_symbol(wanted)) return not_understood(name + "(" + argument);
                }
                step();
            }
            if (!evaluate(selector.function)) return not_understood(name + "(…)");
        }
        if (!now_.is_symbol(")")) return not_understood(now_.text);
        step();
        return {};
    }

    std::optional<Equality> read_equality() {
        step();
        Equality equality;
        if (!now_.is_name()) return std::nullopt;
        equality.column = cql::name_text(now_.text);
        step();
        if (!now_.is_symbol("=")) return std::nullopt;
        step();
        equality.is_marker = now_.is(cql::LexemeKind::marker);
        if (now_.is(cql::LexemeKind::string))
            equality.text = cql::string_text(now_);
        else if (!equality.is_marker)
            return std::nullopt;
        return equality;
    }

    cql::Tokenizer tokens_;
    cql::Lexeme now_;
};

base::Bytes big_endian(std::uint64_t value, std::size_t size) {
    base::Bytes bytes(size);
    for (std::size_t i = size; i-- > 0; value >>= 8U) bytes[i] = static_cast<std::uint8_t>(value);
    return bytes;
}

base::Bytes random_bytes(std::size_t size) {
    static thread_local std::mt19937_64 engine{std::random_device{}()};
    base::Bytes bytes(size);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(engine());
    return bytes;
}

base::Bytes random_uuid() {
    base::Bytes bytes = random_bytes(16);
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x40U);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
    return bytes;
}

// RFC 4122, version 1: 100 ns since 1582-10-15, each greater than the one before; the node is a random one.
base::Bytes time_uuid(std::int64_t microseconds) {
    constexpr std::uint64_t epoch = 0x01B21DD213814000;
    static thread_local std::uint64_t last = 0;
    static thread_local const base::Bytes node = random_bytes(8);
    last = std::max(last + 1, static_cast<std::uint64_t>(microseconds) * 10 + epoch);
    base::Bytes bytes(16);
    cql::store_int(bytes.data(), static_cast<std::uint32_t>(last));
    cql::store_short(bytes.data() + 4, static_cast<std::uint16_t>(last >> 32U));
    cql::store_short(bytes.data() + 6, static_cast<std::uint16_t>(((last >> 48U) & 0x0FFFU) | 0x1000U));
    std::copy(node.begin(), node.end(), bytes.begin() + 8);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
    bytes[10] |= 1U;  // no hardware has such an address
    return bytes;
}

}  // namespace

base::Result<SystemSelect> read_system_select(std::string_view text) {
    return SelectReader(text).read();
}

bool selects_any_of(std::string_view text, const std::vector<std::string_view>& columns) {
    cql::Tokenizer tokens(text);
    bool is_behind_bracket = false;
    for (cql::Lexeme lexeme = tokens.next(); !lexeme.is(cql::LexemeKind::end) && !lexeme.is_word("from");
         lexeme = tokens.next()) {
        if (lexeme.is_symbol("*") && !is_behind_bracket) return true;
        if (lexeme.is_name() && std::ranges::find(columns, cql::name_text(lexeme.text)) != columns.end()) return true;
        is_behind_bracket = lexeme.is_symbol("(");
    }
    return false;
}

std::optional<Evaluated> evaluate(std::string_view function) {
    constexpr std::int64_t day_us = 86'400'000'000;
    const std::int64_t now = base::system_clock().wall_microseconds();
    const auto is = [&](std::initializer_list<std::string_view> names) {
        return std::ranges::find(names, function) != names.end();
    };
    const auto of = [](cql::TypeCode type, base::Bytes value) {
        return Evaluated{cql::simple_type(type), std::move(value)};
    };
    if (is({"now", "currenttimeuuid", "current_timeuuid"})) return of(cql::TypeCode::timeuuid, time_uuid(now));
    if (is({"uuid"})) return of(cql::TypeCode::uuid, random_uuid());
    if (is({"totimestamp(now)", "to_timestamp(now)", "dateof(now)", "currenttimestamp", "current_timestamp"}))
        return of(cql::TypeCode::timestamp, big_endian(static_cast<std::uint64_t>(now / 1000), 8));
    if (is({"tounixtimestamp(now)", "to_unix_timestamp(now)", "unixtimestampof(now)"}))
        return of(cql::TypeCode::bigint, big_endian(static_cast<std::uint64_t>(now / 1000), 8));
    if (is({"todate(now)", "to_date(now)", "currentdate", "current_date"}))
        return of(cql::TypeCode::date, big_endian(static_cast<std::uint64_t>(now / day_us) + 0x80000000U, 4));
    if (is({"currenttime", "current_time"}))
        return of(cql::TypeCode::time, big_endian(static_cast<std::uint64_t>(now % day_us) * 1000, 8));
    return std::nullopt;
}

}  // namespace crossfade::relay
