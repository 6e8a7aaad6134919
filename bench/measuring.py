"""How bench/proxy, bench/connect and bench/gateway measure: cases, runs of the load generator through one relay after the other, medians."""

import json
import os
import statistics
import subprocess
import sys

from servers import BenchError, stub_nodes

CONNECTIONS = 16
FIGURES = ("ops_s", "p50_us", "p99_us", "cpu_us_per_op", "waited_share")


class Case:
    def __init__(self, mix, depth, version, nodes):
        self.mix, self.depth, self.version, self.nodes = mix, depth, version, nodes
        self.name = f"{mix} {CONNECTIONS}x{depth} v{version} {nodes} node{'s' if nodes > 1 else ''}"


def build():
    folder = os.environ.get("CROSSFADE_BUILD")
    if not folder:
        folder = os.path.join(stub_nodes.PROJECT, "build", "release")
        subprocess.run(["cmake", "--preset", "release"], cwd=stub_nodes.PROJECT, stdout=sys.stderr, check=True)
    subprocess.run(["cmake", "--build", folder, "--target", "crossfade", "stub_node", "crossfade_load"], stdout=sys.stderr, check=True)


def load(relay, case, seconds):
    """One run of the load generator through a relay: its report."""
    arguments = [stub_nodes.program("crossfade_load"), "--to", relay.to, "--connections", str(CONNECTIONS), "--depth", str(case.depth),
                 "--protocol", str(case.version), "--mix", case.mix, "--seconds", str(seconds), "--warm-up", "0.3", *relay.load_arguments]
    if relay.process_id:
        arguments += ["--watch", str(relay.process_id)]
    run = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **relay.load_environment},
                         preexec_fn=stub_nodes.end_with_parent)
    if not run.stdout:
        raise BenchError(f"{case.name} through {relay.name}: {run.stderr.strip()}")
    report = json.loads(run.stdout)
    report["is_clean"] = run.returncode == 0
    return report


def answers_that_were_wrong(report):
    """What the load generator saw go wrong: a list, empty when nothing did."""
    names = ("errors", "wrong_answers", "unexpected_answers", "unanswered", "connections_lost")
    return [] if report["is_clean"] else [{name: report[name] for name in names}]


def complaints_of_one_cluster(report, nodes):
    """What is wrong with a run: wrong or missing answers, requests that came to the nodes more often or less."""
    found = answers_that_were_wrong(report)
    counts = [node.counts() for node in nodes]
    for kind in ("reads", "writes"):
        if (got := sum(count[kind] for count in counts)) != report[kind]:
            found.append(f"{report[kind]} {kind} were answered and the nodes got {got}")
    return found


def measure(case, relays, nodes, rounds, seconds, complaints):
    """Runs each relay `rounds` times, interleaved as A B B A, and gives (figures of the median run by name, what
    complaints(relay, report) found)."""
    reports, found = {name: [] for name in relays}, []
    for number in range(rounds):
        order = list(relays.values())
        for relay in order if number % 2 == 0 else reversed(order):
            for node in nodes:
                node.reset()
            report = load(relay, case, seconds)
            found += [f"{relay.name}: {wrong}" for wrong in complaints(relay, report)]
            reports[relay.name].append(report)
    figures = {}
    for name, runs in reports.items():
        by = "cpu_us_per_op" if "cpu_us_per_op" in runs[0] else "p50_us"
        middle = statistics.median_low(run[by] for run in runs)
        figures[name] = next({key: run[key] for key in FIGURES if key in run} for run in runs if run[by] == middle)
    return figures, found


def line_of(case, name, figures, found, most_us, most_ratio):
    """The JSON line of a case, `name` being what is measured. Limits that are None do not count."""
    line = {"case": case.name, **figures.get(name, {})}
    line |= {other: figures[other] for other in ("haproxy", "direct") if other in figures}
    if name in figures and "haproxy" in figures:
        line["ratio"] = round(figures[name]["cpu_us_per_op"] / figures["haproxy"]["cpu_us_per_op"], 2)
        if most_ratio:
            line["within_limit"] = line["ratio"] <= most_ratio and (most_us is None or line["cpu_us_per_op"] <= most_us)
    if name in figures and most_us and not most_ratio:
        line["within_limit"] = line["cpu_us_per_op"] <= most_us
    if found:
        line["wrong"] = found
    return line


def relay_cpus(wanted):
    """The last CPU for what is measured, the others for what makes it busy; None when there is only one or it was not wanted."""
    cpus = sorted(os.sched_getaffinity(0))
    if not wanted or len(cpus) < 2:
        return None
    os.sched_setaffinity(0, set(cpus[:-1]))
    return {cpus[-1]}
