"""Import screens by plain pages and forms: upload, map, confirm, report, download; nothing crosses a workspace."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django_scopes import scope

from offerwell.actions.run_import import imports_due, run_import
from offerwell.integrations.store import StoreCode as Found
from offerwell.integrations.store import StoreError, WindowStatus
from offerwell.models import ImportFile, Member, PromoCode
from tests import make

CSV = "Name,E-Mail,Company,Instagram\nNora Dubois,nora@example.com,Glow,@nora\nBad,nope,,\n"


@pytest.fixture(autouse=True)
def _files_of_this_test(tmp_path, settings):
    settings.STORAGES = {**settings.STORAGES, "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path},
    }}  # fmt: skip


@pytest.fixture
def signed_in(acme, client):
    client.force_login(make.user(acme, role="manager"))
    return client


def words(response):
    """The page's text without tags, white space folded."""
    html = re.sub(r"(?s)<(script|style|svg|select|noscript)\b.*?</\1>", " ", response.content.decode())
    html = html[html.index("<main") : html.index("</main>")] if "<main" in html else html
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def chosen(response):
    """What each column's select says."""
    selects = re.findall(r'(?s)<select[^>]*name="(column-\d+)".*?</select>', response.content.decode())
    picked = re.findall(
        r'(?s)<select[^>]*name="column-\d+".*?<option value="(\w*)" selected>', response.content.decode()
    )
    return dict(zip(selects, picked, strict=True))


def upload(client, content=CSV, address="/import/members/", name="people.csv"):
    body = content if isinstance(content, bytes) else content.encode()
    return client.post(address, {"file": SimpleUploadedFile(name, body, "text/csv")})


def test_the_whole_way_of_a_members_file(acme, signed_in, django_capture_on_commit_callbacks):
    assert "What the file needs" in words(signed_in.get("/import/members/"))
    sent = upload(signed_in)
    kept = ImportFile.objects.get()
    address = f"/import/members/{kept.pk}/"
    assert (sent.status_code, sent.url) == (302, address)
    page = signed_in.get(address)
    assert chosen(page) == {"column-0": "name", "column-1": "email", "column-2": "", "column-3": "instagram"}
    shown = words(page)
    assert "New members 1 Updated 0 Unchanged 0 Rejected 1" in shown
    assert "Line 3 “nope” is not an e-mail address." in shown
    assert Member.objects.count() == 0
    make.wake_ups.clear()
    with django_capture_on_commit_callbacks(execute=True):
        confirmed = signed_in.post(address, {"step": "import", **chosen(page)})
        signed_in.post(address, {"step": "import", **chosen(page)})
    assert (confirmed.status_code, confirmed.url, make.wake_ups) == (302, address, [("run_import", kept.pk)])
    assert "Waiting to start" in words(signed_in.get(address))
    assert imports_due(at=make.NOW) == [kept.pk]
    run_import(import_id=kept.pk)
    run_import(import_id=kept.pk)
    assert list(Member.objects.values_list("email", "first_name", "last_name")) == [
        ("nora@example.com", "Nora", "Dubois")
    ]
    shown = words(signed_in.get(address))
    assert "1 member added" in shown
    assert "Rows 2 Added 1 Updated 0 Unchanged 0 Rejected 1" in shown
    assert "Columns not imported: Company." in shown
    download = signed_in.get(f"{address}rejected.csv")
    assert download["Content-Disposition"] == 'attachment; filename="people rejected.csv"'
    assert b"".join(download.streaming_content).decode("utf-8-sig") == (
        "Line,Reason,Name,E-Mail,Company,Instagram\r\n3,“nope” is not an e-mail address.,Bad,nope,,\r\n"
    )
    kept.refresh_from_db()
    assert (kept.path, imports_due(at=make.NOW)) == ("", [])


def test_columns_are_mapped_by_hand(acme, signed_in):
    upload(signed_in, "A,B\nNora,nora@example.com\n")
    kept = ImportFile.objects.get()
    address = f"/import/members/{kept.pk}/"
    page = signed_in.get(address)
    assert "No column holds an e-mail or a social handle of the member. Columns found: “A”, “B”." in words(page)
    refused = signed_in.post(address, {"step": "import", "column-0": "", "column-1": ""})
    assert (refused.status_code, ImportFile.objects.get().state) == (422, "uploaded")
    twice = signed_in.post(address, {"step": "check", "column-0": "email", "column-1": "email"})
    assert twice.status_code == 422
    assert "E-mail is chosen for “A”, “B”. Choose it for one column only." in words(twice)
    signed_in.post(address, {"step": "check", "column-0": "first_name", "column-1": "email"})
    assert "New members 1" in words(signed_in.get(address))
    signed_in.post(address, {"step": "import", "column-0": "first_name", "column-1": "email"})
    run_import(import_id=kept.pk)
    assert list(Member.objects.values_list("first_name", "email")) == [("Nora", "nora@example.com")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "No file was chosen. Choose a CSV file."),
        (b"PK\x03\x04", "The file is an Excel workbook. In Excel, choose Save As, “CSV UTF-8”, and import that file."),
    ],
)
def test_what_is_no_csv_is_refused_and_not_kept(acme, signed_in, tmp_path, content, reason):
    refused = upload(signed_in, content) if content else signed_in.post("/import/members/")
    assert refused.status_code == 422
    assert reason in words(refused)
    assert (ImportFile.objects.count(), list(tmp_path.rglob("*.csv"))) == (0, [])


def test_a_file_over_the_limit_is_refused_with_the_limit(acme, signed_in, monkeypatch):
    monkeypatch.setattr("offerwell.integrations.csv_file.LARGEST_FILE", 1024 * 1024)
    refused = upload(signed_in, "Email\n" + "a@example.com\n" * 80_000)
    assert refused.status_code == 422
    assert "The file is larger than 1 MB. Split it and import the parts." in words(refused)
    assert ImportFile.objects.count() == 0


class Shop:
    def __init__(self, found=None, trouble=None):
        self.found, self.trouble = found or {}, trouble

    def find(self, codes):
        if self.trouble:
            raise self.trouble
        return {code: self.found.get(code) for code in codes}


@pytest.fixture
def offer(acme):
    make.member(acme, "Nora", email="nora@example.com")
    return make.offer(acme, "Summer", stores=[make.store(acme, "Glow")])


def codes_file(client, offer):
    address = f"/import/codes/{offer.pk}/"
    sent = upload(client, "Coupon;Mail\nNORA20;nora@example.com\nX1;who@example.com\n", address)
    return sent.url


def test_the_whole_way_of_a_codes_file(acme, signed_in, offer, monkeypatch):
    found = {"NORA20": Found("gid://shopify/DiscountCodeNode/7", WindowStatus.EXPIRED, make.NOW, make.NOW)}
    monkeypatch.setattr("offerwell.actions.run_import.open_store", lambda store: Shop(found))
    address = codes_file(signed_in, offer)
    shown = words(signed_in.get(address))
    assert "New codes 1 Join the offer 1 Unchanged 0 Rejected 1" in shown
    assert "Line 3 No member has who@example.com. Import the member first." in shown
    signed_in.post(address, {"step": "import", "column-0": "code", "column-1": "email"})
    run_import(import_id=ImportFile.objects.get().pk)
    assert list(PromoCode.objects.values_list("text", "is_active")) == [("NORA20", False)]
    shown = words(signed_in.get(address))
    assert "1 code imported" in shown
    assert (
        "1 member joined the offer. 1 discount adopted from the store, as it is. 0 discounts are being created" in shown
    )


def test_a_store_that_does_not_answer_is_told_and_nothing_is_imported(acme, signed_in, offer, monkeypatch):
    shop = Shop(trouble=StoreError("The store did not answer."))
    monkeypatch.setattr("offerwell.actions.run_import.open_store", lambda store: shop)
    address = codes_file(signed_in, offer)
    signed_in.post(address, {"step": "import", "column-0": "code", "column-1": "email"})
    run_import(import_id=ImportFile.objects.get().pk)
    assert "people.csv was not imported. Glow: The store did not answer. Nothing was imported" in words(
        signed_in.get(address)
    )
    assert PromoCode.objects.count() == 0


def test_a_poll_gets_a_fragment_and_the_end_refreshes_the_page(acme, signed_in):
    upload(signed_in)
    kept = ImportFile.objects.get()
    address = f"/import/members/{kept.pk}/"
    signed_in.post(address, {"step": "import", "column-1": "email"})
    running = signed_in.get(address, headers={"HX-Request": "true"})
    assert ("HX-Refresh" in running, b"<main" in running.content, b"hx-get" in running.content) == (False, False, True)
    run_import(import_id=kept.pk)
    assert signed_in.get(address, headers={"HX-Request": "true"})["HX-Refresh"] == "true"


def test_nothing_of_another_workspace_is_found(acme, rival, signed_in, client):
    upload(signed_in)
    kept = ImportFile.objects.get()
    signed_in.post(f"/import/members/{kept.pk}/", {"step": "import", "column-1": "email"})
    run_import(import_id=kept.pk)
    ours = make.offer(acme, "Summer")
    client.force_login(make.user(rival, role="owner"))
    addresses = [
        f"/import/members/{kept.pk}/", f"/import/members/{kept.pk}/rejected.csv", f"/import/codes/{ours.pk}/",
        f"/import/codes/{ours.pk}/{kept.pk}/", f"/import/codes/{ours.pk}/{kept.pk}/rejected.csv",
    ]  # fmt: skip
    assert [client.get(address).status_code for address in addresses] == [404] * 5
    assert client.post(addresses[0], {"step": "import"}).status_code == 404
    assert upload(client, CSV, addresses[2]).status_code == 404
    with scope(workspace=rival):
        assert (ImportFile.objects.count(), Member.objects.count()) == (0, 0)


def test_a_codes_file_is_found_under_its_own_offer_only(acme, signed_in, offer):
    address = codes_file(signed_in, offer)
    other = make.offer(acme, "Winter")
    kept = ImportFile.objects.get()
    assert signed_in.get(address).status_code == 200
    assert signed_in.get(f"/import/codes/{other.pk}/{kept.pk}/").status_code == 404
    assert signed_in.get(f"/import/members/{kept.pk}/").status_code == 404


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("manager", 200), ("operator", 403), ("analyst", 403)])
def test_who_may_import(acme, client, offer, role, status):
    client.force_login(make.user(acme, role=role))
    assert client.get("/import/members/").status_code == status
    assert client.get(f"/import/codes/{offer.pk}/").status_code == status


def test_an_upload_nobody_confirmed_is_discarded_after_a_day(acme, signed_in, tmp_path):
    upload(signed_in)
    old = ImportFile.objects.get()
    ImportFile.objects.update(created_at=make.NOW.replace(year=2020))
    assert default_storage.exists(old.path)
    upload(signed_in)
    assert not default_storage.exists(old.path)
    assert len(list(tmp_path.rglob("*.csv"))) == 1
    gone = signed_in.get(f"/import/members/{old.pk}/")
    assert gone.status_code == 422
    assert "The uploaded file was discarded. Upload it again." in words(gone)


def test_an_import_whose_worker_died_is_taken_again(acme, signed_in):
    upload(signed_in)
    kept = ImportFile.objects.get()
    signed_in.post(f"/import/members/{kept.pk}/", {"step": "import", "column-1": "email"})
    ImportFile.objects.update(state="running", beat_at=make.NOW)
    assert imports_due(at=make.NOW) == []
    ImportFile.objects.update(beat_at=make.NOW.replace(year=2020))
    assert imports_due(at=make.NOW) == [kept.pk]
    run_import(import_id=kept.pk)
    assert (ImportFile.objects.get().state, Member.objects.count()) == ("done", 1)
