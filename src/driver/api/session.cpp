#include "crossfade/session.hpp"

#include "crossfade/async_session.hpp"
#include "driver/api/error_of.hpp"
#include "driver/api/next_page.hpp"
#include "driver/api/node_info.hpp"
#include "driver/api/session_core.hpp"

namespace crossfade {
namespace {

void fill(driver::Execution& execution, const Statement& statement) {
    execution.command.assign(statement);
}
void fill(driver::Execution& execution, const BoundStatement& statement) {
    execution.command.assign(statement);
}
void fill(driver::Execution& execution, const Batch& statement) {
    execution.command.assign(statement);
}

template <class Given>
void execute_with(driver::SessionCore& core, const Given& statement, Callback<ResultSet> done) {
    driver::Execution* const execution = core.take_execution();
    fill(*execution, statement);
    execution->callback = std::move(done);
    core.submit(*execution);
}

template <class Given>
ResultSet execute_blocking(driver::SessionCore& core, const Given& statement) {
    driver::Blocked<ResultSet> blocked(core.thread());
    execute_with(core, statement, [&blocked](Outcome<ResultSet> outcome) { blocked.complete(std::move(outcome)); });
    return blocked.wait().value();
}

template <class Given>
PendingResult execute_later(driver::SessionCore& core, const Given& statement, const Executor& executor) {
    driver::Execution* const execution = core.take_execution();
    fill(*execution, statement);
    return PendingResult(execution, &executor);
}

const driver::NextPage& next_of(const ResultSet& page) {
    if (!page.has_more_pages()) throw Error(ErrorCode::bad_value, "this is the last page");
    return *page.internal()->next;
}

}  // namespace

ResultSet Session::execute(const Statement& statement) const {
    return execute_blocking(*core_, statement);
}
ResultSet Session::execute(const BoundStatement& statement) const {
    return execute_blocking(*core_, statement);
}
ResultSet Session::execute(const Batch& batch) const {
    return execute_blocking(*core_, batch);
}
void Session::execute(const Statement& statement, Callback<ResultSet> done) const {
    execute_with(*core_, statement, std::move(done));
}
void Session::execute(const BoundStatement& statement, Callback<ResultSet> done) const {
    execute_with(*core_, statement, std::move(done));
}
void Session::execute(const Batch& batch, Callback<ResultSet> done) const {
    execute_with(*core_, batch, std::move(done));
}

PreparedStatement Session::prepare(const std::string& text, const std::string& keyspace) const {
    driver::Blocked<PreparedStatement> blocked(core_->thread());
    core_->prepare(text, keyspace,
                   [&blocked](Outcome<PreparedStatement> outcome) { blocked.complete(std::move(outcome)); });
    return blocked.wait().value();
}
void Session::prepare(const std::string& text, Callback<PreparedStatement> done) const {
    core_->prepare(text, {}, std::move(done));
}

ResultSet Session::next_page(const ResultSet& page) const {
    next_of(page);
    return page.internal()->next->wait();
}
void Session::next_page(const ResultSet& page, Callback<ResultSet> done) const {
    driver::Execution* const execution = core_->take_execution();
    try {
        execution->command = next_of(page).command();
    } catch (...) {
        core_->give_back(*execution);
        throw;
    }
    execution->callback = std::move(done);
    core_->submit(*execution);
}

AsyncSession Session::async(Executor resume_on) const {
    return AsyncSession(*this, std::move(resume_on));
}

std::vector<NodeInfo> Session::nodes() const {
    std::vector<NodeInfo> nodes;
    for (const auto& node : core_->topology()->nodes) nodes.push_back(driver::info_of(node));
    return nodes;
}
std::string Session::local_datacenter() const {
    return core_->topology()->local_datacenter;
}
int Session::protocol_version() const {
    return static_cast<int>(core_->version());
}

void Session::wait_for_schema_agreement(std::chrono::milliseconds within) const {
    driver::Blocked<bool> blocked(core_->thread());
    const auto core = core_;
    // A coroutine takes its parameters with it; what a lambda captures would be gone.
    const auto wait = [](std::shared_ptr<driver::SessionCore> of, std::chrono::milliseconds time,
                         driver::Blocked<bool>* done) -> base::Task<void> {
        const base::Result<void> agreed = co_await of->internal().schema_agreement(time);
        done->complete(agreed ? Outcome<bool>(true) : Outcome<bool>(driver::error_of(agreed.error())));
    };
    core->thread()->call([&] { wait(core, within, &blocked).detach(); });
    blocked.wait().value();
}

Metrics Session::metrics() const {
    Metrics metrics;
    core_->thread()->call([&] { metrics = core_->metrics(); });
    return metrics;
}

void Session::close() const {
    core_->close();
}

PendingResult::~PendingResult() {
    if (execution_ != nullptr) execution_->give_back();
}

void PendingResult::await_suspend(std::coroutine_handle<> waiting) {
    driver::Execution& execution = *std::exchange(execution_, nullptr);
    execution.pending = this;
    execution.waiting = waiting;
    execution.executor = executor_;
    execution.submit();
}

PendingResult AsyncSession::execute(const Statement& statement) const {
    return execute_later(*session_.internal(), statement, executor_);
}
PendingResult AsyncSession::execute(const BoundStatement& statement) const {
    return execute_later(*session_.internal(), statement, executor_);
}
PendingResult AsyncSession::execute(const Batch& batch) const {
    return execute_later(*session_.internal(), batch, executor_);
}
PendingResult AsyncSession::next_page(const ResultSet& page) const {
    const driver::NextPage& next = next_of(page);
    driver::Execution* const execution = session_.internal()->take_execution();
    execution->command = next.command();
    return PendingResult(execution, &executor_);
}
Pending<PreparedStatement> AsyncSession::prepare(std::string text) const {
    return Pending<PreparedStatement>(
        [core = session_.internal(), text = std::move(text)](Callback<PreparedStatement> done) {
            core->prepare(text, {}, std::move(done));
        },
        executor_);
}

}  // namespace crossfade
