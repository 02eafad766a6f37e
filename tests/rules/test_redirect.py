"""Where a link leads: its page with UTM values and the click's key, through the shop's discount address, or as dead."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from offerwell.rules.bots import bot_of
from offerwell.rules.discount_link import LinkOwner, LinkPlan
from offerwell.rules.offer_status import OfferState
from offerwell.rules.redirect import DeadLink, LinkFacts, link_address, outcome_at, route_of

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
OWNER = LinkOwner("NORA20", 7, "Nora Dubois", "nora.d", "Summer & Glow", "Autumn push")
PLAIN = LinkFacts(
    is_active=True,
    offer=OfferState(is_running=True),
    destination="https://shop.example/new",
    owner=OWNER,
    utm=LinkPlan(),
)


def opened(facts):
    route = route_of(facts)
    return f"{route.head}KEY{route.tail}"


def test_the_page_keeps_its_own_query_and_gets_the_click():
    assert opened(PLAIN) == "https://shop.example/new?ow_click=KEY"
    with_more = replace(PLAIN, destination="https://shop.example/new?size=M&utm_source=old&ow_click=x#top")
    assert opened(with_more) == "https://shop.example/new?size=M&utm_source=old&ow_click=KEY#top"
    utm = LinkPlan("", "{creator_handle}", "{project_name}", "{offer_name}/{member_id}/{creator_name}")
    assert opened(replace(with_more, utm=utm)) == (
        "https://shop.example/new?size=M&utm_source=nora.d&utm_medium=Autumn%20push"
        "&utm_campaign=Summer%20%26%20Glow%2F7%2FNora%20Dubois&ow_click=KEY#top"
    )


def test_a_deep_link_opens_its_page_and_one_that_left_the_domains_the_destination():
    assert opened(replace(PLAIN, page="https://shop.example/red")) == "https://shop.example/red?ow_click=KEY"
    away = replace(PLAIN, page="https://blog.example/red")
    assert opened(away) == "https://shop.example/new?ow_click=KEY"
    assert opened(replace(away, extra_domains=("blog.example",))) == "https://blog.example/red?ow_click=KEY"


def test_the_code_is_applied_in_the_shop_and_only_there():
    facts = replace(
        PLAIN,
        destination="https://shop.example/new?size=M",
        shops=("shop.example",),
        utm=LinkPlan("", "{creator_name}"),
    )
    assert opened(facts) == (
        "https://shop.example/discount/NORA20?redirect=/new%3Fsize%3DM&utm_source=Nora%20Dubois&ow_click=KEY"
    )
    assert opened(replace(facts, shops=("other.example",))) == (
        "https://shop.example/new?size=M&utm_source=Nora%20Dubois&ow_click=KEY"
    )
    assert opened(replace(facts, owner=replace(OWNER, code=""))) == (
        "https://shop.example/new?size=M&utm_source=Nora%20Dubois&ow_click=KEY"
    )


def test_dead_links_do_what_the_offer_says():
    utm = LinkPlan("", "x")
    assert route_of(replace(PLAIN, utm=utm)).dead_to == "https://shop.example/new"
    elsewhere = replace(PLAIN, dead_link=DeadLink.ADDRESS, dead_link_to="https://shop.example/ended")
    assert route_of(elsewhere).dead_to == "https://shop.example/ended"
    assert route_of(replace(elsewhere, dead_link_to="https://evil.example/")).dead_to == "https://shop.example/new"
    assert route_of(replace(PLAIN, dead_link=DeadLink.PAGE)).dead_to == ""
    nowhere = route_of(replace(PLAIN, destination="nowhere"))
    assert (nowhere.head, nowhere.untracked, nowhere.dead_to) == ("", "", "")


def test_why_a_link_is_dead():
    hour = timedelta(hours=1)
    cases = {
        "click": PLAIN,
        "deactivated": replace(PLAIN, is_active=False),
        "paused": replace(PLAIN, offer=OfferState(is_running=False)),
        "scheduled": replace(PLAIN, offer=OfferState(is_running=True, starts_at=NOW + hour)),
        "expired": replace(PLAIN, offer=OfferState(is_running=True, ends_at=NOW)),
    }
    assert {name: outcome_at(facts, NOW) for name, facts in cases.items()} == {name: name for name in cases}
    own = replace(PLAIN, offer=OfferState(is_running=True, ends_at=NOW), ends_at=NOW + hour)
    assert (outcome_at(own, NOW), outcome_at(own, NOW + hour)) == ("click", "expired")


def test_links_are_shared_with_their_address():
    assert link_address("https://go.example", "nora-1") == "https://go.example/nora-1"
    assert link_address("", "nora-1") == "nora-1"


CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
IN_APP = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "Instagram 334.0.4.32.98 (iPhone14,5; iOS 17_5; en_US; scale=3.00; 1170x2532; 607214093)"
)


def test_programs_and_previews_are_no_persons():
    assert [bot_of("GET", agent, {}) for agent in (CHROME, IN_APP)] == ["", ""]
    listed = ("curl/8.5.0", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "WhatsApp/2.23",
              "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "python-requests/2.32")  # fmt: skip
    assert {bot_of("GET", agent, {}) for agent in listed} == {"listed"}
    assert bot_of("GET", "", {}) == "no_agent"
    assert bot_of("HEAD", CHROME, {}) == "head"
    assert bot_of("GET", CHROME, {"sec-purpose": "prefetch;prerender"}) == "prefetch"
    assert bot_of("GET", CHROME, {"x-moz": "prefetch"}) == "prefetch"
