"""The redirect door as shoppers, bots and attackers meet it: real processes, real database."""

from __future__ import annotations

import re
import socket
import sqlite3
import time
from contextlib import contextmanager

import psycopg
import pytest

from tests.proof.ground import wait_until
from tests.tracking.serving import Serving

SEED = """
acme, rival = make.workspace("Acme"), make.workspace("Rival")
Workspace.objects.filter(pk=rival.pk).update(uses_click_cookie=True, unknown_link_to="https://rival.example/")
LinkHost.objects.create(workspace=rival, host="go.rival.example", created_at=timezone.now())
now, day = timezone.now(), timedelta(days=1)
def one(place, slug, *, offer=None, **link):
    offer = offer or make.offer(place, **globals().get("fields", {}))
    made = make.link(make.enrollment(offer), slug, **link)
fields = {"utm_source": "{creator_name}"}
one(acme, "nora")
one(acme, "off", is_active=False)
one(acme, "ended", ends_at=now - day)
one(acme, "early", starts_at=now + day)
one(acme, "deep", destination="https://shop.example/red")
one(acme, "strayed", destination="https://evil.example/")
fields = {"status": "paused", "dead_link": "address", "dead_link_to": "https://shop.example/later"}
one(acme, "paused")
fields = {"dead_link": "page", "ends_at": now - day, "name": "Summer <b>"}
one(acme, "page")
fields = {"utm_campaign": "{code}/{project_name}"}
coded = make.enrollment(make.offer(acme, **fields))
make.code(coded, "NORA20"); make.code(coded, "OLD20", is_active=False)
campaign = make.project(acme, "Autumn")
make.connected(campaign, coded.offer); make.placement(campaign.stages.first(), coded.member)
make.link(coded, "coded")
fields = {"discount_links": True, "stores": [make.store(acme)]}
Store.objects.update(address="shop.example")
applied = make.enrollment(make.offer(acme, **fields))
make.code(applied, "MAYA20")
make.link(applied, "applied")
fields = {}
one(rival, "rivals")
"""
WHERE = "https://shop.example/"


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    serving = Serving(tmp_path_factory.mktemp("door"), OFFERWELL_TRUSTED_PROXIES="1")
    try:
        serving.play(SEED)
        serving.start()
        yield serving
    finally:
        serving.close()


def kept_by(door, ask):
    """The reply, and the arrivals that were kept meanwhile."""
    before = len(door.clicks())
    return ask(), door.clicks()[before:]


def test_a_link_sends_on_with_its_click_kept(door):
    reply, kept = kept_by(door, lambda: door.get("/nora"))
    key = kept[0][2]
    assert (reply.status_code, reply.headers["location"]) == (302, f"{WHERE}?utm_source=Nora%20Dubois&ow_click={key}")
    assert [(one[0], one[1]) for one in kept] == [("click", "")]
    assert reply.headers["cache-control"] == "no-store, private"
    assert "set-cookie" not in reply.headers
    assert kept[0][3] == kept[0][4]
    assert re.fullmatch(r"[0-9a-f]{24}", kept[0][4])


def test_a_link_is_found_whatever_its_case_and_nothing_added_to_it_counts(door):
    for path in ("/NORA", "/nora/", "/nora?to=https://evil.example/&utm_source=x", "/nora?url=//evil.example"):
        reply = door.get(path)
        assert reply.headers["location"].startswith(f"{WHERE}?utm_source=Nora%20Dubois&ow_click=")
    assert door.get("/deep").headers["location"].startswith("https://shop.example/red?utm_source=")
    assert door.get("/strayed").headers["location"].startswith(f"{WHERE}?utm_source=")


def test_variables_and_the_members_code_in_its_shop(door):
    key = "[0-9a-f]{32}"
    coded, applied = (door.get(f"/{slug}").headers["location"] for slug in ("coded", "applied"))
    assert re.fullmatch(rf"https://shop\.example/\?utm_campaign=NORA20%2FAutumn&ow_click={key}", coded)
    assert re.fullmatch(rf"https://shop\.example/discount/MAYA20\?redirect=/&ow_click={key}", applied)


@pytest.mark.parametrize(
    ("slug", "outcome", "status", "location"),
    [
        ("off", "deactivated", 302, WHERE), ("ended", "expired", 302, WHERE), ("early", "scheduled", 302, WHERE),
        ("paused", "paused", 302, "https://shop.example/later"), ("page", "expired", 410, None),
    ],
)  # fmt: skip
def test_dead_links_do_what_the_offer_says_and_are_counted_apart(door, slug, outcome, status, location):
    reply, kept = kept_by(door, lambda: door.get(f"/{slug}"))
    assert (reply.status_code, reply.headers.get("location")) == (status, location)
    assert [one[0] for one in kept] == [outcome]
    if status == 410:
        assert "<h1>Summer &lt;b&gt; is not available</h1>" in reply.text


def test_what_is_no_link_is_cheap_and_keeps_nothing(door):
    def ask():
        return {
            "unknown": door.get("/nobody").status_code, "long": door.get("/" + "a" * 10_000).status_code,
            "odd": door.get("/no%20ra").status_code, "root": door.get("/").status_code,
            "post": door.http.post("/nora").status_code, "robots": door.get("/robots.txt").text,
        }  # fmt: skip

    told, kept = kept_by(door, ask)
    assert told == {
        "unknown": 404, "long": 414, "odd": 404, "root": 404, "post": 405, "robots": "User-agent: *\nDisallow: /\n",
    }  # fmt: skip
    assert kept == []


def test_bots_are_marked_and_sent_on_all_the_same(door):
    reply, kept = kept_by(door, lambda: [
        door.get("/nora", user_agent="curl/8.5.0"), door.get("/nora", sec_purpose="prefetch"), door.http.head("/nora"),
        door.get("/nora", user_agent=""),
    ])  # fmt: skip
    assert [one[1] for one in kept] == ["listed", "prefetch", "head", "no_agent"]
    assert {one.status_code for one in reply} == {302}


def test_the_same_finger_too_often_is_a_flood(door):
    _, kept = kept_by(door, lambda: [door.get("/deep", x_forwarded_for="203.0.113.77") for _ in range(32)])
    assert [one[1] for one in kept] == [""] * 30 + ["flood"] * 2


def test_a_cookie_only_where_the_brand_uses_one_and_the_browser_lets_it(door):
    first, kept = kept_by(door, lambda: door.get("/rivals", cookie=""))
    set_to = re.fullmatch(
        r"(ow_\d+)=([\w-]{22}); Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax", first.headers["set-cookie"]
    )
    assert kept[0][3] == set_to[2]
    again, kept = kept_by(door, lambda: door.get("/rivals", cookie=f"a=b; {set_to[1]}={set_to[2]}"))
    assert ("set-cookie" in again.headers, kept[0][3]) == (False, set_to[2])
    forged, kept = kept_by(door, lambda: door.get("/rivals", cookie=f"{set_to[1]}=x\u0022y"))
    assert ("set-cookie" in forged.headers, kept[0][3] != 'x"y') == (True, True)
    private, kept = kept_by(door, lambda: door.get("/rivals", sec_gpc="1"))
    assert ("set-cookie" in private.headers, kept[0][3] == kept[0][4]) == (False, True)


def test_the_network_address_is_only_kept_as_a_hash_by_brand_and_day(door):
    _, kept = kept_by(door, lambda: [
        door.get("/nora", x_forwarded_for="203.0.113.9"), door.get("/nora", x_forwarded_for="198.51.100.1, 203.0.113.9"),
        door.get("/nora", x_forwarded_for="203.0.113.10"), door.get("/rivals", x_forwarded_for="203.0.113.9"),
    ])  # fmt: skip
    origins = [one[4] for one in kept]
    assert origins[0] == origins[1]
    assert len(set(origins)) == 3
    assert "203.0.113" not in str(door.ground.asked("SELECT * FROM offerwell_click"))


def test_a_host_of_a_brand_serves_only_its_links(door):
    assert door.get("/rivals", host="go.rival.example").status_code == 302
    other = door.get("/nora", host="go.rival.example")
    assert (other.status_code, other.headers["location"]) == (302, "https://rival.example/")
    assert door.get("/nobody", host="GO.rival.example:80").headers["location"] == "https://rival.example/"
    assert door.get("/nora", host="go.example").status_code == 302


@pytest.mark.parametrize("change", [
    "SalesLink.objects.filter(slug='nora').update(is_active={on})",
    "Offer.objects.filter(pk=SalesLink.objects.get(slug='nora').offer_id).update(status='active' if {on} else 'paused')",
])  # fmt: skip
def test_a_change_is_honoured_within_a_second(door, change):
    for on in (False, True):
        door.get("/nora")
        door.play(change.format(on=on))
        time.sleep(1)
        assert ("ow_click" in door.get("/nora").headers["location"]) is on


def raw(door, head):
    """What a client gets that writes bytes of its own."""
    with socket.create_connection(("127.0.0.1", door.port), timeout=10) as line:
        line.sendall(head)
        line.settimeout(5)
        try:
            return line.recv(65_536)
        except TimeoutError:
            return b""


def test_bytes_no_browser_sends_split_no_header(door):
    for path in (
        b"/nora%0d%0aSet-Cookie:%20a=b",
        b"/nora\rSet-Cookie: a=b",
        b"//evil.example/nora",
        b"/\\evil.example",
        b"/nora\x00",
    ):
        told = raw(door, b"GET " + path + b" HTTP/1.1\r\nHost: go.example\r\nConnection: close\r\n\r\n")
        head = told.partition(b"\r\n\r\n")[0].lower()
        assert b"set-cookie" not in head
        assert b"evil.example" not in head
    told = raw(door, b"GET http://evil.example/nora HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
    assert b"location: http://evil" not in told.lower()
    assert door.answers()


def test_junk_takes_no_memory(door):
    """Tens of thousands of links nobody has, from hosts nobody has: what is remembered is bounded."""
    size = memory_of(door)
    for n in range(800):
        door.http.get(f"/junk-{n}-{'x' * 60}", headers={"Host": f"h{n}.example"})
    assert memory_of(door) - size < 40_000_000
    assert door.get("/nora").status_code == 302


def memory_of(door):
    """Bytes of the process that serves, by /proc."""
    from pathlib import Path

    from tests.proof.test_kill_web import children_of

    parent = door.ground.started[0].pid
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 for pid in children_of(parent))


def test_while_the_database_is_away_known_links_go_on_uncounted_and_come_back(door):
    """A writer that holds SQLite for long, or a locked table: the shopper waits three seconds, the click is kept later."""
    before = len(door.clicks())
    door.get("/nora", x_forwarded_for="203.0.113.99")
    with held(door.ground):
        began = time.monotonic()
        reply = door.get("/nora", x_forwarded_for="203.0.113.99")
        waited = time.monotonic() - began
    assert reply.headers["location"] == WHERE
    assert waited < 8
    assert wait_until(lambda: len(door.clicks()) == before + 2, 20)
    assert "ow_click" in door.get("/nora", x_forwarded_for="203.0.113.98").headers["location"]


@contextmanager
def held(ground):
    """Nobody else can write clicks meanwhile."""
    if ground.engine == "sqlite":
        connection = sqlite3.connect(ground.folder / "offerwell.sqlite3", isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
    else:
        connection = psycopg.connect(ground.env["OFFERWELL_DATABASE_URL"])
        connection.execute("LOCK TABLE offerwell_click IN SHARE MODE")
    try:
        yield
    finally:
        connection.rollback()
        connection.close()
