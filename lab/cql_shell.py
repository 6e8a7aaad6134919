"""What `lab/cassandra cql` runs inside the Python environment of setup/install: statements in, rows out.

The request comes as JSON in CROSSFADE_LAB_REQUEST, not as arguments, because it may hold a password.
"""

import json
import os
import re
import ssl
import sys

from cassandra import ConsistencyLevel
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.policies import WhiteListRoundRobinPolicy

_PIECE = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$\$.*?\$\$|--[^\n]*|//[^\n]*|/\*.*?\*/|;|[^'\"$/;-]+|.", re.S)


def statements_of(text):
    """Splits at ';' outside quotes and comments; a BEGIN … APPLY BATCH stays one statement."""
    found, current = [], ""
    for piece in _PIECE.findall(text) + [";"]:
        if piece.startswith(("--", "//", "/*")):
            current += " "
        elif piece != ";":
            current += piece
        elif re.match(r"\s*BEGIN\b", current, re.I) and not re.search(r"\bAPPLY\s+BATCH\s*$", current, re.I):
            current += piece
        else:
            if current.strip():
                found.append(current.strip())
            current = ""
    if current.strip(" ;\n\t"):  # a batch that was never applied: the server says what is wrong with it
        found.append(current.strip())
    return found


def show(rows, as_json):
    if rows.column_names is None:
        return
    cells = [list(row) for row in rows]
    if as_json:
        for row in cells:
            print(json.dumps(dict(zip(rows.column_names, row)), default=str, ensure_ascii=False))
        return
    table = [list(rows.column_names)] + [["null" if cell is None else str(cell) for cell in row] for row in cells]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for number, row in enumerate(table):
        print(" | ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        if number == 0:
            print("-+-".join("-" * width for width in widths))
    print(f"({len(cells)} rows)")


def main():
    request = json.loads(os.environ["CROSSFADE_LAB_REQUEST"])
    text = sys.stdin.read() if request["text"] == "-" else request["text"]
    profile = ExecutionProfile(load_balancing_policy=WhiteListRoundRobinPolicy([request["address"]]),
                               consistency_level=ConsistencyLevel.LOCAL_QUORUM, row_factory=lambda names, rows: rows,
                               request_timeout=request["timeout"])
    cluster = Cluster(
        [request["address"]], execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        auth_provider=PlainTextAuthProvider(*request["credentials"]) if request["credentials"] else None,
        ssl_context=ssl.create_default_context(cafile=request["ca_file"]) if request["ca_file"] else None,
        ssl_options={"server_hostname": request["address"]} if request["ca_file"] else None)
    try:
        session = cluster.connect(request["keyspace"])
        for statement in statements_of(text):
            show(session.execute(statement), request["json"])
    except Exception as error:  # the driver's errors share no base class
        print(f"lab/cassandra cql: {error}", file=sys.stderr)
        return 1
    finally:
        cluster.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
