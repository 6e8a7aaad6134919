// What src/net costs alone: a relay without meaning between a load generator and an echo node, everything in one
// program.
//
//   net_relay [--connections 16] [--depth 1] [--seconds 3] [--backends 2] [--bytes 100] [--ticks 0]
//
// Each request (a frame of --bytes with a 4-byte sequence number) goes from its connection to --backends nodes, over
// one connection to each that all clients share, and is answered to its client when all have answered: the traffic of a
// dual write. The relay runs on a thread of its own, whose CPU time is what is reported (RUSAGE_THREAD), so noise of
// other processes counts little. With --ticks 1 it has a timer of 10 ms running, as a relay with deadlines has. Prints
// one JSON line.
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "net/loop.hpp"
#include "net/stream.hpp"

namespace {

using crossfade::base::Bytes;
using namespace crossfade::net;

struct Settings {
    int connections = 16, depth = 1, seconds = 3, backends = 2, ticks = 0;
    std::size_t bytes = 100;
};
Settings settings;

struct Cpu {
    double user = 0, system = 0;  // microseconds
};
Cpu cpu_of_this_thread() {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    const auto microseconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
    };
    return {microseconds(usage.ru_utime), microseconds(usage.ru_stime)};
}

// Gives back every byte it gets.
class EchoSession final : public StreamUser {
public:
    explicit EchoSession(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) { stream_->start(*this); }
    std::size_t on_bytes(std::span<std::uint8_t> bytes) override {
        crossfade::base::append(stream_->out(), bytes);
        stream_->send_soon();
        return bytes.size();
    }
    void on_closed(const crossfade::base::Error&) override {}

private:
    std::unique_ptr<Stream> stream_;
};

class Relay;

// A frame: size (4), tag (4), rest.
constexpr std::size_t head = 8;
std::uint32_t tag_of(const std::uint8_t* frame) {
    std::uint32_t tag = 0;
    std::memcpy(&tag, frame + 4, 4);
    return tag;
}

class RelayClient final : public StreamUser {
public:
    RelayClient(Relay& relay, std::unique_ptr<Stream> stream) : relay_(relay), stream_(std::move(stream)) {
        stream_->start(*this);
    }
    std::size_t on_bytes(std::span<std::uint8_t> bytes) override;
    void on_closed(const crossfade::base::Error&) override { is_closed_ = true; }
    void answer(std::uint32_t tag, std::span<std::uint8_t> frame) {
        if (is_closed_) return;
        std::memcpy(frame.data() + 4, &tag, 4);
        crossfade::base::append(stream_->out(), frame);
        stream_->send_soon();
    }

private:
    Relay& relay_;
    std::unique_ptr<Stream> stream_;
    bool is_closed_ = false;
};

class RelayBackend final : public StreamUser {
public:
    RelayBackend(Relay& relay, std::unique_ptr<Stream> stream) : relay_(relay), stream_(std::move(stream)) {
        stream_->start(*this);
    }
    void send(std::span<std::uint8_t> frame) {
        crossfade::base::append(stream_->out(), frame);
        stream_->send_soon();
    }
    std::size_t on_bytes(std::span<std::uint8_t> bytes) override;
    void on_closed(const crossfade::base::Error& why) override { std::cerr << "node: " << why.message << "\n"; }

private:
    Relay& relay_;
    std::unique_ptr<Stream> stream_;
};

class Relay {
public:
    struct Slot {
        RelayClient* client = nullptr;
        std::uint32_t client_tag = 0;
        int missing = 0;
    };

    void forward(RelayClient& from, std::span<std::uint8_t> frame) {
        std::uint32_t slot = 0;
        if (free_.empty()) {
            slot = static_cast<std::uint32_t>(slots_.size());
            slots_.emplace_back();
        } else {
            slot = free_.back();
            free_.pop_back();
        }
        slots_[slot] = {&from, tag_of(frame.data()), static_cast<int>(backends.size())};
        std::memcpy(frame.data() + 4, &slot, 4);
        for (auto& backend : backends) backend->send(frame);
    }
    void answered(std::span<std::uint8_t> frame) {
        const std::uint32_t tag = tag_of(frame.data());
        Slot& slot = slots_[tag];
        if (--slot.missing > 0) return;
        slot.client->answer(slot.client_tag, frame);
        free_.push_back(tag);
        ++answered_count;
    }

    std::vector<std::unique_ptr<RelayClient>> clients;
    std::vector<std::unique_ptr<RelayBackend>> backends;
    std::atomic<std::uint64_t> answered_count{0};

private:
    std::vector<Slot> slots_;
    std::vector<std::uint32_t> free_;
};

template <class Visit>
std::size_t for_each_frame(std::span<std::uint8_t> bytes, Visit&& visit) {
    std::size_t used = 0;
    while (bytes.size() - used >= head) {
        std::uint32_t size = 0;
        std::memcpy(&size, bytes.data() + used, 4);
        if (bytes.size() - used < size) break;
        visit(bytes.subspan(used, size));
        used += size;
    }
    return used;
}

std::size_t RelayClient::on_bytes(std::span<std::uint8_t> bytes) {
    return for_each_frame(bytes, [&](std::span<std::uint8_t> frame) { relay_.forward(*this, frame); });
}
std::size_t RelayBackend::on_bytes(std::span<std::uint8_t> bytes) {
    return for_each_frame(bytes, [&](std::span<std::uint8_t> frame) { relay_.answered(frame); });
}

class LoadConnection final : public StreamUser {
public:
    explicit LoadConnection(std::unique_ptr<Stream> stream) : stream_(std::move(stream)), frame_(settings.bytes) {
        stream_->start(*this);
        for (int i = 0; i < settings.depth; ++i) send(static_cast<std::uint32_t>(i));
    }
    std::size_t on_bytes(std::span<std::uint8_t> bytes) override {
        return for_each_frame(bytes, [&](std::span<std::uint8_t> frame) { send(tag_of(frame.data())); });
    }
    void on_closed(const crossfade::base::Error&) override {}

private:
    void send(std::uint32_t tag) {
        const auto size = static_cast<std::uint32_t>(settings.bytes);
        std::memcpy(frame_.data(), &size, 4);
        std::memcpy(frame_.data() + 4, &tag, 4);
        crossfade::base::append(stream_->out(), frame_);
        stream_->send_soon();
    }
    std::unique_ptr<Stream> stream_;
    Bytes frame_;
};

std::uint16_t listen_on(Loop& loop, std::vector<std::unique_ptr<Listener>>& keep, std::uint16_t port,
                        std::function<void(std::unique_ptr<Stream>)> accepted) {
    auto listener = listen(loop, {"127.0.0.1", port}, nullptr, std::move(accepted));
    if (!listener) {
        std::cerr << listener.error().message << "\n";
        std::exit(1);
    }
    keep.push_back(std::move(*listener));
    return keep.back()->address().port;
}

void connect_many(Loop& loop, std::uint16_t port, int count, std::vector<std::unique_ptr<PendingConnect>>& pending,
                  const std::function<void(std::unique_ptr<Stream>)>& connected) {
    for (int i = 0; i < count; ++i)
        pending.push_back(connect(loop, {"127.0.0.1", port}, {}, [connected](auto stream) {
            if (!stream) {
                std::cerr << stream.error().message << "\n";
                std::exit(1);
            }
            connected(std::move(*stream));
        }));
}

// One part of the traffic, with a loop on a thread of its own.
struct Part {
    Loop loop;
    std::vector<std::unique_ptr<Listener>> listeners;
    std::vector<std::unique_ptr<PendingConnect>> pending;
    std::thread thread;
    void start() {
        thread = std::thread([this] { loop.run(); });
    }
    void stop() {
        loop.stop();
        thread.join();
    }
};

// Runs `measure` on the part's thread and gives its result.
template <class T>
T ask(Part& part, std::function<T()> measure) {
    std::atomic<bool> is_done{false};
    T result{};
    part.loop.post([&] {
        result = measure();
        is_done = true;
        is_done.notify_one();
    });
    is_done.wait(false);
    return result;
}

int run() {
    Part node, relay_part, load;
    std::vector<std::unique_ptr<EchoSession>> echoes;
    const std::uint16_t node_port = listen_on(node.loop, node.listeners, 0, [&](std::unique_ptr<Stream> stream) {
        echoes.push_back(std::make_unique<EchoSession>(std::move(stream)));
    });
    node.start();

    Relay relay;
    const std::uint16_t relay_port =
        listen_on(relay_part.loop, relay_part.listeners, 0, [&](std::unique_ptr<Stream> stream) {
            relay.clients.push_back(std::make_unique<RelayClient>(relay, std::move(stream)));
        });
    connect_many(relay_part.loop, node_port, settings.backends, relay_part.pending,
                 [&](std::unique_ptr<Stream> stream) {
                     relay.backends.push_back(std::make_unique<RelayBackend>(relay, std::move(stream)));
                 });
    Timer ticking(relay_part.loop);
    std::function<void()> tick = [&] { ticking.start(std::chrono::milliseconds(10), tick); };
    if (settings.ticks > 0) relay_part.loop.post(tick);
    relay_part.start();
    while (ask<std::size_t>(relay_part, [&] { return relay.backends.size(); }) <
           static_cast<std::size_t>(settings.backends))
        std::this_thread::yield();

    std::vector<std::unique_ptr<LoadConnection>> connections;
    connect_many(load.loop, relay_port, settings.connections, load.pending, [&](std::unique_ptr<Stream> stream) {
        connections.push_back(std::make_unique<LoadConnection>(std::move(stream)));
    });
    load.start();

    std::this_thread::sleep_for(std::chrono::milliseconds(300));  // warm
    const auto began = std::chrono::steady_clock::now();
    const Cpu before = ask<Cpu>(relay_part, cpu_of_this_thread);
    const std::uint64_t answered_before = relay.answered_count;
    std::this_thread::sleep_for(std::chrono::seconds(settings.seconds));
    const Cpu after = ask<Cpu>(relay_part, cpu_of_this_thread);
    const auto answered = static_cast<double>(relay.answered_count - answered_before);
    const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    const double user = (after.user - before.user) / answered;
    const double system = (after.system - before.system) / answered;
    std::printf(
        "{\"connections\":%d,\"depth\":%d,\"backends\":%d,\"bytes\":%zu,\"requests_per_second\":%.0f,\"cpu_us\":%.3f,"
        "\"user_us\":%.3f,\"system_us\":%.3f}\n",
        settings.connections, settings.depth, settings.backends, settings.bytes, answered / wall, user + system, user,
        system);
    load.stop();
    relay_part.stop();
    node.stop();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string name = argv[i];
        const int value = std::atoi(argv[i + 1]);
        if (name == "--connections")
            settings.connections = value;
        else if (name == "--depth")
            settings.depth = value;
        else if (name == "--seconds")
            settings.seconds = value;
        else if (name == "--backends")
            settings.backends = value;
        else if (name == "--ticks")
            settings.ticks = value;
        else if (name == "--bytes")
            settings.bytes = static_cast<std::size_t>(value);
        else {
            std::cerr << "unknown option " << name << "\n";
            return 30;
        }
    }
    return run();
}
