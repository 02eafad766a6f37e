"""The GraphQL operations Offerwell sends to Vendure, one `.graphql` file each.

A mutation with `per_request` > 1 is repeated under aliases (`r0`, `r1`, …) in one request. Vendure carries
them out one after the other, each in a transaction of its own, and stops at the first that fails.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent / "operations"
_SHAPE = re.compile(r"mutation (?P<name>\w+)\((?P<params>[^)]*)\) \{\n  (?P<field>.*)\n\}", re.DOTALL)
_VARIABLE = re.compile(r"\$(\w+)")


@dataclass(frozen=True, slots=True)
class Operation:
    """`permission` is what Vendure asks of the login for it (empty: any login may).

    `repeatable` marks a mutation that leaves no trace when it is asked twice.
    """

    file: str
    permission: str = ""
    per_request: int = 1
    repeatable: bool = False

    @property
    def is_write(self) -> bool:
        """Whether asking twice could act twice."""
        return text_of(self).startswith("mutation") and not self.repeatable


# Vendure's web server takes requests of 100 kB and answers larger ones with HTTP 500. A creation with the
# longest name and code is some 1.8 kB, an update 0.4 kB (tests/vendure/test_documents.py).
LOGIN = Operation("login", repeatable=True)
CHANNEL = Operation("channel")
PERMISSIONS = Operation("permissions")
LIST_PROMOTIONS = Operation("list_promotions", "ReadPromotion")
CREATE_PROMOTION = Operation("create_promotion", "CreatePromotion", per_request=40)
UPDATE_PROMOTION = Operation("update_promotion", "UpdatePromotion", per_request=100)

OPERATIONS = (LOGIN, CHANNEL, PERMISSIONS, LIST_PROMOTIONS, CREATE_PROMOTION, UPDATE_PROMOTION)
NEEDED_PERMISSIONS = ("ReadPromotion", "CreatePromotion", "UpdatePromotion")


@cache
def text_of(operation: Operation) -> str:
    """The file's text without its comments."""
    lines = (FOLDER / f"{operation.file}.graphql").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("#")) + "\n"


@lru_cache(maxsize=256)
def aliased(operation: Operation, count: int) -> str:
    """The mutation `count` times in one request: variable `$input` becomes `$input_0`, `$input_1` and so on."""
    shape = _SHAPE.match(text_of(operation))
    if shape is None:
        raise ValueError(f"{operation.file}.graphql is not one mutation with variables and one root field")
    params = ", ".join(_numbered(shape["params"], index) for index in range(count))
    fields = "\n".join(f"  r{index}: {_numbered(shape['field'], index)}" for index in range(count))
    return f"mutation {shape['name']}({params}) {{\n{fields}\n}}\n"


def _numbered(text: str, index: int) -> str:
    return _VARIABLE.sub(rf"$\1_{index}", text)
