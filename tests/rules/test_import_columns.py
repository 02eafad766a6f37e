"""Columns of imported files by the names that people and programs give them, and what cells mean."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from offerwell.integrations.csv_file import csv_file
from offerwell.rules.adopted_code import Adoption, StoresDisagree, adoption_of
from offerwell.rules.countries import country_code
from offerwell.rules.import_columns import (
    ColumnField,
    ImportPurpose,
    ImportRefused,
    chosen_columns,
    guess_columns,
    mapping_for,
)
from offerwell.rules.imported_cells import BadCell, code_in, email_in, handle_in, labels_in, split_name
from offerwell.rules.spreadsheet_cell import spreadsheet_cell

MEMBERS, CODES = ImportPurpose.MEMBERS, ImportPurpose.CODES


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("Email", "email"), ("E-Mail", "email"), ("e_mail", "email"), ("EMAIL ADDRESS", "email"),
        ("Customer Email", "email"), ("creatorEmail", "email"), ("E-Mail-Adresse", "email"), ("Courriel", "email"),
        ("Correo electrónico", "email"), ("Email Marketing Consent", None), ("Email opens", None),
        ("First Name", "first_name"), ("first_name", "first_name"), ("firstName", "first_name"),
        ("Prénom", "first_name"), ("Vorname", "first_name"), ("Last-Name", "last_name"), ("Surname", "last_name"),
        ("Nachname", "last_name"), ("Name", "name"), ("Full name", "name"), ("Affiliate Name", "name"),
        ("Company", None), ("Instagram", "instagram"), ("IG handle", "instagram"), ("Instagram @", "instagram"),
        ("Instagram URL", "instagram"), ("Instagram followers", None), ("TikTok Username", "tiktok"),
        ("Tik Tok", "tiktok"), ("YouTube channel", "youtube"), ("X", "x"), ("Twitter handle", "x"),
        ("X (Twitter)", "x"), ("Creator handle", "handle"), ("Username", "handle"), ("Handle", "handle"),
        ("Default Address Country Code", "country"), ("Country", "country"), ("Pays", "country"), ("Land", "country"),
        ("Tags", "tags"), ("Customer Tags", "tags"), ("Étiquettes", "tags"), ("Group", "groups"),
        ("Segments", "groups"), ("Phone", None), ("Default Address Phone", None), ("Total Spent", None), ("", None),
        ("Code", None), ("名前", None), ("Creator", "member"),
    ],
)  # fmt: skip
def test_columns_of_members(name, held):
    assert guess_columns([name], MEMBERS).fields == (held,)


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("Code", "code"), ("Discount Code", "code"), ("COUPON", "code"), ("Coupon_code", "code"),
        ("Affiliate coupon", "code"), ("Promo-Code", "code"), ("Voucher", "code"), ("Gutscheincode", "code"),
        ("Código", "code"), ("Creator", "member"), ("Member", "member"), ("E-mail or handle", "member"),
        ("Tags", None), ("Discount value", None), ("Code used", None),
    ],
)  # fmt: skip
def test_columns_of_codes(name, held):
    assert guess_columns([name], CODES).fields == (held,)


def test_each_field_is_taken_once_by_its_surest_name():
    mapping = guess_columns(["Country", "Username", "Customer Email", "Country Code", "Email", "Handle"], MEMBERS)
    assert mapping.fields == (None, None, None, ColumnField.COUNTRY, ColumnField.EMAIL, ColumnField.HANDLE)
    assert mapping.ignored == ("Country", "Username", "Customer Email")
    assert mapping.to_json() == {"Country Code": "country", "Email": "email", "Handle": "handle"}


def test_what_is_missing_is_named_with_what_was_found():
    with pytest.raises(ImportRefused) as refused:
        mapping_for(["Type", "Value"], CODES, None)
    assert str(refused.value) == (
        "No column holds an e-mail or a social handle of the member and none holds the code. "
        "Columns found: “Type”, “Value”. Rename or map one of them."
    )
    with pytest.raises(ImportRefused, match="Columns found: “Email”"):
        mapping_for(["Email"], CODES, None)


def test_a_mapping_of_another_file_is_refused():
    mapping = chosen_columns(["A", "B"], {0: "email"}, MEMBERS)
    assert mapping_for(["A", "B"], MEMBERS, mapping) is mapping
    with pytest.raises(ImportRefused, match="The file's columns are not those that were mapped"):
        mapping_for(["B", "A"], MEMBERS, mapping)


@pytest.mark.parametrize("choice", ["code", "password", "__class__"])
def test_a_choice_that_is_none_is_refused(choice):
    with pytest.raises(ImportRefused, match=f"“{choice}” is not something a column can hold here"):
        chosen_columns(["A"], {0: choice}, MEMBERS)


@pytest.mark.parametrize(
    ("full", "parts"),
    [
        ("Nora Dubois", ("Nora", "Dubois")), ("Nora", ("Nora", "")), ("", ("", "")), ("Dubois, Nora", ("Nora", "Dubois")),
        ("Nora van den Berg", ("Nora", "van den Berg")), ("Mary Jane Watson", ("Mary Jane", "Watson")),
        ("Ana de la Cruz", ("Ana", "de la Cruz")), ("Sam Reed Jr.", ("Sam", "Reed Jr.")), ("Dubois,", ("Dubois", "")),
        ("De Niro", ("De", "Niro")), ("李 小龙", ("李", "小龙")), ("  Nora   Dubois ", ("Nora", "Dubois")),
    ],
)  # fmt: skip
def test_full_names_are_split(full, parts):
    assert split_name(full) == parts


@pytest.mark.parametrize(
    ("cell", "network", "handle"),
    [
        ("@nora", "instagram", ("instagram", "nora")), ("Nora.Glow", "tiktok", ("tiktok", "Nora.Glow")),
        ("https://www.instagram.com/nora/?hl=en", "instagram", ("instagram", "nora")),
        ("tiktok.com/@nora", "other", ("tiktok", "nora")), ("https://x.com/nora", "x", ("x", "nora")),
        ("https://youtube.com/c/Nora", "youtube", ("youtube", "Nora")),
        ("https://www.youtube.com/@nora/videos", "youtube", ("youtube", "nora")),
        ("linkedin.com/in/nora", "linkedin", ("linkedin", "nora")), ("＠nora", "other", ("other", "nora")),
    ],
)  # fmt: skip
def test_handles_and_profile_addresses(cell, network, handle):
    found = handle_in(cell, network)
    assert (found.network, found.text) == handle


@pytest.mark.parametrize("cell", ["two words", "a,b", "n" * 121, "https://tiktok.com/@nora", "a/b"])
def test_what_is_no_instagram_handle_is_told(cell):
    with pytest.raises(BadCell):
        handle_in(cell, "instagram")


@pytest.mark.parametrize("cell", ["", " ", "@", "https://instagram.com/"])
def test_no_handle_is_none(cell):
    assert handle_in(cell, "instagram") is None


@pytest.mark.parametrize(
    ("cell", "email"),
    [(" Nora@Example.COM ", "Nora@Example.COM"), ("mailto:n@x.io", "n@x.io"), ("Nora <n@x.io>", "n@x.io"), ("", "")],
)
def test_emails(cell, email):
    assert email_in(cell) == email


@pytest.mark.parametrize("cell", ["nora", "nora@", "@x.io", "a b@x.io", "a@x", "a@x.io, b@x.io", "a@@x.io", "a@x..io"])
def test_what_is_no_email_is_told(cell):
    with pytest.raises(BadCell, match="is not an e-mail address"):
        email_in(cell)


def test_labels_in_one_cell():
    assert labels_in(" VIP, vip;summer  24|\nnew, ") == ("VIP", "summer 24", "new")
    with pytest.raises(BadCell):
        labels_in("x" * 81)


@pytest.mark.parametrize("cell", ["", " ", "two words", "x" * 256, "a\u200bb", "a\nb", "<b>", "a\\b"])
def test_what_no_shopper_could_type_is_no_code(cell):
    with pytest.raises(BadCell):
        code_in(cell)


@pytest.mark.parametrize("cell", ["NORA20", "été-20%", "x" * 255, "50_OFF!", "夏20"])
def test_codes(cell):
    assert code_in(f" {cell} ") == cell


@pytest.mark.parametrize(
    ("written", "code"),
    [("fr", "FR"), ("FRA", "FR"), ("France", "FR"), ("UK", "GB"), ("United States of America", "US"), ("u.s.", "US"),
     ("Côte d’Ivoire", "CI"), ("Deutschland", "DE"), ("Czechia", "CZ"), ("Atlantis", None), ("", None)],
)  # fmt: skip
def test_countries(written, code):
    assert country_code(written) == code


NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def _seen(status, starts=-9, ends=None):
    return SimpleNamespace(
        status=status,
        starts_at=NOW + timedelta(days=starts),
        ends_at=None if ends is None else NOW + timedelta(days=ends),
    )


def test_no_discount_yet_is_wanted_active_in_the_offers_window():
    assert adoption_of([], offer_starts_at=None, offer_ends_at=NOW) == Adoption()


def test_a_running_discount_of_an_offer_that_starts_later_keeps_its_own_start():
    later = NOW + timedelta(days=3)
    found = adoption_of([("Glow", _seen("active"))], offer_starts_at=later, offer_ends_at=None)
    assert found == Adoption(is_active=True, starts_at=NOW - timedelta(days=9))


def test_ends_are_equal_to_the_second():
    offer_end = (NOW + timedelta(days=5)).replace(microsecond=654_321)
    found = adoption_of([("Glow", _seen("active", ends=5))], offer_starts_at=None, offer_ends_at=offer_end)
    assert found == Adoption()


def test_a_discount_off_before_its_end_was_switched_off_by_a_flag():
    seen, window = [("Vendure", _seen("expired", ends=0))], {"offer_starts_at": None, "offer_ends_at": NOW}
    assert adoption_of(seen, **window, now=NOW).is_active
    assert not adoption_of(seen, **window, now=NOW - timedelta(days=1)).is_active


def test_stores_that_disagree_are_named():
    seen = [("Glow", _seen("active")), ("Glow EU", _seen("expired", ends=-1)), ("Glow UK", _seen("scheduled"))]
    with pytest.raises(StoresDisagree, match="active in Glow, Glow UK and not in Glow EU"):
        adoption_of(seen, offer_starts_at=None, offer_ends_at=None)


# --- files as people have them

_TEXT = st.text(st.characters(codec="cp1252", exclude_categories=["Cc"]), max_size=12) | st.sampled_from(
    ["two\r\nlines", 'she said "hi"', "a;b,c\td|e", " spaced ", "=1+1", "日本", "ß", "'quoted'"]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(
    rows=st.lists(st.lists(_TEXT, min_size=3, max_size=3), min_size=1, max_size=6),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]),
    line_end=st.sampled_from(["\r\n", "\n", "\r"]),
    ends=st.tuples(st.booleans(), st.booleans()),
)
def test_any_dialect_and_encoding_reads_back(rows, delimiter, encoding, line_end, ends):
    names_delimiter, has_blank_end = ends
    text = io.StringIO(newline="")
    if names_delimiter:
        text.write(f"sep={delimiter}{line_end}")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end)
    writer.writerow(["Name", "Email", "Notes"])
    writer.writerows(rows)
    content = _encoded(text.getvalue() + (line_end * 3 if has_blank_end else ""), encoding)
    with csv_file(io.BytesIO(content)) as opened:
        assert (opened.columns, opened.delimiter) == (("Name", "Email", "Notes"), delimiter)
        read = list(opened.rows)
    assert [list(row.cells) for row in read if not row.trouble] == [row for row in rows if any(c.strip() for c in row)]
    assert [row.line for row in read] == _starts(rows, line_end, 3 if names_delimiter else 2)


def _encoded(text, encoding):
    marks = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
    try:
        content = marks.get(encoding, b"") + text.encode(encoding)
    except UnicodeEncodeError:
        assume(False)
    if encoding == "cp1252" and not content.isascii():
        try:
            content.decode("utf-8")
        except UnicodeDecodeError:
            return content
        assume(False)  # no program could tell which of the two it is
    return content


def _starts(rows, line_end, first):
    """On which line each row that is not blank starts: "two\\r\\nlines" is one more."""
    starts, line = [], first
    for row in rows:
        if any(cell.strip() for cell in row):
            starts.append(line)
        line += 1 + sum(cell.count("\r\n") for cell in row)
    return starts


def _read(content):
    with csv_file(io.BytesIO(content)) as opened:
        return [(row.line, row.cells, row.trouble) for row in opened.rows]


def test_a_row_with_broken_quotes_is_told_and_the_next_one_is_read():
    rows = _read(b'Email,Name\n"a@x.io"b,Bad\nc@x.io,Good\n')
    assert rows == [
        (2, (), "Line 2 was not read: text follows a closing quotation mark. Double the quotation marks inside a cell."),
        (3, ("c@x.io", "Good"), ""),
    ]  # fmt: skip


def test_a_quotation_mark_that_is_never_closed_does_not_swallow_rows_silently():
    rows = _read(b'Email,Name\na@x.io,Good\n"b@x.io,Open\nc@x.io,Lost\nd@x.io,Lost\n')
    assert rows == [
        (2, ("a@x.io", "Good"), ""),
        (3, (), "Lines 3 to 5 were not read: a quotation mark is opened and not closed. Close it or remove it."),
    ]  # fmt: skip


def test_a_nul_character_is_a_bad_row_not_a_crash():
    assert _read(b"Email,Name\n" + b"x" * 70_000 + b",1\na\x00@x.io,N\n")[-1] == (
        3, ("a@x.io", "N"), "The row holds a NUL character.",
    )  # fmt: skip


def test_nameless_columns_get_a_number_and_trailing_ones_are_dropped():
    with csv_file(io.BytesIO(b"Email,,Name,,\na@x.io,1,N,,\n")) as opened:
        assert opened.columns == ("Email", "Column 2", "Name")


def test_standard_input_is_read_though_it_cannot_be_rewound():
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

        def seek(self, *_):
            raise OSError("a pipe")

    with csv_file(Pipe(b"Email;Name\n\xe9@x.io;N\n")) as opened:
        assert (opened.encoding, opened.delimiter, [row.cells for row in opened.rows]) == (
            "cp1252", ";", [("é@x.io", "N")],
        )  # fmt: skip


@given(st.text(max_size=8))
def test_no_cell_of_a_report_runs_in_a_spreadsheet(text):
    cell = spreadsheet_cell(text)
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
    assert cell in {text, f"'{text}"}
