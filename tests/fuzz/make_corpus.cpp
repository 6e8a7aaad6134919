// Writes the seeds of the frame, segment, compression, request, response and handshake targets, made by our own
// encoders. Usage: make_fuzz_corpus DIRECTORY   (tests/fuzz/corpus). Run it again when an encoder or a target's input
// changes.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "cql/compression.hpp"
#include "cql/request.hpp"
#include "cql/response.hpp"
#include "cql/segment.hpp"

using namespace crossfade;
using namespace crossfade::cql;

namespace {

constexpr ProtocolVersion versions[] = {ProtocolVersion::v3, ProtocolVersion::v4, ProtocolVersion::v5,
                                        ProtocolVersion::dse_v1, ProtocolVersion::dse_v2};

class Corpus {
public:
    explicit Corpus(std::filesystem::path root) : root_(std::move(root)) {}

    void add(const std::string& target, const std::string& name, std::initializer_list<std::size_t> choices,
             ByteView rest) {
        std::filesystem::create_directories(root_ / target);
        std::ofstream file(root_ / target / name, std::ios::binary);
        for (const std::size_t choice : choices) file.put(static_cast<char>(choice));
        file.write(reinterpret_cast<const char*>(rest.data()), static_cast<std::streamsize>(rest.size()));
        if (!file) {
            std::cerr << "cannot write " << (root_ / target / name) << "\n";
            std::exit(1);
        }
    }
    // A whole frame as a seed of the frame target, its body as one of `target`.
    void add_message(const std::string& target, const std::string& name, std::size_t kind, std::size_t version,
                     const Bytes& frame) {
        const std::string full = name + "_" + std::to_string(static_cast<int>(versions[version]));
        add(target, full, {kind, version}, ByteView(frame).subspan(frame_header_size));
        base::append(frames_, frame);
    }
    void add_frames() {
        // Tracing id, warnings and payload before the message; a frame that is too long; a part of one.
        Bytes prefixed;
        append_frame(prefixed, 4, true, frame_flag::tracing | frame_flag::warning | frame_flag::custom_payload, 1,
                     Opcode::result, [](Writer& out) {
                         out.raw(Bytes(16, 7));
                         out.string_list({"careful"});
                         out.short_number(1);
                         out.string("key");
                         out.bytes({});
                         out.int_number(1);
                     });
        add("frame", "prefixed", {}, prefixed);
        add("frame", "part", {}, ByteView(prefixed).first(20));
        patch_body_length(prefixed.data(), 0x7FFFFFFF);
        add("frame", "too_long", {}, prefixed);
        add("frame", "all_messages", {}, frames_);
        frames_.clear();
    }

private:
    std::filesystem::path root_;
    Bytes frames_;
};

const Bytes some_bytes{1, 2, 3, 4};

QueryOptions all_options() {
    QueryOptions options;
    options.values = {{ValueView::State::bytes, some_bytes}, {ValueView::State::null, {}}};
    options.skip_metadata = true;
    options.page_size = 5000;
    options.paging_state = some_bytes;
    options.serial_consistency = Consistency::local_serial;
    options.timestamp = 1'700'000'000'000'000;
    options.keyspace = "ks";
    options.now_in_seconds = 1'700'000'000;
    return options;
}

void add_requests(Corpus& corpus, std::size_t version) {
    const ProtocolVersion v = versions[version];
    const auto add = [&](const std::string& name, std::size_t kind, auto&& append) {
        Bytes frame;
        append(frame);
        corpus.add_message("request", name, kind, version, frame);
    };
    QueryOptions no_stamp = all_options();
    no_stamp.timestamp.reset();
    add("query", 0, [&](Bytes& out) { append_query(out, v, 0, "SELECT", {}); });
    add("query_with_all", 0, [&](Bytes& out) { append_query(out, v, 0, "SELECT", all_options()); });
    add("query_without_timestamp", 0, [&](Bytes& out) { append_query(out, v, 0, "SELECT", no_stamp); });
    add("prepare", 1, [&](Bytes& out) { append_prepare(out, v, 0, "SELECT", "ks"); });
    add("execute", 2, [&](Bytes& out) { append_execute(out, v, 0, some_bytes, some_bytes, no_stamp); });
    std::vector<BatchItem> items(2);
    items[0].text = "INSERT";
    items[0].values = all_options().values;
    items[1].prepared_id = some_bytes;
    add("batch", 3, [&](Bytes& out) { append_batch(out, v, 0, BatchType::unlogged, items, no_stamp); });
    if (version != 1) return;
    add("startup", 4, [&](Bytes& out) { append_startup(out, v, 0, {{"CQL_VERSION", "3.0.0"}}); });
    add("register", 5, [&](Bytes& out) { append_register(out, v, 0, {"STATUS_CHANGE"}); });
    add("auth_response", 6, [&](Bytes& out) { append_auth_response(out, v, 0, some_bytes); });
    corpus.add("request", "revise_66", {7, 4}, Bytes{0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4});
}

void add_errors(Corpus& corpus, std::size_t version) {
    ErrorMessage error;
    error.text = "no";
    error.consistency = Consistency::quorum;
    error.write_type = "CAS";
    error.failures = 2;
    error.keyspace = "ks";
    error.table = "t";
    error.function = "f";
    error.unprepared_id = some_bytes;
    for (const ErrorCode code : {ErrorCode::unavailable, ErrorCode::write_timeout, ErrorCode::read_failure,
                                 ErrorCode::write_failure, ErrorCode::function_failure, ErrorCode::unprepared}) {
        error.code = code;
        Bytes frame;
        append_error(frame, static_cast<std::uint8_t>(versions[version]), 0, error);
        corpus.add_message("response", "error_" + std::string(name_of(code)), 0, version, frame);
    }
}

void add_responses(Corpus& corpus, std::size_t version) {
    const ProtocolVersion v = versions[version];
    const auto byte = static_cast<std::uint8_t>(v);
    const auto add = [&](const std::string& name, std::size_t kind, auto&& append) {
        Bytes frame;
        append(frame);
        corpus.add_message("response", name, kind, version, frame);
    };
    const auto number = simple_type(TypeCode::int_number);
    const std::vector<OwnedColumn> columns{
        {"ks", "t", "k", number},
        {"ks", "t", "u", udt_type("ks", "u", {"a", "b"}, {number, tuple_type({number})})},
        {"ks", "t", "m", map_type(number, set_type(vector_type(simple_type(TypeCode::float_number), 3)))}};
    add("rows", 1, [&](Bytes& out) { append_rows(out, v, 0, columns, {{some_bytes, std::nullopt, Bytes()}}); });
    add("prepared", 2, [&](Bytes& out) { append_prepared(out, v, 0, some_bytes, some_bytes, columns, {0}, columns); });
    if (version != 1) return;
    add_errors(corpus, version);
    Event event;
    event.change = "UP";
    event.address = "127.0.0.11";
    event.port = 9042;
    add("event_status", 3, [&](Bytes& out) { append_event(out, byte, event); });
    event.kind = Event::Kind::schema_change;
    event.schema = {"CREATED", "FUNCTION", "ks", "f", {"int"}};
    add("event_schema", 3, [&](Bytes& out) { append_event(out, byte, event); });
    Bytes change;
    append_schema_change(change, byte, 0, event.schema);
    corpus.add("response", "schema_change_4", {4, version}, ByteView(change).subspan(frame_header_size + 4));
    add("supported", 5, [&](Bytes& out) { append_supported(out, byte, 0, {{"COMPRESSION", {"snappy", "lz4"}}}); });
    add("set_keyspace", 6, [&](Bytes& out) { append_set_keyspace(out, byte, 0, "ks"); });
    add("authenticate", 7, [&](Bytes& out) { append_authenticate(out, byte, 0, "x.PasswordAuthenticator"); });
    add("auth_success", 8, [&](Bytes& out) { append_auth_success(out, byte, 0, some_bytes); });
    // By hand: more pages, changed metadata and, for DSE, continuous paging.
    corpus.add("response", "rows_paged_5", {1, 2},
               Bytes{0, 0, 0, 2, 0, 0, 0, 14, 0, 0, 0, 1, 0, 0, 0, 1, 7, 0, 1, 9, 0, 0, 0, 1, 0, 0, 0, 1, 5});
    corpus.add("response", "rows_continuous_65", {1, 3},
               Bytes{0, 0, 0, 2, 0xC0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF});
}

void add_segments(Corpus& corpus) {
    Bytes envelopes;
    append_options(envelopes, ProtocolVersion::v5, 1);
    append_query(envelopes, ProtocolVersion::v5, 2, std::string(300, 'x'), {});
    for (const std::size_t compression : {0U, 1U}) {
        Bytes segments;
        append_segments(segments, envelopes, static_cast<SegmentCompression>(compression));
        const std::string suffix = compression == 0 ? "_plain" : "_lz4";
        corpus.add("segment", "decode" + suffix, {compression, 0, 20}, segments);
        corpus.add("segment", "encode" + suffix, {compression, 1, 20}, envelopes);
    }
    // By hand, a claimed length and an LZ4 block of that length: a literal, a match of 18 from 1 back, five literals.
    corpus.add("segment", "claim_lz4", {1, 2, 4, 0, 24}, Bytes{0x1E, 'a', 1, 0, 0x50, 'b', 'c', 'd', 'e', 'f'});
    corpus.add("segment", "claim_plain", {0, 2, 4, 0, 0}, some_bytes);
    for (const std::size_t compression : {0U, 1U}) {
        Bytes body;
        compress(compression == 0 ? Compression::lz4 : Compression::snappy, envelopes, body);
        const std::string suffix = compression == 0 ? "_lz4" : "_snappy";
        corpus.add("compression", "decompress" + suffix, {compression, 0}, body);
        corpus.add("compression", "compress" + suffix, {compression, 1}, envelopes);
    }
}

// A conversation: what the node says, one chunk after the other.
class Conversation {
public:
    void says(const Bytes& bytes) {
        bytes_.push_back(static_cast<std::uint8_t>(bytes.size()));
        base::append(bytes_, bytes);
    }
    const Bytes& bytes() const { return bytes_; }

private:
    Bytes bytes_;
};

Bytes framed(ProtocolVersion v, bool compresses, const Bytes& envelope) {
    if (!has_segments(v)) return envelope;
    Bytes out;
    append_segments(out, envelope, compresses ? SegmentCompression::lz4 : SegmentCompression::none);
    return out;
}

void add_login(Corpus& corpus, std::size_t version, bool compresses, bool is_dse) {
    const ProtocolVersion v = versions[version];
    const auto byte = static_cast<std::uint8_t>(v);
    Bytes supported, authenticate, challenge, success;
    append_supported(supported, byte, 0, {{"COMPRESSION", {"snappy", "lz4"}}});
    append_authenticate(authenticate, byte, 0,
                        is_dse ? "com.datastax.bdp.cassandra.auth.DseAuthenticator" : "x.PasswordAuthenticator");
    append_auth_challenge(challenge, byte, 0, base::bytes_of("PLAIN-START"));
    append_auth_success(success, byte, 0, {});
    Conversation conversation;
    conversation.says(supported);
    conversation.says(authenticate);
    if (is_dse) conversation.says(framed(v, compresses, challenge));
    conversation.says(framed(v, compresses, success));
    corpus.add("handshake", "login_" + std::to_string(byte) + (compresses ? "_lz4" : "") + (is_dse ? "_dse" : ""),
               {version, static_cast<std::size_t>(compresses ? Compression::lz4 : Compression::none), 1},
               conversation.bytes());
}

void add_handshakes(Corpus& corpus) {
    for (std::size_t version = 0; version < std::size(versions); ++version)
        for (const bool compresses : {false, true})
            for (const bool is_dse : {false, true}) add_login(corpus, version, compresses, is_dse);
    Bytes refusal, supported, ready, credentials;
    ErrorMessage error;
    error.code = ErrorCode::protocol_error;
    error.text = "Invalid or unsupported protocol version (66)";
    append_error(refusal, 4, 0, error);
    append_supported(supported, 4, 0, {});
    append_ready(ready, 4, 0);
    Conversation down;
    down.says(refusal);
    down.says(supported);
    down.says(ready);
    corpus.add("handshake", "step_down", {4, 0, 0}, down.bytes());
    error.code = ErrorCode::bad_credentials;
    append_error(credentials, 4, 0, error);
    Conversation refused;
    refused.says(supported);
    refused.says(credentials);
    corpus.add("handshake", "refused", {1, 0, 1}, refused.bytes());
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        std::cerr << "usage: make_fuzz_corpus DIRECTORY\n";
        return 30;
    }
    Corpus corpus(arguments[1]);
    for (std::size_t version = 0; version < std::size(versions); ++version) {
        add_requests(corpus, version);
        add_responses(corpus, version);
    }
    corpus.add_frames();
    add_segments(corpus);
    add_handshakes(corpus);
    return 0;
}
