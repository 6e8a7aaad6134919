#include "proxy/journal.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <spdlog/fmt/fmt.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "proxy/journal_store.hpp"
#include "proxy/verdict.hpp"

namespace crossfade::proxy {
namespace {

using Durable = std::function<void(base::Result<void>)>;
using SteadyClock = std::chrono::steady_clock;

// Singles that one transaction deletes of a collapse: what waits meanwhile waits some tens of milliseconds.
constexpr std::int64_t collapse_portion = 5000;
// After a failed transaction, what must not be lost with it is tried again this much later.
constexpr std::chrono::milliseconds retry_delay{500};

struct Operation {
    enum class Kind : std::uint8_t { append, withdraw, block, mark, barrier };
    Kind kind = Kind::append;
    bool is_cancelled = false;  // append: withdrawn before it was written
    std::uint64_t id = 0;       // withdraw, block
    JournalEntry entry;         // append
    std::string note;           // block
    cql::TableName table;       // mark
    Durable durable;            // append, mark, barrier
    base::Result<void> outcome;
};

// An open file descriptor that closes itself.
class FileHandle {
public:
    FileHandle() = default;
    explicit FileHandle(int handle) : handle_(handle) {}
    FileHandle(FileHandle&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
    FileHandle& operator=(FileHandle&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~FileHandle() {
        if (handle_ >= 0) ::close(handle_);
    }
    int get() const { return handle_; }

private:
    int handle_ = -1;
};

tl::unexpected<base::Error> system_failure(const std::string& path) {
    return base::fail(
        base::ErrorKind::bad_configuration,
        fmt::format("journal {}: {}; check proxy.state_dir and who may write there", path, std::strerror(errno)));
}

// Opens or creates a file that only its owner may read.
base::Result<FileHandle> open_private(const std::string& path) {
    FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (file.get() < 0 || ::fchmod(file.get(), 0600) != 0) return system_failure(path);
    return file;
}

}  // namespace

struct Journal::Implementation {
    Options options;
    std::string path;
    FileHandle lock;

    // Of the journal's thread alone, once it runs.
    std::optional<JournalStore> store;
    std::vector<Operation> carried;  // withdrawals and blocks whose transaction failed
    std::map<std::pair<std::string, std::string>, TableSince> unrecorded;  // tables whose entries could not be written
    std::vector<Collapse> collapses;
    std::set<std::pair<std::string, std::string>> marked;
    std::int64_t singles = 0;
    SteadyClock::time_point next_heartbeat;
    bool is_failing = false;

    mutable std::mutex reader_mutex;
    mutable JournalReader reader;

    std::mutex mutex;
    std::condition_variable changed;
    std::vector<Operation> waiting;
    std::unordered_map<std::uint64_t, std::size_t> waiting_appends;  // id → index in `waiting`
    std::uint64_t next_id = 1;
    bool is_closing = false, is_closed = false;

    std::atomic<std::int64_t> entries{0}, origin{0}, target{0};
    std::thread thread;

    void count(const JournalCounts& change) {
        entries.fetch_add(change.entries, std::memory_order_relaxed);
        origin.fetch_add(change.origin, std::memory_order_relaxed);
        target.fetch_add(change.target, std::memory_order_relaxed);
    }
    void count(const JournalEntry& entry, std::int64_t times) {
        JournalCounts change;
        change.add(entry.sides, entry.kind, times);
        count(change);
    }

    // Any thread.
    bool add(Operation& operation);

    // The journal's thread.
    void run();
    void wait_for_work(std::unique_lock<std::mutex>& lock);
    void write(std::vector<Operation> operations);
    // Gives whether there was anything to write.
    base::Result<bool> write_all(std::vector<Operation>& operations, JournalCounts& change);
    base::Result<void> write_one(Operation& operation, JournalCounts& change);
    base::Result<void> write_unrecorded(JournalCounts& change);
    base::Result<void> collapse_some(JournalCounts& change);
    void finish(std::vector<Operation>& operations, const base::Result<bool>& written);
    void give_up_transaction() {
        store->roll_back();
        collapses.clear();  // found again
    }
    void keep_unrecorded(const JournalEntry& entry);
    std::uint64_t take_id() {
        const std::lock_guard guard(mutex);
        return next_id++;
    }
    bool needs_heartbeat() const { return !marked.empty() && SteadyClock::now() >= next_heartbeat; }
};

base::Result<std::unique_ptr<Journal>> Journal::open(Options options) {
    auto implementation = std::make_unique<Implementation>();
    implementation->path = options.directory + "/journal.sqlite";
    const std::string lock_path = options.directory + "/journal.lock";
    auto lock = open_private(lock_path);
    if (!lock) return base::fail(std::move(lock.error()));
    if (::flock(lock->get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return system_failure(lock_path);
        return base::fail(
            base::ErrorKind::bad_configuration,
            fmt::format("journal {}: another process uses it; stop that proxy, or give this one a state_dir of its own",
                        implementation->path));
    }
    implementation->lock = std::move(*lock);
    {
        // SQLite gives its other files the mode of this one. The descriptor must be closed before SQLite opens the
        // file: closing it later would end SQLite's own locks (POSIX).
        auto file = open_private(implementation->path);
        if (!file) return base::fail(std::move(file.error()));
        const FileHandle directory(::open(options.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (directory.get() < 0 || ::fsync(directory.get()) != 0) return system_failure(options.directory);
    }

    const auto described = [&](const base::Error& why) {
        return base::fail(base::ErrorKind::bad_configuration,
                          fmt::format("journal {}: {}", implementation->path, why.message));
    };
    auto store = JournalStore::open(implementation->path, options, base::system_clock().wall_microseconds());
    if (!store) return described(store.error());
    const auto counts = store->count();
    if (!counts) return described(counts.error());
    auto reader = JournalReader::open(implementation->path);
    if (!reader) return described(reader.error());

    implementation->count(*counts);
    implementation->singles = counts->singles;
    implementation->next_id = store->next_id();
    implementation->store.emplace(std::move(*store));
    implementation->reader = std::move(*reader);
    implementation->options = std::move(options);
    implementation->thread = std::thread([raw = implementation.get()] { raw->run(); });
    return std::unique_ptr<Journal>(new Journal(std::move(implementation)));
}

Journal::Journal(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}

Journal::~Journal() {
    close(false);
}

void Journal::close(bool is_clean) {
    {
        const std::lock_guard lock(implementation_->mutex);
        if (implementation_->is_closing) return;
        implementation_->is_closing = true;
    }
    implementation_->changed.notify_one();
    implementation_->thread.join();
    // The thread has ended: the store is this one's now.
    JournalStore& store = *implementation_->store;
    if (!is_clean || !implementation_->carried.empty() || !implementation_->unrecorded.empty()) return;
    auto done = store.begin();
    if (done) done = store.remove_marks();
    if (done) done = store.commit();
    if (!done) {
        store.roll_back();
        base::log_warning("journal {}: {}; the next start will compare the tables that this run wrote",
                          implementation_->path, done.error().message);
    }
}

bool Journal::Implementation::add(Operation& operation) {
    {
        const std::lock_guard guard(mutex);
        if (!is_closed) {
            if (operation.kind == Operation::Kind::append) {
                operation.entry.id = next_id++;
                operation.id = operation.entry.id;
                count(operation.entry, 1);
                waiting_appends.emplace(operation.id, waiting.size());
            } else if (operation.kind == Operation::Kind::withdraw) {
                if (const auto found = waiting_appends.find(operation.id); found != waiting_appends.end()) {
                    Operation& append = waiting[found->second];
                    count(append.entry, -1);
                    append.is_cancelled = true;
                    append.entry = JournalEntry();
                    waiting_appends.erase(found);
                    return true;
                }
            }
            waiting.push_back(std::move(operation));
            if (waiting.size() == 1) changed.notify_one();
            return true;
        }
    }
    if (operation.durable)
        operation.durable(base::fail(base::ErrorKind::unavailable, "the journal is closed: the proxy is ending"));
    return false;
}

std::uint64_t Journal::append(JournalEntry entry, Durable durable) {
    Operation operation;
    operation.entry = std::move(entry);
    operation.durable = std::move(durable);
    // The id is read from the moved-from shell: a number stays.
    implementation_->add(operation);
    return operation.id;
}

void Journal::withdraw(std::uint64_t id) {
    Operation operation;
    operation.kind = Operation::Kind::withdraw;
    operation.id = id;
    implementation_->add(operation);
}

void Journal::set_blocked(std::uint64_t id, std::string note) {
    Operation operation;
    operation.kind = Operation::Kind::block;
    operation.id = id;
    operation.note = std::move(note);
    implementation_->add(operation);
}

void Journal::mark_written(const cql::TableName& table, Durable durable) {
    Operation operation;
    operation.kind = Operation::Kind::mark;
    operation.table = table;
    operation.durable = std::move(durable);
    implementation_->add(operation);
}

void Journal::wait_until_written() {
    std::promise<void> written;
    Operation operation;
    operation.kind = Operation::Kind::barrier;
    operation.durable = [&written](const base::Result<void>&) { written.set_value(); };
    implementation_->add(operation);
    written.get_future().wait();
}

base::Result<std::vector<JournalEntry>> Journal::list(std::uint64_t after, std::size_t limit) const {
    const std::lock_guard lock(implementation_->reader_mutex);
    auto entries = implementation_->reader.list(after, limit);
    if (!entries)
        entries.error().message = fmt::format("journal {}: {}", implementation_->path, entries.error().message);
    return entries;
}

base::Result<std::vector<JournalTableSummary>> Journal::summary() const {
    const std::lock_guard lock(implementation_->reader_mutex);
    auto summaries = implementation_->reader.summary();
    if (!summaries)
        summaries.error().message = fmt::format("journal {}: {}", implementation_->path, summaries.error().message);
    return summaries;
}

std::uint64_t Journal::unrepaired(std::uint8_t side) const {
    const auto& counter = side == origin_side ? implementation_->origin : implementation_->target;
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, counter.load(std::memory_order_relaxed)));
}

std::uint64_t Journal::entries() const {
    return static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, implementation_->entries.load(std::memory_order_relaxed)));
}

void Journal::Implementation::wait_for_work(std::unique_lock<std::mutex>& guard) {
    const auto has_work = [this] { return !waiting.empty() || is_closing; };
    if (is_failing || !carried.empty() || !unrecorded.empty()) {
        changed.wait_for(guard, retry_delay, has_work);
    } else if (!collapses.empty()) {
        return;
    } else if (!marked.empty()) {
        changed.wait_until(guard, next_heartbeat, has_work);
    } else {
        changed.wait(guard, has_work);
    }
}

void Journal::Implementation::run() {
    ::pthread_setname_np(::pthread_self(), "journal");
    for (;;) {
        std::vector<Operation> operations;
        bool is_last = false;
        {
            std::unique_lock guard(mutex);
            wait_for_work(guard);
            operations.swap(waiting);
            waiting_appends.clear();
            // What comes while the last ones are written is refused.
            is_last = is_closing;
            is_closed = is_closing;
        }
        write(std::move(operations));
        if (is_last) return;
    }
}

void Journal::Implementation::write(std::vector<Operation> operations) {
    // Old ones first: a withdrawal must not come before an older block of the same entry.
    if (!carried.empty()) {
        operations.insert(operations.begin(), std::make_move_iterator(carried.begin()),
                          std::make_move_iterator(carried.end()));
        carried.clear();
    }
    JournalCounts change;
    auto written = write_all(operations, change);
    if (!written) {
        give_up_transaction();
        // What is in the log already may take the space that is lacking.
        if (store->empty_log()) {
            change = JournalCounts();
            written = write_all(operations, change);
        }
    }
    if (written) {
        singles += change.singles;
        // Appends were counted when they were asked for.
        for (const Operation& operation : operations) {
            if (operation.kind == Operation::Kind::append && !operation.is_cancelled && operation.outcome) {
                change.add(operation.entry.sides, operation.entry.kind, -1);
            }
        }
        count(change);
        if (*written) unrecorded.clear();
        if (*written && std::exchange(is_failing, false)) base::log_info("journal {}: can be written again", path);
    } else {
        give_up_transaction();
        if (!std::exchange(is_failing, true)) {
            base::log_error(
                "journal {}: {}; check the disk: writes that need the journal get an error until it can be written",
                path, written.error().message);
        }
    }
    finish(operations, written);
}

base::Result<bool> Journal::Implementation::write_all(std::vector<Operation>& operations, JournalCounts& change) {
    bool has_work = needs_heartbeat() || !collapses.empty() || !unrecorded.empty();
    for (const Operation& operation : operations) {
        has_work = has_work || (operation.kind != Operation::Kind::barrier && !operation.is_cancelled);
    }
    if (!has_work) return false;
    if (auto done = store->begin(); !done) return base::fail(std::move(done.error()));
    for (Operation& operation : operations) {
        operation.outcome = write_one(operation, change);
        // Too large, or refused by a constraint: that one's matter. What ended the transaction is everybody's.
        if (!operation.outcome && !store->is_in_transaction()) return base::fail(operation.outcome.error());
    }
    if (auto done = write_unrecorded(change); !done) return base::fail(std::move(done.error()));
    if (needs_heartbeat()) {
        if (auto done = store->set_settled(base::system_clock().wall_microseconds()); !done)
            return base::fail(std::move(done.error()));
        next_heartbeat = SteadyClock::now() + options.heartbeat;
    }
    if (auto done = collapse_some(change); !done) return base::fail(std::move(done.error()));
    if (auto done = store->commit(); !done) return base::fail(std::move(done.error()));
    return true;
}

base::Result<void> Journal::Implementation::write_one(Operation& operation, JournalCounts& change) {
    switch (operation.kind) {
        case Operation::Kind::append: {
            if (operation.is_cancelled) return {};
            if (auto done = store->insert(operation.entry); !done) return done;
            change.add(operation.entry.sides, operation.entry.kind);
            return {};
        }
        case Operation::Kind::withdraw: {
            const auto erased = store->erase(operation.id);
            if (!erased) return base::fail(erased.error());
            change += *erased;
            return {};
        }
        case Operation::Kind::block:
            return store->set_blocked(operation.id, operation.note);
        case Operation::Kind::mark: {
            if (marked.contains({operation.table.keyspace, operation.table.table})) return {};
            if (marked.empty()) next_heartbeat = SteadyClock::now() + options.heartbeat;
            return store->mark_written(operation.table, base::system_clock().wall_microseconds());
        }
        case Operation::Kind::barrier:
            return {};
    }
    return {};
}

base::Result<void> Journal::Implementation::write_unrecorded(JournalCounts& change) {
    for (const auto& [name, since] : unrecorded) {
        auto put = store->put_table({name.first, name.second}, since, [this] { return take_id(); });
        if (!put) return base::fail(std::move(put.error()));
        change += *put;
    }
    return {};
}

base::Result<void> Journal::Implementation::collapse_some(JournalCounts& change) {
    std::int64_t leaving = 0;
    for (const Collapse& collapse : collapses) leaving += collapse.remaining;
    const auto bound = static_cast<std::int64_t>(options.bound);
    const std::int64_t staying = singles + change.singles - leaving;
    if (staying > bound) {
        // To three quarters, so that the next ones do not do it all again.
        auto begun = store->start_collapse([this] { return take_id(); }, staying, bound - bound / 4, change);
        if (!begun) return base::fail(std::move(begun.error()));
        collapses.insert(collapses.end(), begun->begin(), begun->end());
    }
    if (collapses.empty()) return {};
    const auto deleted = store->delete_collapsed(collapses.front(), collapse_portion);
    if (!deleted) return base::fail(deleted.error());
    change += *deleted;
    if (collapses.front().remaining == 0) collapses.erase(collapses.begin());
    return {};
}

void Journal::Implementation::keep_unrecorded(const JournalEntry& entry) {
    for (const cql::TableName& table : entry.tables) {
        const std::int64_t until_us = std::max(entry.until_us, entry.time_us);
        TableSince since{entry.time_us, until_us, 0, entry.sides,
                         "entries of this table could not be written to the journal"};
        const auto [known, is_new] = unrecorded.try_emplace({table.keyspace, table.table}, std::move(since));
        if (!is_new) known->second.cover(entry.time_us, until_us, 0, entry.sides);
    }
}

void Journal::Implementation::finish(std::vector<Operation>& operations, const base::Result<bool>& written) {
    for (Operation& operation : operations) {
        base::Result<void> outcome = std::move(operation.outcome);
        if (!written) outcome = base::fail(written.error());
        if (!outcome) outcome.error().message = fmt::format("journal {}: {}", path, outcome.error().message);
        switch (operation.kind) {
            case Operation::Kind::append:
                if (operation.is_cancelled) {
                    outcome = {};
                } else if (!outcome) {
                    // The write gets an error that says so; that its clusters may differ is kept, if only here, until
                    // it can be written.
                    count(operation.entry, -1);
                    keep_unrecorded(operation.entry);
                }
                break;
            case Operation::Kind::withdraw:
            case Operation::Kind::block:
                if (!outcome) carried.push_back(std::move(operation));
                break;
            case Operation::Kind::mark:
                if (outcome) marked.emplace(operation.table.keyspace, operation.table.table);
                break;
            case Operation::Kind::barrier:
                outcome = {};
                break;
        }
        if (operation.durable) operation.durable(std::move(outcome));
    }
}

}  // namespace crossfade::proxy
