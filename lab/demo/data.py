"""The demo's keyspace: seven tables that have between them what migrations stumble over, and rows to fill them with."""
import random
import uuid

from cassandra import ConsistencyLevel
from cassandra.concurrent import execute_concurrent_with_args
from cassandra.query import BatchStatement, BatchType

KEYSPACE = "shop"

DDL = [
    f"CREATE KEYSPACE {KEYSPACE} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}",
    f"CREATE TYPE {KEYSPACE}.address (street text, city text, codes frozen<list<int>>)",
    # A UDT, collections, and columns that are often null.
    f"""CREATE TABLE {KEYSPACE}.users (id int PRIMARY KEY, email text, home frozen<address>, tags set<text>,
        settings map<text, text>, visits list<int>, note text)""",
    # Wide partitions with static columns.
    f"""CREATE TABLE {KEYSPACE}.events (device int, at bigint, kind text, reading double, device_name text static, firmware int static,
        PRIMARY KEY (device, at)) WITH CLUSTERING ORDER BY (at DESC)""",
    # Cells with a TTL beside cells without one.
    f"CREATE TABLE {KEYSPACE}.sessions (id uuid PRIMARY KEY, owner int, ticket text, opened bigint)",
    f"CREATE TABLE {KEYSPACE}.orders (customer int, number int, state text, total decimal, PRIMARY KEY (customer, number))",
    f"CREATE TABLE {KEYSPACE}.page_views (page int PRIMARY KEY, views counter)",
    # Nothing but a key; a name that needs quotes.
    f'CREATE TABLE {KEYSPACE}."Followers" (who int, whom int, PRIMARY KEY (who, whom))',
    f"CREATE TABLE {KEYSPACE}.prices (item int PRIMARY KEY, price decimal, vat frozen<tuple<int, text>>, measured duration)",
]
TABLES = ["users", "events", "sessions", "orders", '"Followers"', "prices"]
COUNTER_TABLES = ["page_views"]


class Address:
    def __init__(self, street, city, codes):
        self.street, self.city, self.codes = street, city, codes


def create(session):
    for statement in DDL:
        session.execute(statement)


def sizes(rows):
    """How many rows each table gets, of `rows` in all."""
    parts = {"users": 0.12, "sessions": 0.06, "orders": 0.10, "page_views": 0.01, "Followers": 0.03, "prices": 0.02}
    counts = {name: int(rows * part) for name, part in parts.items()}
    counts["events"] = rows - sum(counts.values())
    return counts


def fill(cluster, session, rows, progress):
    """Writes `rows` rows to the origin, without the proxy: what an application has gathered before it migrates."""
    cluster.register_user_type(KEYSPACE, "address", Address)
    session.set_keyspace(KEYSPACE)
    counts = sizes(rows)
    chance = random.Random(7)

    def many(name, statement, arguments):
        prepared = session.prepare(statement)
        prepared.consistency_level = ConsistencyLevel.ONE
        for success, result in execute_concurrent_with_args(session, prepared, arguments, concurrency=200, raise_on_first_error=True):
            assert success, result
        progress(name, len(arguments))

    many("users", "INSERT INTO users (id, email, home, tags, settings, visits) VALUES (?, ?, ?, ?, ?, ?)",
         [(i, f"user{i}@example.org", Address(f"Street {i % 90}", "Oslo", [i % 7, i % 11]), {f"t{i % 5}", f"u{i % 3}"},
           {"theme": "dark" if i % 2 else "light"}, [i % 3, i % 4]) for i in range(counts["users"])])
    per_device = 250
    insert = session.prepare("INSERT INTO events (device, at, kind, reading) VALUES (?, ?, ?, ?)")
    static = session.prepare("INSERT INTO events (device, device_name, firmware) VALUES (?, ?, ?)")
    pending = []
    done = 0
    for device in range((counts["events"] + per_device - 1) // per_device):
        for start in range(0, min(per_device, counts["events"] - done), 125):
            batch = BatchStatement(BatchType.UNLOGGED, consistency_level=ConsistencyLevel.ONE)
            for at in range(start, min(start + 125, counts["events"] - done)):
                batch.add(insert, (device, at, "reading" if at % 3 else "alarm", chance.random()))
            pending.append(session.execute_async(batch))
        done += min(per_device, counts["events"] - done)
        pending.append(session.execute_async(static, (device, f"device {device}", device % 40)))
        if len(pending) > 60:
            for future in pending:
                future.result()
            pending = []
    # Partitions with nothing but their static columns.
    pending += [session.execute_async(static, (1_000_000 + i, "never reported", i)) for i in range(50)]
    for future in pending:
        future.result()
    progress("events", done)
    many("sessions", "INSERT INTO sessions (id, owner, opened) VALUES (?, ?, ?)",
         [(uuid.UUID(int=i), i, i) for i in range(counts["sessions"])])
    many("sessions (tickets with a TTL)", "UPDATE sessions USING TTL 86400 SET ticket = ? WHERE id = ?",
         [(f"ticket {i}", uuid.UUID(int=i)) for i in range(0, counts["sessions"], 2)])
    many("orders", "INSERT INTO orders (customer, number, state, total) VALUES (?, ?, ?, ?)",
         [(i // 10, i % 10, "open", i) for i in range(counts["orders"])])
    many("page_views", "UPDATE page_views SET views = views + ? WHERE page = ?", [(i % 100 + 1, i) for i in range(counts["page_views"])])
    many("Followers", 'INSERT INTO "Followers" (who, whom) VALUES (?, ?)', [(i // 20, i % 20) for i in range(counts["Followers"])])
    from cassandra.util import Duration
    many("prices", "INSERT INTO prices (item, price, vat, measured) VALUES (?, ?, ?, ?)",
         [(i, i, (i % 25, "NO"), Duration(1, 2, i)) for i in range(counts["prices"])])
    return sum(counts.values())
