"""Twins on loopback TCP, one port each, for programs that are not ours. Never on another address."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Mapping
from typing import Any

from drivers.clock import Clock
from drivers.simulated.twin import Twin, Wire

LOOPBACK = "127.0.0.1"


class _Conversation(socketserver.BaseRequestHandler):
    """One client: what it sends is fed to the twin until one of both hangs up."""

    server: _Port

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire = Wire(self.server.twin, self.server.clock, greet=True)
        self.server.clients.add(self.request)
        try:
            self._talk(wire)
        except OSError:
            return  # the client is gone, which is its right
        finally:
            self.server.clients.discard(self.request)

    def _talk(self, wire: Wire) -> None:
        self._send(wire)
        while not wire.closed and (data := self.request.recv(4096)):
            wire.receive(data)
            self._send(wire)

    def _send(self, wire: Wire) -> None:
        while wire.messages or wire.late:
            while wire.messages:
                self.request.sendall(wire.messages.popleft())
            if wire.late:
                self.server.clock.sleep(max(0.0, min(time_s for time_s, _ in wire.late) - self.server.clock.now()))
                wire.arrive()


class _Port(socketserver.ThreadingTCPServer):
    """Listens for one twin."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, twin: Twin, clock: Clock) -> None:
        self.twin, self.clock = twin, clock
        self.clients: set[Any] = set()
        super().__init__((LOOPBACK, 0), _Conversation)


class Server:
    """Serves twins on 127.0.0.1 from a thread a port, until closed.

    Parameters
    ----------
    twins : mapping of str to Twin
        By the name of the instrument, as in `Rack.twins`.
    clock : Clock
    """

    def __init__(self, twins: Mapping[str, Twin], clock: Clock) -> None:
        self._ports = {name: _Port(twin, clock) for name, twin in twins.items()}
        self._threads = [
            threading.Thread(target=port.serve_forever, args=(0.05,), name=f"rack {name}", daemon=True)
            for name, port in self._ports.items()
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def connections(self) -> list[dict[str, str | int]]:
        """Return where each instrument listens and how it ends its lines, as `cusp rack` prints it."""
        return [
            {
                "name": name,
                "driver": port.twin.driver_name,
                "model": port.twin.model,
                "host": LOOPBACK,
                "port": port.server_address[1],
                "resource": f"TCPIP::{LOOPBACK}::{port.server_address[1]}::SOCKET",
                "read_termination": port.twin.READ_TERMINATION,
                "write_termination": port.twin.WRITE_TERMINATION,
            }
            for name, port in self._ports.items()
        ]

    def close(self) -> None:
        """Stop listening and hang up."""
        for port in self._ports.values():
            port.shutdown()
            port.server_close()
            for client in list(port.clients):
                client.close()
        for thread in self._threads:
            thread.join()
