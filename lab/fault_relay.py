"""A TCP relay that misbehaves on command: delay, cut, swallow, refuse, one byte at a time.

In an event loop:       relay = FaultRelay("127.0.0.61:9042", "127.0.0.11:9042"); await relay.start()
In a plain test:        with running("127.0.0.61:9042", "127.0.0.11:9042") as relay: relay.command(do="cut")
As a program:           lab/fault_relay, which takes the same commands as JSON lines
"""

import asyncio
import collections
import contextlib
import dataclasses
import socket
import struct
import threading
import weakref

DIRECTIONS = ("to_upstream", "to_client")
_CHUNK = 64 * 1024
# Chunks under way in one direction of one connection; then the sender meets backpressure, as on a real path.
_CHUNKS_UNDER_WAY = 256


class BadCommand(ValueError):
    """A command that the relay does not know, or with a wrong value."""


@dataclasses.dataclass
class Faults:
    """What happens to the bytes of one direction."""
    delay_ms: float = 0
    swallow: bool = False
    byte_at_a_time: bool = False


def parse_address(text):
    """'127.0.0.1:9042' as (host, port)."""
    host, separator, port = text.rpartition(":")
    if not separator or not port.isdigit() or int(port) > 65535:
        raise BadCommand(f"'{text}' is no HOST:PORT")
    return host, int(port)


def _reset(sock):
    """Closes with RST instead of FIN; what was not sent is gone."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class FaultRelay:
    """One listening address in front of one upstream address. All methods belong to one event loop.

    listen may name port 0; self.address has the port that it got.
    """

    def __init__(self, listen, upstream):
        self._listen = parse_address(listen)
        self._upstream = parse_address(upstream)
        self._listener = None
        self._accepting = None
        self._connections = {}
        self._lost = weakref.WeakSet()  # sockets whose bytes vanish whatever the faults are
        self._changed = asyncio.Condition()
        self.address = None
        self.faults = {direction: Faults() for direction in DIRECTIONS}
        # accepted: connections taken; open: now. Bytes passed on and swallowed, and writes made, for each direction;
        # ends_hidden: connections whose end half_open kept from the other side.
        self.counts = collections.Counter()

    async def start(self):
        """Listens; OSError where the address is taken."""
        if self._listener is not None:
            return
        listener = socket.create_server(self._listen, backlog=1024)
        listener.setblocking(False)
        self._listener = listener
        # Port 0 is chosen once: after `refuse`, `accept` listens where clients already know it.
        self._listen = listener.getsockname()[:2]
        self.address = "{}:{}".format(*self._listen)
        self._accepting = asyncio.create_task(self._accept())

    async def close(self):
        """Ends the listener and cuts all connections."""
        await self._refuse()
        await self._cut(_reset)

    async def command(self, do, **details):
        """Carries out one command and returns the counts afterwards. Raises BadCommand.

        normal                          pass everything on, and accept connections
        delay ms=N [direction=D]        every byte arrives N ms later; throughput is kept
        half_open [direction=D]         bytes, and the ends of connections, vanish; nothing is closed
        lose                            the same, in both directions and for good, for the connections open now; new ones work
        byte_at_a_time [direction=D]    one write for each byte
        cut [how=reset|close]           end all connections now; new ones are accepted
        refuse, accept                  stop and start listening; open connections stay
        count                           nothing but the counts
        direction: to_upstream, to_client or both (default). Faults add up until `normal`.
        """
        allowed = {"delay": {"ms", "direction"}, "half_open": {"direction"}, "byte_at_a_time": {"direction"},
                   "cut": {"how"}, "normal": set(), "lose": set(), "refuse": set(), "accept": set(), "count": set()}
        if do not in allowed:
            raise BadCommand(f"no command '{do}'; there are: {', '.join(allowed)}")
        unknown = sorted(set(details) - allowed[do])
        if unknown:
            raise BadCommand(f"{do} takes no '{unknown[0]}'")
        direction = details.get("direction", "both")
        if direction not in (*DIRECTIONS, "both"):
            raise BadCommand(f"no direction '{direction}'; there are: {', '.join(DIRECTIONS)}, both")
        chosen = [self.faults[each] for each in DIRECTIONS if direction in (each, "both")]
        if do == "delay":
            milliseconds = details.get("ms")
            if isinstance(milliseconds, bool) or not isinstance(milliseconds, (int, float)) or milliseconds < 0:
                raise BadCommand("delay needs ms, a number that is not negative")
            for faults in chosen:
                faults.delay_ms = milliseconds
        elif do == "half_open":
            for faults in chosen:
                faults.swallow = True
        elif do == "lose":
            self._lost.update(sock for sockets in self._connections.values() for sock in sockets)
        elif do == "byte_at_a_time":
            for faults in chosen:
                faults.byte_at_a_time = True
        elif do == "cut":
            how = details.get("how", "reset")
            if how not in ("reset", "close"):
                raise BadCommand(f"no way to cut '{how}'; there are: reset, close")
            await self._cut(_reset if how == "reset" else socket.socket.close)
        elif do == "refuse":
            await self._refuse()
        elif do in ("accept", "normal"):
            if do == "normal":
                self.faults.update((each, Faults()) for each in DIRECTIONS)
            await self.start()
        await self._notify()
        return {"open": len(self._connections), **self.counts}

    async def wait_until(self, condition):
        """Returns when condition(relay) holds; it is looked at after every change of a count or a fault."""
        async with self._changed:
            await self._changed.wait_for(lambda: condition(self))

    async def _count(self, name, amount=1):
        self.counts[name] += amount
        await self._notify()

    async def _notify(self):
        async with self._changed:
            self._changed.notify_all()

    async def _refuse(self):
        if self._listener is None:
            return
        self._accepting.cancel()
        await asyncio.gather(self._accepting, return_exceptions=True)
        self._listener.close()
        self._listener = None

    async def _cut(self, end):
        for task, sockets in list(self._connections.items()):
            task.cancel()
            for sock in sockets:
                end(sock)
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self):
        loop = asyncio.get_running_loop()
        while True:
            client, _ = await loop.sock_accept(self._listener)
            # Registered before it runs, so that a cut between the two finds it.
            sockets = [client]
            task = asyncio.create_task(self._serve(client, sockets))
            self._connections[task] = sockets
            task.add_done_callback(self._connections.pop)
            await self._count("accepted")

    async def _serve(self, client, sockets):
        loop = asyncio.get_running_loop()
        upstream = socket.socket()
        sockets.append(upstream)
        try:
            for sock in sockets:
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(upstream, self._upstream)
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._pump(client, upstream, "to_upstream"))
                pumps.create_task(self._pump(upstream, client, "to_client"))
        except* OSError:
            # One side was reset, or the upstream refuses: the other side sees the same.
            for sock in sockets:
                _reset(sock)
        finally:
            for sock in sockets:
                sock.close()

    async def _pump(self, source, sink, direction):
        """Two tasks, so that a delay costs latency and no throughput."""
        under_way = asyncio.Queue(_CHUNKS_UNDER_WAY)
        async with asyncio.TaskGroup() as halves:
            halves.create_task(self._receive(source, under_way, direction))
            halves.create_task(self._deliver(sink, under_way, direction))

    async def _receive(self, source, under_way, direction):
        loop = asyncio.get_running_loop()
        while True:
            try:
                data = await loop.sock_recv(source, _CHUNK)
            except OSError as error:
                data = error
            await under_way.put((loop.time() + self.faults[direction].delay_ms / 1000, data))
            if not isinstance(data, bytes) or not data:
                return

    async def _deliver(self, sink, under_way, direction):
        loop = asyncio.get_running_loop()
        while True:
            due, data = await under_way.get()
            await asyncio.sleep(due - loop.time())
            if isinstance(data, bytes) and data:
                await self._write(sink, data, direction)
                continue
            # The end of a connection is as invisible as its bytes, until the path works again.
            if self._swallows(sink, direction):
                await self._count(f"{direction}_ends_hidden")
            await self.wait_until(lambda relay: not relay._swallows(sink, direction))
            if isinstance(data, OSError):
                raise data
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_WR)
            return

    def _swallows(self, sink, direction):
        return self.faults[direction].swallow or sink in self._lost

    async def _write(self, sink, data, direction):
        loop = asyncio.get_running_loop()
        if self._swallows(sink, direction):
            await self._count(f"{direction}_swallowed", len(data))
            return
        size = 1 if self.faults[direction].byte_at_a_time else len(data)
        for start in range(0, len(data), size):
            await loop.sock_sendall(sink, data[start:start + size])
            self.counts[f"{direction}_writes"] += 1
        await self._count(f"{direction}_bytes", len(data))


class _Running:
    """A relay on a thread of its own, for code without an event loop."""

    def __init__(self, relay, loop):
        self._relay, self._loop = relay, loop
        self.address = relay.address

    def command(self, **command):
        return asyncio.run_coroutine_threadsafe(self._relay.command(**command), self._loop).result()

    def wait_until(self, condition, timeout_seconds=30):
        return asyncio.run_coroutine_threadsafe(self._relay.wait_until(condition), self._loop).result(timeout_seconds)


@contextlib.contextmanager
def running(listen, upstream):
    """A started relay while the `with` lasts; has address, command(do=…, …) and wait_until(condition)."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="fault relay", daemon=True)
    thread.start()

    async def build():
        relay = FaultRelay(listen, upstream)
        await relay.start()
        return relay

    def call(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result()

    try:
        relay = call(build())
        try:
            yield _Running(relay, loop)
        finally:
            call(relay.close())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
