"""A TCP relay on the loopback that keeps what passes, and writes it as a capture: no privileges are needed."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from pathlib import Path

from analyzer.simulate.network import TcpConversation
from analyzer.simulate.pcap_writer import pcap
from analyzer.simulate.sent import NOTHING, TO_CLIENT, TO_METER, Sent

LINK_ETHERNET = 1
_TIMEOUT = 20.0


class Relay:
    """Takes one connection, passes its octets on to *port*, and keeps each read with its time and direction."""

    def __init__(self, port: int) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(_TIMEOUT)
        self.port: int = self._listening.getsockname()[1]
        self.passed: list[Sent] = []
        self._thread = threading.Thread(target=self._run, args=(port,), daemon=True)
        self._thread.start()

    def _run(self, port: int) -> None:
        with (
            self._listening,
            self._listening.accept()[0] as client,
            socket.create_connection(("127.0.0.1", port)) as meter,
        ):
            ways = {client: (meter, TO_METER), meter: (client, TO_CLIENT)}
            with selectors.DefaultSelector() as selector:
                for end in ways:
                    selector.register(end, selectors.EVENT_READ)
                while selected := selector.select(_TIMEOUT):
                    for key, _ in selected:
                        other, direction = ways[key.fileobj]  # type: ignore[index]
                        octets = key.fileobj.recv(65536)  # type: ignore[union-attr]
                        if not octets:
                            return
                        self.passed.append(Sent(time.time_ns(), direction, octets, NOTHING))
                        other.sendall(octets)

    def write(self, path: Path) -> None:
        """Write what passed as a pcap, in segments of a TCP connection."""
        self._thread.join(_TIMEOUT)
        packets = TcpConversation(seed=1, latency_ms=0.1).carry(self.passed, start_ns=self.passed[0].time_ns)
        path.write_bytes(pcap(packets, LINK_ETHERNET))
