"""Phases 0 to 4: the application moves to the proxy, its data is copied and compared, and the target answers its reads."""
import dataclasses
import time

import data
from cassandra.cluster import Cluster
from stage import ADMIN, LISTEN, ORIGIN, STATE, TARGET, metric
from timeline import counted, crossfade, tell

PROXY = ("--proxy", f"http://{ADMIN}")
EXIT_DIFFERENT = 10  # of `crossfade validate`


@dataclasses.dataclass
class Result:
    """What the demo proves, as far as it has come."""
    phases: list = dataclasses.field(default_factory=list)
    rows_copied: int = 0
    copy_seconds: float = 0.0
    differences: int = 0
    missing: int = 0  # acknowledged writes that were looked for and not found, on either cluster
    application: dict = dataclasses.field(default_factory=dict)  # its last answer

    def is_good(self):
        return self.application["failures"] == 0 and self.differences == 0 and self.missing == 0 and self.phases == [1, 2, 3, 4, 5] and self.rows_copied > 0


def on_both(command, tables):
    return [command, "--origin", ORIGIN, "--target", TARGET, "--state-dir", STATE, "--log-level", "warning", *(f"{data.KEYSPACE}.{table}" for table in tables)]


def copy(result, tables):
    result.rows_copied += counted(crossfade(*on_both("migrate", tables)), "rows copied")


def compare(result, tables):
    result.differences += counted(crossfade(*on_both("validate", tables), expect=(0, EXIT_DIFFERENT)), "differences")


def switch(stage, phase):
    crossfade("phase", "set", phase, *PROXY)
    stage.application.ask(phase=f"phase {phase}")


def prepare(stage, rows):
    tell("== phase 0: prepare")
    cluster = Cluster([ORIGIN])
    session = cluster.connect()
    data.create(session)
    filled = data.fill(cluster, session, rows, lambda name, count: tell(f"origin: {count:,} rows of {name}", indent=True))
    cluster.shutdown()
    tell(f"origin holds {filled:,} rows in {len(data.TABLES) + len(data.COUNTER_TABLES)} tables")
    cluster = Cluster([TARGET])
    data.create(cluster.connect())
    cluster.shutdown()
    stage.application.ask(phase="before")
    stage.application.ask(connect={"host": ORIGIN})
    tell("the application runs against the origin, with the official Python driver")
    stage.application.let_run(4)


def connect(stage, result):
    tell("== phase 1: connect. The application moves to the proxy; every write goes to both clusters")
    stage.start_proxy()
    stage.application.ask(connect={"host": LISTEN.split(":")[0]})
    stage.application.ask(phase="phase 1")
    stage.application.let_run(5)
    result.phases.append(1)


def copy_and_compare(stage, result):
    tell("== phase 2: copy. Existing data is copied and compared under live writes")
    switch(stage, 2)
    begun = time.monotonic()
    copy(result, data.TABLES)
    result.copy_seconds = time.monotonic() - begun
    tell("counters are copied at rest: the application counts no page views for a moment")
    stage.application.ask(counters=False)
    copy(result, data.COUNTER_TABLES)
    compare(result, data.COUNTER_TABLES)
    stage.application.ask(counters=True)
    compare(result, data.TABLES)
    stage.application.let_run(2)
    result.phases.append(2)


def rehearse(stage, result):
    tell("== phase 3: rehearse. Reads also go to the target, asynchronously, and the answers are compared")
    switch(stage, 3)
    stage.application.let_run(8)
    tell(f"rehearsed {metric('crossfade_rehearsed_total')} reads: {metric('crossfade_rehearsal_equal_total')} equal, "
         f"{metric('crossfade_rehearsal_different_total')} different, {metric('crossfade_rehearsal_failed_total')} failed", indent=True)
    result.differences += metric("crossfade_rehearsal_different_total")
    result.phases.append(3)


def switch_reads(stage, result):
    tell("== phase 4: switch reads. The target answers; the origin still gets every write")
    switch(stage, 4)
    stage.application.let_run(8)
    result.phases.append(4)
