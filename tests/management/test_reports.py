"""`offerwell reports`, `offerwell rates`, and `verify` of what reports show."""

from __future__ import annotations

import pytest
from django_scopes import scope

from offerwell.models import (
    Conversion,
    Event,
    ExchangeRate,
    MemberSalesDay,
    OfferSalesDay,
    ProgrammeSalesDay,
    ReportingCurrency,
)
from tests import make

RATES = """day,currency,rate
2026-11-01,USD,0.91
2026-11-02,usd,0.92
2026-11-02,GBP,1.1500000001
2026-11-03,EUR,1
yesterday,USD,0.9
"""


@pytest.fixture
def glow(acme):
    store = make.store(acme, "Glow", currency="USD")
    place = make.enrollment(make.offer(acme, "Summer", stores=[store]))
    make.history(make.code(place, "NORA10"))
    make.recorded(store, make.snapshot(codes=["NORA10"]))
    return store


def file(tmp_path, text=RATES):
    path = tmp_path / "rates.csv"
    path.write_text(text)
    return path


def test_verify_names_what_reports_say_wrong_and_a_rebuild_puts_it_right(told, command, glow, rival):
    assert told("verify")[1] == 0
    OfferSalesDay.objects.update(sales=9_900)
    MemberSalesDay.objects.all().delete()
    ProgrammeSalesDay.objects.update(orders=2)
    body, code = told("verify")
    row = OfferSalesDay.objects.get()
    where = f"2026-11-23, offer {row.offer_id}"
    assert code == 1
    assert [(one["check"], one["where"], one["wrong"]) for one in body["problems"]] == [
        (
            "report", f"{where}, member {Conversion.objects.get().member_id}, store {glow.pk}",
            "it says 0 orders, 0.00 USD sold, 0.00 USD earned, there are 1 orders, 100.00 USD sold, 0.00 USD earned",
        ),
        (
            "report", f"{where}, store {glow.pk}",
            "it says 1 orders, 99.00 USD sold, 0.00 USD earned, there are 1 orders, 100.00 USD sold, 0.00 USD earned",
        ),
        (
            "report", "2026-11-23, the programme",
            "it says 2 orders, 100.00 USD sold, 0.00 USD earned, there are 1 orders, 100.00 USD sold, 0.00 USD earned",
        ),
    ]  # fmt: skip
    slug = glow.workspace.slug
    assert told("reports", "rebuild", "--workspace", slug) == (
        {"workspace": slug, "days_with_sales": 1, "days_with_clicks": 0}, 0,
    )  # fmt: skip
    assert told("verify")[1] == 0
    answered = command("reports", "rebuild", "--workspace", slug)
    assert answered.stdout == "Made anew: 1 days with sales, 0 with clicks.\n"


def test_rates_come_in_once_bad_rows_are_named(told, acme, tmp_path):
    assert told("reports", "currency", "eur") == ({"workspace": acme.slug, "currency": "EUR"}, 0)
    body, code = told("rates", "import", file(tmp_path))
    assert ({**body, "rejected_rows": None}, code) == (
        {"into": "EUR", "rates": 3, "changed": 3, "rejected": 2, "rejected_rows": None}, 3,
    )  # fmt: skip
    assert [(row["line"], row["reason"][:38]) for row in body["rejected_rows"]] == [
        (5, "EUR is the reporting currency itself. "), (6, "“yesterday” is no date. Write it as 20"),
    ]  # fmt: skip
    stored = ExchangeRate.objects.order_by("currency", "day").values_list("currency", "into", "rate")
    assert [(*row[:2], str(row[2])) for row in stored] == [
        ("GBP", "EUR", "1.1500000001"), ("USD", "EUR", "0.9100000000"), ("USD", "EUR", "0.9200000000"),
    ]  # fmt: skip
    assert told("rates", "import", file(tmp_path))[0]["changed"] == 0
    assert told("rates", "import", file(tmp_path, "date,currency,rate\n2026-11-02,USD,0.5\n"))[0]["changed"] == 1
    assert ExchangeRate.objects.count() == 3
    assert list(Event.objects.order_by("seq").values_list("kind", flat=True)) == [
        "reporting_currency_set", *["rates_imported"] * 3,
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), [
    (RATES, "No reporting currency is chosen."), ("day,currency\n2026-11-02,USD\n", "The file has no column rate."),
    ("day,currency,rate\n", "The file has no rows."),
])  # fmt: skip
def test_files_that_hold_no_rates_are_refused(told, acme, tmp_path, text, words):
    if words != "No reporting currency is chosen.":
        ReportingCurrency.objects.create(workspace=acme, currency="EUR")
    body, code = told("rates", "import", file(tmp_path, text))
    assert (body["error"].startswith(words), code) == (True, 1), body
    assert (ExchangeRate.objects.count(), Event.objects.count()) == (0, 0)


def test_a_reporting_currency_is_chosen_and_given_up_and_is_the_workspaces_own(told, acme, rival):
    def chosen(place):
        with scope(workspace=place):
            return list(ReportingCurrency.objects.values_list("currency", flat=True))

    of_acme = ("--workspace", acme.slug)
    body, code = told("reports", "currency", "euro", *of_acme)
    assert (body["error"], code, chosen(acme)) == ("“euro” is no currency. Enter three letters, as EUR.", 1, [])
    assert Event.objects.count() == 0
    told("reports", "currency", "EUR", "--workspace", rival.slug)
    told("reports", "currency", "EUR", *of_acme)
    told("reports", "currency", "EUR", *of_acme)
    assert (chosen(acme), chosen(rival), Event.objects.count()) == (["EUR"], ["EUR"], 1)
    assert told("reports", "currency", "none", *of_acme) == ({"workspace": acme.slug, "currency": None}, 0)
    assert (chosen(acme), chosen(rival)) == ([], ["EUR"])
