#include "driver/api/execution.hpp"

#include <algorithm>
#include <utility>

#include "driver/api/error_of.hpp"
#include "driver/api/next_page.hpp"
#include "driver/api/retry_rule.hpp"
#include "driver/api/session_core.hpp"
#include "driver/frame_edit.hpp"
#include "driver/prepared_cache.hpp"

namespace crossfade::driver {
namespace {

// A node may forget a statement again before the request comes back to it.
constexpr int most_prepares = 100;
// What one large request took is given back.
constexpr std::size_t largest_kept_frame = 16U * 1024U;

}  // namespace

// One request of it: the first, or one that speculates.
class Execution::Attempt final : public Request {
public:
    Attempt(Execution& of, std::shared_ptr<const Home> at) : Request(at->dispatcher), home(std::move(at)), of_(of) {}

    const std::shared_ptr<const Home> home;
    PagePtr page;

private:
    base::Result<void> take(nodes::Connection& from, const nodes::Answer& answer) override {
        page = of_.session_->pages().take();
        const base::ByteView message = answer.header.opcode == cql::Opcode::result ? answer.message : base::ByteView();
        auto read = Rows::read_into(page->rows, from.version(), message, known_columns(), &page->places);
        if (!read) {
            read.error().message.insert(0, from.peer() + ": ");
            return read;
        }
        page->coordinator = from.peer();
        constexpr std::uint8_t with_prefix =
            cql::frame_flag::tracing | cql::frame_flag::warning | cql::frame_flag::custom_payload;
        page->flags = answer.header.flags & with_prefix;
        if (page->flags != 0) {
            base::append(page->prefix, answer.prefix.tracing_id);
            base::append(page->prefix, answer.prefix.warnings);
            base::append(page->prefix, answer.prefix.custom_payload);
        }
        return {};
    }

    void ended(base::Result<void> result) override { of_.attempt_ended(*this, std::move(result)); }

    Execution& of_;
};

Execution::Execution() = default;
Execution::~Execution() = default;

void Execution::submit() {
    const auto session = session_;
    session->submit(*this);
}
void Execution::give_back() {
    const auto session = session_;
    session->give_back(*this);
}

RequestOptions Execution::resolve() {
    SessionCore& session = *session_;
    RequestOptions request;
    request.is_idempotent = session.setting(command, &RequestSettings::idempotent).value_or(false);
    request.timeout = *session.setting(command, &RequestSettings::timeout);
    request.deadline = began_ + request.timeout;
    if (session.home()->dispatcher->has_choice()) request.replicas = session.replicas(command);
    if (command.kind == Command::Kind::execute) request.known_columns = PreparedCache::columns(*command.prepared);
    speculative_ = session.setting(command, &RequestSettings::speculative_execution).value_or(SpeculativeExecution());
    auto policy = session.retry_policy(command);
    if (policy != retry_policy_) {
        retry_policy_ = std::move(policy);
        retry_rule_ = retry_policy_ == nullptr ? nullptr : std::make_unique<PolicyRule>(retry_policy_);
    }
    request.retry_rule = retry_rule_.get();
    return request;
}

void Execution::start() {
    SessionCore& session = *session_;
    began_ = session.loop().now();
    leave_for(session.home());
    if (first_ == nullptr) first_ = std::make_unique<Attempt>(*this, session.home());
    const auto allowed = session.check(command);
    if (!allowed) {
        fail(allowed.error());
        return;
    }
    if (first_->frame().capacity() > largest_kept_frame) first_->frame() = base::Bytes();
    first_->frame().clear();
    const auto written = session.append(first_->frame(), command);
    if (!written) {
        fail(written.error());
        return;
    }
    options_ = resolve();
    running_ = 1;
    // Whoever is told at once may execute again: it is told in a later turn, so that this does not become a recursion.
    is_starting_ = true;
    first_->begin(options_);
    is_starting_ = false;
    if (!is_over_ && speculative_.most > 0 && options_.is_idempotent) speculate();
}

void Execution::fail(base::Error error) {
    is_starting_ = true;
    error_.emplace(std::move(error));
    over();
    is_starting_ = false;
}

// Once the delay is over: another node, where there is one, as long as there may be more.
void Execution::speculate() {
    if (speculation_ == nullptr) speculation_ = std::make_unique<net::Timer>(session_->loop());
    speculation_->start(speculative_.delay, [this] {
        const auto& home = session_->home();
        if (others_.size() >= speculative_.most || home->dispatcher->pool()->open_nodes() <= others_.size() + 1) return;
        others_.push_back(std::make_unique<Attempt>(*this, home));
        Attempt& attempt = *others_.back();
        attempt.frame() = first_->frame();
        RequestOptions with = options_;
        const Attempt& before = others_.size() == 1 ? *first_ : *others_[others_.size() - 2];
        with.avoid = before.home == home ? before.answered_by() : 0;
        if (home->dispatcher->has_choice()) with.replicas = session_->replicas(command);
        session_->count_speculation();
        ++running_;
        speculate();
        attempt.begin(std::move(with));
    });
}

void Execution::attempt_ended(Attempt& attempt, base::Result<void> result) {
    if (result) {
        succeeded(attempt);
        return;
    }
    if (!attempt.unprepared_id().empty() && prepares_++ < most_prepares) {
        ++preparing_;
        prepare_again(*this, attempt).detach();
        return;
    }
    // What waited for a connection goes where the session has gone.
    const bool is_waiting = !attempt.was_sent() || options_.is_idempotent || retry_rule_ != nullptr;
    if (is_waiting && result.error().kind == base::ErrorKind::interrupted && begin_elsewhere(attempt)) return;
    attempt_failed(std::move(result.error()));
}

// What it keeps for its next use must be of the session's home.
void Execution::leave_for(const std::shared_ptr<const Home>& home) {
    if (first_ != nullptr && first_->home != home) first_.reset();
}

// False when the session has not moved.
bool Execution::begin_elsewhere(Attempt& attempt) {
    const auto& home = session_->home();
    if (attempt.home == home) return false;
    const auto owned = std::ranges::find_if(others_, [&](const auto& other) { return other.get() == &attempt; });
    std::unique_ptr<Attempt>& place = owned == others_.end() ? first_ : *owned;
    auto fresh = std::make_unique<Attempt>(*this, home);
    fresh->frame() = std::move(attempt.frame());
    RequestOptions with = options_;
    with.replicas = {};
    if (home->dispatcher->has_choice()) with.replicas = session_->replicas(command);
    place = std::move(fresh);
    place->begin(std::move(with));
    return true;
}

void Execution::attempt_failed(base::Error error) {
    // Another may still succeed; the error that came first tells most.
    if (!error_) error_.emplace(std::move(error));
    if (--running_ == 0) over();
}

void Execution::succeeded(Attempt& attempt) {
    --running_;
    error_.reset();
    page_ = std::move(attempt.page);
    if (!page_) {
        // The retry policy made an error an empty result.
        page_ = session_->pages().take();
        static_cast<void>(Rows::read_into(page_->rows, session_->version(), {}, nullptr, &page_->places));
    }
    if (command.kind == Command::Kind::execute && !page_->rows.new_metadata_id().empty())
        PreparedCache::columns_changed(*command.prepared, page_->rows);
    if (page_->rows.has_more_pages()) remember_next_page();
    const bool has_changed_schema = page_->rows.kind() == cql::ResultKind::schema_change;
    if (has_changed_schema) session_->schema_changed();
    if (has_changed_schema && session_->schema_agreement().count() > 0 && !is_starting_) {
        ++preparing_;
        wait_for_agreement(*this).detach();
        return;
    }
    over();
}

void Execution::remember_next_page() {
    Command next = command;
    const base::ByteView state = page_->rows.paging_state();
    next.statement.paging_state.assign(state.begin(), state.end());
    page_->next = std::make_shared<NextPage>(session_, std::move(next));
}

void Execution::forget_others() {
    others_.clear();
}

void Execution::over() {
    is_over_ = true;
    if (speculation_ != nullptr) speculation_->cancel();
    if (first_ != nullptr) first_->abandon();
    for (const auto& other : others_) other->abandon();
    session_->count(error_.has_value(), began_);
    if (is_starting_)
        session_->loop().post([this] { tell(); });
    else
        tell();
}

void Execution::tell() {
    const auto session = session_;
    Outcome<ResultSet> outcome =
        error_ ? Outcome<ResultSet>(error_of(*error_)) : Outcome<ResultSet>(ResultSet(page_.detach()));
    const Callback<ResultSet> call = std::exchange(callback, nullptr);
    PendingResult* const awaited = std::exchange(pending, nullptr);
    const std::coroutine_handle<> handle = std::exchange(waiting, nullptr);
    const Executor* const resume_on = std::exchange(executor, nullptr);
    if (preparing_ == 0) session->recycle(*this);
    if (awaited != nullptr) {
        awaited->outcome_.emplace(std::move(outcome));
        if (resume_on != nullptr && *resume_on)
            (*resume_on)([handle] { handle.resume(); });
        else
            handle.resume();
    } else if (call) {
        call(std::move(outcome));
    }
}

PreparedPtr Execution::statement_of(const base::Bytes& prepared_id) const {
    const auto has_id = [&](const PreparedPtr& one) {
        return one != nullptr && std::ranges::equal(PreparedCache::id(*one), prepared_id);
    };
    if (command.kind == Command::Kind::execute) return command.prepared;
    for (const Batch::Child& child : command.children)
        if (has_id(child.prepared)) return child.prepared;
    return nullptr;
}

base::Task<void> Execution::prepare_again(Execution& self, Attempt& attempt) {
    const auto session = self.session_;
    const base::Bytes forgotten = attempt.unprepared_id();
    const PreparedPtr statement = self.statement_of(forgotten);
    const NodeId node = attempt.answered_by();
    const auto home = attempt.home;
    base::Result<void> prepared =
        base::fail(base::ErrorKind::protocol, "the node does not know an id that it was not sent");
    if (statement != nullptr) prepared = co_await home->prepared->prepare_again(node, statement, attempt.deadline());
    --self.preparing_;
    if (self.is_over_) {
        if (self.preparing_ == 0) session->recycle(self);
        co_return;
    }
    if (!prepared) {
        // It was not run.
        if (prepared.error().kind == base::ErrorKind::interrupted && self.begin_elsewhere(attempt)) co_return;
        self.attempt_failed(std::move(prepared.error()));
        co_return;
    }
    replace_prepared_id(attempt.frame(), session->version(), forgotten, PreparedCache::id(*statement),
                        PreparedCache::result_metadata_id(*statement));
    const bool is_execute = self.command.kind == Command::Kind::execute;
    attempt.begin_again(node, is_execute ? PreparedCache::columns(*statement) : nullptr);
}

base::Task<void> Execution::wait_for_agreement(Execution& self) {
    const auto session = self.session_;
    const base::Result<void> agreed = co_await session->internal().schema_agreement(session->schema_agreement());
    --self.preparing_;
    self.page_->is_schema_agreed = agreed.has_value();
    self.over();
}

}  // namespace crossfade::driver
