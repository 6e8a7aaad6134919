// Session: a client that sees the cluster as one node takes its schema for agreed as soon as that node has answered,
// and then meets replicas that do not know its new table. The answer to a schema change is kept back until all do.
#include <algorithm>

#include "cql/request.hpp"
#include "gateway/session.hpp"

namespace crossfade::gateway {
namespace {

// Some drivers give a request up after 2 s. A change is pushed to the other nodes at once; what takes a second or two
// is that they tell of it.
constexpr std::chrono::milliseconds between_looks{100}, longest_wait{1'800};
// Larger answers tell of no schema change.
constexpr std::uint32_t most_of_change = 4096;

}  // namespace

bool Session::has_to_agree(const cql::FrameHeader& header, std::span<std::uint8_t> frame) {
    if (agreement_ == nullptr || is_draining_ || header.opcode != cql::Opcode::result ||
        header.body_length > most_of_change)
        return false;
    const auto& topology = owner_.facts()->topology;
    if (topology == nullptr || topology->nodes.size() < 2) return false;
    const auto opened = answers_->open(header, frame);
    if (!opened) return false;
    return nodes::is_schema_change(cql::read_frame_header(opened->data()),
                                   base::ByteView(*opened).subspan(cql::frame_header_size));
}

void Session::keep_until_agreed(std::span<std::uint8_t> frame) {
    if (agreement_->count++ == 0) agreement_->limit.start(longest_wait, [this] { agreed(); });
    base::append(agreement_->answers, frame);
    // What was asked before it does not count for it.
    agreement_->is_stale = agreement_->stream_id.has_value();
    if (!agreement_->is_stale) look_at_schema();
}

void Session::look_at_schema() {
    agreement_->pause.cancel();
    agreement_->is_stale = false;
    agreement_->look.begin();
    ask_of_schema(nodes::SchemaLook::of_itself);
}

void Session::ask_of_schema(std::string_view text) {
    if (stage_ != Stage::relaying) return;
    agreement_->stream_id = inspector_->take_unused_stream();
    if (!agreement_->stream_id) {
        agreed();
        return;
    }
    cql::QueryOptions options;
    options.consistency = cql::Consistency::one;
    base::Bytes frame;
    cql::append_query(frame, login_.version(), *agreement_->stream_id, text, options);
    requests_->append(frame, node_->out());
    node_appended();
}

bool Session::is_of_schema(const cql::FrameHeader& header) const {
    return agreement_ != nullptr && agreement_->stream_id && header.stream_id == *agreement_->stream_id;
}

void Session::take_schema(const cql::FrameHeader& header, std::span<std::uint8_t> frame) {
    using Next = nodes::SchemaLook::Next;
    inspector_->on_answer_header(header);  // its stream id is free again
    agreement_->stream_id.reset();
    if (agreement_->count == 0) return;
    if (agreement_->is_stale) {
        look_at_schema();
        return;
    }
    const auto opened = answers_->open(header, frame);
    const Next next =
        opened ? agreement_->look.on_answer(login_.version(), {cql::read_frame_header(opened->data()), *opened},
                                            owner_.facts()->topology.get())
               : Next::look_again;
    switch (next) {
        case Next::ask_of_others:
            ask_of_schema(nodes::SchemaLook::of_others);
            break;
        case Next::agreed:
            agreed();
            break;
        case Next::look_again:
            agreement_->pause.start(between_looks, [this] { look_at_schema(); });
            break;
    }
}

void Session::answer_kept() {
    if (agreement_ != nullptr && agreement_->count > 0) agreed();
}

void Session::agreed() {
    agreement_->pause.cancel();
    agreement_->limit.cancel();
    if (stage_ != Stage::relaying) return;
    answers_->append(agreement_->answers, client_->out());
    under_way_ -= std::min(under_way_, agreement_->count);
    agreement_->answers.clear();
    agreement_->count = 0;
    client_appended();
    if (!takes_requests_) end_if_answered();
}

}  // namespace crossfade::gateway
