// The page behind a page: asked for at most once ahead of time, then waited for.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "crossfade/error.hpp"
#include "crossfade/result_set.hpp"
#include "driver/api/command.hpp"

namespace crossfade::driver {

class SessionCore;

// Any thread.
class NextPage : public std::enable_shared_from_this<NextPage> {
public:
    NextPage(std::shared_ptr<SessionCore> session, Command command)
        : session_(std::move(session)), command_(std::move(command)) {}

    // Sends the request unless that was done before.
    void prefetch();
    // The page, when it has come. Throws what the request failed with; then it may be asked for again.
    ResultSet wait();

    const std::shared_ptr<SessionCore>& session() const { return session_; }
    const Command& command() const { return command_; }

private:
    const std::shared_ptr<SessionCore> session_;
    const Command command_;  // of the first page, with the paging state
    std::mutex mutex_;
    bool is_asked_ = false;
    std::optional<Outcome<ResultSet>> outcome_;
};

}  // namespace crossfade::driver
