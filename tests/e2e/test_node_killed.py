"""kill -9 of the target node in phase 1 for 20 s, under load; then the journal is repaired and both clusters hold the same."""
import collections
import threading
import time

import pytest

import cassandra_lab
from driver_program import DriverError
from every_driver import DRIVERS, marks

WORKERS = 6


class Load:
    """Writes and reads through the proxy until it is told to stop; counts what it was answered."""

    def __init__(self, session, keyspace):
        self.session = session
        self.insert = session.prepare(f"INSERT INTO {keyspace}.t (k, c, v, s) VALUES (?, ?, ?, ?)")
        self.drop = session.prepare(f"DELETE FROM {keyspace}.t WHERE k = ? AND c = ?")
        self.select = session.prepare(f"SELECT v FROM {keyspace}.t WHERE k = ? AND c = ?")
        self.answers = collections.Counter()
        self.errors = collections.Counter()
        self.longest = 0.0
        self.running = True
        self.threads = [threading.Thread(target=self.work, args=(number,)) for number in range(WORKERS)]
        for thread in self.threads:
            thread.start()

    def work(self, number):
        step = 0
        while self.running:
            step += 1
            begun = time.monotonic()
            key = (number, step % 700)
            try:
                if step % 3 == 0:
                    self.session.execute(self.select, key)
                elif step % 11 == 0:
                    self.session.execute(self.drop, key)
                else:
                    self.session.execute(self.insert, (*key, f"value {step}", f"static {step}"))
                self.answers["good"] += 1
            except DriverError as problem:
                self.answers["error"] += 1
                self.errors[problem.name] += 1
            self.longest = max(self.longest, time.monotonic() - begun)
            time.sleep(0.001)  # the rate, not a wait

    def stop(self):
        self.running = False
        for thread in self.threads:
            thread.join()


# A minute a case: in ./test both modes with the first driver, in ./test --long with every driver.
CASES = [pytest.param(driver, mode, id=f"{driver.name}-{mode}", marks=marks(driver) if driver is DRIVERS[0] else [pytest.mark.long])
         for driver in DRIVERS for mode in ("strict", "target_best_effort")]


@pytest.mark.parametrize("driver,mode", CASES, indirect=["driver"])
def test_the_target_is_killed_and_comes_back(driver, proxy, origin, target, keyspace, mode):
    assert proxy.command("phase", "set", "1", "--write-mode", mode, "--proxy", proxy.url).returncode == 0
    session = driver.connect(proxy)
    session.execute(f"CREATE TABLE {keyspace}.t (k int, c int, v text, s text static, PRIMARY KEY (k, c))")
    load = Load(session, keyspace)
    try:
        time.sleep(3)  # load before the fault
        cassandra_lab.kill(target.name)
        time.sleep(20)  # as long as the fault lasts
        cassandra_lab.restart(target.name)
        time.sleep(5)  # load after it
    finally:
        load.stop()
        target.reconnect()
    assert load.answers["good"] > 100
    assert load.longest < 12
    if mode == "strict":
        assert load.answers["error"] > 0
        assert set(load.errors) <= driver.about.timeouts | driver.about.refusals, load.errors
    else:
        assert load.answers["error"] == 0, load.errors
        assert proxy.get("/phase")["unrepaired"]["target"] > 0
    repaired = proxy.command("journal", "repair", "--proxy", proxy.url, timeout=300)
    assert repaired.returncode == 0, repaired.stderr[-2000:] + repaired.stdout[-2000:]
    assert proxy.get("/journal/summary")["entries"] == 0
    text = f"SELECT k, c, v, writetime(v), s, writetime(s) FROM {keyspace}.t"
    first, second = (sorted(side.rows(text)) for side in (origin, target))
    assert len(first) > 100
    assert first == second
