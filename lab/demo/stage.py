"""What the demo stands on: two real clusters, the proxy, the gateway and the application; started, waited for and stopped here."""
import contextlib
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import cassandra_lab
from timeline import CROSSFADE, ROOT, Failed, shown, tell

ORIGIN, TARGET = "127.0.0.11", "127.0.0.21"
ORIGIN_NAME, TARGET_NAME = "demo-origin", "demo-target"
LISTEN, ADMIN = "127.0.0.1:9042", "127.0.0.1:14001"
STATE = ROOT / ".lab" / "demo-state"
GATEWAY_HOST, GATEWAY_NAME = "127.0.0.1", "shop"
GATEWAY = STATE / "gateway"
GATEWAY_PORTS = (29042, 29080)  # those of `gateway init` unless it is told others: CQL, the metadata service
BUNDLE = GATEWAY / f"secure-connect-{GATEWAY_NAME}-datacenter1.zip"
TOKEN_FILE = GATEWAY / "token"


class Application:
    """The application's process and its answers."""

    def __init__(self):
        program = pathlib.Path(__file__).resolve().parent / "application.py"
        # A session of its own: Ctrl-C is for the demo, which then ends it.
        self.process = subprocess.Popen([sys.executable, "-B", str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)

    def ask(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"ok": False, "problem": "the application ended"}
        if not answer["ok"]:
            raise Failed("the application: " + answer["problem"])
        return answer

    def let_run(self, seconds):
        """Lets it work and shows what it did meanwhile."""
        before = self.ask(ask=True)
        begun = time.monotonic()
        time.sleep(seconds)
        after = self.ask(ask=True)
        rate = (after["requests"] - before["requests"]) / (time.monotonic() - begun)
        tell(f"application: {after['requests']} requests so far, {rate:.0f}/s, {after['failures']} failed", indent=True)
        if after["failures"]:
            raise Failed("requests failed: " + "; ".join(after["first_failures"]))


class Stage:
    def __init__(self):
        self.application = None
        self.clusters = []   # names of those that are ours to stop
        self.processes = {}  # by name, "proxy" and "gateway": those that run
        self.has_state = False

    def set_up(self):
        """Both clusters, at the same time, and the application. What an earlier demo has kept is refused, and left alone."""
        kept = sorted({cluster.name for cluster in cassandra_lab.clusters()} & {ORIGIN_NAME, TARGET_NAME})
        if kept:
            raise Failed(f"an earlier demo has left {' and '.join(kept)}: 'lab/cassandra stop {' '.join(kept)}' removes them; end its proxy and gateway, too")
        for address in (LISTEN, ADMIN, *(f"{GATEWAY_HOST}:{port}" for port in GATEWAY_PORTS)):
            refuse_taken(address)
        shutil.rmtree(STATE, ignore_errors=True)
        STATE.mkdir(parents=True)
        self.has_state = True
        tell("starting Cassandra 4.1 (the origin) and Cassandra 5.0 (the target)")
        self.start_clusters()
        self.application = Application()

    def start_clusters(self):
        problems = []

        def start(name, version, address):
            try:
                cassandra_lab.start(name, version=version, address=address)
            except Exception as problem:
                problems.append(f"{name}: {problem}")

        threads = []
        for one in ((ORIGIN_NAME, "4.1", ORIGIN), (TARGET_NAME, "5.0", TARGET)):
            self.clusters.append(one[0])
            threads.append(threading.Thread(target=start, args=one))
            threads[-1].start()
        for thread in threads:
            thread.join()
        if problems:
            raise Failed("; ".join(problems))

    def serve(self, name, ready, *words):
        """Starts `crossfade WORDS` in the background; returns when its log says `ready`."""
        log = STATE / f"{name}.log"
        with open(log, "w") as sink:
            process = subprocess.Popen([str(CROSSFADE), *map(str, words)], stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True)
        self.processes[name] = process
        until = time.monotonic() + 30
        while ready not in log.read_text():
            if process.poll() is not None or time.monotonic() > until:
                raise Failed(f"the {name} did not start:\n" + log.read_text()[-2000:])
            time.sleep(0.05)  # only how often the log is looked at

    def start_proxy(self):
        words = ["proxy", "--origin", ORIGIN, "--target", TARGET, "--listen", LISTEN, "--admin", ADMIN]
        tell("$ crossfade " + " ".join(words))
        self.serve("proxy", "listening on", *words, "--state-dir", STATE)

    def start_gateway(self):
        words = ["gateway", "run", "--dir", GATEWAY]
        tell(f"$ crossfade {' '.join(map(str, words))}")
        self.serve("gateway", "serves", *words)

    def stop(self, name):
        """Ends the proxy or the gateway as an operator does."""
        process = self.processes[name]
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=30)
        if code != 0:
            raise Failed(f"the {name} did not end cleanly but with {code}:\n" + (STATE / f"{name}.log").read_text()[-2000:])

    def stop_origin(self):
        cassandra_lab.stop(ORIGIN_NAME)
        self.clusters.remove(ORIGIN_NAME)

    def stop_all(self):
        """Whatever still runs."""
        for process in [self.application and self.application.process, *self.processes.values()]:
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        for name in self.clusters:
            with contextlib.suppress(cassandra_lab.LabError):  # it did not start
                cassandra_lab.stop(name)
        if self.has_state:
            shutil.rmtree(STATE, ignore_errors=True)

    def how_to_connect(self):
        """For whoever has asked to keep it all. Where the token lies, never what it is."""
        processes = " ".join(str(self.processes[name].pid) for name in ("proxy", "gateway"))
        return shown(f"""
Still up: origin {ORIGIN}:9042, target {TARGET}:9042, proxy {LISTEN} (admin API http://{ADMIN}), and the gateway in front of the target:
  bundle  {BUNDLE}
  token   in {TOKEN_FILE}, for the user 'token'
  log     {STATE}/gateway.log; who logged in: {GATEWAY}/audit.log
  Python  Cluster(cloud={{'secure_connect_bundle': '{BUNDLE}'}},
                  auth_provider=PlainTextAuthProvider('token', open('{TOKEN_FILE}').read().strip()))
  C++     CROSSFADE_TOKEN=$(cat {TOKEN_FILE}) build/examples/rows {BUNDLE} 'SELECT * FROM shop.prices'
What is written through the gateway is on the target alone.
Stop them: kill {processes}; lab/cassandra stop {ORIGIN_NAME} {TARGET_NAME}; rm -r {STATE}""")


def refuse_taken(address):
    """The proxy and the gateway share their ports between their threads: what listens there already would go unnoticed and take a part of the clients."""
    host, port = address.split(":")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as error:
            raise Failed(f"{address} is taken by another program ({error.strerror}); is the proxy or gateway of an earlier demo still up?")


def admin(path):
    """What the proxy's admin API answers: JSON, or text where it is none."""
    with urllib.request.urlopen(f"http://{ADMIN}{path}", timeout=5) as answer:
        text = answer.read().decode()
    return json.loads(text) if text.startswith("{") else text


def metric(name):
    for line in admin("/metrics").splitlines():
        if line.startswith(name + " "):
            return int(line.split()[1])
    raise Failed(f"no metric {name}")
