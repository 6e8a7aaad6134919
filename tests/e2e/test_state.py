"""A proxy's phase and journal belong to two clusters, however they are reached; to no others."""
import json
import subprocess

import cassandra_lab


def phase_of(proxy):
    return proxy.get("/phase")["phase"]


def owner_files(proxy):
    return list((proxy.folder / "state").glob("*/proxy-*/owner.json"))


def refused(proxy):
    """What a proxy says that must not start with this state."""
    words = [proxy.program, "proxy", "--origin", proxy.origin, "--target", proxy.target, "--listen", f"127.0.0.1:{proxy.port}",
             "--admin", f"127.0.0.1:{proxy.admin_port}", "--state-dir", str(proxy.folder / "state")]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert done.returncode == 30, (done.returncode, done.stderr[-2000:])
    return done.stderr


def test_the_same_clusters_by_other_contact_points_have_the_same_state(proxy, origin, target):
    assert proxy.command("phase", "set", "3", "--proxy", proxy.url).returncode == 0
    assert proxy.terminate() == 0
    given = proxy.origin
    proxy.origin = f"127.0.0.240:9042,{given}"  # nobody is there
    proxy.start()
    assert phase_of(proxy) == 3
    assert proxy.terminate() == 0
    proxy.origin = given
    proxy.start()
    assert phase_of(proxy) == 3
    owner, = owner_files(proxy)
    names = {side: one["name"] for side, one in json.loads(owner.read_text()).items()}
    assert names == {"origin": origin.rows("SELECT cluster_name FROM system.local")[0][0], "target": target.rows("SELECT cluster_name FROM system.local")[0][0]}


def test_with_a_cluster_away_a_proxy_finds_its_state(proxy, target):
    assert proxy.command("phase", "set", "2", "--write-mode", "target_best_effort", "--proxy", proxy.url).returncode == 0
    assert proxy.terminate() == 0
    cassandra_lab.kill(target.name)
    try:
        proxy.start()
        assert (phase_of(proxy), proxy.get("/phase")["write_mode"]) == (2, "target_best_effort")
        assert len(owner_files(proxy)) == 1
        assert proxy.terminate() == 0
        proxy.target = "127.0.0.241"
        assert "does not answer" in refused(proxy)
    finally:
        cassandra_lab.restart(target.name)
        target.reconnect()


def test_another_cluster_at_the_same_address_is_refused(proxy):
    assert proxy.command("phase", "set", "3", "--proxy", proxy.url).returncode == 0
    assert proxy.terminate() == 0
    owner, = owner_files(proxy)
    recorded = json.loads(owner.read_text())
    own_name = recorded["target"]["name"]
    recorded["target"]["name"] = "what stood there before"
    owner.write_text(json.dumps(recorded))
    said = refused(proxy)
    assert "what stood there before" in said and own_name in said and str(owner.parent) in said


def test_another_cluster_that_comes_later_ends_the_proxy(proxy, target):
    """It was away at the start, and its place has been taken."""
    assert proxy.terminate() == 0
    cassandra_lab.kill(target.name)
    try:
        owner, = owner_files(proxy)
        recorded = json.loads(owner.read_text())
        recorded["target"]["name"] = "what stood there before"
        owner.write_text(json.dumps(recorded))
        for file in owner.parent.glob("journal.sqlite*"):
            file.unlink()  # it says for itself whose it is
        proxy.start()
    finally:
        cassandra_lab.restart(target.name)
        target.reconnect()
    assert proxy.process.wait(timeout=60) == 30
    assert "what stood there before" in proxy.log.read_text()
