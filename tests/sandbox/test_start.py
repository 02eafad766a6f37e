"""What is said when the store cannot start, and how its schema is built."""

from __future__ import annotations

import gzip
import json
import socket
from typing import TYPE_CHECKING

import pytest

from offerwell.sandbox import build_schema, schema, serve
from offerwell.sandbox.schema import SchemaMissingError, load_schema
from offerwell.sandbox.server import PortTakenError

if TYPE_CHECKING:
    from pathlib import Path


def test_taken_port_is_a_plain_sentence() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"^Port {port} on 127.0.0.1 is taken. Choose another one"):
            serve(port=port)


def test_missing_schema_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "BUILD_FOLDER", tmp_path)
    with pytest.raises(SchemaMissingError, match=r"is missing. Run `make setup`\.$"):
        load_schema.__wrapped__("2026-10")


def test_build_refuses_a_missing_and_a_changed_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build_schema, "BUILD_FOLDER", tmp_path / "build")
    assert build_schema.main([str(tmp_path)]) == 1
    assert "is missing. Run `make setup`" in capsys.readouterr().err
    data = tmp_path / "dist" / "data"
    data.mkdir(parents=True)
    for version in build_schema.SOURCE_DIGESTS:
        (data / f"admin_{version}.json.gz").write_bytes(gzip.compress(json.dumps({"data": {}}).encode()))
    assert build_schema.main([str(tmp_path)]) == 1
    assert "is not the file of @shopify/dev-mcp 1.16.0" in capsys.readouterr().err
    assert not (tmp_path / "build").exists()


def test_only_descriptions_are_dropped() -> None:
    tree = {"name": "A", "description": "x", "fields": [{"name": "b", "deprecationReason": "y", "isDeprecated": True}]}
    expected = {"name": "A", "fields": [{"name": "b", "isDeprecated": True}]}
    assert build_schema.without_descriptions(tree) == expected


@pytest.mark.parametrize(("version", "mutations"), [("2026-07", 500), ("2026-10", 500)])
def test_whole_schema_is_there(version: str, mutations: int) -> None:
    loaded = load_schema(version)
    assert loaded.mutation_type is not None
    assert len(loaded.mutation_type.fields) > mutations
    assert len(loaded.type_map) > 3000
