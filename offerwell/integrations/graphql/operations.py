"""GraphQL operations kept as `.graphql` files, and several of one in a request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SHAPE = re.compile(r"(?P<kind>query|mutation) (?P<name>\w+)\((?P<params>[^)]*)\) \{\n  (?P<field>.*)\n\}", re.DOTALL)
_VARIABLE = re.compile(r"\$(\w+)")


def text_in(file: Path) -> str:
    """The file's text without its comments."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("#")) + "\n"


def repeated(text: str, count: int, *, name: str) -> str:
    """The operation `count` times in one request, as `r0`, `r1`, …: variable `$code` becomes `$code_0`, `$code_1`.

    Raises ValueError, with `name`, for what is not one operation with variables and one root field.
    """
    shape = _SHAPE.match(text)
    if shape is None:
        raise ValueError(f"{name} is not one operation with variables and one root field")
    params = ", ".join(_numbered(shape["params"], index) for index in range(count))
    fields = "\n".join(f"  r{index}: {_numbered(shape['field'], index)}" for index in range(count))
    return f"{shape['kind']} {shape['name']}({params}) {{\n{fields}\n}}\n"


def _numbered(text: str, index: int) -> str:
    return _VARIABLE.sub(rf"$\1_{index}", text)
