"""Switching phases: all proxies or none, without dropping a connection."""
import json
import threading
import urllib.request


def post(proxy, path, **body):
    request = urllib.request.Request(proxy.url + path, json.dumps(body).encode(), method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.loads(refusal.read())


def test_all_proxies_switch_together_under_load(driver, proxy, keyspace):
    second = proxy.sibling()
    session = driver.connect(proxy)
    session.execute(f"CREATE TABLE {keyspace}.t (k int PRIMARY KEY, v int)")
    insert = session.prepare(f"INSERT INTO {keyspace}.t (k, v) VALUES (?, ?)")
    running, problems, done = True, [], [0]

    def work():
        while running:
            try:
                session.execute(insert, (done[0] % 100, done[0]))
                session.execute(f"UPDATE {keyspace}.t SET v = 5 WHERE k = 1000 IF v = 4")
                done[0] += 1
            except Exception as problem:
                problems.append(repr(problem))

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for phase in (2, 3, 4, 5, 4, 1):
            switched = proxy.command("phase", "set", str(phase), "--proxy", proxy.url, "--proxy", second.url)
            assert switched.returncode == 0, switched.stderr + switched.stdout
            assert {one.get("/phase")["phase"] for one in (proxy, second)} == {phase}
    finally:
        running = False
        worker.join()
    assert not problems, problems[:3]
    assert done[0] > 0
    assert proxy.get("/phase")["epoch"] == second.get("/phase")["epoch"] == 6


def test_none_switches_when_one_cannot_be_reached(proxy):
    second = proxy.sibling()
    second.kill()
    switched = proxy.command("phase", "set", "2", "--proxy", proxy.url, "--proxy", second.url)
    assert switched.returncode == 20
    assert second.url.split("//")[1] in switched.stdout + switched.stderr
    state = proxy.get("/phase")
    assert (state["phase"], state["holding"]) == (1, False)


def test_a_write_mode_that_the_phase_does_not_allow_is_refused_by_name(proxy):
    assert proxy.command("phase", "set", "2", "--write-mode", "target_best_effort", "--proxy", proxy.url).returncode == 0
    refused = proxy.command("phase", "set", "4", "--proxy", proxy.url)
    assert refused.returncode != 0
    assert "--write-mode" in refused.stdout + refused.stderr
    assert proxy.get("/phase")["phase"] == 2


def test_conditional_writes_wait_while_a_switch_is_prepared(proxy, keyspace):
    session = proxy.connect()
    session.execute(f"CREATE TABLE {keyspace}.t (k int PRIMARY KEY, v int)")
    status, answer = post(proxy, "/phase/prepare", id="one", phase=4)
    assert (status, answer["ok"]) == (200, True)
    conditional = session.execute_async(f"INSERT INTO {keyspace}.t (k, v) VALUES (1, 1) IF NOT EXISTS")
    session.execute(f"INSERT INTO {keyspace}.t (k, v) VALUES (2, 2)")  # plain writes pass
    assert proxy.get("/phase")["holding"] is True
    assert not conditional._event.is_set()
    status, answer = post(proxy, "/phase/commit", id="one", epoch=answer["epoch"] + 1, phase=4, write_mode="strict")
    assert (status, answer["phase"]) == (200, 4)
    assert conditional.result().was_applied is True


def test_the_phase_outlives_the_proxy(proxy):
    assert proxy.command("phase", "set", "3", "--proxy", proxy.url).returncode == 0
    assert proxy.terminate() == 0
    proxy.start("--phase", "1")
    assert (proxy.get("/phase")["phase"], proxy.get("/phase")["epoch"]) == (3, 1)


def test_a_proxy_that_missed_a_switch_follows_its_siblings(proxy):
    second = proxy.sibling()
    second.terminate()
    assert proxy.command("phase", "set", "4", "--proxy", proxy.url).returncode == 0
    second.start("--siblings", proxy.url)
    assert (second.get("/phase")["phase"], second.get("/phase")["epoch"]) == (4, 1)
