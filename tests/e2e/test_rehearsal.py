"""Phase 3: reads also go to the target, and the answers are compared."""
from running_proxy import wait_for


def test_rehearsed_reads_are_compared(proxy, target, keyspace):
    session = proxy.connect(schema_metadata_enabled=False, token_metadata_enabled=False)  # the driver's own reads would be counted too
    session.execute(f"CREATE TABLE {keyspace}.t (k int PRIMARY KEY, v int)")
    session.execute(f"INSERT INTO {keyspace}.t (k, v) VALUES (1, 1)")
    assert proxy.command("phase", "set", "3", "--proxy", proxy.url).returncode == 0
    select = session.prepare(f"SELECT v FROM {keyspace}.t WHERE k = ?")
    for _ in range(50):
        session.execute(select, (1,))
    wait_for(lambda: proxy.metric("crossfade_rehearsal_equal_total") == 50)
    target.session.execute(f"INSERT INTO {keyspace}.t (k, v) VALUES (1, 2)")
    session.execute(select, (1,))
    wait_for(lambda: proxy.metric("crossfade_rehearsal_different_total") == 1)
    assert session.execute(select, (1,)).one().v == 1
