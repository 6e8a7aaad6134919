"""`crossfade migrate` killed with SIGKILL at random moments and run again: with nobody writing, and beside an application that races with it.

The seed is printed when a test fails; CROSSFADE_SEED=N runs with that one. The order in which threads and clusters do things is theirs.
"""
import os
import random
import signal
import subprocess
import time

import pytest

import racing_application
from migrating import run_all, wait_until
from racing_application import FIRST_UNTOUCHED, Application, assert_equal_and_complete

UNTOUCHED = 400


def seeds(count):
    told = os.environ.get("CROSSFADE_SEED")
    return [int(one) for one in told.split(",")] if told else [random.SystemRandom().randrange(10**9) for _ in range(count)]


class Killed:
    """Starts the same copy again and again, and kills it while it is copying."""

    def __init__(self, slow, migrating, target, table, chance, *flags):
        self.slow, self.migrating, self.target, self.table, self.chance, self.flags = slow, migrating, target, table, chance, flags
        self.windows = []  # (begun, ended) of each run, for who wants to know what was done meanwhile
        self.runs = 0

    def copied(self):
        """How many of the partitions that only the copy writes are on the target."""
        return sum(1 for row in self.target.rows(f"SELECT DISTINCT k FROM {self.table}") if row.k >= FIRST_UNTOUCHED)

    def kill_within(self, least, most):
        """Kills a run at a random moment after `least` of all was copied, and makes sure that it was not through."""
        # More than the run before had copied: this one is copying then, not only starting.
        wanted = max(int(UNTOUCHED * self.chance.uniform(least, most)), self.copied() + 1)
        begun = time.monotonic()
        process = self.slow.start("migrate", *self.flags, self.table)
        try:
            wait_until(lambda: self.copied() >= wanted or process.poll() is not None)
            try:
                process.communicate(timeout=self.chance.uniform(0.0, 0.3))
            except subprocess.TimeoutExpired:
                pass
        finally:
            process.send_signal(signal.SIGKILL)
            output, _ = process.communicate()
        self.windows.append((begun, time.monotonic()))
        assert process.returncode == -signal.SIGKILL, f"it ended by itself ({process.returncode}):\n{output}"
        assert self.copied() < UNTOUCHED, f"it was through when it was killed:\n{output}"
        self.assert_goes_on(output)

    def finish(self):
        begun = time.monotonic()
        ran = self.migrating.run("migrate", self.table)
        self.windows.append((begun, time.monotonic()))
        assert ran.code == 0, ran.text
        assert self.copied() == UNTOUCHED
        self.assert_goes_on(ran.out)
        return ran

    def assert_goes_on(self, output):
        assert ("going on with the run" in output) == (self.runs > 0), output
        self.runs += 1


@pytest.fixture
def counters(origin, target, keyspace):
    for side in (origin, target):
        side.session.execute(f"CREATE TABLE {keyspace}.hits (id int PRIMARY KEY, n counter)", timeout=60)
    run_all(origin, [f"UPDATE {keyspace}.hits SET n = n + {i} WHERE id = {i}" for i in range(1500)])


def create(keyspace, *sides):
    for side in sides:
        side.session.execute(racing_application.TABLE.format(table=f"{keyspace}.t"), timeout=60)
    return f"{keyspace}.t"


def race(slow, migrating, proxy, origin, target, keyspace, seed, partitions, kills=((0.0, 0.2), (0.25, 0.5), (0.5, 0.75)), flags=("--writes-in-flight", "3")):
    print(f"seed {seed}")
    table = create(keyspace, origin, target)
    before = racing_application.fill(origin, table, partitions, UNTOUCHED)
    killed = Killed(slow, migrating, target, table, random.Random(seed), *flags)
    with Application(proxy, table, partitions, before, seed) as application:
        for least, most in kills:
            killed.kill_within(least, most)
        killed.finish()
        # Compared while the application goes on writing: nothing under way is taken for a difference.
        beside = migrating.run("validate", table)
        assert beside.code == 0 and beside.number("differences") == 0, beside.text + str(beside.report()[:3])
    assert application.failures() == []
    content = application.content()
    rows = assert_equal_and_complete(origin, target, table, content, seed)
    assert migrating.validate(table).number("differences") == 0
    meanwhile = [kind for when, kind in application.done() if any(begun < when < ended for begun, ended in killed.windows)]
    print(f"seed {seed}: {len(application.done())} writes, {len(meanwhile)} while a copy ran, {rows} rows, windows "
          f"{[round(ended - begun, 1) for begun, ended in killed.windows]}")
    assert len(meanwhile) > 300, "the application hardly met the copy"
    return set(kind for _, kind in application.done())


def test_killed_at_three_random_moments_beside_an_application_that_updates_deletes_and_inserts_again(
        slow, migrating, proxy, origin, target, keyspace):
    kinds = race(slow, migrating, proxy, origin, target, keyspace, seeds(1)[0], partitions=500)
    assert kinds == set(racing_application.Worker.KINDS)


# With few partitions nearly every write meets a row that the copy has read and not yet written, or the other way round.
@pytest.mark.long
@pytest.mark.parametrize("seed", seeds(6))
@pytest.mark.parametrize("partitions, flags", [(40, ("--writes-in-flight", "2")), (300, ("--writes-in-flight", "4"))])
def test_many_races(slow, migrating, proxy, origin, target, keyspace, seed, partitions, flags):
    race(slow, migrating, proxy, origin, target, keyspace, seed, partitions, flags=flags)


@pytest.mark.long
@pytest.mark.parametrize("seed", seeds(2))
def test_killed_eight_times(slow, migrating, proxy, origin, target, keyspace, seed):
    race(slow, migrating, proxy, origin, target, keyspace, seed, 200, kills=[(0.1 * i, 0.1 * i + 0.08) for i in range(8)])


@pytest.mark.long
@pytest.mark.parametrize("seed", seeds(2))
def test_copied_over_and_over_under_an_application_that_never_rests(migrating, proxy, origin, target, keyspace, seed):
    print(f"seed {seed}")
    table = create(keyspace, origin, target)
    before = racing_application.fill(origin, table, 25, 40)
    chance = random.Random(seed)
    runs = 0
    with Application(proxy, table, 25, before, seed) as application:
        until = time.monotonic() + 40
        while time.monotonic() < until:
            migrating.migrate("--writes-in-flight", str(chance.choice([1, 4, 64])), table)
            runs += 1
    assert application.failures() == []
    assert runs >= 5
    assert_equal_and_complete(origin, target, table, application.content(), seed)
    assert migrating.validate(table).number("differences") == 0


def test_killed_at_three_random_moments_with_nobody_writing(slow, migrating, origin, target, keyspace):
    seed = seeds(1)[0]
    print(f"seed {seed}")
    table = create(keyspace, origin, target)
    content = racing_application.fill(origin, table, 400, UNTOUCHED)
    killed = Killed(slow, migrating, target, table, random.Random(seed), "--writes-in-flight", "3")
    for least, most in ((0.0, 0.2), (0.25, 0.5), (0.5, 0.75)):
        killed.kill_within(least, most)
    killed.finish()
    assert_equal_and_complete(origin, target, table, content.shown(), seed)
    assert migrating.validate(table).number("differences") == 0


def test_counters_are_exact_after_kills(slow, migrating, origin, target, keyspace, counters):
    seed = seeds(1)[0]
    print(f"seed {seed}")
    chance = random.Random(seed)
    text = f"SELECT id, n FROM {keyspace}.hits"
    begun = 0
    for least in (1, 400, 800):
        process = slow.start("migrate", "--writes-in-flight", "2", f"{keyspace}.hits")
        try:
            wait_until(lambda: len(target.rows(text)) >= least or process.poll() is not None)
            time.sleep(chance.uniform(0, 0.05))  # a random moment
        finally:
            process.send_signal(signal.SIGKILL)
            output, _ = process.communicate()
        assert process.returncode == -signal.SIGKILL, output
        assert len(target.rows(text)) < 1500, "it was through when it was killed"
        assert ("going on with the run" in output) == (begun > 0), output
        begun += 1
    assert "going on with the run" in migrating.migrate(f"{keyspace}.hits").out
    assert sorted(target.rows(text)) == sorted(origin.rows(text)) == [(i, i) for i in range(1500)]
