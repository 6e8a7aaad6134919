"""The demo's application: reads and writes all the time with the official Python driver, its default settings, and checks what it reads.

Commands come as JSON lines on standard input: {"connect": "host", "port": 9042}, {"phase": "name"}, {"counters": false}, {"stop": true}.
Answers go as JSON lines to standard output. It knows what it was promised: each acknowledged write is remembered and looked for.
"""
import collections
import json
import random
import sys
import threading
import time

from cassandra.cluster import Cluster

import data

WORKERS = 10


class Promise:
    """What one worker was acknowledged, key by key; a worker alone writes its keys, so that it knows what a read must give."""

    def __init__(self):
        self.users = {}      # id -> (email, note)
        self.orders = {}     # (customer, number) -> state, or None when it was deleted
        self.events = []     # (device, at) inserted
        self.views = collections.Counter()


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
        self.busy = [threading.Lock() for _ in range(WORKERS)]

    def connect(self, host, port):
        """Connects anew, prepares, lets every worker change over between two of its requests, then closes the old connection."""
        cluster = Cluster([host], port=port)
        session = cluster.connect(data.KEYSPACE)
        prepare = session.prepare
        statements = {
            "email": prepare("UPDATE users SET email = ?, note = ? WHERE id = ?"),
            "tag": prepare("UPDATE users SET tags = tags + ?, settings[?] = ? WHERE id = ?"),
            "user": prepare("SELECT email, note FROM users WHERE id = ?"),
            "event": prepare("INSERT INTO events (device, at, kind, reading) VALUES (?, ?, ?, ?)"),
            "see": prepare("SELECT kind FROM events WHERE device = ? AND at = ?"),
            "order": prepare("INSERT INTO orders (customer, number, state, total) VALUES (?, ?, ?, ?)"),
            "cancel": prepare("DELETE FROM orders WHERE customer = ? AND number = ?"),
            "look": prepare("SELECT state FROM orders WHERE customer = ? AND number = ?"),
            "view": prepare("UPDATE page_views SET views = views + 1 WHERE page = ?"),
        }
        old = self.cluster
        for lock in self.busy:
            lock.acquire()
        self.session, self.statements, self.cluster = session, statements, cluster
        for lock in self.busy:
            lock.release()
        if old is not None:
            old.shutdown()

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

    def missing(self):
        """Reads back every acknowledged write from where the application is connected; gives how many are missing."""
        missing = []
        select = self.session.execute
        for promise in self.promises:
            for key, wanted in promise.users.items():
                row = select(self.statements["user"], (key,)).one()
                if row is None or (row.email, row.note) != wanted:
                    missing.append(f"user {key}")
            for key, wanted in promise.orders.items():
                row = select(self.statements["look"], key).one()
                if (row.state if row else None) != wanted:
                    missing.append(f"order {key}")
            pending = [(key, self.session.execute_async(self.statements["see"], key)) for key in promise.events[-20000:]]
            missing += [f"event {key}" for key, future in pending if future.result().one() is None]
        return missing

    def acknowledged(self):
        return sum(len(p.users) + len(p.orders) + len(p.events) + sum(p.views.values()) for p in self.promises)

    def figures(self):
        with self.lock:
            spent = {phase: sorted(times) for phase, times in self.latencies.items()}
        at = lambda times, part: round(1000 * times[min(len(times) - 1, int(len(times) * part))], 2)
        return {phase: {"requests": len(times), "p50_ms": at(times, 0.50), "p99_ms": at(times, 0.99)} for phase, times in spent.items() if times}


def say(**line):
    print(json.dumps(line), flush=True)


def main():
    application = Application()
    workers = [threading.Thread(target=application.work, args=(number,), daemon=True) for number in range(WORKERS)]
    for line in sys.stdin:
        command = json.loads(line)
        try:
            if "connect" in command:
                application.connect(command["connect"], command["port"])
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
            elif "ask" in command:
                pass
            elif "stop" in command:
                application.running = False
                for worker in workers:
                    worker.join()
                missing = application.missing()
                say(ok=True, requests=application.requests, failures=len(application.failures), first_failures=application.failures[:5],
                    figures=application.figures(), acknowledged=application.acknowledged(), missing=len(missing), first_missing=missing[:5],
                    views={page: count for promise in application.promises for page, count in promise.views.items()})
                application.cluster.shutdown()
                return
            say(ok=True, requests=application.requests, failures=len(application.failures), first_failures=application.failures[:3])
        except Exception as problem:
            say(ok=False, problem=f"{type(problem).__name__}: {problem}")


if __name__ == "__main__":
    main()
