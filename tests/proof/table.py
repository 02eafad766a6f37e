"""The report of a proof run as Markdown: `python -m tests.proof.table FILE` reads what the proofs wrote there."""

from __future__ import annotations

import json
import sys
from pathlib import Path

COUNTS = ("workers killed", "workers frozen", "clients killed", "ticks sampled", "drained in")


def main(path):
    lines = [json.loads(line) for line in Path(path).read_text().splitlines()]
    print("| Proof | On | What was done | Result |")
    print("|---|---|---|---|")
    for line in lines:
        if line["proof"] in ROWS:
            done, result = ROWS[line["proof"]](line)
            print(f"| {line['proof']} | {line['engine']} | {done} | {result} |")
    _faults([line for line in lines if line["proof"] == "simulation"])
    _planted([line for line in lines if line["proof"] == "planted error"])


def _simulation(line):
    done = f"{line['mode'].upper()}: {line['runs']:,} seeds, {line['steps']:,} steps, {line['changes']:,} changes, "
    done += f"{line['ticks']:,} ticks, {line['writes']:,} writes"
    return done, f"{line['wrong']} wrong; settled {line['longest_seconds_to_settle']:,} s after calm at the latest"


def _needless(line):
    return f"{line['runs']} runs without faults, {line['writes']:,} writes", f"{line['needless']} needless"


def _agree(line):
    return f"{line['runs']} runs of {line['calls']} calls", "equal after every call"


def _kills(line):
    done = f"{line['seconds']} s: " + ", ".join(f"{line[name]} {name}" for name in COUNTS[:3])
    done += f"; {line['changes']} changes, {line['calls']:,} calls"
    result = f"0 lost, doubled or wrong; 0 of {line['ticks sampled']:,} sampled ticks false; "
    return done, f"{result}settled {line['drained in']} s after calm"


def _web(line):
    done = f"{line['kills']} web kills; {line['changes']} changes, {line['pressed_again']} requests made again"
    return done, "0 lost or doubled"


def _history(line):
    done = f"{line['operations']:,} operations, {line['changes']:,} changes, {line['undone']} undone, "
    done += f"{line['replayed']} replayed, {line['plans out of date']} plans out of date"
    return done, "0 unexplained, 0 out of order"


def _faults_run(line):
    verb = "activated" if line["to_active"] else "deactivated"
    share = line["calls_gone_wrong"] / line["calls"]
    done = (
        f"{line['codes']:,} codes {verb}; {line['calls_gone_wrong']} of {line['calls']} calls went wrong ({share:.0%})"
    )
    return done, f"all confirmed in {line['seconds']} s"


def _poisoned(line):
    done = f"{line['codes']:,} codes; refused: {line['refused']}"
    return done, f"{line['ratio']} × the normal time, {line['calls_more']} calls more"


ROWS = {
    "simulation": _simulation, "needless writes without faults": _needless, "tables agree": _agree, "kill run": _kills,
    "web kill run": _web, "history": _history, "20 % faults": _faults_run, "one poisoned code": _poisoned,
}  # fmt: skip


def _faults(lines):
    if not lines:
        return
    print("\nHow often each fault struck:\n")
    print(f"| Fault | {' | '.join(line['mode'].upper() for line in lines)} |")
    print("|---|" + "---:|" * len(lines))
    for kind in sorted({kind for line in lines for kind in line["struck"]}):
        counts = [f"{line['struck'].get(kind, 0):,}" for line in lines]
        print(f"| {kind} | {' | '.join(counts)} |")


def _planted(lines):
    if not lines:
        return
    print(f"\nPlanted errors, noticed in so many of {lines[0]['of']} seeds:\n")
    print("| Planted error | CORE | FULL | REFRESH | |")
    print("|---|---:|---:|---:|---|")
    for line in lines:
        print(f"| {line['name']} | {line['core']} | {line['full']} | {line.get('refresh', 0)} | {_excuse(line)} |")


def _excuse(line):
    if "because" not in line:
        return ""
    return f"{line['because']} {line['needless']} of {line['writes']:,} writes without faults were needless."


if __name__ == "__main__":
    main(sys.argv[1])
