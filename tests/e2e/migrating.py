"""Running `crossfade migrate` and `crossfade validate` in tests, and reading tables cell by cell with the official driver."""
import json
import pathlib
import re
import subprocess
import time

from cassandra.protocol import _ProtocolHandler
from cassandra.query import SimpleStatement


class Ran:
    """What one run of the program gave."""

    def __init__(self, code, out, error):
        self.code, self.out, self.error = code, out, error
        self.text = out + error

    def number(self, label):
        """The number behind a label of the summary: 'rows copied', 'differences', …"""
        found = re.findall(rf"{label}: ([\d,]+)", self.out)
        assert found, f"no '{label}' in:\n{self.text}"
        return int(found[-1].replace(",", ""))

    def report(self):
        """The rows that differ, as validate's report has them; none when there is no report."""
        path = re.search(r"^report: (.*)$", self.out, re.M)
        return [json.loads(line) for line in pathlib.Path(path[1]).read_text().splitlines()] if path else []


class Migrating:
    """The program with the flags that reach both clusters, and a state of its own."""

    def __init__(self, program, origin, target, state):
        self.program, self.origin, self.target, self.state = program, origin, target, state

    def cluster_flags(self):
        return ["--origin", self.origin, "--target", self.target]

    def words(self, command, *more):
        return [self.program, command, *self.cluster_flags(), "--state-dir", str(self.state), *more]

    def run(self, command, *more, expect=None, timeout=300):
        done = subprocess.run(self.words(command, *more), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=timeout)
        ran = Ran(done.returncode, done.stdout, done.stderr)
        if expect is not None:
            assert ran.code == expect, f"exit {ran.code}, not {expect}:\n{ran.text}"
        return ran

    def migrate(self, *more, expect=0, **options):
        return self.run("migrate", *more, expect=expect, **options)

    def validate(self, *more, expect=0, **options):
        return self.run("validate", *more, expect=expect, **options)

    def start(self, command, *more):
        return subprocess.Popen(self.words(command, *more), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wait_until(condition, seconds=60, every=0.02):
    """Polls; the test fails when it does not come true."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(every)


def run_all(side, statements):
    """Statements that may go at once."""
    futures = [side.session.execute_async(*(one if isinstance(one, tuple) else (one,)), timeout=60) for one in statements]
    for future in futures:
        future.result()


def plain_rows(side, statement):
    """Rows by the driver's decoder in Python: the compiled one fails on nulls within lists, as TTL() of a collection has them."""
    handler, side.session.client_protocol_handler = side.session.client_protocol_handler, _ProtocolHandler
    try:
        return side.session.execute(statement, timeout=60).all()
    finally:
        side.session.client_protocol_handler = handler


def cells(side, table, key, columns, where=""):
    """{key: {column: (value, writetime, ttl)}} of single-cell columns; the key columns' names are given."""
    picked = ", ".join(f"{c}, WRITETIME({c}), TTL({c})" for c in columns)
    rows = plain_rows(side, SimpleStatement(f"SELECT {', '.join(key)}, {picked} FROM {table} {where}", fetch_size=2000))
    return {tuple(row)[:len(key)]: {c: tuple(row)[len(key) + 3 * i:len(key) + 3 * i + 3] for i, c in enumerate(columns)} for row in rows}


def assert_same_cells(origin, target, table, key, columns, where=""):
    """Value and writetime of every cell are equal; TTLs are both none, or within a minute. Gives how many rows there are."""
    here, there = (cells(side, table, key, columns, where) for side in (origin, target))
    assert here.keys() == there.keys()
    for row in here:
        for column in columns:
            (value, stamp, ttl), (value_there, stamp_there, ttl_there) = here[row][column], there[row][column]
            assert (value, stamp) == (value_there, stamp_there), (row, column)
            assert (ttl is None) == (ttl_there is None) and abs((ttl or 0) - (ttl_there or 0)) <= 60, (row, column, ttl, ttl_there)
    return len(here)
