// Counts what a stream in steady state takes from the heap: nothing. Not with sanitizers, which have an allocator of
// their own.
#include <gtest/gtest.h>

#include "net/sanitized.hpp"

#if !defined(CROSSFADE_ADDRESS_SANITIZED) && !defined(CROSSFADE_THREAD_SANITIZED)

#include <atomic>
#include <cstdlib>
#include <new>

#include "net/recording_user.hpp"
#include "net/stream.hpp"
#include "net/test_certificates.hpp"
#include "net/testing_loop.hpp"

namespace {

std::atomic<std::uint64_t> allocations{0};

void* counted_new(std::size_t size) {
    ++allocations;
    if (void* const memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) {
    return counted_new(size);
}
void* operator new[](std::size_t size) {
    return counted_new(size);
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete[](void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace crossfade::net {
namespace {

// Sends a frame back whenever it is there whole; after `rounds` of them the loop stops.
class Player final : public StreamUser {
public:
    Player(Loop& loop, std::unique_ptr<Stream> stream, std::size_t frame)
        : loop_(loop), stream_(std::move(stream)), frame_(frame, 'x') {
        stream_->start(*this);
    }
    void serve(int rounds) {
        left_ = rounds;
        send();
    }
    std::size_t on_bytes(std::span<std::uint8_t> bytes) override {
        std::size_t used = 0;
        for (; bytes.size() - used >= frame_.size(); used += frame_.size()) {
            if (--left_ == 0)
                loop_.stop();
            else
                send();
        }
        return used;
    }
    void on_closed(const base::Error& why) override { FAIL() << why.message; }
    Stream& stream() { return *stream_; }

private:
    void send() { append_text(*stream_, frame_); }
    Loop& loop_;
    std::unique_ptr<Stream> stream_;
    const std::string frame_;
    int left_ = -1;
};

void expect_no_allocations(std::shared_ptr<TlsContext> server, std::shared_ptr<TlsContext> client, std::size_t frame) {
    TestingLoop loop;
    std::unique_ptr<Player> at_server, at_client;
    const auto listener = listen(loop, {"127.0.0.1", 0}, server, [&](std::unique_ptr<Stream> stream) {
        at_server = std::make_unique<Player>(loop, std::move(stream), frame);
    });
    ASSERT_TRUE(listener);
    ConnectOptions options;
    options.tls = client;
    const auto pending =
        connect(loop, (*listener)->address(), options, [&](base::Result<std::unique_ptr<Stream>> stream) {
            ASSERT_TRUE(stream) << stream.error().message;
            at_client = std::make_unique<Player>(loop, std::move(*stream), frame);
        });
    ASSERT_TRUE(loop.run_until([&] { return at_server != nullptr && at_client != nullptr; }));
    at_client->serve(500);  // until every buffer has its size
    loop.run();
    const std::uint64_t before = allocations;
    at_client->serve(2000);
    loop.run();
    EXPECT_EQ(allocations - before, 0U) << "of 2000 frames of " << frame << " bytes in each direction";
}

TEST(Allocation, ReadsAndWritesTakeNothingFromTheHeap) {
    for (const std::size_t frame : {std::size_t{60}, std::size_t{3000}, std::size_t{50000}})
        expect_no_allocations(nullptr, nullptr, frame);
}

// Of our own code. OpenSSL 3.0 itself mallocs three pieces of 40 bytes for each record it writes and one for each that
// it reads.
TEST(Allocation, NeitherDoTheyThroughTls) {
    TestCertificates certificates;
    const auto files = certificates.issue({.addresses = {"127.0.0.1"}});
    TlsOptions server, client;
    server.certificate_file = files.certificate;
    server.key_file = files.key;
    server.verify_peer = false;
    client.ca_file = certificates.ca_file();
    for (const std::size_t frame : {std::size_t{60}, std::size_t{3000}})
        expect_no_allocations(*make_server_tls(server), *make_client_tls(client), frame);
}

TEST(Allocation, IsCounted) {
    const std::uint64_t before = allocations;
    const auto one = std::make_unique<int>(1);
    EXPECT_EQ(allocations - before, 1U);
    EXPECT_EQ(*one, 1);
}

}  // namespace
}  // namespace crossfade::net

#else

TEST(Allocation, IsNotCountedWithSanitizers) {
    GTEST_SKIP() << "run the release build";
}

#endif
