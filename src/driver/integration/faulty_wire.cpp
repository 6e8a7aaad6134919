#include "driver/integration/faulty_wire.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace crossfade::driver {

// One connection, and the one to the node that it goes on in.
class FaultyWire::Path {
public:
    Path(FaultyWire& wire, std::unique_ptr<net::Stream> client)
        : faults(wire.faults_), wire_(wire), client_(*this, std::move(client)), node_(*this, nullptr) {
        connecting_ = net::connect(wire_.loop_, wire_.to_, {}, [this](base::Result<std::unique_ptr<net::Stream>> node) {
            if (!node) {
                end();
                return;
            }
            node_.stream = std::move(*node);
            node_.stream->start(node_);
            client_.stream->start(client_);
        });
    }

    void cut_after(std::size_t bytes) { faults.cut_after = sent_ + bytes; }
    void silence() { faults.silent_after = sent_; }

    WireFaults faults;

private:
    struct Side final : net::StreamUser {
        Side(Path& of, std::unique_ptr<net::Stream> with) : path(of), stream(std::move(with)) {}
        std::size_t on_bytes(std::span<std::uint8_t> bytes) override { return path.pass(*this, bytes); }
        void on_closed(const base::Error&) override { path.closed(); }
        Path& path;
        std::unique_ptr<net::Stream> stream;
    };

    bool is_silent() const { return faults.silent_after && sent_ >= *faults.silent_after; }

    std::size_t pass(Side& from, std::span<std::uint8_t> bytes) {
        if (is_ended_ || is_silent()) return bytes.size();
        const bool is_answer = &from == &node_;
        std::size_t count = bytes.size();
        if (faults.is_byte_at_a_time) count = 1;
        if (is_answer && faults.cut_after)
            count = std::min(count, *faults.cut_after - std::min(sent_, *faults.cut_after));
        if (is_answer && faults.silent_after) count = std::min(count, *faults.silent_after - sent_);
        net::Stream& to = is_answer ? *client_.stream : *node_.stream;
        base::append(to.out(), bytes.first(count));
        to.send_soon();
        if (is_answer) {
            sent_ += count;
            wire_.most_sent_ = std::max(wire_.most_sent_, sent_);
            if (faults.cut_after && sent_ >= *faults.cut_after) end();
        }
        if (count == bytes.size() || !faults.is_byte_at_a_time) return bytes.size();
        // What is resumed is shown again in a turn of its own.
        from.stream->pause_reading();
        from.stream->resume_reading();
        return count;
    }

    // The end of one side is as invisible as its bytes.
    void closed() {
        if (!is_silent()) end();
    }

    // What was passed on still leaves.
    void end() {
        if (std::exchange(is_ended_, true)) return;
        client_.stream->close_after_sending(std::chrono::seconds(1));
        if (node_.stream != nullptr) node_.stream->close_after_sending(std::chrono::seconds(1));
        wire_.ended(*this);
    }

    FaultyWire& wire_;
    Side client_, node_;
    std::unique_ptr<net::PendingConnect> connecting_;
    std::size_t sent_ = 0;  // by the node, and passed on
    bool is_ended_ = false;
};

FaultyWire::FaultyWire(net::Loop& loop, const std::string& host, net::Address to) : loop_(loop), to_(std::move(to)) {
    auto listener =
        net::listen(loop_, {host, 0}, std::shared_ptr<net::TlsContext>(), [this](std::unique_ptr<net::Stream> client) {
            ++accepted_;
            paths_.push_back(std::make_unique<Path>(*this, std::move(client)));
        });
    if (!listener) throw std::runtime_error(listener.error().message);
    listener_ = std::move(*listener);
}

FaultyWire::~FaultyWire() = default;

void FaultyWire::cut_open_after(std::size_t bytes) {
    for (const auto& path : paths_) path->cut_after(bytes);
}

void FaultyWire::silence_open() {
    for (const auto& path : paths_) path->silence();
}

// It may be in the middle of a call: it goes in a later turn.
void FaultyWire::ended(Path& path) {
    const auto found = std::find_if(paths_.begin(), paths_.end(), [&](const auto& one) { return one.get() == &path; });
    const std::shared_ptr<Path> kept(std::move(*found));
    paths_.erase(found);
    loop_.post([kept] {});
}

}  // namespace crossfade::driver
