#!/usr/bin/env python3
"""Builds and tests Crossfade: ./test (under 30 minutes on two cores), ./test --long (everything), ./test --only STEP[,STEP].

Each step prints what it does; its full output is in build/test-logs/. The end names what failed and what was not run, and why.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "test-logs"
PYTHON = ROOT / ".cache" / "python" / "bin" / "python"
JOBS = str(os.cpu_count() or 2)


class Outcome:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.notes = []       # what was not run, and why
        self.failures = []    # (step, what to look at)


def run(log, command, environment=None, timeout=3600):
    """Runs one command with its output in `log`; gives (exit code, output)."""
    full = dict(os.environ, **(environment or {}))
    with open(log, "ab") as out:
        out.write(("$ " + " ".join(map(str, command)) + "\n").encode())
        out.flush()
        start = out.tell()
        try:
            code = subprocess.run(list(map(str, command)), cwd=ROOT, env=full, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                  timeout=timeout).returncode
        except subprocess.TimeoutExpired:
            out.write(f"\nstopped after {timeout} s\n".encode())
            code = 124
    return code, log.read_bytes()[start:].decode(errors="replace")


def build(outcome, log, preset, targets=()):
    for command in (["cmake", "--preset", preset], ["cmake", "--build", f"build/{preset}", "-j", JOBS] + (["--target", *targets] if targets else [])):
        code, output = run(log, command)
        if code != 0:
            errors = [line for line in output.splitlines() if "error" in line.lower()][:10]
            outcome.failed += 1
            outcome.failures.append((f"build {preset}", "\n    ".join(errors) or str(log)))
            return False
    return True


def count_ctest(outcome, step, code, output):
    found = re.search(r"(\d+)% tests passed, (\d+) tests failed out of (\d+)", output)
    if not found or int(found.group(3)) == 0:
        outcome.failed += 1
        outcome.failures.append((step, "ctest ran no test"))
        return
    failed, total = int(found.group(2)), int(found.group(3))
    skipped = output.count("***Skipped")
    outcome.passed += total - failed - skipped
    outcome.failed += failed
    outcome.skipped += skipped
    if failed or code != 0:
        names = re.findall(r"^\s*\d+ - (\S+) \((?:Failed|Timeout|SEGFAULT|Subprocess aborted)\)", output, re.M)
        outcome.failures.append((step, ", ".join(names[:20])))
    for name in sorted(set(re.findall(r"Test +#\d+: (\S+) \.+\*\*\*Skipped", output))):
        outcome.notes.append(f"{name}: skipped by itself (see {step})")


def count_pytest(outcome, step, code, output):
    closing = output.strip().splitlines()[-1] if output.strip() else ""
    numbers = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|skipped|error)", closing)}
    outcome.passed += numbers.get("passed", 0)
    outcome.failed += numbers.get("failed", 0) + numbers.get("error", 0)
    outcome.skipped += numbers.get("skipped", 0)
    if numbers.get("passed", 0) == 0 and code == 0:
        outcome.failed += 1
        outcome.failures.append((step, "pytest ran no test"))
    elif code != 0:
        if not numbers.get("failed", 0) and not numbers.get("error", 0):
            outcome.failed += 1
        failures = re.findall(r"^(?:FAILED|ERROR) (\S+::\S.*?)(?: - (.*))?$", output, re.M)
        outcome.failures += [(step, f"{name}: {reason or ''}{said(name, output, 1 if reason else 0)}") for name, reason in failures[:20]]
        if len(failures) != numbers.get("failed", 0) + numbers.get("error", 0) or not failures:
            outcome.failures.append((step, closing))
    outcome.notes += [f"{step}: {reason}" for reason in one_line_a_test(re.findall(r"^SKIPPED \[\d+\] (.+)$", output, re.M))]


def said(name, output, shown):
    """What pytest says of one failed case: the message's lines but the first `shown`, which its summary has (of a short name alone)."""
    case = name.split("::", 1)[1].replace("::", ".")
    section = re.search(rf"^_+ (?:ERROR at \w+ of )?{re.escape(case)} _+$(.*?)(?=^[_=]{{3,}} |\Z)", output, re.M | re.S)
    lines = re.findall(r"^E {2,}(.*)$", section.group(1), re.M) if section else []
    return "".join(f"\n    {line[:400]}" for line in lines[shown:shown + 12])


def one_line_a_test(reasons):
    """pytest's reasons of skipped cases, `FILE:LINE: FILE::TEST[CASE]: why`; those of one test that differ in the case alone become one."""
    cases = {}
    for reason in reasons:
        found = re.fullmatch(r"(?:\S+?:(?:\d+:)? )?(\S+::\w+)\[(.+?)\]: (.+)", reason)
        key = (found.group(1), found.group(3)) if found else (reason, "")
        cases.setdefault(key, []).append(found.group(2) if found else "")
    return [f"{test}{'[' + ', '.join(names) + ']' if why else ''}{': ' + why if why else ''}" for (test, why), names in cases.items()]


# --- the steps -------------------------------------------------------------------------------------------------------------------

def install(outcome, log, long):
    code, output = run(log, ["setup/install", "all", *(["all-drivers"] if long else [])])
    if code != 0:
        outcome.failed += 1
        outcome.failures.append(("install", output.strip().splitlines()[-1] if output.strip() else str(log)))
        return False
    return True


def unit(preset):
    def step(outcome, log, long):
        if not build(outcome, log, preset, ["all", "unit_tests"] if preset == "release" else ["unit_tests"]):
            return preset != "release"
        environment = {"UBSAN_OPTIONS": "print_stacktrace=1", "ASAN_OPTIONS": "detect_leaks=1", "TSAN_OPTIONS": "halt_on_error=1"}
        code, output = run(log, ["ctest", "--test-dir", f"build/{preset}", "-j", JOBS, "--output-on-failure"], environment)
        count_ctest(outcome, f"unit tests ({preset})", code, output)
        return True
    return step


def fuzz(outcome, log, long):
    if not build(outcome, log, "fuzz", ["fuzz_targets"]):
        return True
    seconds = 60 if long else 5
    targets = sorted(path for path in (ROOT / "build" / "fuzz").rglob("fuzz_*") if path.is_file() and os.access(path, os.X_OK))
    if not targets:
        outcome.failed += 1
        outcome.failures.append(("fuzz", "no target was built"))
    for target in targets:
        corpus = ROOT / "tests" / "fuzz" / "corpus" / target.name.removeprefix("fuzz_")
        found = LOGS / "fuzz" / target.name
        found.mkdir(parents=True, exist_ok=True)
        seeds = [corpus] if corpus.is_dir() else []
        code, output = run(log, [target, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", f"-artifact_prefix={found}/", found, *seeds])
        if code == 0:
            outcome.passed += 1
        else:
            outcome.failed += 1
            outcome.failures.append((target.name, next((line for line in output.splitlines() if "SUMMARY" in line or "ERROR" in line), str(log))))
    return True


def pytest(name, *arguments, programs_of_long=()):
    def step(outcome, log, long):
        if long and programs_of_long and not build(outcome, log, "release", programs_of_long):
            return True
        extra = ["--long"] if long and "tests/e2e" in arguments else []
        code, output = run(log, [PYTHON, "-B", "-m", "pytest", "-p", "no:cacheprovider", "-rsfE", "-q", *arguments, *extra],
                           {"PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "400"},
                           timeout=3 * 3600 if long else 3600)  # all drivers, faults and soak take an hour and a half where other work is done beside them
        count_pytest(outcome, name, code, output)
        return True
    return step


STEPS = [
    ("install", "installing what is missing", install, False),
    ("release", "building the release, running its unit tests", unit("release"), False),
    ("asan", "the same with address and undefined behaviour sanitizers", unit("asan"), False),
    ("tsan", "the same with the thread sanitizer", unit("tsan"), True),
    ("fuzz", "fuzzing every parser", fuzz, False),
    ("lab", "the tests of the lab and of the load generator", pytest("lab", "lab", "bench"), False),
    ("e2e", "end to end: real Cassandra 4.1 and 5.0, unmodified drivers", pytest("e2e", "tests/e2e", programs_of_long=["integration_programs"]), False),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", action="store_true", help="everything: all drivers, the thread sanitizer, 60 s a fuzz target, soak and faults")
    parser.add_argument("--only", default="", help="only these steps, by name: " + ", ".join(step[0] for step in STEPS))
    arguments = parser.parse_args()
    only = set(filter(None, arguments.only.split(",")))
    unknown = only - {step[0] for step in STEPS}
    if unknown:
        parser.error("no such step: " + ", ".join(sorted(unknown)))
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)
    outcome = Outcome()
    begun = time.monotonic()
    for name, does, step, is_long in STEPS:
        if only and name not in only:
            outcome.notes.append(f"{name}: not asked for (--only {arguments.only})")
            continue
        if is_long and not arguments.long and not only:
            outcome.notes.append(f"{name}: runs in ./test --long")
            continue
        print(f"== {name}: {does}", flush=True)
        start = time.monotonic()
        log = LOGS / f"{name}.log"
        log.touch()
        before = (outcome.passed, outcome.failed, outcome.skipped)
        goes_on = step(outcome, log, arguments.long)
        after = (outcome.passed, outcome.failed, outcome.skipped)
        passed, failed, skipped = (b - a for a, b in zip(before, after))
        print(f"   {passed} passed, {failed} failed, {skipped} skipped in {time.monotonic() - start:.0f} s (build/test-logs/{name}.log)", flush=True)
        if not goes_on:
            print("   the rest needs this step and is not run", flush=True)
            break
    print(f"\nSummary after {(time.monotonic() - begun) / 60:.1f} minutes")
    for where, what in outcome.failures:
        print(f"  FAILED {where}: {what}")
    for note in outcome.notes:
        print(f"  not run: {note}")
    if not outcome.notes:
        print("  nothing was left out")
    print(f"{outcome.passed} passed, {outcome.failed} failed, {outcome.skipped} skipped")
    return 1 if outcome.failed or not outcome.passed else 0


if __name__ == "__main__":
    sys.exit(main())
