"""`members import` and `codes import`: thin doors of the import actions."""

from __future__ import annotations

import pytest

from offerwell.models import Enrollment, Member, OfferType, PromoCode
from tests import make

CSV = "First Name,Last Name,Email\nNora,Dubois,nora@example.com\nBad,Row,not-an-address\nElena,Ríos,elena@example.com\n"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "customers.csv"
    path.write_text(CSV, "utf-8-sig")
    return path


def test_a_dry_run_tells_and_does_nothing(told, acme, file):
    body, code = told("members", "import", file, "--dry-run")
    assert (body["dry_run"], body["rows"], body["added"], body["rejected"], code) == (True, 3, 2, 1, 3)
    assert Member.objects.count() == 0


def test_good_rows_go_in_bad_ones_into_a_file_and_a_second_run_changes_nothing(told, command, acme, file, tmp_path):
    bad = tmp_path / "rejected.csv"
    body, code = told("members", "import", file, "--rejected", bad)
    assert (body["added"], body["rejected"], code) == (2, 1, 3)
    assert [row["line"] for row in body["rejected_rows"]] == [3]
    lines = bad.read_text("utf-8-sig").splitlines()
    assert lines[0] == "Line,Reason,First Name,Last Name,Email"
    assert (lines[1].startswith("3,"), lines[1].endswith("Bad,Row,not-an-address"), len(lines)) == (True, True, 2)
    again, code = told("members", "import", file)
    assert (again["added"], again["updated"], again["unchanged"], code) == (0, 0, 2, 3)
    assert list(Member.objects.order_by("email").values_list("email", flat=True)) == [
        "elena@example.com",
        "nora@example.com",
    ]
    result = command("members", "import", file)
    assert result.stdout == "3 rows: 0 members added, 0 updated, 2 unchanged, 1 rejected.\n"


def test_a_file_without_the_needed_columns_is_refused_and_nothing_is_done(told, acme, tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("Colour,Size\nred,3\n")
    body, code = told("members", "import", path)
    assert (code, set(body)) == (1, {"error", "next"})
    assert Member.objects.count() == 0


def test_codes_of_a_link_offer_are_refused_and_nothing_is_done(told, acme, tmp_path):
    offer = make.offer(acme, "Holiday", type=OfferType.SALES_LINK)
    path = tmp_path / "codes.csv"
    path.write_text("email,code\nnora@example.com,NORA20\n")
    body, code = told("codes", "import", "holiday", path)
    assert (body["error"], code) == (
        "“Holiday” is a Sales Link offer: it has no codes. Choose an offer with promo codes.",
        1,
    )
    assert (PromoCode.objects.count(), Enrollment.objects.filter(offer=offer).count()) == (0, 0)


def test_a_store_that_is_away_leaves_everything_as_it_was(told, acme, tmp_path):
    store = make.store(acme, "Glow", client_id="a", client_secret="b")
    store.address = "http://127.0.0.1:1"
    store.save()
    offer = make.offer(acme, "Summer", type=OfferType.PROMO_CODE, stores=[store])
    make.member(acme, "Nora", email="nora@example.com")
    path = tmp_path / "codes.csv"
    path.write_text("email,code\nnora@example.com,NORA20\n")
    body, code = told("codes", "import", "summer", path)
    assert (code, set(body)) == (1, {"error", "next"})
    assert (PromoCode.objects.count(), Enrollment.objects.filter(offer=offer).count()) == (0, 0)


def test_a_file_that_is_not_there_is_wrong_usage(told, acme, tmp_path):
    body, code = told("members", "import", tmp_path / "none.csv")
    assert (code, set(body)) == (2, {"error", "next"})
