"""`python -m tests.simulation --seed 123 --mode core --trace`: one run, or `--runs 300` of them from that seed."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile


def _set_up():
    """The core imports models; they are never queried here."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "offerwell.settings")
    os.environ.setdefault("OFFERWELL_DATA", tempfile.mkdtemp(prefix="offerwell-simulation-"))
    import django

    django.setup()


def main():
    given = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    given.add_argument("--seed", type=int, default=0)
    given.add_argument("--runs", type=int, default=1, help="so many seeds from --seed on")
    given.add_argument("--mode", choices=("core", "full", "refresh"), default="core")
    given.add_argument("--planted", default="", help="an error to plant, by its name in planted.py")
    given.add_argument("--quiet", action="store_true", help="without faults")
    given.add_argument("--trace", action="store_true", help="print every step")
    asked = given.parse_args()
    _set_up()
    from tests.simulation.many import play_many
    from tests.simulation.planted import BY_NAME, SOUND
    from tests.simulation.run import play

    if asked.planted and asked.planted not in BY_NAME:
        given.error(f"no such planted error; there are: {', '.join(BY_NAME)}")
    if asked.runs == 1:
        planted = BY_NAME.get(asked.planted, SOUND)
        told = play(asked.seed, asked.mode, planted=planted, is_quiet=asked.quiet, traced=asked.trace)
        print("\n".join(told.trace or ()))
        wrong = [(told.seed, told.wrong)] if told.wrong else []
    else:
        told = play_many(
            range(asked.seed, asked.seed + asked.runs), asked.mode, planted=asked.planted, is_quiet=asked.quiet
        )
        wrong = told.wrong
    print(f"mode {asked.mode}, seeds {asked.seed} to {asked.seed + asked.runs - 1}: {len(wrong)} wrong, "
          f"{told.steps} steps, {told.changes} changes, {told.ticks} ticks, {told.writes} writes, "
          f"{told.needless} needless")  # fmt: skip
    print("struck:", dict(sorted(told.coverage.items())))
    for seed, sentence in wrong[:20]:
        print(f"WRONG seed {seed}: {sentence}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
