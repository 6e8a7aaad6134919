"""The demo's application: reads and writes all the time with the official Python driver, its default settings, and checks what it reads.

Commands come as JSON lines on standard input: {"connect": {"host": "…"}} or {"connect": {"bundle": "scb.zip", "token_file": "…"}}, {"phase": "name"},
{"counters": false}, {"look_back": {"host": "…"}}, {"stop": true}. Answers go as JSON lines to standard output. It knows what it was promised: each
acknowledged write is remembered and looked for.
"""
import collections
import json
import pathlib
import random
import sys
import threading
import time

from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Cluster
from cassandra.concurrent import execute_concurrent_with_args

import data

WORKERS = 10


class Promise:
    """What one worker was acknowledged, key by key; a worker alone writes its keys, so that it knows what a read must give."""

    def __init__(self):
        self.users = {}      # id -> (email, note)
        self.orders = {}     # (customer, number) -> state, or None when it was deleted
        self.events = []     # (device, at) inserted
        self.views = collections.Counter()

    def copy(self):
        same = Promise()
        same.users, same.orders, same.events, same.views = dict(self.users), dict(self.orders), list(self.events), self.views.copy()
        return same


def cluster_at(host=None, bundle=None, token_file=None):
    """All that an application changes when it leaves contact points for a bundle."""
    if bundle is None:
        return Cluster([host])
    token = pathlib.Path(token_file).read_text().strip()
    return Cluster(cloud={"secure_connect_bundle": bundle}, auth_provider=PlainTextAuthProvider("token", token))


def prepared(session):
    prepare = session.prepare
    return {
        "email": prepare("UPDATE users SET email = ?, note = ? WHERE id = ?"),
        "tag": prepare("UPDATE users SET tags = tags + ?, settings[?] = ? WHERE id = ?"),
        "user": prepare("SELECT email, note FROM users WHERE id = ?"),
        "event": prepare("INSERT INTO events (device, at, kind, reading) VALUES (?, ?, ?, ?)"),
        "see": prepare("SELECT kind FROM events WHERE device = ? AND at = ?"),
        "order": prepare("INSERT INTO orders (customer, number, state, total) VALUES (?, ?, ?, ?)"),
        "cancel": prepare("DELETE FROM orders WHERE customer = ? AND number = ?"),
        "look": prepare("SELECT state FROM orders WHERE customer = ? AND number = ?"),
        "view": prepare("UPDATE page_views SET views = views + 1 WHERE page = ?"),
        "views": prepare("SELECT views FROM page_views WHERE page = ?"),
    }


def missing(session, statements, promises, views_before):
    """Reads back every acknowledged write; gives those that are not there, or not as they were acknowledged."""
    def rows(name, keys):
        keys = list(keys)
        answers = execute_concurrent_with_args(session, statements[name], keys, concurrency=50)
        return [(key, answer.result_or_exc.one()) for key, answer in zip(keys, answers)]

    found = []
    for promise in promises:
        found += [f"user {user}" for (user,), row in rows("user", ((user,) for user in promise.users))
                  if row is None or (row.email, row.note) != promise.users[user]]
        found += [f"order {key}" for key, row in rows("look", promise.orders) if (row.state if row else None) != promise.orders[key]]
        found += [f"event {key}" for key, row in rows("see", promise.events) if row is None or row.kind != "live"]
        found += [f"views of page {page}" for (page,), row in rows("views", ((page,) for page in promise.views))
                  if row is None or row.views != views_before[page] + promise.views[page]]
    return found


class Application:
    def __init__(self):
        self.lock = threading.Lock()
        self.session = None
        self.statements = None
        self.cluster = None
        self.phase = "start"
        self.counters = True
        self.running = True
        self.latencies = collections.defaultdict(list)
        self.requests = 0
        self.failures = []
        self.promises = [Promise() for _ in range(WORKERS)]
        self.promised_before = []  # up to the last change of connection
        self.views_before = {}     # by page, before the first of ours
        self.busy = [threading.Lock() for _ in range(WORKERS)]

    def connect(self, **where):
        """Connects anew, prepares, lets every worker change over between two of its requests, then closes the old connection."""
        cluster = cluster_at(**where)
        session = cluster.connect(data.KEYSPACE)
        statements = prepared(session)
        if self.cluster is None:
            self.views_before = collections.Counter({row.page: row.views for row in session.execute("SELECT page, views FROM page_views")})
        old = self.cluster
        for lock in self.busy:
            lock.acquire()
        self.session, self.statements, self.cluster = session, statements, cluster
        self.promised_before = [promise.copy() for promise in self.promises]  # nothing is under way: every write before was the old connection's
        for lock in self.busy:
            lock.release()
        if old is not None:
            old.shutdown()

    def look_back(self, **where):
        """What of all that was acknowledged before the last change of connection is missing there: how many were looked for, and which."""
        cluster = cluster_at(**where)
        session = cluster.connect(data.KEYSPACE)
        lost = missing(session, prepared(session), self.promised_before, self.views_before)
        cluster.shutdown()
        return acknowledged(self.promised_before), lost

    def request(self, name, arguments):
        begun = time.perf_counter()
        rows = self.session.execute(self.statements[name], arguments)
        spent = time.perf_counter() - begun
        with self.lock:
            self.requests += 1
            self.latencies[self.phase].append(spent)
        return rows

    def wrong(self, what):
        with self.lock:
            self.failures.append(f"{self.phase}: {what}")

    def work(self, number):
        chance = random.Random(number)
        promise = self.promises[number]
        step = 0
        while self.running:
            with self.busy[number]:
                step += 1
                try:
                    self.one(number, step, chance, promise)
                except Exception as problem:  # whatever it is, the application's user saw it
                    self.wrong(f"{type(problem).__name__}: {problem}")
            time.sleep(0.001)  # the application's pace, not a wait for anything

    def one(self, number, step, chance, promise):
        kind = chance.random()
        user = chance.randrange(400) * WORKERS + number
        order = (chance.randrange(200) * WORKERS + number, chance.randrange(10))
        if kind < 0.20:
            wanted = (f"user{user}-{step}@example.org", f"note {step}")
            self.request("email", (*wanted, user))
            promise.users[user] = wanted
        elif kind < 0.30:
            self.request("tag", ({f"seen{step % 4}"}, "last", str(step), user))
        elif kind < 0.40:
            key = (chance.randrange(300), 1_000_000 + step * WORKERS + number)
            self.request("event", (*key, "live", chance.random()))
            promise.events.append(key)
        elif kind < 0.50:
            state = f"paid {step}"
            self.request("order", (*order, state, step))
            promise.orders[order] = state
        elif kind < 0.55:
            self.request("cancel", order)
            promise.orders[order] = None
        elif kind < 0.60 and self.counters:
            page = chance.randrange(300) * WORKERS + number
            self.request("view", (page,))
            promise.views[page] += 1
        elif kind < 0.80 and promise.users:
            key = chance.choice(list(promise.users))
            row = self.request("user", (key,)).one()
            if row is None or (row.email, row.note) != promise.users[key]:
                self.wrong(f"user {key}: read {row}, was acknowledged {promise.users[key]}")
        elif kind < 0.90 and promise.orders:
            key = chance.choice(list(promise.orders))
            row = self.request("look", key).one()
            if (row.state if row else None) != promise.orders[key]:
                self.wrong(f"order {key}: read {row}, was acknowledged {promise.orders[key]}")
        elif promise.events:
            key = chance.choice(promise.events)
            row = self.request("see", key).one()
            if row is None or row.kind != "live":
                self.wrong(f"event {key}: read {row}")

    def figures(self):
        with self.lock:
            spent = {phase: sorted(times) for phase, times in self.latencies.items()}
        at = lambda times, part: round(1000 * times[min(len(times) - 1, int(len(times) * part))], 2)
        return {phase: {"requests": len(times), "p50_ms": at(times, 0.50), "p99_ms": at(times, 0.99)} for phase, times in spent.items() if times}


def acknowledged(promises):
    return sum(len(p.users) + len(p.orders) + len(p.events) + sum(p.views.values()) for p in promises)


def say(**line):
    print(json.dumps(line), flush=True)


def main():
    application = Application()
    workers = [threading.Thread(target=application.work, args=(number,), daemon=True) for number in range(WORKERS)]
    for line in sys.stdin:
        command = json.loads(line)
        answer = {}
        try:
            if "connect" in command:
                application.connect(**command["connect"])
                if not workers[0].is_alive():
                    for worker in workers:
                        worker.start()
            elif "phase" in command:
                application.phase = command["phase"]
            elif "counters" in command:
                application.counters = command["counters"]
                for lock in application.busy:  # whoever is counting now has ended when its lock was had once
                    with lock:
                        pass
            elif "look_back" in command:
                looked_for, lost = application.look_back(**command["look_back"])
                answer = {"looked_for": looked_for, "missing": len(lost), "first_missing": lost[:5]}
            elif "stop" in command:
                application.running = False
                for worker in workers:
                    worker.join()
                lost = missing(application.session, application.statements, application.promises, application.views_before)
                answer = {"figures": application.figures(), "acknowledged": acknowledged(application.promises), "missing": len(lost), "first_missing": lost[:5]}
                application.cluster.shutdown()
            say(ok=True, requests=application.requests, failures=len(application.failures), first_failures=application.failures[:5], **answer)
        except Exception as problem:
            say(ok=False, problem=f"{type(problem).__name__}: {problem}")
        if "stop" in command:
            return


if __name__ == "__main__":
    main()
