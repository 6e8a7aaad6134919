"""SIGTERM at whatever moment: an orderly end, exit 0."""
import random
import time


def test_a_stop_while_the_schema_is_read(proxy, keyspace):
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    for i in range(12):
        session = proxy.connect(schema_metadata_enabled=False)
        session.execute(f"CREATE TABLE {keyspace}.t{i} (k int PRIMARY KEY)")
        # Not a wait for anything: the moment is what is tried. The proxy reads the schema about 0.2 s after it has changed.
        time.sleep(chance.uniform(0.15, 0.30))
        assert proxy.terminate() == 0, f"seed {seed}, round {i}"
        proxy.start()
