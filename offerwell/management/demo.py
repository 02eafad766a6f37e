"""`offerwell demo`: the sample workspace, small with its codes in the sandbox store, or as large as wanted."""

from __future__ import annotations

import time

import click

from offerwell.management.answer import answer, answer_json, json_option, note
from offerwell.management.migrate import migrate_database
from offerwell.management.opened import now
from offerwell.management.refusal import Refused

_MOST = 5_000_000


@click.command()
@click.option("--members", type=click.IntRange(1, _MOST), help="How many members; 10,300 unless given.")
@click.option("--offer-size", type=click.IntRange(1, _MOST), help="How many of them in Founders Club.")
@click.option("--sandbox", default="http://127.0.0.1:8077", show_default=True, help="Address of the sandbox store.")
@json_option
def demo(members: int | None, offer_size: int | None, sandbox: str, as_json: bool) -> None:
    """Build the sample workspace Glow Lab.

    Up to 20,000 codes are put into the running sandbox store. With more, the store is connected but switched
    off: switched on, the sync creates the discounts.
    """
    migrate_database()
    from offerwell.demo.glow_lab import FOUNDERS, MEMBERS, DemoThere, Size, build_glow_lab
    from offerwell.demo.sandbox_shop import SandboxAway

    count = members or MEMBERS
    founders = offer_size or (min(FOUNDERS, count) if count <= MEMBERS else count)
    if founders > count:
        raise Refused(f"The offer cannot have {founders:,} of {count:,} members.", "Give a smaller --offer-size.")
    size = Size(members=count, founders=founders)
    began = time.monotonic()
    try:
        built = build_glow_lab(
            sandbox=sandbox if size.is_small else None, fixed_password=False, at=now(), size=size, tell=note
        )
    except SandboxAway as away:
        raise Refused(str(away), "Start it with `offerwell sandbox`, or use `offerwell run`.") from away
    except DemoThere as there:
        raise Refused(f"{there} Nothing was done.", "Use it, or set OFFERWELL_DATA to an empty folder.") from there
    _tell(built, count, time.monotonic() - began, as_json=as_json)


def _tell(built: object, members: int, seconds: float, *, as_json: bool) -> None:
    from offerwell.demo.glow_lab import Built

    assert isinstance(built, Built)  # noqa: S101  for the type checker: models load late here
    if as_json:
        answer_json({
            "workspace": built.workspace.slug, "members": members, "codes": built.codes,
            "sign_in": {"email": built.sign_in.email, "password": built.sign_in.password},
        })  # fmt: skip
        return
    answer(f"Glow Lab has {members:,} members and {built.codes:,} codes ({seconds:.1f} s).")
    answer(f"Sign in as {built.sign_in.email} with the password {built.sign_in.password}")
