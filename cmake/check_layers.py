#!/usr/bin/env python3
"""Refuses an include that points upward (docs/architecture.md has the picture).

Usage: check_layers.py PROJECT_ROOT. Exit 1 and one line for each offending include.
"""
import pathlib
import re
import sys

# Which modules each module may include, besides itself.
MAY_KNOW = {
    "base": set(),
    "cql": {"base"},
    "net": {"base"},
    "bundle": {"base", "cql", "net"},
    "nodes": {"base", "cql", "net", "bundle"},
    "relay": {"base", "cql", "net", "bundle", "nodes"},
    "driver": {"base", "cql", "net", "bundle", "nodes"},
    "cells": {"base", "cql", "net", "bundle", "nodes", "driver"},
    "proxy": {"base", "cql", "net", "bundle", "nodes", "relay", "driver", "cells"},
    "connect": {"base", "cql", "net", "bundle", "nodes", "relay"},
    "gateway": {"base", "cql", "net", "bundle", "nodes"},
    "migrate": {"base", "cql", "net", "bundle", "nodes", "driver", "cells"},
    "cli": {"base", "cql", "net", "bundle", "nodes", "relay", "driver", "cells", "proxy", "connect",
            "gateway", "migrate"},
}
# Outside headers that only one module may know: what keeps the others quick to build and free of I/O.
ONLY_IN = {"boost/asio": {"net"}, "boost/beast": {"net"}, "openssl/": {"net", "bundle", "gateway"}, "sqlite3.h": {"proxy", "migrate"}}
# Public headers stand alone: users have nothing else of ours, and need none of what we are built with.
PUBLIC_MAY_INCLUDE = re.compile(r"crossfade/[a-z_]+\.hpp|[a-z_]+")
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def offences(root: pathlib.Path):
    for path in sorted((root / "src").rglob("*.[ch]pp")):
        module = path.relative_to(root / "src").parts[0]
        if module not in MAY_KNOW:
            yield f"{path}: module '{module}' has no place in the layers; add it to cmake/check_layers.py"
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            included = match.group(1)
            if included.startswith("crossfade/") and module != "driver":
                yield f"{path}:{number}: the public library is for others: {module} uses driver/session.hpp"
            other = included.split("/")[0]
            if other in MAY_KNOW and other != module and other not in MAY_KNOW[module]:
                yield f"{path}:{number}: {module} must not include {included}"
            for prefix, allowed in ONLY_IN.items():
                if included.startswith(prefix) and module not in allowed:
                    yield f"{path}:{number}: only {', '.join(sorted(allowed))} may include {included}"


def public_offences(root: pathlib.Path):
    for path in sorted((root / "include").rglob("*.hpp")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if match and not PUBLIC_MAY_INCLUDE.fullmatch(match.group(1)):
                yield f"{path}:{number}: a public header must not include {match.group(1)}"


root = pathlib.Path(sys.argv[1])
found = [*offences(root), *public_offences(root)]
print("\n".join(found), file=sys.stderr) if found else None
sys.exit(1 if found else 0)
