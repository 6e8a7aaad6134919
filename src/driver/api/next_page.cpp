#include "driver/api/next_page.hpp"

#include "driver/api/session_core.hpp"

namespace crossfade::driver {

void NextPage::prefetch() {
    {
        const std::lock_guard lock(mutex_);
        if (std::exchange(is_asked_, true)) return;
    }
    Execution* const execution = session_->take_execution();
    execution->command = command_;
    execution->callback = [self = shared_from_this()](Outcome<ResultSet> outcome) {
        const auto thread = self->session_->thread();
        {
            const std::lock_guard lock(self->mutex_);
            self->outcome_.emplace(std::move(outcome));
        }
        thread->wake();
    };
    session_->submit(*execution);
}

ResultSet NextPage::wait() {
    session_->thread()->check_may_block();
    prefetch();
    session_->thread()->wait_until([this] {
        const std::lock_guard lock(mutex_);
        return outcome_.has_value();
    });
    // Taken out: a page that stayed here would keep all that follow it in memory. Whoever goes through the same result
    // again asks again.
    const std::lock_guard lock(mutex_);
    Outcome<ResultSet> outcome = std::move(*outcome_);
    outcome_.reset();
    is_asked_ = false;
    return std::move(outcome).value();
}

}  // namespace crossfade::driver
