#include <algorithm>

#include "cql/response.hpp"

namespace crossfade::cql {
namespace {

// [int] n, then n times [inet without port][short] (§9 of v5); before v5 only the number.
void read_failures(ProtocolVersion version, Reader& in, ByteView body, ErrorMessage& error) {
    error.failures = in.int_number();
    if (!has_failure_reasons(version)) return;
    if (error.failures < 0) in.make_bad();
    const std::size_t start = in.position();
    for (std::int32_t i = 0; i < error.failures && in.ok(); ++i) {
        in.raw(in.byte());
        in.short_number();
    }
    if (in.ok()) error.failure_reasons = body.subspan(start, in.position() - start);
}

void read_acknowledgements(Reader& in, ErrorMessage& error) {
    error.consistency = static_cast<Consistency>(in.short_number());
    error.received = in.int_number();
    error.required = in.int_number();
}

void write_acknowledgements(Writer& out, const ErrorMessage& error) {
    out.short_number(static_cast<std::uint16_t>(error.consistency.value_or(Consistency::one)));
    out.int_number(error.received);
    out.int_number(error.required);
}

void write_failures(Writer& out, ProtocolVersion version, const ErrorMessage& error) {
    if (!has_failure_reasons(version) || !error.failure_reasons.empty()) {
        out.int_number(error.failures);
        if (has_failure_reasons(version)) out.raw(error.failure_reasons);
        return;
    }
    // Which nodes failed is not known: a map of as many entries, of the reason "unknown" (0), keeps the number. Clients
    // key the map by address, so each is another of 0.0.0.0/8 ("this network"); no cluster has more replicas than that.
    const std::int32_t count = std::clamp(error.failures, 0, 255);
    out.int_number(count);
    for (std::int32_t i = 0; i < count; ++i) {
        const std::uint8_t address[] = {4, 0, 0, 0, static_cast<std::uint8_t>(i + 1)};
        out.raw(address);
        out.short_number(0);
    }
}

void write_details(Writer& out, ProtocolVersion version, const ErrorMessage& error) {
    switch (error.code) {
        case ErrorCode::unavailable:
            out.short_number(static_cast<std::uint16_t>(error.consistency.value_or(Consistency::one)));
            out.int_number(error.required);
            out.int_number(error.received);
            break;
        case ErrorCode::write_timeout:
            write_acknowledgements(out, error);
            out.string(error.write_type);
            if (version == ProtocolVersion::v5 && error.write_type == "CAS") out.short_number(error.contentions);
            break;
        case ErrorCode::read_timeout:
            write_acknowledgements(out, error);
            out.byte(error.data_present ? 1 : 0);
            break;
        case ErrorCode::read_failure:
            write_acknowledgements(out, error);
            write_failures(out, version, error);
            out.byte(error.data_present ? 1 : 0);
            break;
        case ErrorCode::write_failure:
            write_acknowledgements(out, error);
            write_failures(out, version, error);
            out.string(error.write_type);
            break;
        case ErrorCode::cas_write_unknown:
            write_acknowledgements(out, error);
            break;
        case ErrorCode::function_failure:
            out.string(error.keyspace);
            out.string(error.function);
            if (error.argument_types.empty())
                out.short_number(0);
            else
                out.raw(error.argument_types);
            break;
        case ErrorCode::already_exists:
            out.string(error.keyspace);
            out.string(error.table);
            break;
        case ErrorCode::unprepared:
            out.short_bytes(error.unprepared_id);
            break;
        default:
            break;
    }
}

}  // namespace

base::Result<ErrorMessage> parse_error(ProtocolVersion version, ByteView body) {
    Reader in(body);
    ErrorMessage error;
    error.code = static_cast<ErrorCode>(in.int_number());
    error.text = in.string();
    switch (error.code) {
        case ErrorCode::unavailable:
            error.consistency = static_cast<Consistency>(in.short_number());
            error.required = in.int_number();
            error.received = in.int_number();
            break;
        case ErrorCode::write_timeout:
            read_acknowledgements(in, error);
            error.write_type = in.string();
            if (version == ProtocolVersion::v5 && error.write_type == "CAS") error.contentions = in.short_number();
            break;
        case ErrorCode::read_timeout:
            read_acknowledgements(in, error);
            error.data_present = in.byte() != 0;
            break;
        case ErrorCode::read_failure:
            read_acknowledgements(in, error);
            read_failures(version, in, body, error);
            error.data_present = in.byte() != 0;
            break;
        case ErrorCode::write_failure:
            read_acknowledgements(in, error);
            read_failures(version, in, body, error);
            error.write_type = in.string();
            break;
        case ErrorCode::cas_write_unknown:
            read_acknowledgements(in, error);
            break;
        case ErrorCode::function_failure: {
            error.keyspace = in.string();
            error.function = in.string();
            const std::size_t start = in.position();
            const std::uint16_t count = in.short_number();
            for (std::uint16_t i = 0; i < count && in.ok(); ++i) in.string();
            if (in.ok()) error.argument_types = body.subspan(start, in.position() - start);
            break;
        }
        case ErrorCode::already_exists:
            error.keyspace = in.string();
            error.table = in.string();
            break;
        case ErrorCode::unprepared:
            error.unprepared_id = in.short_bytes();
            break;
        default:
            break;  // the text is all there is, or all that is known of a code outside the list
    }
    if (!in.ok())
        return base::fail(base::ErrorKind::bad_input, "ERROR ends too early or has a wrong length at byte " +
                                                          std::to_string(in.broken_at()) + " of its body");
    return error;
}

void append_error(Bytes& out, std::uint8_t version, std::uint16_t stream_id, const ErrorMessage& error) {
    append_frame(out, version, true, 0, stream_id, Opcode::error, [&](Writer& writer) {
        writer.int_number(static_cast<std::int32_t>(error.code));
        writer.string(error.text.substr(0, 0xFFFF));
        write_details(writer, static_cast<ProtocolVersion>(version), error);
    });
}

}  // namespace crossfade::cql
