"""An application that writes every kind of thing to a table while it is copied, and knows what must be there in the end.

Each worker owns its partitions and writes one request after the other, so what a key holds last is what its worker was acknowledged last.
"""
import collections
import random
import threading
import time

from cassandra.query import BatchStatement, BatchType, SimpleStatement

from migrating import run_all

# `anchor` is in every row that there is and is never deleted alone: whether a row whose cells are all gone stays depends on its marker,
# which no cluster tells (docs/migrate.md, "Row markers").
TABLE = ("CREATE TABLE {table} (k int, c int, anchor int, v text, w text, n int, tags set<text>, props map<text, text>, steps list<int>, "
         "st text static, labels set<text> static, PRIMARY KEY (k, c))")
SINGLE = ("anchor", "v", "w", "n")
COLLECTIONS = ("tags", "props", "steps")
LONG_TTL, SHORT_TTL = 50000, 2
ROWS_EACH = 8
FIRST_UNTOUCHED = 1_000_000

Cell = collections.namedtuple("Cell", "value expires")


class Content:
    """What the table should hold: rows[(k, c)][column] and statics[k][column]; a column that is missing is null."""

    def __init__(self):
        self.rows, self.statics = collections.defaultdict(dict), collections.defaultdict(dict)

    def of_partition(self, k):
        return [key for key in self.rows if key[0] == k]

    def take(self, other):
        self.rows.update(other.rows)
        self.statics.update(other.statics)

    def shown(self):
        """Without rows and statics that hold nothing: nobody sees those."""
        def filled(held):
            return {key: kept for key, row in held.items() if (kept := {name: value for name, value in row.items() if value})}
        return filled(self.rows), filled(self.statics)


def fill(origin, table, partitions, untouched):
    """What the origin has before anybody copies; gives the Content. Partitions from FIRST_UNTOUCHED on are left alone by the application:
    how many of them the target has tells how far a copy is."""
    content, statements = Content(), []
    insert = origin.session.prepare(f"INSERT INTO {table} (k, c, anchor, v, n, tags, props, steps) VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TTL ?")
    static = origin.session.prepare(f"UPDATE {table} SET st = ?, labels = ? WHERE k = ?")
    expiring = origin.session.prepare(f"UPDATE {table} USING TTL {LONG_TTL} SET w = ? WHERE k = ? AND c = ?")
    for k in [*range(partitions), *range(FIRST_UNTOUCHED, FIRST_UNTOUCHED + untouched)]:
        for c in range(ROWS_EACH if k < FIRST_UNTOUCHED else 1):
            expires = (k + c) % 11 == 3
            tags, props = ({"a", "b"}, {"x": "1", "y": "2"}) if (k + c) % 2 else (None, None)
            steps = [1, 2, 3, 2] if (k + c) % 4 == 0 else None
            statements.append((insert, (k, c, k, f"filled {k} {c}" + "-" * 40, c, tags, props, steps, LONG_TTL if expires else 0)))
            row = {"anchor": Cell(k, expires), "v": Cell(f"filled {k} {c}" + "-" * 40, expires), "n": Cell(c, expires)}
            content.rows[k, c] = {**row, "tags": tags, "props": props, "steps": steps}
            if (k + c) % 5 == 0:
                statements.append((expiring, (f"long {k}", k, c)))
                content.rows[k, c]["w"] = Cell(f"long {k}", True)
        if k % 3 != 1:
            statements.append((static, (f"static {k}", {"l"}, k)))
            content.statics[k] = {"st": Cell(f"static {k}", False), "labels": {"l"}}
    for start in range(0, len(statements), 1500):
        run_all(origin, statements[start:start + 1500])
    return content


class Worker:
    """One thread's share: partitions k with k % workers == number. Odd numbers leave the timestamps to the proxy."""

    KINDS = ("update", "update_prepared", "delete_row", "delete_partition", "delete_range", "delete_cell", "insert_again", "insert_expiring",
             "insert_nulls", "expire_soon", "add_tags", "take_tags", "set_tags", "put_prop", "take_prop", "append_step", "set_steps", "take_step",
             "set_static", "delete_static", "add_label", "batch_in_partition", "batch_over_partitions")
    RARE = ("delete_partition", "delete_range")

    def __init__(self, session, table, number, workers, partitions, seed, before):
        self.session, self.table, self.number, self.content = session, table, number, Content()
        self.chance = random.Random(f"{seed} {number}")
        # One in ten of the partitions is none that was there before.
        self.partitions = [k for k in range(partitions + partitions // 10) if k % workers == number]
        mine = set(self.partitions)
        self.content.rows.update({key: dict(row) for key, row in before.rows.items() if key[0] in mine})
        self.content.statics.update({k: dict(row) for k, row in before.statics.items() if k in mine})
        self.done = []      # (when, kind) of what was acknowledged
        self.failures = []  # (kind, key, error)
        self.prepared = {name: session.prepare(text.format(table=table)) for name, text in {
            "update": "UPDATE {table} SET anchor = ?, v = ?, w = ? WHERE k = ? AND c = ?",
            "insert": "INSERT INTO {table} (k, c, anchor, v, n, tags, props, steps) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            "nulls": "INSERT INTO {table} (k, c, anchor, v, w, n) VALUES (?, ?, ?, null, ?, ?)",
            "row": "DELETE FROM {table} WHERE k = ? AND c = ?", "partition": "DELETE FROM {table} WHERE k = ?",
            "tags": "UPDATE {table} SET anchor = ?, tags = tags + ? WHERE k = ? AND c = ?",
            "steps": "UPDATE {table} SET anchor = ?, steps = steps + ? WHERE k = ? AND c = ?",
            "static": "UPDATE {table} SET st = ? WHERE k = ?",
        }.items()}

    def step(self):
        kind = self.chance.choice(self.KINDS)
        if kind in self.RARE and self.chance.random() < 0.7:
            kind = "insert_again"
        k, c = self.chance.choice(self.partitions), self.chance.randrange(ROWS_EACH)
        if not self.content.rows[k, c] and self.chance.random() < 0.5:
            kind = "insert_again"
        statement, values, apply = getattr(self, kind)(k, c)
        try:
            self.session.execute(statement, values)
        except Exception as failure:
            self.failures.append((kind, (k, c), failure))
            return
        apply()
        self.done.append((time.monotonic(), kind))

    # Each gives (statement, values, what it makes of the content).

    def number_(self):
        return self.chance.randrange(1 << 30)

    def text(self):
        return f"live {self.number_()}"

    def setting(self, k, c, **cells):
        def apply():
            self.content.rows[k, c].update(cells)
        return apply

    def update(self, k, c):
        v, n = self.text(), self.number_()
        return (f"UPDATE {self.table} SET anchor = {n}, v = '{v}' WHERE k = {k} AND c = {c}", None,
                self.setting(k, c, anchor=Cell(n, False), v=Cell(v, False)))

    def update_prepared(self, k, c):
        n, v, w = self.number_(), self.text(), self.text()
        return self.prepared["update"], (n, v, w, k, c), self.setting(k, c, anchor=Cell(n, False), v=Cell(v, False), w=Cell(w, False))

    def delete_row(self, k, c):
        return self.prepared["row"], (k, c), lambda: self.content.rows.pop((k, c), None)

    def delete_partition(self, k, c):
        def apply():
            for key in self.content.of_partition(k):
                del self.content.rows[key]
            self.content.statics.pop(k, None)
        return self.prepared["partition"], (k,), apply

    def delete_range(self, k, c):
        def apply():
            for key in self.content.of_partition(k):
                if c <= key[1] < c + 3:
                    del self.content.rows[key]
        return f"DELETE FROM {self.table} WHERE k = {k} AND c >= {c} AND c < {c + 3}", None, apply

    def delete_cell(self, k, c):
        column = self.chance.choice(["v", "w", "n", "tags", "props", "steps"])
        return f"DELETE {column} FROM {self.table} WHERE k = {k} AND c = {c}", None, self.setting(k, c, **{column: None})

    def insert_again(self, k, c):
        v, n = self.text(), self.number_()
        tags, props, steps = {self.text()}, {"x": v}, [n, n % 7]
        return (self.prepared["insert"], (k, c, n, v, n, tags, props, steps),
                self.setting(k, c, anchor=Cell(n, False), v=Cell(v, False), n=Cell(n, False), tags=tags, props=props, steps=steps))

    def insert_expiring(self, k, c):
        v, n = self.text(), self.number_()
        return (SimpleStatement(f"INSERT INTO {self.table} (k, c, anchor, v, n) VALUES (%s, %s, %s, %s, %s) USING TTL {LONG_TTL}"), (k, c, n, v, n),
                self.setting(k, c, anchor=Cell(n, True), v=Cell(v, True), n=Cell(n, True)))

    def insert_nulls(self, k, c):
        w, n = self.text(), self.number_()
        return self.prepared["nulls"], (k, c, n, w, n), self.setting(k, c, anchor=Cell(n, False), v=None, w=Cell(w, False), n=Cell(n, False))

    def expire_soon(self, k, c):
        # Gone when the content is looked at (see Application.stop).
        n = self.number_()

        def apply():
            self.content.rows[k, c].update(anchor=Cell(n, False), w=None)
        batch = BatchStatement(batch_type=BatchType.UNLOGGED)
        batch.add(SimpleStatement(f"UPDATE {self.table} USING TTL {SHORT_TTL} SET w = 'soon gone' WHERE k = {k} AND c = {c}"))
        batch.add(SimpleStatement(f"UPDATE {self.table} SET anchor = {n} WHERE k = {k} AND c = {c}"))
        return batch, None, apply

    def changing(self, k, c, column, change, **cells):
        def apply():
            row = self.content.rows[k, c]
            row[column] = change(row.get(column))
            row.update(cells)
        return apply

    def add_tags(self, k, c):
        n, more = self.number_(), {self.chance.choice("abcdef"), self.chance.choice("abcdef")}
        return (self.prepared["tags"], (n, more, k, c),
                self.changing(k, c, "tags", lambda tags: (tags or set()) | more, anchor=Cell(n, False)))

    def take_tags(self, k, c):
        tag = self.chance.choice("abcdef")
        return (f"UPDATE {self.table} SET tags = tags - {{'{tag}'}} WHERE k = {k} AND c = {c}", None,
                self.changing(k, c, "tags", lambda tags: (tags or set()) - {tag}))

    def set_tags(self, k, c):
        n = self.number_()
        return (f"UPDATE {self.table} SET anchor = {n}, tags = {{'only', 'these'}} WHERE k = {k} AND c = {c}", None,
                self.setting(k, c, anchor=Cell(n, False), tags={"only", "these"}))

    def put_prop(self, k, c):
        n, name, value = self.number_(), self.chance.choice("xyz"), self.text()
        return (f"UPDATE {self.table} SET anchor = {n}, props['{name}'] = '{value}' WHERE k = {k} AND c = {c}", None,
                self.changing(k, c, "props", lambda props: {**(props or {}), name: value}, anchor=Cell(n, False)))

    def take_prop(self, k, c):
        name = self.chance.choice("xyz")
        return (f"DELETE props['{name}'] FROM {self.table} WHERE k = {k} AND c = {c}", None,
                self.changing(k, c, "props", lambda props: {key: value for key, value in (props or {}).items() if key != name}))

    def append_step(self, k, c):
        n = self.number_()
        return (self.prepared["steps"], (n, [n, 2], k, c),
                self.changing(k, c, "steps", lambda steps: (steps or []) + [n, 2], anchor=Cell(n, False)))

    def set_steps(self, k, c):
        n = self.number_()
        return (f"UPDATE {self.table} SET anchor = {n}, steps = [{n}, 2, 1] WHERE k = {k} AND c = {c}", None,
                self.setting(k, c, anchor=Cell(n, False), steps=[n, 2, 1]))

    def take_step(self, k, c):
        return (f"UPDATE {self.table} SET steps = steps - [2] WHERE k = {k} AND c = {c}", None,
                self.changing(k, c, "steps", lambda steps: [one for one in steps or [] if one != 2]))

    def set_static(self, k, c):
        st = self.text()
        return self.prepared["static"], (st, k), lambda: self.content.statics[k].update(st=Cell(st, False))

    def delete_static(self, k, c):
        return f"DELETE st FROM {self.table} WHERE k = {k}", None, lambda: self.content.statics[k].update(st=None)

    def add_label(self, k, c):
        label = self.chance.choice("lmno")

        def apply():
            self.content.statics[k]["labels"] = (self.content.statics[k].get("labels") or set()) | {label}
        return f"UPDATE {self.table} SET labels = labels + {{'{label}'}} WHERE k = {k}", None, apply

    def batch_in_partition(self, k, c):
        batch, applied = BatchStatement(), []
        others = self.chance.sample(range(ROWS_EACH), 3)
        for kind, at in zip(("insert_again", "delete_row", "update_prepared"), others):
            statement, values, apply = getattr(self, kind)(k, at)
            batch.add(statement, values)
            applied.append(apply)
        statement, values, apply = self.set_static(k, c)
        batch.add(statement, values)
        applied.append(apply)
        return batch, None, lambda: [apply() for apply in applied]

    def batch_over_partitions(self, k, c):
        batch, applied = BatchStatement(batch_type=BatchType.UNLOGGED), []
        for kind, at in zip(("update", "add_tags"), self.chance.sample(self.partitions, 2)):
            statement, values, apply = getattr(self, kind)(at, c)
            batch.add(SimpleStatement(statement) if isinstance(statement, str) else statement, values)
            applied.append(apply)
        return batch, None, lambda: [apply() for apply in applied]


class Application:
    """Runs while the `with` lasts; stops by itself at the end."""

    def __init__(self, proxy, table, partitions, before, seed, workers=4):
        self.before = before
        sessions = [proxy.connect(), proxy.connect()]
        sessions[1].use_client_timestamp = False
        self.workers = [Worker(sessions[number % 2], table, number, workers, partitions, seed, before) for number in range(workers)]
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(worker,)) for worker in self.workers]

    def run(self, worker):
        while not self.stopping.is_set():
            worker.step()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if not self.stopping.is_set():
            self.stopping.set()
            for thread in self.threads:
                thread.join()
            self.stopped = time.monotonic()

    def failures(self):
        return [failure for worker in self.workers for failure in worker.failures]

    def done(self):
        return sorted(one for worker in self.workers for one in worker.done)

    def content(self):
        """What must be there: before, and what was acknowledged since. After stop(), once what expires soon has."""
        self.stop()
        time.sleep(max(0.0, self.stopped + SHORT_TTL + 1.5 - time.monotonic()))  # expiry takes as long as it takes
        whole = Content()
        whole.take(self.before)
        for worker in self.workers:
            for k in worker.partitions:
                for key in [key for key in whole.rows if key[0] == k]:
                    del whole.rows[key]
                whole.statics.pop(k, None)
            whole.take(worker.content)
        return whole.shown()


def held(side, table):
    """What a cluster holds, read by the official driver: (rows, statics) as Content.shown() has them, and ({key: {column: (writetime, TTL)}})."""
    singles = ", ".join(f"{name}, writetime({name}), ttl({name})" for name in SINGLE)
    rows, statics, stamps = {}, {}, {}

    def read(text):
        return side.session.execute(SimpleStatement(text, fetch_size=1000), timeout=60)

    def take(into, key, names, row, at):
        kept = {}
        for i, name in enumerate(names):
            value, stamp, ttl = row[at + 3 * i:at + 3 * i + 3]
            stamps[key, name] = (stamp, ttl)
            if value is not None:
                kept[name] = Cell(value, ttl is not None)
        into[key] = kept
        return at + 3 * len(names)

    for row in map(tuple, read(f"SELECT k, c, {singles}, tags, props, steps FROM {table}")):
        if row[1] is None:
            continue  # a partition of nothing but statics
        at = take(rows, row[:2], SINGLE, row, 2)
        for name, kind, value in zip(COLLECTIONS, (set, dict, list), row[at:]):
            if value:
                rows[row[:2]][name] = kind(value)
    for row in map(tuple, read(f"SELECT DISTINCT k, st, writetime(st), ttl(st), labels FROM {table}")):
        take(statics, row[0], ("st",), row, 1)
        if row[4]:
            statics[row[0]]["labels"] = set(row[4])
        if not statics[row[0]]:
            del statics[row[0]]
    return rows, statics, stamps


def differing(expected, found, most=5):
    """The first keys that are not the same, with both, to be read in a failure."""
    keys = sorted((key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)), key=str)
    return len(keys), [(key, expected.get(key), found.get(key)) for key in keys[:most]]


def assert_equal_and_complete(origin, target, table, content, seed=None):
    """Both clusters hold `content` and nothing else, each cell with one writetime, expiries within seconds. Collections' stamps cannot be
    read on 4.1; their values are compared."""
    here, there = held(origin, table), held(target, table)
    for name, index in (("row", 0), ("static columns of a partition", 1)):
        assert differing(here[index], there[index]) == (0, []), f"seed {seed}: a {name} differs: (key, origin, target)"
        assert differing(content[index], here[index]) == (0, []), f"seed {seed}: a {name} is not what was acknowledged: (key, acknowledged, clusters)"
    unequal = {}
    for key in here[2].keys() | there[2].keys():
        (stamp, ttl), (stamp_there, ttl_there) = here[2].get(key, (0, 0)), there[2].get(key, (0, 0))
        if stamp != stamp_there or (ttl is None) != (ttl_there is None) or abs((ttl or 0) - (ttl_there or 0)) > 15:
            unequal[key] = ((stamp, ttl), (stamp_there, ttl_there))
    assert not unequal, f"seed {seed}: {len(unequal)} cells with another writetime or TTL, (origin, target): {list(unequal.items())[:5]}"
    return len(here[0])
