"""Phase 5: the application leaves the proxy for the target's bundle and token, and proxy and origin are stopped.

What is compared when, while the application goes on writing: as long as it comes through the proxy, both clusters are compared cell by cell. A write that
comes after its row was compared is on both, or in the journal; that is empty when the proxy says that nobody is left. From then on nothing writes
to the origin, so that all that was acknowledged until then is looked for there: the way back was open to the last request. What the target alone
was given later is looked for there at the end. Counters rest from their comparison until the application has moved.
"""
import os
import shlex
import subprocess
import time

import data
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Cluster
from journey import PROXY, compare, switch
from stage import BUNDLE, GATEWAY, GATEWAY_HOST, GATEWAY_NAME, ORIGIN, TARGET, TOKEN_FILE, admin
from timeline import ROOT, Failed, crossfade, tell

ROWS = ROOT / "build" / "examples" / "rows"
READ_AGAIN = ["SELECT id, email, note FROM shop.users", "SELECT customer, number, state FROM shop.orders", "SELECT page, views FROM shop.page_views"]


def cut_over(stage, result, keep):
    tell("== phase 5: cut over. A gateway gives the target a bundle and a token; the application takes them and leaves the proxy")
    switch(stage, 5)
    crossfade("gateway", "init", "--cluster", TARGET, "--name", GATEWAY_NAME, "--host", GATEWAY_HOST, "--dir", GATEWAY)
    stage.start_gateway()
    crossfade("bundle", "verify", BUNDLE, "--password-file", TOKEN_FILE)
    tell("both clusters are compared once more, under live writes; counters at rest, until the application has moved")
    compare(result, data.TABLES)
    stage.application.ask(counters=False)
    compare(result, data.COUNTER_TABLES)
    move(stage)
    look_back(stage, result)
    if keep:
        tell("the proxy and the origin stay up: --keep")
    else:
        stage.stop("proxy")
        tell("the proxy has stopped")
        stage.stop_origin()
        tell("the origin has stopped; the application does not notice")
    stage.application.ask(phase="direct")
    stage.application.let_run(5)
    result.application = stage.application.ask(stop=True)
    result.missing += result.application["missing"]
    read_again()
    if not keep:
        stage.stop("gateway")
    result.phases.append(5)


def move(stage):
    """By the driver's own means, and until the proxy knows of no connection that is left."""
    if not sum(who["connections"] for who in admin("/status")["still_here"]):
        raise Failed("the proxy does not know that the application is connected to it")
    stage.application.ask(connect={"bundle": str(BUNDLE), "token_file": str(TOKEN_FILE)})
    stage.application.ask(phase="leaving")  # times of its own: the look back takes from the same machine
    stage.application.ask(counters=True)
    tell("the application has reconnected: Cluster(cloud={'secure_connect_bundle': …}, auth_provider=PlainTextAuthProvider('token', …))")
    until = time.monotonic() + 20
    while left := sum(who["connections"] for who in admin("/status")["still_here"]):
        if time.monotonic() > until:
            raise Failed(f"{left} connections of the application are still at the proxy")
        time.sleep(0.1)  # only how often the proxy is asked
    crossfade("phase", "show", *PROXY)
    tell("nobody is left at the proxy")


def look_back(stage, result):
    crossfade("journal", "summary", *PROXY)
    if entries := admin("/journal/summary")["entries"]:
        raise Failed(f"the journal has {entries} entries: one cluster may lack what the other has")
    seen = stage.application.ask(look_back={"host": ORIGIN})
    tell(f"origin: {seen['looked_for']:,} acknowledged writes up to the last one through the proxy were looked for, {seen['missing']} are missing", indent=True)
    for lost in seen["first_missing"]:
        tell(f"FAILED: missing on the origin: {lost}")
    result.missing += seen["missing"]


def read_again():
    """The same rows by libcrossfade and by the official driver, each through the bundle. The application has stopped: they rest."""
    token = TOKEN_FILE.read_text().strip()
    cluster = Cluster(cloud={"secure_connect_bundle": str(BUNDLE)}, auth_provider=PlainTextAuthProvider("token", token))
    session = cluster.connect()
    for statement in READ_AGAIN:
        tell(f"$ CROSSFADE_TOKEN=$(cat {TOKEN_FILE}) {ROWS} {BUNDLE} {shlex.quote(statement)}")
        done = subprocess.run([str(ROWS), str(BUNDLE), statement], env={**os.environ, "CROSSFADE_TOKEN": token}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise Failed(f"examples/rows ended with {done.returncode}: {done.stderr.strip()}")
        by_library = sorted(done.stdout.splitlines())
        by_driver = sorted("\t".join("null" if value is None else str(value) for value in row) for row in session.execute(statement))
        if not by_driver or by_library != by_driver:
            raise Failed(f"libcrossfade reads {len(by_library):,} rows, the Python driver {len(by_driver):,}, and they are not the same")
        tell(f"{len(by_library):,} rows by libcrossfade, the same as by the Python driver", indent=True)
    cluster.shutdown()
