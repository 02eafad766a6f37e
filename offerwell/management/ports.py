"""Whether an address can be served on, said before anything starts."""

from __future__ import annotations

import socket

from offerwell.management.refusal import Refused


def refuse_taken(host: str, port: int, option: str) -> None:
    """Refuse when another program has the port, or the address is not of this machine.

    Two servers of one user could share a port by SO_REUSEPORT and each get half of the requests,
    so this tries without it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            raise Refused(
                f"Port {port} on {host} cannot be used: {error.strerror or error}.",
                f"Stop the program that uses it, or choose another port with {option}.",
            ) from error


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    return host in {"localhost", "::1"} or host.startswith("127.")
