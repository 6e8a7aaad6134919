"""Cases that only the Python driver can bring about; what every driver does is in test_drivers.py."""
from cassandra.query import BatchStatement, SimpleStatement


def test_a_batch_keeps_its_keyspace_when_a_statement_of_another_is_prepared_again(proxy, origin, target, keyspace):
    other = keyspace[:40] + "_o"
    for side in (origin, target):
        side.session.execute(f"CREATE KEYSPACE IF NOT EXISTS {other} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}")
    try:
        setup = proxy.connect(protocol_version=4)
        for name in (keyspace, other):
            setup.execute(f"CREATE TABLE {name}.t (k int PRIMARY KEY, v int)")
        session = proxy.connect(other, protocol_version=4)
        insert = session.prepare("INSERT INTO t (k, v) VALUES (?, ?)")
        session.set_keyspace(keyspace)
        # The target forgets the statement: its table changes there.
        target.session.execute(f"ALTER TABLE {other}.t ADD x int")
        batch = BatchStatement()
        batch.add(SimpleStatement("INSERT INTO t (k, v) VALUES (1, 1)"))
        batch.add(insert, (2, 2))
        session.execute(batch)
        for side in (origin, target):
            assert side.rows(f"SELECT k FROM {keyspace}.t") == [(1,)]
            assert side.rows(f"SELECT k FROM {other}.t") == [(2,)]
    finally:
        for side in (origin, target):
            side.session.execute(f"DROP KEYSPACE {other}", timeout=60)
