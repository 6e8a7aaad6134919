"""Minutes of everything at once: reads, writes, batches, conditional writes, counters, paging, connections that come and go, statements without
end; phases switched every half minute, and the target killed twice. CROSSFADE_SOAK_SECONDS says how long (480)."""
import collections
import os
import re
import threading
import time

import pytest
from cassandra.cluster import EXEC_PROFILE_DEFAULT, ExecutionProfile
from cassandra.query import SimpleStatement

import cassandra_lab
from checked_load import TABLE, CheckedLoad
from migrating import Migrating, run_all, wait_until
from test_faults import connections, open_files, resident_mebibytes

SECONDS = int(os.environ.get("CROSSFADE_SOAK_SECONDS", "480"))
PERIOD = 30
PAGED_ROWS, TEXTS, COUNTERS = 700, 2000, 50

# What the log may say: each of these is what a killed target, and nothing else, brings about.
EXPLAINED = [r"warning target: .*", r"warning journal .* entries wait"]


class Workers:
    """Threads that do one thing over and over; what goes wrong in them is kept."""

    def __init__(self):
        self.stopping, self.at_rest = threading.Event(), threading.Event()
        self.problems, self.done, self.threads = [], collections.Counter(), []
        self.counting = threading.Lock()

    def add(self, name, step):
        def run():
            while not self.stopping.is_set():
                try:
                    step()
                    self.done[name] += 1
                except Exception as problem:
                    self.problems.append(name)
                    print(f"{time.strftime('%H:%M:%S', time.gmtime())} {name}: {problem!r}"[:600])
                    self.stopping.wait(0.2)
        self.threads.append(threading.Thread(target=run, name=name))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def everything(workers, proxy, keyspace, counted):
    # A little longer than the proxy's own request timeout, so that it is the proxy's answer that is seen.
    patient = {EXEC_PROFILE_DEFAULT: ExecutionProfile(request_timeout=14)}
    session = proxy.connect(keyspace, execution_profiles=patient)
    numbers = collections.Counter()

    def number(name):
        numbers[name] += 1
        return numbers[name]

    def page_through():
        rows = session.execute(SimpleStatement("SELECT k, c FROM paged", fetch_size=40))
        found = sum(1 for _ in rows)
        assert found == PAGED_ROWS, f"{found} rows of {PAGED_ROWS}"
        workers.stopping.wait(0.05)

    held = {}

    def write_conditionally():
        step = number("conditional")
        key = step % 20
        if key not in held:
            applied = session.execute(f"INSERT INTO conditional (k, v) VALUES ({key}, {step}) IF NOT EXISTS").was_applied
        else:
            applied = session.execute(f"UPDATE conditional SET v = {step} WHERE k = {key} IF v = {held[key]}").was_applied
        assert applied, f"key {key} should hold {held.get(key)}"
        held[key] = step
        workers.stopping.wait(0.02)

    count = session.prepare("UPDATE counted SET n = n + ? WHERE k = ?")

    def count_up():
        step = number("counter")
        with workers.counting:
            session.execute(count, (step % 5, step % COUNTERS))
            counted[step % COUNTERS] += step % 5
        workers.stopping.wait(0.01)

    def come_and_go():
        one = proxy.connect(keyspace, execution_profiles=patient)
        try:
            assert len(one.execute("SELECT k FROM paged LIMIT 10").all()) == 10
        finally:
            one.cluster.shutdown()
            proxy.clusters.remove(one.cluster)
        workers.stopping.wait(0.3)

    def prepare_another():
        step = number("text") % TEXTS
        statement = session.prepare(f"SELECT c AS column_{step} FROM paged WHERE k = ?")
        assert len(session.execute(statement, (step % 7,)).all()) == PAGED_ROWS // 7
        workers.stopping.wait(0.01)

    for name, step in (("paging", page_through), ("conditional", write_conditionally), ("counters", count_up),
                       ("connections", come_and_go), ("texts", prepare_another)):
        workers.add(name, step)
    return held


def command(proxy, *words):
    done = proxy.command(*words, "--proxy", proxy.url, timeout=300)
    assert done.returncode == 0, f"{words}: {done.stdout[-2000:]}{done.stderr[-2000:]}"


def repair(proxy, workers):
    """Counters rest while they are repaired."""
    with workers.counting:
        command(proxy, "journal", "repair", "--counters")


def switch(proxy, workers, phase):
    if phase != 4:
        command(proxy, "phase", "set", str(phase), "--write-mode", "target_best_effort")
        return
    # From here on no write can be on the origin alone; then what the target lacks is made good before it answers.
    command(proxy, "phase", "set", "3", "--write-mode", "strict")
    repair(proxy, workers)
    command(proxy, "phase", "set", "4")


@pytest.mark.long
def test_minutes_of_everything(crossfade, proxy, origin, target, keyspace, tmp_path):
    for side in (origin, target):
        for text in (TABLE.format(table=f"{keyspace}.t"), f"CREATE TABLE {keyspace}.paged (k int, c int, PRIMARY KEY (k, c))",
                     f"CREATE TABLE {keyspace}.conditional (k int PRIMARY KEY, v int)", f"CREATE TABLE {keyspace}.counted (k int PRIMARY KEY, n counter)"):
            side.session.execute(text, timeout=60)
        run_all(side, [f"INSERT INTO {keyspace}.paged (k, c) VALUES ({i % 7}, {i}) USING TIMESTAMP 1000" for i in range(PAGED_ROWS)])
    wait_until(lambda: proxy.metric("crossfade_phase") == 1)
    files = open_files(proxy.process)
    load = CheckedLoad(proxy, f"{keyspace}.t")
    workers, counted = Workers(), collections.Counter()
    held = everything(workers, proxy, keyspace, counted)
    begun, memory, restarts = time.monotonic(), None, 0
    with load, workers:
        period = 0
        while time.monotonic() < begun + SECONDS:
            phase = (1, 3, 4)[period % 3]
            switch(proxy, workers, phase)
            ends = time.monotonic() + PERIOD
            if period in (3, 7):
                # What began in phase 4 ends first: its writes need the target, and a paged read goes on where it began.
                workers.stopping.wait(6)
                cassandra_lab.kill(target.name)
                workers.stopping.wait(8)  # as long as the fault lasts
                cassandra_lab.restart(target.name)
                target.reconnect()
                restarts += 1
            workers.stopping.wait(max(0.0, ends - time.monotonic()))
            if memory is None and time.monotonic() > begun + min(120, SECONDS / 3):
                memory = resident_mebibytes(proxy.process)
            period += 1
            print(f"{time.monotonic() - begun:.0f} s: phase {phase}, {dict(load.good)}, {dict(workers.done)}, "
                  f"{resident_mebibytes(proxy.process):.0f} MiB, {proxy.metric('crossfade_journaled_total')} journaled")
            assert proxy.process.poll() is None, proxy.log.read_text()[-3000:]
    grown = resident_mebibytes(proxy.process) - memory
    repair(proxy, workers)
    load.assert_answered()
    assert load.errors == {}, load.texts
    assert not workers.problems, f"{collections.Counter(workers.problems)}; they are printed above"
    assert restarts == 2 or SECONDS < 9 * PERIOD
    assert set(workers.done) == {"paging", "conditional", "counters", "connections", "texts"}
    assert workers.done["texts"] > TEXTS or SECONDS < 300, "fewer texts than should have been prepared"
    assert proxy.get("/journal/summary")["entries"] == 0
    # Cell for cell; conditional writes are stamped by each cluster itself, counters by none.
    assert load.assert_complete(origin, target) > 100
    for text, expected in ((f"SELECT k, v FROM {keyspace}.conditional", sorted(held.items())),
                           (f"SELECT k, n FROM {keyspace}.counted", sorted(counted.items()))):
        assert sorted(origin.rows(text)) == sorted(target.rows(text)) == expected
    same = Migrating(crossfade, origin.address, target.address, tmp_path).validate(f"{keyspace}.t", f"{keyspace}.paged")
    assert same.number("differences") == 0
    for cluster in proxy.clusters:
        cluster.shutdown()
    wait_until(lambda: connections(proxy) == 0)
    # Connections to the clusters stay: one of each loop to each node, one more of the repair.
    assert open_files(proxy.process) <= files + 4 * (os.cpu_count() + 1)
    assert grown < 30, f"{grown:.0f} MiB more than after two minutes"
    unexplained = [line for line in proxy.log.read_text().splitlines()
                   if re.search(r"\b(warning|error)\b", line, re.I) and not any(re.search(one, line) for one in EXPLAINED)]
    assert not unexplained, unexplained[:10]
