"""Members from CSV: good rows go in, bad rows are told with line and reason, a re-run changes nothing."""

from __future__ import annotations

import io
import time
import tracemalloc

import pytest
from django_scopes import scope

from offerwell.actions.import_members import import_members
from offerwell.models import Enrollment, Event, Group, GroupMember, Member, MemberTag, SocialHandle, Tag
from offerwell.rules.import_columns import ImportRefused
from tests import make

SHOPIFY = (
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,"
    "Default Address Address2,Default Address City,Default Address Province Code,Default Address Country Code,"
    "Default Address Zip,Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,Tags"
)
AFFILIATE_TOOL = (
    "Affiliate ID;Name;Email;Coupon;Instagram;TikTok URL;Instagram followers;Country;Groups\r\n"
    "17;Nora van den Berg;nora@example.com;NORA10;@nora.glow;https://www.tiktok.com/@noraglow?lang=en;12000;Côte d’Ivoire;VIP | Summer\r\n"
    '18;"Dubois, Elena";ELENA@example.com;ELENA10;instagram.com/elena/;;;UK;\r\n'
    "19;Hana;;HANA10;hana;;;Atlantis;vip\r\n"
    ";;;;;;;;\r\n"
)


def load(workspace, text, **more):
    file = io.BytesIO(text if isinstance(text, bytes) else text.encode())
    return import_members(workspace_id=workspace.pk, file=file, by=make.ANA, at=make.NOW, **more)


def told(report):
    return (report.rows, report.added, report.updated, report.unchanged, report.rejected_count)


def problems(report):
    return [(row.line, row.reason) for row in report.rejected]


def stored():
    models = (Member, SocialHandle, Tag, MemberTag, Group, GroupMember, Enrollment, Event)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_a_shopify_customer_export(acme):
    text = f"{SHOPIFY}\n'7001,Nora,Dubois,Nora@Example.com,yes,,1 Rue X,,Paris,,FR,75001,,'+33 1,no,12.00,1,,no,\"vip, Paris\"\n"
    report = load(acme, text)
    assert told(report) == (1, 1, 0, 0, 0)
    assert report.mapping.to_json() == {
        "First Name": "first_name", "Last Name": "last_name", "Email": "email",
        "Default Address Country Code": "country", "Tags": "tags",
    }  # fmt: skip
    columns = (
        "first_name",
        "last_name",
        "email",
        "email_key",
        "country",
        "name_key",
        "search_text",
        "created_at",
    )
    assert Member.objects.values_list(*columns).get() == (
        "Nora", "Dubois", "Nora@Example.com", "nora@example.com", "FR", "nora dubois",
        "nora dubois nora@example.com", make.NOW,
    )  # fmt: skip
    assert list(Tag.objects.order_by("pk").values_list("name", "key")) == [("vip", "vip"), ("Paris", "paris")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_an_affiliate_tools_export_in_any_encoding(acme, encoding):
    report = load(acme, AFFILIATE_TOOL.encode(encoding))
    assert told(report) == (3, 3, 0, 0, 0)
    assert report.mapping.ignored == ("Affiliate ID", "Coupon", "Instagram followers")
    assert list(Member.objects.order_by("pk").values_list("first_name", "last_name", "email", "country", "search_text")) == [
        ("Nora", "van den Berg", "nora@example.com", "CI", "nora van den berg nora@example.com nora.glow noraglow"),
        ("Elena", "Dubois", "ELENA@example.com", "GB", "elena dubois elena@example.com elena"),
        ("Hana", "", "", "", "hana hana"),
    ]  # fmt: skip
    assert list(SocialHandle.objects.order_by("pk").values_list("member__first_name", "network", "handle", "handle_key")) == [
        ("Nora", "instagram", "nora.glow", "nora.glow"), ("Nora", "tiktok", "noraglow", "noraglow"),
        ("Elena", "instagram", "elena", "elena"), ("Hana", "instagram", "hana", "hana"),
    ]  # fmt: skip
    assert list(GroupMember.objects.order_by("pk").values_list("group__name", "member__first_name")) == [
        ("VIP", "Nora"), ("Summer", "Nora"), ("VIP", "Hana"),
    ]  # fmt: skip
    assert report.warnings == ["Line 4: the country “Atlantis” is not known and was left out."]


def test_a_second_import_changes_nothing(acme):
    load(acme, AFFILIATE_TOOL)
    before = stored()
    assert told(load(acme, AFFILIATE_TOOL)) == (3, 0, 0, 3, 0)
    assert stored() == before


def test_a_known_member_gets_only_what_is_written(acme):
    nora = make.member(acme, "Nora", "Dubois", email="nora@example.com", country="FR")
    SocialHandle.objects.create(workspace=acme, member=nora, network="instagram", handle="Nora", handle_key="nora")
    offer = make.offer(acme)
    place = make.enrollment(offer, nora)
    make.code(place, "NORA20")
    text = "Email,First name,Last name,Country,Tags,TikTok\nNORA@example.com,,Durand,,new,norad\n"
    assert told(load(acme, text)) == (1, 0, 1, 0, 0)
    columns = ("first_name", "last_name", "email", "country", "name_key", "search_text")
    assert Member.objects.values_list(*columns).get() == (
        "Nora", "Durand", "nora@example.com", "FR", "nora durand", "nora durand nora@example.com nora norad",
    )  # fmt: skip
    assert Enrollment.objects.values_list("name_key", "search_text").get() == (
        "nora durand", "nora durand nora@example.com nora norad nora20",
    )  # fmt: skip
    assert told(load(acme, text)) == (1, 0, 0, 1, 0)


def test_a_member_is_known_by_handle_where_the_e_mail_is_missing(acme):
    nora = make.member(acme, "Nora", "", email="")
    SocialHandle.objects.create(workspace=acme, member=nora, network="tiktok", handle="nora", handle_key="nora")
    assert told(load(acme, "Creator handle,Email\n@NORA,nora@example.com\n")) == (1, 0, 1, 0, 0)
    assert Member.objects.values_list("pk", "email", "email_key").get() == (
        nora.pk,
        "nora@example.com",
        "nora@example.com",
    )
    assert SocialHandle.objects.count() == 1


def test_each_bad_row_is_told_with_its_line_and_the_good_ones_go_in(acme):
    elena = make.member(acme, "Elena", "Roy", email="elena@example.com")
    SocialHandle.objects.create(workspace=acme, member=elena, network="instagram", handle="elena", handle_key="elena")
    report = load(acme, "\r\n".join([
        "Email,Instagram,Name",
        "nora@example.com,nora,Nora",
        ",,Nobody",
        "nora@,,Bad",
        '"two@example.com, three@example.com",,Two',
        '"many\r\nlines@example.com",,Lines',
        "NORA@example.com,,Twice",
        "other@example.com,@Nora,Same handle",
        "new@example.com,elena,Wrong e-mail",
        "x@example.com,,X,more cells",
        "y@example.com,two words,Y",
        f"z@example.com,,{'z' * 301}",
        "good@example.com,https://instagram.com/good,Good",
        "",
        ",,",
    ]))  # fmt: skip
    assert problems(report) == [
        (3, "The row has no e-mail and no handle. Give one of them."),
        (4, "“nora@” is not an e-mail address."),
        (5, "“two@example.com, three@example.com” is not an e-mail address."),
        (6, "“many\r\nlines@example.com” is not an e-mail address."),
        (8, "The same member is on line 2."),
        (9, "The same member is on line 2."),
        (10, "@elena belongs to elena@example.com, not new@example.com. Correct the row or that member's e-mail."),
        (11, "The row has 4 cells, the header has 3. Put quotation marks around a cell that holds the delimiter."),
        (12, "“two words” is not a handle or a profile address."),
        (13, f"The name “{'z' * 57}…” is longer than 300 characters."),
    ]  # fmt: skip
    assert told(report) == (12, 2, 0, 0, 10)
    assert list(Member.objects.order_by("pk").values_list("email", flat=True)) == [
        "elena@example.com", "nora@example.com", "good@example.com",
    ]  # fmt: skip


def test_a_row_that_names_two_members_is_for_a_person(acme):
    for first in ("Nora", "Elena"):
        member = make.member(acme, first, email=f"{first}@example.com".lower())
        SocialHandle.objects.create(workspace=acme, member=member, network="x", handle=first, handle_key=first.lower())
    before = stored()
    report = load(acme, "Email,Twitter\nnora@example.com,elena\n")
    assert problems(report) == [
        (2, "nora@example.com and @elena belong to different members. Correct the row or the members."),
    ]  # fmt: skip
    assert stored() == before


def test_the_rejected_rows_come_back_as_a_csv_that_no_spreadsheet_runs_and_that_can_be_imported(acme):
    report = load(acme, 'Name,Email,TikTok\n"=HYPERLINK(""http://x"")",bad,@nora\n')
    rejected = b"".join(report.rejected_csv()).decode("utf-8-sig")
    assert rejected == (
        "Line,Reason,Name,Email,TikTok\r\n"
        '2,“bad” is not an e-mail address.,"\'=HYPERLINK(""http://x"")",bad,\'@nora\r\n'
    )
    corrected = rejected.replace(",bad,", ",nora@example.com,")
    assert told(load(acme, corrected)) == (1, 1, 0, 0, 0)
    assert SocialHandle.objects.values_list("handle", flat=True).get() == "nora"
    assert Member.objects.values_list("first_name", flat=True).get() == '=HYPERLINK("http://x")'


def test_a_member_of_another_workspace_is_neither_seen_nor_touched(acme, rival):
    theirs = make.member(rival, "Foreign", email="shared@example.com")
    assert told(load(acme, "Email,Name\nshared@example.com,Ours\n")) == (1, 1, 0, 0, 0)
    with scope(workspace=rival):
        assert Member.objects.values_list("pk", "first_name").get() == (theirs.pk, "Foreign")
    assert Member.objects.values_list("first_name", flat=True).get() == "Ours"


def test_a_dry_run_tells_the_same_and_writes_nothing(acme):
    make.member(acme, "Elena", "Roy", email="elena@example.com")
    before = stored()
    dry = load(acme, AFFILIATE_TOOL, dry_run=True)
    assert stored() == before
    assert {**dry.to_json(), "dry_run": False} == load(acme, AFFILIATE_TOOL).to_json()
    assert told(dry) == (3, 2, 1, 0, 0)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "The file is empty. Export it again, with a first line that names the columns."),
        (b"\n\n , \n", "The file is empty. Export it again, with a first line that names the columns."),
        (b"PK\x03\x04rest", "The file is an Excel workbook. In Excel, choose Save As, “CSV UTF-8”, and import that file."),
        (b"<!DOCTYPE html><html>", "The file is a web page, not CSV. Download the export again and choose the CSV file."),
        (b"\x00\x01\x02", "The file is not CSV text. Export or save it as “CSV UTF-8” and choose that file."),
        (b"a\x81\x8d", "The file is not CSV text. Export or save it as “CSV UTF-8” and choose that file."),
        (b"Company,City\nA,B\n", ("No column holds an e-mail or a social handle of the member. "
         "Columns found: “Company”, “City”. Rename or map one of them.")),
    ],
)  # fmt: skip
def test_what_is_no_member_file_is_refused_whole(acme, content, reason):
    with pytest.raises(ImportRefused) as refused:
        load(acme, content)
    assert str(refused.value) == reason
    assert (Member.objects.count(), Event.objects.count()) == (0, 0)


def test_a_failure_in_the_last_chunk_undoes_the_whole_file(acme, monkeypatch):
    monkeypatch.setattr("offerwell.actions.read_import.CHUNK", 2)
    calls = []
    monkeypatch.setattr(
        "offerwell.actions.import_members.update_rows",
        lambda *a: calls.append(a) or 1 / 0 if len(calls) else calls.append(a),
    )
    make.member(acme, "Nora", email="nora@example.com")
    text = "Email,Name\na@example.com,A\nb@example.com,B\nc@example.com,C\nnora@example.com,Other\n"
    with pytest.raises(ZeroDivisionError):
        load(acme, text)
    assert list(Member.objects.values_list("email", flat=True)) == ["nora@example.com"]


def test_chunks_do_not_change_what_happens(acme, monkeypatch):
    monkeypatch.setattr("offerwell.actions.read_import.CHUNK", 1)
    text = "Email,TikTok,Tags\na@example.com,a,x\nb@example.com,b,x\nA@example.com,,\nc@example.com,B,\n"
    report = load(acme, text)
    assert told(report) == (4, 2, 0, 0, 2)
    assert problems(report) == [(4, "The same member is on line 2."), (5, "The same member is on line 3.")]
    assert Tag.objects.count() == 1


def big_file(path, rows, start):
    with path.open("w", newline="") as file:
        file.write("First Name,Last Name,Email,Instagram,Default Address Country Code,Tags,Note\r\n")
        for n in range(start, start + rows):
            file.write(f'First{n},Last{n},member{n}@example.com,@handle{n},FR,"vip, wave{n % 7}","{"x" * 200}"\r\n')
    return path


@pytest.mark.slow
def test_memory_hardly_grows_with_the_rows(acme, tmp_path):
    """From 10,000 rows to 30,000: what is kept of a row is a few numbers (which line it is on), not its cells."""
    peaks = []
    for rows, start in ((10_000, 0), (30_000, 1_000_000)):
        path = big_file(tmp_path / f"{rows}.csv", rows, start)
        tracemalloc.start()
        report = import_members(workspace_id=acme.pk, file=path, by=make.ANA, at=make.NOW)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert told(report) == (rows, rows, 0, 0, 0)
    print(f"peak Python memory: {peaks[0] / 1e6:.1f} MB for 10,000 rows, {peaks[1] / 1e6:.1f} MB for 30,000")
    assert peaks[1] - peaks[0] < 20_000 * 400


@pytest.mark.slow
def test_a_hundred_thousand_rows(acme, tmp_path):
    path = big_file(tmp_path / "big.csv", 100_000, 0)
    for expected in ((100_000, 100_000, 0, 0, 0), (100_000, 0, 0, 100_000, 0)):
        started = time.monotonic()
        report = import_members(workspace_id=acme.pk, file=path, by=make.ANA, at=make.NOW)
        print(f"{report.added:,} added, {report.unchanged:,} unchanged: {time.monotonic() - started:.1f} s")
        assert told(report) == expected
    assert Member.objects.count() == 100_000
