// Session: what comes after the login.
#include <algorithm>

#include "cql/response.hpp"
#include "gateway/session.hpp"

namespace crossfade::gateway {
namespace {

// How long after the stop what was sent before it may arrive.
constexpr std::chrono::milliseconds last_requests{200};
constexpr std::size_t most_unsent = 4U << 20U;  // to either side, before the other is not read any more
constexpr std::string_view rate_text =
    "Rate limit reached: the token may send no more requests a second, and too many wait already";

}  // namespace

void Session::begin_relaying() {
    timer_.cancel();
    owner_.newcomers().remove(*this);
    const cql::ProtocolVersion version = login_.version();
    has_segments_ = cql::has_segments(version);
    requests_ = std::make_unique<FrameReader>(version, login_.compression());
    answers_ = std::make_unique<FrameReader>(version, login_.compression());
    InspectorOptions options;
    options.version = version;
    options.rights = {token_.limits.is_read_only, token_.limits.keyspaces, owner_.shared().settings.guardrails};
    if (options.rights.has_token_limits()) options.whose = token_.client_id;
    if (!names_node(server_name_)) {
        const auto local = net::parse_address(client_->local_address(), owner_.shared().settings.cql_port);
        if (local) options.single_node = GatewayAddress{local->host, local->port};
    }
    const bool sees_one_node = options.single_node.has_value();
    const bool is_looked_at =
        options.rights.are_limited() || options.single_node || token_.limits.requests_per_second > 0;
    look_ = is_looked_at ? Look::all : has_segments_ ? Look::none : Look::supported;
    if (is_looked_at) inspector_ = std::make_unique<Inspector>(std::move(options), owner_.shared().statements);
    if (sees_one_node) agreement_ = std::make_unique<Agreement>(owner_.loop());
    if (look_ == Look::none)
        answer_headers_.emplace(login_.compression() == cql::Compression::lz4 ? cql::SegmentCompression::lz4
                                                                              : cql::SegmentCompression::none);
    stage_ = Stage::relaying;
    node_->start(node_side_);
    client_->resume_reading();
}

std::size_t Session::client_bytes(std::span<std::uint8_t> bytes) {
    if (look_ != Look::all) return pass_on(bytes);
    base::Bytes& to_node = has_segments_ ? to_node_ : node_->out();
    base::Bytes& to_client = has_segments_ ? to_client_ : client_->out();
    const auto used = requests_->read(bytes, [&](const cql::FrameHeader& header, std::span<std::uint8_t> frame) {
        return request(header, frame, to_node, to_client);
    });
    if (has_segments_) {
        requests_->append(to_node_, node_->out());
        answers_->append(to_client_, client_->out());
        to_node_.clear();
        to_client_.clear();
    }
    if (!used) {
        break_off({}, {cql::ErrorCode::protocol_error, used.error().message});
        return bytes.size();
    }
    client_appended();
    node_appended();
    return *used;
}

// Bytes as they came: of requests only the headers are looked at.
std::size_t Session::pass_on(std::span<std::uint8_t> bytes) {
    cql::FrameHeader last;
    std::optional<Refusal> refusal;
    const auto used = requests_->read_headers(bytes, [&](const cql::FrameHeader& header) {
        last = header;
        refusal = refuse_second_login(header.opcode);
        if (!refusal) ++under_way_;
        return !refusal;
    });
    if (!used) refusal = Refusal{cql::ErrorCode::protocol_error, used.error().message};
    if (refusal) {
        break_off(last, std::move(*refusal));
        return bytes.size();
    }
    base::append(node_->out(), bytes.first(*used));
    node_appended();
    return *used;
}

// The last that the client gets.
void Session::break_off(const cql::FrameHeader& header, Refusal refusal) {
    base::Bytes frame;
    deny(header, Denial{std::move(refusal), {}, {}}, frame);
    answers_->append(frame, client_->out());
    end();
}

// False: it has to wait.
bool Session::request(const cql::FrameHeader& header, std::span<std::uint8_t> frame, base::Bytes& to_node,
                      base::Bytes& to_client) {
    if (is_rate_limited_ && !is_draining_) return false;
    if (token_.limits.requests_per_second > 0 && header.opcode != cql::Opcode::options) {
        // Who is going lets nobody wait any more.
        const auto wait =
            is_rate_limited_ ? std::nullopt : use_->take(owner_.loop().now(), token_.limits.requests_per_second);
        if (!wait) {
            deny(header, Denial{{cql::ErrorCode::overloaded, std::string(rate_text)}, {}, {}}, to_client);
            return true;
        }
        if (wait->count() > 0) wait_for(*wait);
    }
    const auto opened = requests_->open(header, frame);
    if (!opened) {
        deny(header, Denial{{cql::ErrorCode::protocol_error, opened.error().message}, {}, {}}, to_client);
        return true;
    }
    cql::FrameHeader plain = header;
    plain.flags = (*opened)[1];
    plain.body_length = static_cast<std::uint32_t>(opened->size() - cql::frame_header_size);
    if (const auto denial = inspector_->on_request(plain, *opened)) {
        deny(header, *denial, to_client);
        return true;
    }
    ++under_way_;
    base::append(to_node, *opened);
    return true;
}

void Session::wait_for(std::chrono::milliseconds time) {
    is_rate_limited_ = true;
    if (is_draining_) return;  // until the end
    client_->pause_reading();
    timer_.start(time, [this] {
        is_rate_limited_ = false;
        if (stage_ != Stage::relaying) return;
        // v5: what waits here was taken from the stream already.
        if (has_segments_) client_bytes({});
        if (stage_ == Stage::relaying) resume_client_if_room();
    });
}

void Session::deny(const cql::FrameHeader& header, const Denial& denial, base::Bytes& to_client) {
    cql::ErrorMessage error;
    error.code = denial.refusal.code;
    error.text = denial.refusal.text;
    error.unprepared_id = denial.unprepared_id;
    cql::append_error(to_client, static_cast<std::uint8_t>(login_.version()),
                      static_cast<std::uint16_t>(header.stream_id), error);
    if (error.code == cql::ErrorCode::unprepared) return;
    const cql::TableName& table = denial.statement.table;
    owner_.shared().audit.write("refused", about()
                                               .field("statement", cql::name_of(denial.statement.verb))
                                               .field("keyspace", audited(table.keyspace))
                                               .field("table", audited(table.table))
                                               .field("code", cql::name_of(error.code))
                                               .field("reason", audited(error.text)));
}

std::size_t Session::node_bytes(std::span<std::uint8_t> bytes) {
    if (stage_ != Stage::relaying) return bytes.size();
    const std::size_t used = pass_back(bytes);
    if (!takes_requests_) end_if_answered();
    return used;
}

std::size_t Session::pass_back(std::span<std::uint8_t> bytes) {
    if (look_ == Look::none) {
        answer_headers_->walk(bytes, [this](const cql::FrameHeader& header) { count_answer(header); });
        base::append(client_->out(), bytes);
        client_appended();
        return bytes.size();
    }
    if (look_ == Look::supported) {
        const std::size_t used = walk_answers(bytes);
        client_appended();
        return used;
    }
    base::Bytes& to_client = has_segments_ ? to_client_ : client_->out();
    const auto used = answers_->read(bytes, [&](const cql::FrameHeader& header, std::span<std::uint8_t> frame) {
        answer(header, frame, to_client);
        return true;
    });
    if (has_segments_) {
        answers_->append(to_client_, client_->out());
        to_client_.clear();
    }
    client_appended();
    if (used) return *used;
    end();
    return bytes.size();
}

// Headers only: an answer may be larger than what is there of it.
std::size_t Session::walk_answers(std::span<std::uint8_t> bytes) {
    std::size_t from = 0, at = 0;
    while (at < bytes.size()) {
        if (left_of_answer_ > 0) {
            const std::size_t here = std::min(left_of_answer_, bytes.size() - at);
            at += here;
            left_of_answer_ -= here;
            continue;
        }
        if (bytes.size() - at < cql::frame_header_size) break;
        const cql::FrameHeader header = cql::read_frame_header(bytes.data() + at);
        const std::size_t size = cql::frame_header_size + header.body_length;
        if (header.opcode != cql::Opcode::supported) {
            count_answer(header);
            left_of_answer_ = size;
            continue;
        }
        if (bytes.size() - at < size) break;
        count_answer(header);
        base::append(client_->out(), bytes.subspan(from, at - from));
        append_supported(header, bytes.subspan(at, size), client_->out());
        at += size;
        from = at;
    }
    base::append(client_->out(), bytes.subspan(from, at - from));
    return at;
}

void Session::answer(const cql::FrameHeader& header, std::span<std::uint8_t> frame, base::Bytes& to_client) {
    if (is_of_schema(header)) {
        take_schema(header, frame);
        return;
    }
    if (has_to_agree(header, frame)) {
        inspector_->on_answer_header(header);
        keep_until_agreed(frame);
        return;
    }
    count_answer(header);
    const bool is_looked_at = inspector_->on_answer_header(header);
    if (header.opcode == cql::Opcode::supported) {
        append_supported(header, frame, to_client);
        return;
    }
    const auto opened =
        is_looked_at ? answers_->open(header, frame) : base::fail(base::ErrorKind::not_found, "not looked at");
    if (!opened) {
        base::append(to_client, frame);
        return;
    }
    inspector_->on_answer({cql::read_frame_header(opened->data()), *opened}, to_client);
}

// The node's answer to OPTIONS of a client that has logged in: some drivers ask only then.
void Session::append_supported(const cql::FrameHeader& header, std::span<std::uint8_t> frame, base::Bytes& out) {
    const auto opened = answers_->open(header, frame);
    const auto prefix =
        opened ? cql::read_body_prefix(cql::read_frame_header(opened->data()), opened->subspan(cql::frame_header_size))
               : base::fail(opened.error());
    auto options = prefix ? cql::parse_supported(opened->subspan(cql::frame_header_size + prefix->size))
                          : base::fail(prefix.error());
    if (!options) {
        base::append(out, frame);
        return;
    }
    (*options)[product_type] = {apollo};
    cql::append_supported(out, header.version, static_cast<std::uint16_t>(header.stream_id), *options);
}

// An event answers nothing.
void Session::count_answer(const cql::FrameHeader& header) {
    if (header.stream_id >= 0 && under_way_ > 0) --under_way_;
}

void Session::drain() {
    if (stage_ == Stage::ended) return;
    if (stage_ != Stage::relaying) {
        end();
        return;
    }
    is_draining_ = true;
    answer_kept();
    if (is_rate_limited_) {
        if (has_segments_) client_bytes({});
        if (stage_ == Stage::relaying) resume_client_if_room();
    }
    if (stage_ == Stage::relaying) timer_.start(last_requests, [this] { take_no_more(); });
}

void Session::take_no_more() {
    if (stage_ != Stage::relaying) return;
    // The rest of a request that has begun is on its way.
    if (requests_->is_inside()) {
        timer_.start(last_requests, [this] { take_no_more(); });
        return;
    }
    takes_requests_ = false;
    client_->pause_reading();
    end_if_answered();
}

void Session::end_if_answered() {
    const bool is_between = !answer_headers_ || answer_headers_->is_between();
    if (stage_ == Stage::relaying && under_way_ == 0 && left_of_answer_ == 0 && is_between) end();
}

void Session::client_appended() {
    client_->send_soon();
    if (client_->unsent() <= most_unsent) return;
    node_->pause_reading();
    // What is refused here is answered without the node.
    client_->pause_reading();
    client_->notify_when_unsent_below(most_unsent / 2);
}

void Session::node_appended() {
    node_->send_soon();
    if (node_->unsent() <= most_unsent) return;
    client_->pause_reading();
    node_->notify_when_unsent_below(most_unsent / 2);
}

// Whoever has too much tells when that has gone down.
void Session::resume_client_if_room() {
    if (takes_requests_ && (!is_rate_limited_ || is_draining_) && client_->unsent() <= most_unsent &&
        node_->unsent() <= most_unsent)
        client_->resume_reading();
}

void Session::on_drained() {
    if (stage_ != Stage::relaying) return;
    node_->resume_reading();
    resume_client_if_room();
}

void Session::node_drained() {
    if (stage_ == Stage::relaying) resume_client_if_room();
}

void Session::node_closed(const base::Error& why) {
    if (stage_ != Stage::relaying) return;
    owner_.shared().audit.write("node_lost", about().field("reason", why.message));
    answer_kept();
    end();
}

}  // namespace crossfade::gateway
