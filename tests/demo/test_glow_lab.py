"""The sample workspace is made by the product's own actions, so everything about it must agree."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import Count
from django_scopes import scope

from offerwell.demo import glow_lab, sandbox_shop
from offerwell.demo.glow_lab import DemoThere, Size, build_glow_lab
from offerwell.demo.sandbox_shop import SandboxAway, Shop, ShopDiscount
from offerwell.models import (
    BulkChange,
    Click,
    CodeHistory,
    Conversion,
    Enrollment,
    Member,
    Offer,
    Order,
    Placement,
    Project,
    PromoCode,
    SalesLink,
    Store,
    StoreCode,
    TeamMember,
    User,
    Workspace,
)
from offerwell.queries.project_board import board_of
from offerwell.queries.project_offers import connected_offers, connections, shows_manage_offers
from offerwell.queries.sales_report import over_time
from offerwell.queries.verify_counts import count_problems
from offerwell.queries.verify_events import chain_problem
from offerwell.rules.report_period import Period, day_of
from tests import make

SMALL = Size(members=700, founders=500)


@pytest.fixture
def folder(settings, tmp_path):
    settings.DATA = tmp_path


@pytest.fixture
def shop(monkeypatch, folder):
    """A sandbox store that takes what it is given; `put` is what it has."""
    put = {}

    def take(_shop, discounts):
        for one in discounts:
            put[one["code"].upper()] = one
        return {one["code"].upper(): ShopDiscount(f"gid://{one['code']}", "active", None) for one in discounts}

    def connected(*, workspace_id, label, kind, address, client_id, client_secret, by, at):
        return Store.objects.create(
            workspace_id=workspace_id, label=label, kind=kind, address=address, client_id=client_id,
            client_secret=client_secret, connected_at=at,
        )  # fmt: skip

    monkeypatch.setattr(glow_lab, "shop_at", lambda address: Shop(address, "id", "secret"))
    monkeypatch.setattr(glow_lab, "connect_store", connected)
    monkeypatch.setattr("offerwell.demo.adopt_codes.put_discounts", take)
    return put


def test_offers_members_and_codes_as_told(db, shop):
    built = build_glow_lab(sandbox="http://127.0.0.1:1", fixed_password=True, at=make.NOW, size=SMALL)
    assert (built.sign_in.email, built.sign_in.password) == ("ana@glowlab.example", "glow-lab-demo")
    assert User.objects.get().check_password("glow-lab-demo")
    assert TeamMember.objects.get().role == "owner"
    with scope(workspace=built.workspace):
        joined = dict(Offer.objects.values_list("name").annotate(n=Count("enrollments")))
        assert joined == {"Founders Club": 500, "Summer Glow 20%": 248, "Holiday Sitewide": 340}
        assert Member.objects.count() == 700
        assert PromoCode.objects.filter(offer__name="Summer Glow 20%").count() == 256
        assert Enrollment.objects.annotate(n=Count("promocodes")).filter(n=2).count() == 8
        assert SalesLink.objects.count() == 248 + 340
        assert built.codes == PromoCode.objects.count() == CodeHistory.objects.count() == 756
        assert PromoCode.objects.filter(is_active=False).count() == BulkChange.objects.get().changed
        assert PromoCode.objects.exclude(ends_at=None).count() == 20 + 11
        assert count_problems(built.workspace) == []
        assert chain_problem(built.workspace) is None


def test_a_project_has_members_at_every_stage_two_offers_and_a_former_one(db, shop):
    built = build_glow_lab(sandbox="http://127.0.0.1:1", fixed_password=True, at=make.NOW, size=SMALL)
    with scope(workspace=built.workspace):
        project = Project.objects.get()
        columns = board_of(project, connected_offers(project), at=make.NOW)
        assert {column.stage.name: column.members for column in columns} == {
            "Application": 18, "Onboarding": 11, "Code and link": 60, "Content Review": 30, "Payment": 24,
            "Completed": 12,
        }  # fmt: skip
        present, former = connections(project)
        assert [link.offer.name for link in present] == ["Founders Club", "Summer Glow 20%"]
        assert [link.offer.name for link in former] == ["Holiday Sitewide"]
        assert Placement.objects.filter(is_skipped=True).count() == 4
        assert shows_manage_offers(project) is True


def test_codes_are_adopted_and_only_the_change_waits_for_the_store(db, shop):
    built = build_glow_lab(sandbox="http://127.0.0.1:1", fixed_password=True, at=make.NOW, size=SMALL)
    with scope(workspace=built.workspace):
        changed = BulkChange.objects.get().changed
        assert StoreCode.objects.exclude(ref="").filter(observed_generation=0, observed_at=make.NOW).count() == 756
        assert StoreCode.objects.filter(due_at=None).count() == 756 - changed
        code = PromoCode.objects.exclude(ends_at=None).select_related("offer").order_by("pk").first()
        assert shop[code.text] == {
            "code": code.text, "title": "Founders Club", "percentage": 15,
            "startsAt": code.offer.starts_at.isoformat(), "endsAt": code.ends_at.isoformat(),
        }  # fmt: skip
    assert len(shop) == 756


def test_a_member_is_found_by_either_code(db, shop):
    built = build_glow_lab(sandbox="http://127.0.0.1:1", fixed_password=True, at=make.NOW, size=SMALL)
    with scope(workspace=built.workspace):
        for code in PromoCode.objects.filter(offer__name="Summer Glow 20%").select_related("enrollment"):
            assert code.text.lower() in code.enrollment.search_text


def test_at_scale_the_store_is_off_and_nothing_claims_to_be_confirmed(db, folder, monkeypatch):
    monkeypatch.setattr(glow_lab, "MOST_ADOPTED", 100)
    built = build_glow_lab(sandbox=None, fixed_password=False, at=make.NOW, size=SMALL)
    assert built.sign_in.password != "glow-lab-demo"
    with scope(workspace=built.workspace):
        assert Store.objects.get().is_on is False
        assert StoreCode.objects.filter(ref="", observed_generation=-1).count() == 756
        assert (
            Member.objects.filter(search_text__contains="noradubois").count()
            == Member.objects.filter(name_key="nora dubois").count()
        )
        assert count_problems(built.workspace) == []


def test_search_still_works_after_its_index_was_rebuilt(db, folder, monkeypatch):
    from offerwell.queries.members import members_matching
    from offerwell.rules.selection import MemberFilter

    monkeypatch.setattr(glow_lab, "MOST_ADOPTED", 100)
    built = build_glow_lab(sandbox=None, fixed_password=False, at=make.NOW, size=SMALL)
    with scope(workspace=built.workspace):
        sought = Member.objects.order_by("pk").first()
        assert sought in members_matching(MemberFilter(text=sought.email))
        later = make.member(built.workspace, "Zyxwvu", "Later")
        assert list(members_matching(MemberFilter(text="zyxwvu"))) == [later]


def test_a_second_demo_and_a_store_that_is_away_are_refused_and_nothing_is_left(db, folder, shop, monkeypatch):
    build_glow_lab(sandbox="http://127.0.0.1:1", fixed_password=True, at=make.NOW, size=SMALL)
    with pytest.raises(DemoThere):
        build_glow_lab(sandbox="http://127.0.0.1:1", fixed_password=True, at=make.NOW, size=SMALL)
    monkeypatch.setattr(glow_lab, "shop_at", sandbox_shop.shop_at)
    with pytest.raises(SandboxAway):
        build_glow_lab(sandbox="http://127.0.0.1:1", fixed_password=True, at=make.NOW, size=SMALL)
    assert Workspace.objects.count() == 1


def test_sixty_days_were_sold_and_every_figure_is_counted(db, shop):
    built = build_glow_lab(sandbox="http://127.0.0.1:1", fixed_password=True, at=make.NOW, size=SMALL)
    with scope(workspace=built.workspace):
        assert (Click.objects.count(), Order.objects.count(), Conversion.objects.count()) == (900, 370, 370)
        assert set(Order.objects.values_list("decided_by", flat=True)) == {"code", "carried"}
        today = day_of(make.NOW, built.workspace.timezone)
        sold = over_time(built.workspace, Period(today - timedelta(days=29), today))
        assert sold.now.orders > sold.before.orders > 20
        assert sum(one.clicks + one.bots for _day, one in (*sold.days, *sold.days_before)) == 900
        assert [one.currency for one in sold.now.sales] == ["USD"]
