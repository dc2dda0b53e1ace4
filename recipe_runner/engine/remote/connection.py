"""One ssh connection for each host and session, over which all steps on that host run.

The connection is made by a master in the background (ssh_config(5), ControlMaster). It ends with the session; should
the runner die without saying so, the end of the lifeline, a pipe whose other end only the runner holds, ends it too.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self

from recipe_runner.claims import claimed
from recipe_runner.engine.events import Output
from recipe_runner.engine.processes.keyboard import at_terminal
from recipe_runner.engine.processes.process import Command
from recipe_runner.engine.schedule import Coroutine, Pause, Spawn

ERRANDS = 4
"""Errands at a time on one host: each takes two sessions, the anchor one, and sshd allows ten (its MaxSessions)."""
SHORT = (Path("/tmp"), Path("/dev/shm"))  # noqa: S108 - for directories of random names that nobody else may enter
"""Where a socket can be, whose name may have 107 bytes (sun_path, unix(7))."""
IDLE = 20
"""Seconds after which a master ends that nobody uses; the anchor uses it as long as the session lives."""
ALIVE = ("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3")
"""A host that does not answer for 45 seconds is lost."""
OWN = (
    *("-T", "-o", "RemoteCommand=none", "-o", "ControlMaster=no"),
    *("-o", "IgnoreUnknown=SessionType,ForkAfterAuthentication,StdinNull"),
    *("-o", "SessionType=default", "-o", "ForkAfterAuthentication=no", "-o", "StdinNull=no"),
)
"""What the user's configuration must not decide: what runs, where its input comes from, and who owns the connection."""
ALONG = (*OWN, "-o", "ClearAllForwardings=yes")
"""The same for a session over a connection, whose master has asked for all forwardings."""


@dataclass(slots=True)
class Connection:
    """The way to one host: the master's `socket`, and a client of it that ends with the connection or the lifeline."""

    host: str
    socket: Path
    lifeline: int
    anchor: subprocess.Popen[bytes] | None = None
    connecting: bool = False
    errands: int = 0

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Count an errand on the host for the time of a `with` block."""
        self.errands += 1
        try:
            yield
        finally:
            self.errands -= 1

    @property
    def alive(self) -> bool:
        """Say whether the connection stands."""
        return self.anchor is not None and self.anchor.poll() is None

    def argv(self, *command: str, options: tuple[str, ...] = ALONG) -> tuple[str, ...]:
        """Return the ssh command that runs something over this connection; it never asks anything."""
        return ("ssh", "-S", str(self.socket), "-o", "BatchMode=yes", *options, "--", self.host, *command)


@dataclass
class Connections:
    """The connections of a session; their sockets are in a private directory, made with the first of them."""

    environ: Mapping[str, str]
    lifeline: tuple[int, int] = field(default_factory=lambda: os.pipe2(os.O_CLOEXEC))
    hosts: dict[str, Connection] = field(default_factory=dict)
    held: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def directory(self) -> Path:
        """The sockets' directory; raises OSError where none can be made."""
        parent = next((path for path in SHORT if os.access(path, os.W_OK | os.X_OK)), SHORT[0])
        return self.held.enter_context(claimed(parent, f"recipe-ssh-{os.getuid()}-"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self.hosts.values():
            self._disconnect(connection)
        for descriptor in self.lifeline:
            os.close(descriptor)
        self.held.close()

    def connect(self, host: str, step: str, item: str | None) -> Coroutine[Connection | None]:
        """Return the connection to a host, made now where there is none; None where it cannot be made.

        Waits where as many errands as it can carry are on it: there is never a second connection to a host.
        ssh may ask for passphrases and unknown host keys where there is a terminal; its messages become the step's.
        """
        if host not in self.hosts:
            try:
                socket = self.directory / str(len(self.hosts))
            except OSError as error:
                yield Output(step, "stderr", f"error: no place for ssh's socket: {error}\n".encode(), 0, item)
                return None
            self.hosts[host] = Connection(host, socket, self.lifeline[0])
        connection = self.hosts[host]
        while connection.connecting or connection.errands >= ERRANDS:
            what = "connecting to" if connection.connecting else "waiting for a session on"
            yield Pause(0.1, step, f"{what} {host}", item)
        if connection.alive:
            return connection
        self._disconnect(connection)
        connection.connecting = True
        ended = yield Spawn(self._master(connection), step, item)
        connection.connecting = False
        if ended is None or ended.outcome != "ok":
            message = f"error: `{host}` cannot be reached; nothing was run there\n".encode()
            yield Output(step, "stderr", message, 0 if ended is None else ended.duration_ms * 1_000_000, item)
            return None
        connection.anchor = subprocess.Popen(
            connection.argv("cat"),
            env=dict(self.environ),
            stdin=self.lifeline[0],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return connection

    def _master(self, connection: Connection) -> Command:
        ask = "no" if at_terminal() else "yes"
        return Command(
            (
                *("ssh", "-f", "-N", "-S", str(connection.socket), "-o", "ControlMaster=yes"),
                *("-o", f"ControlPersist={IDLE}", "-o", f"BatchMode={ask}", *OWN, *ALIVE, "--", connection.host),
            ),
            self.environ,
        )

    def _disconnect(self, connection: Connection) -> None:
        """End a connection, and wait for its end."""
        if connection.anchor is None:
            return
        try:
            subprocess.run(
                connection.argv(options=("-O", "exit")),
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=5,
                check=False,
            )
            connection.anchor.wait(5)
        except subprocess.TimeoutExpired:
            connection.anchor.kill()
            connection.anchor.wait()
        connection.anchor = None
        connection.socket.unlink(missing_ok=True)
