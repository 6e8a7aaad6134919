"""Moves a running application from Cassandra 4.1 to Cassandra 5.0 without one failed request, and proves it. Called by ./demo."""
import argparse
import json
import pathlib
import signal
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent)]  # the lab

import cutover  # noqa: E402
import journey  # noqa: E402
from stage import Stage  # noqa: E402
from timeline import Failed, tell  # noqa: E402


def run(stage, result, arguments):
    stage.set_up()
    journey.prepare(stage, arguments.rows)
    journey.connect(stage, result)
    journey.copy_and_compare(stage, result)
    journey.rehearse(stage, result)
    journey.switch_reads(stage, result)
    cutover.cut_over(stage, result, arguments.keep)


def report(result):
    """Prints the final table and the line for programs."""
    final = result.application
    for failure in final["first_failures"] + final["first_missing"]:
        tell("FAILED: " + failure)
    print()
    print(f"{'phase':<10}{'requests':>10}{'p50 ms':>9}{'p99 ms':>9}")
    for phase, figures in final["figures"].items():
        print(f"{phase:<10}{figures['requests']:>10}{figures['p50_ms']:>9}{figures['p99_ms']:>9}")
    print()
    rate = result.rows_copied / max(result.copy_seconds, 0.001)
    rows = [("requests", final["requests"]), ("failures (must be 0)", final["failures"]), ("rows copied", f"{result.rows_copied:,}"),
            ("rows/s", f"{rate:,.0f}"), ("differences (must be 0)", result.differences), ("acknowledged writes", final["acknowledged"]),
            ("acknowledged writes missing (must be 0)", result.missing)]
    for name, value in rows:
        print(f"{name:<42}{value:>12}")
    print()
    line = {"requests": final["requests"], "failures": final["failures"], "rows_copied": result.rows_copied, "differences": result.differences,
            "acknowledged_missing": result.missing, "phases": result.phases}
    print(json.dumps(line), flush=True)


def be_interrupted(*_):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(prog="./demo", description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000, help="rows that the origin holds before the migration (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="leave the clusters, the proxy and the gateway up, and say how to connect to them")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, be_interrupted)
    stage, result = Stage(), journey.Result()
    is_good = False
    try:
        run(stage, result, arguments)
        is_good = result.is_good()
        if arguments.keep and is_good:
            print(stage.how_to_connect())
        report(result)
    except KeyboardInterrupt:
        tell("interrupted")
    except Exception as problem:  # whatever it was: it is told, everything is stopped, and the exit code says it
        tell("FAILED: " + (str(problem) if isinstance(problem, Failed) else f"{type(problem).__name__}: {problem}"))
    finally:
        if not (arguments.keep and is_good):
            stage.stop_all()
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
