// What users of a stream hold. For net's own sources only.
#pragma once

#include <memory>

#include "net/loop_implementation.hpp"
#include "net/stream.hpp"

namespace crossfade::net {

// The state behind a stream is a Disposable: its user may destroy the stream inside on_bytes(), with the state's code
// and bytes still in use on the stack, so the state goes when the turn ends. State has the members of Stream, and
// is_sending_last_bytes(): it asked the loop to hold it until these have left.
template <class State>
class StreamHandle final : public Stream {
public:
    StreamHandle(Loop& loop, std::unique_ptr<State> state) : loop_(loop), state_(std::move(state)) {}
    ~StreamHandle() override {
        if (!state_->is_sending_last_bytes()) {
            state_->close();
            loop_.implementation().dispose(std::move(state_));
        } else {
            loop_.implementation().hold(std::move(state_));
        }
    }

    void start(StreamUser& user) override { state_->start(user); }
    void pause_reading() override { state_->pause_reading(); }
    void resume_reading() override { state_->resume_reading(); }
    base::Bytes& out() override { return state_->out(); }
    void send_soon() override { state_->send_soon(); }
    std::size_t unsent() const override { return state_->unsent(); }
    void notify_when_unsent_below(std::size_t mark) override { state_->notify_when_unsent_below(mark); }
    void close() override { state_->close(); }
    void close_after_sending(std::chrono::milliseconds within) override { state_->close_after_sending(within); }
    std::string peer_address() const override { return state_->peer_address(); }
    std::string local_address() const override { return state_->local_address(); }
    std::string server_name() const override { return state_->server_name(); }
    std::string peer_certificate() const override { return state_->peer_certificate(); }

private:
    Loop& loop_;
    std::unique_ptr<State> state_;
};

}  // namespace crossfade::net
