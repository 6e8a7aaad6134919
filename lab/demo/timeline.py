"""What the demo shows on the screen: what it does and when, and each crossfade command as a user would type it."""
import pathlib
import re
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CROSSFADE = ROOT / "build" / "release" / "crossfade"
BEGUN = time.monotonic()


class Failed(Exception):
    """Why the demo cannot go on."""


def shown(text):
    """Paths as they are from the project's folder, where the demo runs."""
    return str(text).replace(f"{ROOT}/", "")


def tell(text, indent=False):
    spent = time.monotonic() - BEGUN
    print(f"{int(spent // 60):02d}:{spent % 60:04.1f}  {'    ' if indent else ''}{shown(text)}", flush=True)


def crossfade(*arguments, expect=(0,)):
    """Runs one crossfade command as a user would; shows its last lines and gives all it printed."""
    words = [str(CROSSFADE), *map(str, arguments)]
    told = shown(" ".join(words[1:]))
    tell("$ crossfade " + told)
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    is_expected = done.returncode in expect
    for line in lines[-12 if is_expected else -30:]:
        tell(line, indent=True)
    if not is_expected:
        raise Failed(f"'crossfade {told}' ended with {done.returncode}, not {' or '.join(map(str, expect))}")
    return done.stdout


def counted(output, word):
    """The number that a command's last line with a word gives: `rows copied: 300,000`."""
    found = re.findall(rf"{word}\D{{0,3}}([\d,]+)", output)
    return int(found[-1].replace(",", "")) if found else 0
