#include "stub_node/behaviour.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "base/json_text.hpp"
#include "cql/protocol.hpp"

namespace crossfade::lab {
namespace {

struct Setting {
    std::string_view name;
    Behaviour::Number Behaviour::*place;
    std::int64_t least, most;
};
constexpr std::int64_t any = std::numeric_limits<std::int64_t>::max();
constexpr std::array settings{
    Setting{"row_bytes", &Behaviour::row_bytes, 0, 16 * 1024 * 1024},
    Setting{"forget_every", &Behaviour::forget_every, 0, any},
    Setting{"error_every", &Behaviour::error_every, 0, any},
    Setting{"error_code", &Behaviour::error_code, 0, 0xFFFF},
    Setting{"never_answer_every", &Behaviour::never_answer_every, 0, any},
    Setting{"close_every", &Behaviour::close_every, 0, any},
    Setting{"faults_on", &Behaviour::faults_on, 0, 2},
    Setting{"delay_ms", &Behaviour::delay_ms, 0, 3'600'000},
    Setting{"clock_offset_ms", &Behaviour::clock_offset_ms, -86'400'000, 86'400'000},
    Setting{"record_writes", &Behaviour::record_writes, 0, 1},
};
constexpr std::array<std::string_view, 3> scopes{"all", "reads", "writes"};
constexpr std::array error_codes{
    cql::ErrorCode::server_error,      cql::ErrorCode::protocol_error,    cql::ErrorCode::bad_credentials,
    cql::ErrorCode::unavailable,       cql::ErrorCode::overloaded,        cql::ErrorCode::is_bootstrapping,
    cql::ErrorCode::truncate_error,    cql::ErrorCode::write_timeout,     cql::ErrorCode::read_timeout,
    cql::ErrorCode::read_failure,      cql::ErrorCode::function_failure,  cql::ErrorCode::write_failure,
    cql::ErrorCode::cdc_write_failure, cql::ErrorCode::cas_write_unknown, cql::ErrorCode::syntax_error,
    cql::ErrorCode::unauthorized,      cql::ErrorCode::invalid,           cql::ErrorCode::config_error,
    cql::ErrorCode::already_exists,
};

std::optional<std::int64_t> number_in(std::string_view text) {
    const bool is_hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    if (is_hexadecimal) text.remove_prefix(2);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, is_hexadecimal ? 16 : 10);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::optional<std::int64_t> value_of(const Setting& setting, std::string_view value) {
    if (setting.place == &Behaviour::faults_on)
        for (std::size_t i = 0; i < scopes.size(); ++i)
            if (scopes[i] == value) return static_cast<std::int64_t>(i);
    if (setting.place == &Behaviour::error_code)
        for (const cql::ErrorCode code : error_codes)
            if (cql::name_of(code) == value) return static_cast<std::int64_t>(code);
    if (setting.place == &Behaviour::record_writes) {
        if (value == "true") return 1;
        if (value == "false") return 0;
    }
    return number_in(value);
}

}  // namespace

base::Result<void> set(Behaviour& behaviour, std::string_view name, std::string_view value) {
    std::string wanted(name);
    std::replace(wanted.begin(), wanted.end(), '-', '_');
    for (const Setting& setting : settings) {
        if (setting.name != wanted) continue;
        const std::optional<std::int64_t> number = value_of(setting, value);
        if (!number || *number < setting.least || *number > setting.most)
            return base::fail(base::ErrorKind::bad_input, wanted + ": '" + std::string(value) + "' is no value for it");
        (behaviour.*setting.place).store(*number);
        // A new "every N" begins to count at the request after it.
        if (setting.place == &Behaviour::forget_every)
            behaviour.requests = 0;
        else if (wanted.ends_with("_every"))
            behaviour.fault_requests = 0;
        return {};
    }
    return base::fail(base::ErrorKind::bad_input, "there is no setting '" + std::string(name) + "'");
}

std::string to_json(const Behaviour& behaviour) {
    base::JsonObject object;
    for (const Setting& setting : settings) {
        const std::int64_t value = (behaviour.*setting.place).load();
        if (setting.place == &Behaviour::faults_on)
            object.field(setting.name, scopes[static_cast<std::size_t>(value)]);
        else
            object.field(setting.name, value);
    }
    return object.text();
}

}  // namespace crossfade::lab
