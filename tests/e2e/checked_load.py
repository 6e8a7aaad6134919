"""Load through a proxy that knows what it was acknowledged, and what may be there beside that.

Each worker owns its keys and sends one request after the other. A key holds what was acknowledged last, or a write that came later and
whose outcome nobody told; every request has an answer within a limit, or it is in `unanswered`.
"""
import collections
import threading
import time

from cassandra import OperationTimedOut
from cassandra.policies import ConstantReconnectionPolicy, FallthroughRetryPolicy
from cassandra.cluster import EXEC_PROFILE_DEFAULT, ExecutionProfile
from cassandra.query import BatchStatement

KEYS_EACH = 60
TABLE = "CREATE TABLE {table} (k int, c int, v text, s text, PRIMARY KEY (k, c))"
GONE = None


class CheckedLoad:
    """Runs from start() to stop(). Even workers use prepared statements, odd ones text; two of four leave timestamps to the proxy."""

    def __init__(self, proxy, table, request_timeout=10.0, workers=4, reads_checked=True, may_lose_connection=False, **options):
        self.table, self.reads_checked, self.may_lose_connection = table, reads_checked, may_lose_connection
        self.limit = request_timeout + 2.0
        profile = ExecutionProfile(retry_policy=FallthroughRetryPolicy(), request_timeout=self.limit + 8)
        self.sessions = [proxy.connect(execution_profiles={EXEC_PROFILE_DEFAULT: profile}, reconnection_policy=ConstantReconnectionPolicy(0.2),
                                       **options) for _ in range(2)]
        self.sessions[1].use_client_timestamp = False
        self.acknowledged = {}                               # key -> value, or GONE
        self.uncertain = collections.defaultdict(list)       # key -> values whose writes came later and have no good answer
        self.good, self.errors = collections.Counter(), collections.Counter()   # by kind; by (kind, exception)
        self.texts = {}
        self.unanswered, self.wrong_reads, self.slowest = [], [], (0.0, "")
        self.last_error = time.monotonic()
        self.steps = [0] * workers
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.prepared = [{name: session.prepare(text.format(table=table)) for name, text in {
            "insert": "INSERT INTO {table} (k, c, v, s) VALUES (?, ?, ?, ?)", "update": "UPDATE {table} SET v = ? WHERE k = ? AND c = ?",
            "delete": "DELETE FROM {table} WHERE k = ? AND c = ?", "read": "SELECT v FROM {table} WHERE k = ? AND c = ?",
        }.items()} for session in self.sessions]
        self.threads = [threading.Thread(target=self.work, args=(number,)) for number in range(workers)]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    def work(self, number):
        step = 0
        while not self.stopping.is_set():
            step += 1
            self.step(number, step)
            self.steps[number] = step
            self.stopping.wait(0.002)  # the rate

    def request(self, kind, number, step, key):
        """(statement, values, {key: value} that it writes)"""
        value, prepared = f"value {number} {step}", self.prepared[number // 2 % 2]
        if number % 2 == 0:
            if kind == "read":
                return prepared["read"], key, {}
            if kind == "delete":
                return prepared["delete"], key, {key: GONE}
            if kind == "update":
                return prepared["update"], (value, *key), {key: value}
            if kind == "batch":
                batch, other = BatchStatement(), (key[0], (key[1] + 1) % KEYS_EACH)
                batch.add(prepared["insert"], (*key, value, "s"))
                batch.add(prepared["delete"], other)
                return batch, None, {key: value, other: GONE}
            return prepared["insert"], (*key, value, "s"), {key: value}
        where = f"WHERE k = {key[0]} AND c = {key[1]}"
        if kind == "read":
            return f"SELECT v FROM {self.table} {where}", None, {}
        if kind == "delete":
            return f"DELETE FROM {self.table} {where}", None, {key: GONE}
        if kind == "update":
            return f"UPDATE {self.table} SET v = '{value}' {where}", None, {key: value}
        if kind == "batch":
            return (f"BEGIN BATCH INSERT INTO {self.table} (k, c, v) VALUES ({key[0]}, {key[1]}, '{value}'); "
                    f"UPDATE {self.table} SET v = '{value}' WHERE k = {key[0]} AND c = {(key[1] + 1) % KEYS_EACH}; APPLY BATCH",
                    None, {key: value, (key[0], (key[1] + 1) % KEYS_EACH): value})
        return f"INSERT INTO {self.table} (k, c, v, s) VALUES ({key[0]}, {key[1]}, '{value}', 's')", None, {key: value}

    def step(self, number, step):
        kind = ("insert", "read", "update", "read", "insert", "batch", "read", "delete")[step % 8]
        key = (number, step * 7 % KEYS_EACH)
        statement, values, writes = self.request(kind, number, step, key)
        begun = time.monotonic()
        try:
            rows = self.sessions[number // 2 % 2].execute(statement, values)
        except Exception as problem:
            took = time.monotonic() - begun
            with self.lock:
                self.last_error = time.monotonic()
                self.errors[kind, type(problem).__name__] += 1
                if type(problem).__name__ not in self.texts:
                    self.texts[type(problem).__name__] = f"{time.strftime('%H:%M:%S', time.gmtime())} {str(problem)[:300]}"
                if isinstance(problem, OperationTimedOut) and not (self.may_lose_connection and took < self.limit):
                    self.unanswered.append((kind, key, took))
            for written, value in writes.items():
                self.uncertain[written].append(value)
            self.note(kind, took)
            return
        self.note(kind, time.monotonic() - begun)
        self.good["read" if kind == "read" else "write"] += 1
        if kind == "read":
            found = rows[0].v if (rows := rows.all()) else GONE
            if self.reads_checked and found not in self.possible(key):
                self.wrong_reads.append((key, found, self.possible(key)))
        for written, value in writes.items():
            self.acknowledged[written] = value
            self.uncertain.pop(written, None)

    def note(self, kind, took):
        with self.lock:
            self.slowest = max(self.slowest, (took, kind))
            if took > self.limit:
                self.unanswered.append((kind, "too late", took))

    def possible(self, key):
        return [self.acknowledged.get(key, GONE), *self.uncertain.get(key, ())]

    def wait_until_healthy(self, seconds=60, quiet=2.0):
        """Until every worker has done all kinds of requests, for `quiet` seconds at least, and none has failed."""
        until = time.monotonic() + seconds
        while True:
            before, since = list(self.steps), time.monotonic()
            while self.last_error < since and (time.monotonic() < since + quiet or any(now < was + 9 for was, now in zip(before, self.steps))):
                assert time.monotonic() < until, f"requests do not go on {seconds} s after the fault: {dict(self.errors)} {self.texts}"
                time.sleep(0.05)  # only how often it is looked at
            if self.last_error < since:
                return
            assert time.monotonic() < until, f"requests still fail {seconds} s after the fault: {dict(self.errors)} {self.texts}"

    def assert_answered(self):
        assert not self.unanswered, f"no answer in {self.limit} s: {self.unanswered[:5]} ({len(self.unanswered)})"
        assert not self.wrong_reads, f"(key, read, possible): {self.wrong_reads[:5]}"

    def assert_complete(self, origin, target):
        return self.assert_complete_but_for(origin, target, set())

    def assert_complete_but_for(self, origin, target, others):
        """Both clusters hold the same cells with the same writetimes, and for each key one that it may hold. `others`: keys that
        somebody else wrote. Gives how many rows."""
        text = f"SELECT k, c, v, writetime(v), s, writetime(s) FROM {self.table}"
        here, there = ({tuple(row[:2]): tuple(row[2:]) for row in side.rows(text)} for side in (origin, target))
        different = sorted(key for key in here.keys() | there.keys() if here.get(key) != there.get(key))
        assert not different, f"{len(different)} rows differ: {[(key, here.get(key), there.get(key)) for key in different[:5]]}"
        missing = []
        for key in (self.acknowledged.keys() | self.uncertain.keys() | here.keys()) - others:
            if here.get(key, (GONE,))[0] not in self.possible(key):
                missing.append((key, here.get(key), self.possible(key)))
        assert not missing, f"{len(missing)} keys do not hold what was acknowledged: (key, held, possible) {missing[:5]}"
        return len(here)
