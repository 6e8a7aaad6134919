"""Only the recorded process is ever taken for ours."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import own_process  # noqa: E402

# Says that it runs, then waits for a line that never comes; standard input of a spawned process is empty.
WAITS = [sys.executable, "-c", "import signal; print('runs', flush=True); signal.pause()"]


class OwnProcess(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.output = os.path.join(self.folder, "output.log")

    def spawn(self, arguments=None):
        record = own_process.spawn(arguments or WAITS, output=self.output, folder=self.folder)
        self.addCleanup(own_process.send, record)
        return record

    def wait_until_it_runs(self):
        """A process that has only just begun has no memory to speak of, and no trap yet."""
        while not os.path.getsize(self.output):
            os.sched_yield()

    def test_is_gone_when_send_returns(self):
        record = self.spawn()
        self.wait_until_it_runs()
        self.assertTrue(own_process.is_alive(record))
        self.assertGreater(own_process.resident_mib(record), 0)
        self.assertTrue(own_process.send(record))
        self.assertFalse(own_process.is_alive(record))
        self.assertFalse(os.path.exists(f"/proc/{record['process_id']}"))
        self.assertFalse(own_process.send(record))

    def test_a_reused_process_id_or_an_earlier_boot_is_not_ours(self):
        record = self.spawn()
        for other in ({"start_time": record["start_time"] - 1}, {"boot": "earlier"}):
            with self.subTest(**other):
                self.assertFalse(own_process.is_alive({**record, **other}))
                self.assertFalse(own_process.send({**record, **other}))
        self.assertTrue(own_process.is_alive(record))

    def test_no_record_is_not_alive(self):
        self.assertFalse(own_process.is_alive(None))

    def test_a_process_that_ignores_the_signal_is_reported(self):
        record = self.spawn(["sh", "-c", "trap '' TERM; echo runs; read line < /dev/zero"])
        self.wait_until_it_runs()
        with self.assertRaises(TimeoutError):
            own_process.send(record, signal.SIGTERM, wait_seconds=0.1)
        self.assertTrue(own_process.is_alive(record))

    def test_holds_no_pipe_of_the_script_that_started_it_and_outlives_it(self):
        script = (f"import sys; sys.path.insert(0, {os.path.dirname(own_process.__file__)!r}); import own_process, json;"
                  f"print(json.dumps(own_process.spawn({WAITS!r}, output={self.output!r}, folder={self.folder!r})))")
        # Returns at the end of the pipes: would hang until the time-out if the process held one of them.
        done = subprocess.run([sys.executable, "-B", "-c", script], capture_output=True, text=True, timeout=30, check=True)
        record = json.loads(done.stdout)
        self.addCleanup(own_process.send, record)
        self.assertTrue(own_process.is_alive(record))
        self.assertEqual(os.getsid(record["process_id"]), record["process_id"])
        self.assertTrue(own_process.send(record))
        self.assertFalse(own_process.is_alive(record))


if __name__ == "__main__":
    unittest.main()
