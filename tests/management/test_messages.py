"""`offerwell messages`: a list of addresses, by the command."""

from __future__ import annotations

from offerwell.models import Suppression


def test_a_list_of_addresses_is_added_and_rows_without_one_are_named(told, command, acme, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("email\nnora@example.com\nnope\n")
    report, code = told("messages", "suppress", str(path))
    assert (report["added"], report["known"], report["rejected"], code) == (1, 0, 1, 3)
    assert report["rejected_rows"] == [{"line": 3, "reason": "“nope” is no e-mail address."}]
    path.write_text("a,b\nnora@example.com,x\n")
    refused = command("messages", "suppress", str(path))
    assert refused.exit_code == 1
    assert "No address was added." in refused.stderr
    assert Suppression.objects.count() == 1
