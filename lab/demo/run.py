"""Moves a running application from Cassandra 4.1 to Cassandra 5.0 without one failed request, and proves it. Called by ./demo."""
import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT / "lab")]

import cassandra_lab  # noqa: E402
import data  # noqa: E402
from cassandra.cluster import Cluster  # noqa: E402

ORIGIN, TARGET = "127.0.0.11", "127.0.0.21"
LISTEN, ADMIN = "127.0.0.1:9042", "127.0.0.1:14001"
CROSSFADE = ROOT / "build" / "release" / "crossfade"
STATE = ROOT / ".lab" / "demo-state"
BEGUN = time.monotonic()


class Failed(Exception):
    pass


def tell(text, indent=False):
    spent = time.monotonic() - BEGUN
    print(f"{int(spent // 60):02d}:{spent % 60:04.1f}  {'    ' if indent else ''}{text}", flush=True)


def crossfade(*arguments, expect=0, show=True):
    """Runs one crossfade command as a user would; shows its last lines."""
    words = [str(CROSSFADE), *arguments]
    tell("$ crossfade " + " ".join(arguments))
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    for line in lines[-12:] if show else []:
        tell(line, indent=True)
    if done.returncode != expect:
        raise Failed(f"'crossfade {' '.join(arguments)}' ended with {done.returncode}, not {expect}:\n" + "\n".join(lines[-30:]))
    return done.stdout


class Application:
    """The application's process and its answers."""

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, "-B", str(HERE / "application.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

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


def session_to(host):
    cluster = Cluster([host])
    return cluster, cluster.connect()


def start_clusters():
    tell("starting Cassandra 4.1 (the origin) and Cassandra 5.0 (the target)")
    problems = []

    def start(name, version, address):
        try:
            cassandra_lab.start(name, version=version, address=address)
        except Exception as problem:
            problems.append(f"{name}: {problem}")

    threads = [threading.Thread(target=start, args=one) for one in (("demo-origin", "4.1", ORIGIN), ("demo-target", "5.0", TARGET))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise Failed("; ".join(problems))


def start_proxy():
    STATE.mkdir(parents=True, exist_ok=True)
    log = open(STATE / "proxy.log", "w")
    words = [str(CROSSFADE), "proxy", "--origin", ORIGIN, "--target", TARGET, "--listen", LISTEN, "--admin", ADMIN, "--state-dir", str(STATE)]
    tell("$ crossfade " + " ".join(words[1:-2]))
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    until = time.monotonic() + 20
    while "listening on" not in (STATE / "proxy.log").read_text():
        if process.poll() is not None or time.monotonic() > until:
            raise Failed("the proxy did not start:\n" + (STATE / "proxy.log").read_text()[-2000:])
        time.sleep(0.05)
    return process


def metric(name):
    with urllib.request.urlopen(f"http://{ADMIN}/metrics", timeout=5) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(name + " "):
                return int(line.split()[1])
    raise Failed(f"no metric {name}")


def migrate_arguments(command, tables):
    return [command, "--origin", ORIGIN, "--target", TARGET, "--state-dir", str(STATE), "--log-level", "warning", *[f"{data.KEYSPACE}.{table}" for table in tables]]


def counted(output, word):
    """The number that the last line of a command's output gives for a word: `rows copied: 300,000`."""
    import re
    found = re.findall(rf"{word}\D{{0,3}}([\d,]+)", output)
    return int(found[-1].replace(",", "")) if found else 0


def journey(application, arguments, result):
    tell("== phase 0: prepare")
    cluster, session = session_to(ORIGIN)
    data.create(session)
    rows = data.fill(cluster, session, arguments.rows, lambda name, count: tell(f"origin: {count:,} rows of {name}", indent=True))
    cluster.shutdown()
    tell(f"origin holds {rows:,} rows in {len(data.TABLES) + len(data.COUNTER_TABLES)} tables")
    cluster, session = session_to(TARGET)
    data.create(session)
    cluster.shutdown()
    application.ask(phase="before")
    application.ask(connect=ORIGIN, port=9042)
    tell("the application runs against the origin, with the official Python driver")
    application.let_run(4)

    tell("== phase 1: connect. The application moves to the proxy; every write goes to both clusters")
    proxy = start_proxy()
    result["proxy"] = proxy
    application.ask(connect="127.0.0.1", port=9042)
    application.ask(phase="phase 1")
    application.let_run(5)
    result["phases"].append(1)

    tell("== phase 2: copy. Existing data is copied and compared under live writes")
    crossfade("phase", "set", "2", "--proxy", f"http://{ADMIN}")
    application.ask(phase="phase 2")
    begun = time.monotonic()
    output = crossfade(*migrate_arguments("migrate", data.TABLES))
    result["rows_copied"] += counted(output, "rows copied")
    result["copy_seconds"] = time.monotonic() - begun
    tell("counters are copied at rest: the application counts no page views for a moment")
    application.ask(counters=False)
    output = crossfade(*migrate_arguments("migrate", data.COUNTER_TABLES))
    result["rows_copied"] += counted(output, "rows copied")
    crossfade(*migrate_arguments("validate", data.COUNTER_TABLES))
    application.ask(counters=True)
    crossfade(*migrate_arguments("validate", data.TABLES))
    application.let_run(2)
    result["phases"].append(2)

    tell("== phase 3: rehearse. Reads also go to the target, asynchronously, and the answers are compared")
    crossfade("phase", "set", "3", "--proxy", f"http://{ADMIN}")
    application.ask(phase="phase 3")
    application.let_run(8)
    tell(f"rehearsed {metric('crossfade_rehearsed_total')} reads: {metric('crossfade_rehearsal_equal_total')} equal, "
         f"{metric('crossfade_rehearsal_different_total')} different, {metric('crossfade_rehearsal_failed_total')} failed", indent=True)
    result["differences"] += metric("crossfade_rehearsal_different_total")
    result["phases"].append(3)

    tell("== phase 4: switch reads. The target answers; the origin still gets every write")
    crossfade("phase", "set", "4", "--proxy", f"http://{ADMIN}")
    application.ask(phase="phase 4")
    application.let_run(8)
    result["phases"].append(4)

    tell("== phase 5: cut over. Both clusters are compared once more, then the application connects straight to the target")
    crossfade("phase", "set", "5", "--proxy", f"http://{ADMIN}")
    application.ask(phase="phase 5")
    crossfade(*migrate_arguments("validate", data.TABLES))
    application.ask(counters=False)
    crossfade(*migrate_arguments("validate", data.COUNTER_TABLES))
    crossfade("journal", "summary", "--proxy", f"http://{ADMIN}")
    application.ask(connect=TARGET, port=9042)
    application.ask(counters=True)
    application.ask(phase="direct")
    if not arguments.keep:
        proxy.send_signal(signal.SIGTERM)
        if proxy.wait(timeout=30) != 0:
            raise Failed("the proxy did not end cleanly")
        tell("the proxy has stopped; the application does not notice")
    application.let_run(5)
    result["phases"].append(5)


def report(result, final):
    print()
    print(f"{'phase':<10}{'requests':>10}{'p50 ms':>9}{'p99 ms':>9}")
    for phase, figures in final["figures"].items():
        print(f"{phase:<10}{figures['requests']:>10}{figures['p50_ms']:>9}{figures['p99_ms']:>9}")
    print()
    rate = result["rows_copied"] / max(result["copy_seconds"], 0.001)
    rows = [("requests", final["requests"]), ("failures (must be 0)", final["failures"]), ("rows copied", f"{result['rows_copied']:,}"),
            ("rows/s", f"{rate:,.0f}"), ("differences (must be 0)", result["differences"]), ("acknowledged writes", final["acknowledged"]),
            ("acknowledged writes missing (must be 0)", final["missing"])]
    for name, value in rows:
        print(f"{name:<42}{value:>12}")
    print()
    line = {"requests": final["requests"], "failures": final["failures"], "rows_copied": result["rows_copied"], "differences": result["differences"],
            "acknowledged_missing": final["missing"], "phases": result["phases"]}
    print(json.dumps(line), flush=True)
    return final["failures"] == 0 and result["differences"] == 0 and final["missing"] == 0 and result["phases"] == [1, 2, 3, 4, 5] \
        and result["rows_copied"] > 0


def stop_all(result, application):
    if application.process.poll() is None:
        application.process.kill()
        application.process.wait()
    proxy = result.get("proxy")
    if proxy is not None and proxy.poll() is None:
        proxy.kill()
        proxy.wait()
    for name in ("demo-origin", "demo-target"):
        try:
            cassandra_lab.stop(name)
        except cassandra_lab.LabError:
            pass  # it had not been started
    shutil.rmtree(STATE, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(prog="./demo", description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000, help="rows that the origin holds before the migration (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="leave the clusters and the proxy up, and say how to connect to them")
    arguments = parser.parse_args()
    result = {"phases": [], "differences": 0, "rows_copied": 0, "copy_seconds": 0.0}
    application = Application()
    is_good = False
    try:
        start_clusters()
        journey(application, arguments, result)
        final = application.ask(stop=True)
        for failure in final["first_failures"] + final["first_missing"]:
            tell("FAILED: " + failure)
        is_good = report(result, final)
    except KeyboardInterrupt:
        tell("interrupted")
    except Exception as problem:  # whatever it was: it is told, everything is stopped, and the exit code says it
        tell(f"FAILED: {type(problem).__name__}: {problem}")
    finally:
        if arguments.keep and is_good:
            print(f"\nStill up: origin {ORIGIN}:9042, target {TARGET}:9042, proxy {LISTEN}, its admin API http://{ADMIN}\n"
                  f"Stop them: kill {result['proxy'].pid}; lab/cassandra stop demo-origin; lab/cassandra stop demo-target")
        else:
            stop_all(result, application)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
