"""What networks, nodes, disks and operators do to a proxy under load: every request is answered in time, reads go on where they can, what was
acknowledged is on both clusters once the journal is repaired, with the same writetimes."""
import contextlib
import ctypes
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
    ("target", 1, "strict"), ("target", 1, "target_best_effort"), ("target", 3, "target_best_effort"),
    ("origin", 1, "strict"), ("origin", 4, "strict"), ("origin", 4, "origin_best_effort"),
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
