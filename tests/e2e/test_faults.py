"""What networks, nodes, disks and operators do to a proxy under load: every request is answered in time, reads go on where they can, what was
acknowledged is on both clusters once the journal is repaired, with the same writetimes."""
import contextlib
import os
import signal
import socket
import struct
import subprocess
import time

import pytest

import cassandra_lab
import fault_relay
from checked_load import TABLE, CheckedLoad
from migrating import wait_until
from running_proxy import RunningProxy

TIMEOUT = 3.0  # the proxy's request timeout here, in seconds


@pytest.fixture
def relay_of(origin, target):
    """relay_of("target"): a fault relay in front of that cluster's node."""
    with contextlib.ExitStack() as relays:
        yield lambda side: relays.enter_context(fault_relay.running("127.0.0.1:0", {"origin": origin, "target": target}[side].address + ":9042"))


@pytest.fixture
def started(crossfade, origin, target, tmp_path):
    """started(target=relay.address): a proxy with a short request timeout in front of these addresses."""
    with contextlib.ExitStack() as proxies:
        def start(*arguments, **addresses):
            proxy = RunningProxy(crossfade, addresses.get("origin", origin.address), addresses.get("target", target.address), tmp_path,
                                 "--request-timeout-ms", str(int(TIMEOUT * 1000)), *arguments)
            proxies.callback(proxy.stop)
            return proxy
        yield start


@pytest.fixture
def table(origin, target, keyspace):
    for side in (origin, target):
        side.session.execute(TABLE.format(table=f"{keyspace}.t"), timeout=60)
    return f"{keyspace}.t"


def switch(proxy, phase, mode):
    done = proxy.command("phase", "set", str(phase), "--write-mode", mode, "--proxy", proxy.url)
    assert done.returncode == 0, done.stdout + done.stderr


def repair(proxy):
    done = proxy.command("journal", "repair", "--proxy", proxy.url, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert proxy.get("/journal/summary")["entries"] == 0


def lasts(load, seconds, least):
    """The fault lasts that long, or longer: until `least` requests have met it."""
    def met():
        return sum(load.good.values()) + sum(load.errors.values())
    before, until = met(), time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > until and met() >= before + least, seconds=seconds + 60)


def wait_until_both_take_writes(proxy, load, seconds=60):
    """Until, for two seconds of writes, none had to be journaled."""
    until = time.monotonic() + seconds
    while True:
        journaled, writes, since = proxy.metric("crossfade_journaled_total"), load.good["write"], time.monotonic()
        wait_until(lambda: time.monotonic() > since + 2 and load.good["write"] > writes + 5)
        if proxy.metric("crossfade_journaled_total") == journaled:
            return
        assert time.monotonic() < until, f"{seconds} s after the fault writes to one side are still journaled"


# (name, commands, seconds, whether requests to the side may fail meanwhile)
FAULTS = [
    ("slow", [dict(do="delay", ms=300)], 4, False),
    ("slower than the request timeout", [dict(do="delay", ms=4500)], 6, True),
    ("one byte at a time", [dict(do="byte_at_a_time")], 4, False),
    ("cut", [dict(do="cut")], 1, True),
    ("closed in order", [dict(do="cut", how="close")], 1, True),
    ("nothing reaches the node", [dict(do="half_open", direction="to_upstream")], 7, True),
    ("no answer comes back", [dict(do="half_open", direction="to_client")], 7, True),
    ("silence", [dict(do="half_open")], 7, True),
    ("down", [dict(do="refuse"), dict(do="cut")], 6, True),
]


def run_faults(proxy, relay, load, faults, other_side_only):
    """`other_side_only`: in best effort the faulty side is not that of the answers, so no request fails whatever happens to it."""
    with load:
        lasts(load, 1, 20)
        for name, commands, seconds, may_fail in faults:
            before, reads = sum(load.errors.values()), load.good["read"]
            for command in commands:
                relay.command(**command)
            lasts(load, seconds, 20)
            assert load.good["read"] > reads or not other_side_only, f"{name}: no read was answered"
            relay.command(do="normal")
            relay.command(do="accept")
            failed = sum(load.errors.values()) - before
            print(f"{name}: {failed} errors {dict(load.errors)}, slowest {load.slowest[0]:.1f} s")
            assert failed == 0 or (may_fail and not other_side_only), f"{name}: {dict(load.errors)} {load.texts}"
            load.wait_until_healthy()
            if other_side_only:
                wait_until_both_take_writes(proxy, load)
            assert proxy.process.poll() is None, proxy.log.read_text()[-3000:]
    load.assert_answered()


@pytest.mark.long
@pytest.mark.parametrize("side, phase, mode", [
    ("target", 1, "strict"), ("target", 3, "target_best_effort"), ("origin", 1, "strict"), ("origin", 4, "origin_best_effort"),
])
def test_the_network_to_a_node_misbehaves(relay_of, started, origin, target, table, side, phase, mode):
    relay = relay_of(side)
    proxy = started(**{side: relay.address})
    switch(proxy, phase, mode)
    load = CheckedLoad(proxy, table, TIMEOUT)
    run_faults(proxy, relay, load, FAULTS, other_side_only=mode != "strict")
    assert relay.command(do="count")["accepted"] > 3, "the relay was not in the way"
    repair(proxy)
    assert load.assert_complete(origin, target) > 50


def test_a_cut_and_a_silent_network_to_the_target(relay_of, started, origin, target, table):
    relay = relay_of("target")
    proxy = started(target=relay.address)
    switch(proxy, 1, "target_best_effort")
    load = CheckedLoad(proxy, table, TIMEOUT)
    run_faults(proxy, relay, load, [("cut", [dict(do="cut")], 1, True), ("silence", [dict(do="half_open")], 4, True)], other_side_only=True)
    assert proxy.metric("crossfade_journaled_total") > 0
    repair(proxy)
    assert load.assert_complete(origin, target) > 50


def test_a_schema_change_is_not_journaled_because_the_other_side_is_slow(relay_of, started, origin, target, keyspace):
    """In best effort a row's other side is waited for 100 ms; a schema change that one side lacks would block all writes behind it."""
    relay = relay_of("target")
    proxy = started(target=relay.address)
    switch(proxy, 1, "target_best_effort")
    relay.command(do="delay", ms=200)
    session = proxy.connect()
    session.execute(f"CREATE TABLE {keyspace}.slow (k int PRIMARY KEY)", timeout=60)
    assert proxy.get("/journal/summary")["entries"] == 0
    for side in (origin, target):
        assert side.rows(f"SELECT k FROM {keyspace}.slow") == []
    session.execute(f"INSERT INTO {keyspace}.slow (k) VALUES (1)", timeout=60)
    assert [row.k for row in origin.rows(f"SELECT k FROM {keyspace}.slow")] == [1]


def raw_frame(opcode, body, stream=1):
    return struct.pack(">BBhBI", 4, 0, stream, opcode, len(body)) + body


def raw_client(port):
    """A connection that has said STARTUP."""
    client = socket.create_connection(("127.0.0.1", port), timeout=20)
    client.sendall(raw_frame(1, b"\x00\x01\x00\x0bCQL_VERSION\x00\x053.4.5"))
    answer = client.recv(9)
    assert answer[4] == 2, answer
    return client


def raw_query(text, stream=1):
    text = text.encode()
    return raw_frame(7, struct.pack(">I", len(text)) + text + b"\x00\x01\x00", stream)


def connections(proxy):
    """How many client connections the proxy has."""
    return len(proxy.get("/status")["connections"])


def in_flight_of(proxy, client):
    """Requests of that raw client that were read and not answered."""
    peer = "{}:{}".format(*client.getsockname())
    return next(one["in_flight"] for one in proxy.get("/status")["connections"] if one["peer"] == peer)


def open_files(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def resident_mebibytes(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def test_clients_that_end_in_the_middle_of_a_frame(started, origin, target, table):
    proxy = started()
    load = CheckedLoad(proxy, table, TIMEOUT)
    with load:
        lasts(load, 0.5, 200)
        clients, files = connections(proxy), open_files(proxy.process)
        insert = raw_query(f"INSERT INTO {table} (k, c, v) VALUES (1000, 1, 'whole')")
        for cut_at in range(1, len(insert), 7):
            client = raw_client(proxy.port)
            client.sendall(raw_query(f"INSERT INTO {table} (k, c, v) VALUES (1000, 2, 'sent, and not waited for')") + insert[:cut_at])
            if cut_at % 2:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # reset instead of an orderly end
            client.close()
        wait_until(lambda: connections(proxy) == clients)
        # Beside those of the load there are now connections to the clusters for protocol v4: one of each loop to each node, with and without
        # a keyspace at most.
        assert open_files(proxy.process) <= files + 2 * 2 * os.cpu_count()
    load.assert_answered()
    assert load.errors == {}
    repair(proxy)
    assert load.assert_complete_but_for(origin, target, {(1000, 2)}) > 50
    text = f"SELECT c, v, writetime(v) FROM {table} WHERE k = 1000"
    assert origin.rows(text) == target.rows(text)
    assert [row.c for row in origin.rows(text)] in ([], [2]), "half a frame was executed"


@pytest.mark.long
@pytest.mark.parametrize("version", [4, 5])
def test_a_client_whose_bytes_come_one_by_one_or_late(started, origin, target, table, version):
    proxy = started()
    with fault_relay.running("127.0.0.1:0", f"127.0.0.1:{proxy.port}") as relay:
        between = BehindRelay(proxy, relay)
        load = CheckedLoad(between, table, TIMEOUT, protocol_version=version)
        with load:
            # The Python driver itself does not survive bytes that come to it one by one on v5 (lab/README.md).
            relay.command(do="byte_at_a_time", **({"direction": "to_upstream"} if version == 5 else {}))
            lasts(load, 5, 100)
            relay.command(do="delay", ms=200)
            lasts(load, 4, 40)
        load.assert_answered()
        assert load.errors == {}, load.texts
        assert load.assert_complete(origin, target) > 30
        between.stop()


class BehindRelay:
    """Sessions to a proxy through a relay."""

    def __init__(self, proxy, relay):
        self.proxy, self.port, self.clusters = proxy, int(relay.address.rpartition(":")[2]), []

    connect = RunningProxy.connect

    def stop(self):
        for cluster in self.clusters:
            cluster.shutdown()


@pytest.mark.long
def test_clients_that_vanish_or_never_read_harm_no_other(started, origin, target, table):
    proxy = started()
    load = CheckedLoad(proxy, table, TIMEOUT)
    with load, fault_relay.running("127.0.0.1:0", f"127.0.0.1:{proxy.port}") as relay:
        lasts(load, 1, 50)
        before_them, memory = connections(proxy), resident_mebibytes(proxy.process)
        origin.session.execute(f"INSERT INTO {table} (k, c, v) VALUES (2000, 1, '{'x' * 200_000}')")
        target.session.execute(f"INSERT INTO {table} (k, c, v) VALUES (2000, 1, '{'x' * 200_000}')")
        clients = []
        select = f"SELECT v FROM {table} WHERE k = 2000 AND c = 1"
        for _ in range(4):  # each asks for 30 MB and takes nothing, and then asks for 120 MB
            client = raw_client(proxy.port)
            client.settimeout(3)
            for stream in range(150):
                client.sendall(raw_query(select, stream))
            wait_until(lambda client=client: in_flight_of(proxy, client) == 0)
            with contextlib.suppress(TimeoutError):
                for stream in range(150, 750):
                    client.sendall(raw_query(select, stream))
            clients.append(client)
        vanished = raw_client(int(relay.address.rpartition(":")[2]))
        relay.command(do="half_open")
        for stream in range(100):
            vanished.sendall(raw_query(select, stream))
        before = load.good["read"]
        lasts(load, 5, 100)
        assert load.good["read"] > before + 10
        grown = resident_mebibytes(proxy.process) - memory
        assert [in_flight_of(proxy, client) for client in clients] == [0] * 4  # nothing more was read of them
        for client in clients + [vanished]:
            client.close()
        relay.command(do="cut")
        wait_until(lambda: connections(proxy) == before_them)
    load.assert_answered()
    assert load.errors == {}, load.texts
    # Each has the answers to what it asked before the 16 MiB were full, in a buffer that may have grown for twice as much.
    assert grown < 4 * 2 * 30 + 64, f"{grown:.0f} MiB more"


@contextlib.contextmanager
def killed(side):
    cassandra_lab.kill(side.name)
    try:
        yield
    finally:
        cassandra_lab.restart(side.name)
        side.reconnect()


@contextlib.contextmanager
def paused(side):
    """The node runs no instruction; its sockets stay open."""
    process = cassandra_lab.load(side.name).node(1).process_id
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


@pytest.mark.long
def test_the_origin_is_killed_when_the_target_answers(started, origin, target, table):
    proxy = started()
    switch(proxy, 4, "origin_best_effort")
    load = CheckedLoad(proxy, table, TIMEOUT)
    with load:
        lasts(load, 1, 50)
        with killed(origin):
            lasts(load, 10, 200)
            assert proxy.get("/phase")["unrepaired"]["origin"] > 0
        wait_until_both_take_writes(proxy, load)
    load.assert_answered()
    assert load.errors == {}, load.texts
    repair(proxy)
    assert load.assert_complete(origin, target) > 50


@pytest.mark.long
@pytest.mark.parametrize("mode", ["strict", "target_best_effort"])
def test_the_target_is_paused_for_fifteen_seconds(started, origin, target, table, mode):
    proxy = started()
    switch(proxy, 1, mode)
    load = CheckedLoad(proxy, table, TIMEOUT)
    with load:
        lasts(load, 1, 50)
        with paused(target):
            reads = load.good["read"]
            lasts(load, 15, 20)
            assert load.good["read"] > reads
        load.wait_until_healthy()
        wait_until_both_take_writes(proxy, load)
    load.assert_answered()
    if mode == "strict":
        assert {kind for kind, _ in load.errors} <= {"insert", "update", "delete", "batch"}, load.errors
        assert {name for _, name in load.errors} <= {"WriteTimeout", "IsBootstrappingErrorMessage"}, load.texts
        assert load.errors
    else:
        assert load.errors == {}, load.texts
    repair(proxy)
    assert load.assert_complete(origin, target) > 50


def test_the_proxy_is_killed_under_load_and_started_again(started, origin, target, table):
    proxy = started()
    load = CheckedLoad(proxy, table, TIMEOUT, may_lose_connection=True)
    with load:
        lasts(load, 1, 100)
        proxy.kill()
        proxy.start()
        load.wait_until_healthy()
        entered = proxy.get("/journal/summary")["tables"]
        assert [(one["table"], one["side"]) for one in entered] == [(table, "both")]
    load.assert_answered()
    repair(proxy)
    assert load.assert_complete(origin, target) > 50


@pytest.mark.long
def test_the_proxy_is_killed_eight_times(started, origin, target, table):
    proxy = started()
    load = CheckedLoad(proxy, table, TIMEOUT, may_lose_connection=True)
    with load:
        for run in range(8):
            lasts(load, 0.3 + 0.4 * run, 50)
            proxy.kill()
            proxy.start()
            load.wait_until_healthy(quiet=0.5)
            if run % 3 == 2:
                repair(proxy)
    load.assert_answered()
    repair(proxy)
    assert load.assert_complete(origin, target) > 50


@pytest.mark.long
def test_the_proxy_is_stopped_in_order_under_load(started, origin, target, table):
    proxy = started()
    load = CheckedLoad(proxy, table, TIMEOUT, may_lose_connection=True)
    with load:
        for _ in range(4):
            lasts(load, 1.5, 100)
            begun = time.monotonic()
            assert proxy.terminate() == 0
            assert time.monotonic() - begun < TIMEOUT + 2
            proxy.start()
            assert proxy.get("/journal/summary")["entries"] == 0, "a stop in order left entries"
            load.wait_until_healthy(quiet=0.5)
    load.assert_answered()
    # What was under way was answered; what came after was refused as not executed, or met a closed connection.
    assert "WriteTimeout" not in {name for _, name in load.errors}, load.texts
    assert load.assert_complete(origin, target) > 50


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 3 MiB where the proxies of this test keep their state."""
    state = tmp_path / "state"
    state.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(state)], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"no small file system can be mounted here: {mounted.stderr.strip()}")
    yield state
    subprocess.run(["umount", "-l", str(state)], check=True)


def fill_up(folder):
    """Takes every byte that is left, also what came free since; gives the file."""
    path = folder / "ballast"
    with contextlib.suppress(OSError), open(path, "ab", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return path


@pytest.mark.long
@pytest.mark.parametrize("mode", ["strict", "target_best_effort"])
def test_the_journals_disk_is_full(small_disk, relay_of, started, origin, target, table, mode):
    relay = relay_of("target")
    proxy = started(target=relay.address)
    switch(proxy, 1, mode)
    load = CheckedLoad(proxy, table, TIMEOUT)
    with load:
        lasts(load, 1, 50)
        ballast = fill_up(small_disk)
        lasts(load, 2, 50)
        assert load.errors == {}, f"both clusters took every write, and yet: {load.texts}"
        relay.command(do="refuse")
        relay.command(do="cut")
        # The journal makes room of its own log first: that is taken, too.
        wait_until(lambda: fill_up(small_disk) and any("journal" in text for text in load.texts.values()))
        lasts(load, 4, 20)
        reads = load.good["read"]
        lasts(load, 1, 20)
        assert load.good["read"] > reads
        ballast.unlink()
        relay.command(do="accept")
        load.wait_until_healthy()
        wait_until_both_take_writes(proxy, load)
    load.assert_answered()
    assert {name for _, name in load.errors} <= {"WriteTimeout", "IsBootstrappingErrorMessage"}, load.texts
    assert "journal could not be written" in load.texts["WriteTimeout"], load.texts
    assert "check the disk" in proxy.log.read_text()
    repair(proxy)
    assert load.assert_complete(origin, target) > 50


@pytest.mark.long
@pytest.mark.parametrize("side, mode", [("target", "strict"), ("target", "target_best_effort"), ("origin", "strict")])
def test_connections_that_went_silent_for_good_are_replaced(relay_of, started, origin, target, table, side, mode):
    """A firewall that forgot them, a node that lost its power and came back: nothing closes these connections, and new ones work."""
    relay = relay_of(side)
    proxy = started(**{side: relay.address})
    switch(proxy, 1, mode)
    load = CheckedLoad(proxy, table, TIMEOUT)
    with load:
        lasts(load, 1, 50)
        relay.command(do="lose")
        lasts(load, 4, 5)
        load.wait_until_healthy(seconds=30)
        wait_until_both_take_writes(proxy, load, seconds=30)
    load.assert_answered()
    assert load.errors or mode != "strict", "nothing was lost"
    repair(proxy)
    assert load.assert_complete(origin, target) > 50
