"""A mail server in a process of its own: `python -m tests.proof.post_office PORT FILE`. It notes whom it took a letter for.

Each letter is one line of FILE, on the disk before the server says so: what a killed worker left counts too. It takes
its time, so that blows fall between the hand-over and the answer.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from aiosmtpd.controller import Controller


class Office:
    def __init__(self, path):
        self.book = Path(path).open("a", buffering=1)  # noqa: SIM115  open as long as the process

    async def handle_DATA(self, _server, _session, envelope):
        self.book.write(f"{envelope.rcpt_tos[0]}\n")
        os.fsync(self.book.fileno())
        await asyncio.sleep(0.02)
        return "250 OK"


def main():
    controller = Controller(Office(sys.argv[2]), hostname="127.0.0.1", port=int(sys.argv[1]))
    controller.start()
    asyncio.new_event_loop().run_forever()


if __name__ == "__main__":
    main()
