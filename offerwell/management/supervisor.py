"""Keeps the parts of `offerwell run` alive: starts them, restarts the one that dies, stops them together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from offerwell.management.answer import note
from offerwell.management.parts import PARENT_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_LOOK_EVERY = 0.1
# A part that lived this long is restarted at once; one that dies sooner waits longer each time.
_LIVED = 5.0
_LONGEST_PAUSE = 10.0
_STOP_WITHIN = 23.0


@dataclass(slots=True)
class Part:
    """One child: its command and its life so far."""

    name: str
    command: tuple[str, ...]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    deaths: int = 0
    restart_at: float = 0.0

    def start(self) -> None:
        """A process group of its own: Ctrl-C reaches only the supervisor, which stops all in order."""
        environment = {**os.environ, PARENT_VARIABLE: str(os.getpid())}
        self.process = subprocess.Popen(self.command, env=environment, stdin=subprocess.DEVNULL, process_group=0)
        self.started = time.monotonic()

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        return self.process is not None and self.process.poll() is None

    def note_death(self, now: float) -> None:
        """Plan the restart: at once, or later each time it dies young."""
        self.deaths = 0 if now - self.started > _LIVED else self.deaths + 1
        pause = 0.0 if self.deaths < 2 else min(_LONGEST_PAUSE, 0.5 * 2**self.deaths)  # noqa: PLR2004  once is bad luck
        self.restart_at = now + pause
        code = self.process.returncode if self.process else "?"
        when = "now" if not pause else f"in {pause:.0f} s"
        note(f"offerwell: {self.name} stopped by itself (exit {code}); starting it again {when}.")
        self.process = None


@dataclass(slots=True)
class Supervisor:
    """Runs until SIGTERM or SIGINT."""

    parts: list[Part] = field(default_factory=list)
    stopping: bool = False

    def start(self, name: str, *arguments: str) -> None:
        """Start one more part of Offerwell and keep it running."""
        self.start_program(name, sys.executable, "-m", "offerwell.management", *arguments)

    def start_program(self, name: str, *command: str) -> None:
        """The same for somebody else's program. It has to end by itself when this process is gone."""
        part = Part(name, command)
        part.start()
        self.parts.append(part)

    def listen_to_signals(self) -> None:
        """From now on SIGTERM and SIGINT stop everything."""
        for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(sign, self._asked_to_stop)

    def _asked_to_stop(self, _sign: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def tend(self) -> None:
        """One look at every part."""
        now = time.monotonic()
        for part in self.parts:
            if part.is_alive or self.stopping:
                continue
            if part.process is not None:
                part.note_death(now)
            if now >= part.restart_at:
                part.start()

    def tend_until(self, is_reached: Callable[[], bool], *, seconds: float) -> bool:
        """Look after the parts until `is_reached`, at most `seconds`."""
        until = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < until:
            if is_reached():
                return True
            self.tend()
            time.sleep(_LOOK_EVERY)
        return False

    def tend_for_ever(self) -> None:
        """Look after the parts until asked to stop."""
        while not self.stopping:
            self.tend()
            time.sleep(_LOOK_EVERY)

    def stop(self) -> None:
        """Ask all parts to end; end hard what has not after the time the design gives."""
        self.stopping = True
        alive = [part.process for part in self.parts if part.process is not None]
        for process in alive:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        until = time.monotonic() + _STOP_WITHIN
        for process in alive:
            _await_end(process, until)


def _await_end(process: subprocess.Popen[bytes], until: float) -> None:
    try:
        process.wait(timeout=max(0.1, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
