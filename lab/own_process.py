"""Processes that outlive the script that started them, and that only we may stop.

A process is recorded as its id, its start time and the boot it belongs to. A process id that was reused, or a record
from before a reboot, therefore never matches, and no other process is ever signalled.
"""

import os
import select
import signal
import subprocess

# Children of this very interpreter must be reaped here, or they stay behind as zombies.
_children = {}


def _boot_id():
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def _state_and_start(process_id):
    """State letter and start time (clock ticks after boot) of a process, or (None, None) where there is none."""
    try:
        with open(f"/proc/{process_id}/stat", encoding="utf-8", errors="replace") as file:
            # The command in parentheses may itself contain spaces and parentheses: fields count from the last one.
            fields = file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None, None
    return fields[0], int(fields[19])


def spawn(arguments, *, output, folder, environment=None):
    """Starts a process in a session of its own, holding no descriptor of the caller, and returns its record.

    output: path of the file that takes what it prints (appended). folder: its working directory.
    """
    with open(output, "ab") as sink:
        child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT,
                                 cwd=folder, env=environment, start_new_session=True, close_fds=True)
    _children[child.pid] = child
    return {"process_id": child.pid, "start_time": _state_and_start(child.pid)[1], "boot": _boot_id()}


def is_alive(record):
    """Whether the recorded process still runs. A zombie does not."""
    if not record or record["boot"] != _boot_id():
        return False
    child = _children.get(record["process_id"])
    if child is not None and child.poll() is not None:
        del _children[record["process_id"]]
    state, start_time = _state_and_start(record["process_id"])
    return start_time == record["start_time"] and state not in (None, "Z", "X")


def send(record, which=signal.SIGKILL, wait_seconds=30):
    """Signals the recorded process and waits until it is gone. Returns False where it was not running.

    Raises TimeoutError when it still runs after wait_seconds.
    """
    if not is_alive(record):
        return False
    try:
        handle = os.pidfd_open(record["process_id"])
    except ProcessLookupError:
        return False
    try:
        # Looked at again now that the handle pins the process: from here on the id cannot be reused.
        if not is_alive(record):
            return False
        signal.pidfd_send_signal(handle, which)
        if not select.select([handle], [], [], wait_seconds)[0]:
            raise TimeoutError(f"process {record['process_id']} still runs {wait_seconds} s after {which.name}")
    finally:
        os.close(handle)
    is_alive(record)  # reaps it, if it was ours
    return True


def resident_mib(record):
    """Memory of the recorded process in MiB, 0 where it is not running."""
    try:
        with open(f"/proc/{record['process_id']}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20
    except (OSError, TypeError, IndexError):
        return 0
