"""What the proof's processes do: `python -m tests.proof.play VERB JSON`. Prints one line of JSON."""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from datetime import timedelta


def main():
    import django

    django.setup()
    verb, given = sys.argv[1], json.loads(sys.argv[2] if len(sys.argv) > 2 else "{}")
    print(json.dumps(VERBS[verb](**given)), flush=True)


def migrate():
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    return True


def seed(codes, *, stores=(), extra_every=0, ended_every=0, settled=True):
    """One offer with so many members, each with a code; every `extra_every`th has two, some have ended."""
    from django.db import transaction
    from django.utils import timezone
    from django_scopes import scope

    from offerwell.models import Store, StoreCode
    from tests import make

    with transaction.atomic():
        place = make.workspace("Proof")
        with scope(workspace=place):
            kept = []
            for one in stores:
                kept.append(make.store(place, one["label"]))
                Store.objects.filter(pk=kept[-1].pk).update(address=one["address"], client_id=one["client_id"])
                kept[-1].refresh_from_db()
                kept[-1].client_secret = one["client_secret"]
                kept[-1].save()
            if not stores:
                kept.append(make.store(place, "Nobody listens"))
            offer = make.offer(place, "Summer", stores=kept)
            now = timezone.now()
            for n in range(codes):
                who = make.enrollment(offer)
                ended = now - timedelta(days=1) if ended_every and n % ended_every == 0 else None
                make.code(who, f"CODE{n}", stores=kept, settled=settled, ends_at=ended)
                if extra_every and n % extra_every == 0:
                    make.code(who, f"MORE{n}", stores=kept, settled=settled)
            StoreCode.objects.filter(due_at__isnull=False).update(due_at=now)
            members = list(offer.enrollments.order_by("pk").values_list("member_id", flat=True))
    return {"workspace": place.pk, "offer": offer.pk, "members": members, "stores": [one.pk for one in kept]}


# -- clients ------------------------------------------------------------------------------------------------


class Client:
    """Somebody who plans, confirms, undoes, clicks twice and repeats, and writes down what happened and when."""

    def __init__(self, ground, name, seed_number, log):
        self.ground, self.name, self.rng, self.log = ground, name, random.Random(seed_number), log
        self.sent, self.count = [], 0

    def step(self):
        chance = self.rng.random()
        if chance < 0.12 and self.sent:
            self.confirm(*self.rng.choice(self.sent))
        elif chance < 0.30:
            self.undo()
        else:
            key = f"{self.name}-{len(self.sent)}"
            wish = self.wish()
            self.sent.append((key, wish))
            if chance < 0.40:
                twin = threading.Thread(target=self.confirm_and_close, args=(key, wish))
                twin.start()
                self.confirm(key, wish)
                twin.join()
            else:
                self.confirm(key, wish)

    def wish(self):
        members = self.ground["members"]
        if self.rng.random() < 0.25:
            chosen = {"except": self.rng.sample(members, self.rng.randint(0, 20))}
        else:
            chosen = {"ids": self.rng.sample(members, self.rng.randint(1, 30))}
        return {"to_active": self.rng.random() < 0.5, **chosen}

    def confirm_and_close(self, key, wish):
        from django.db import connection

        try:
            self.confirm(key, wish)
        finally:
            connection.close()

    def confirm(self, key, wish):
        sent = time.monotonic()
        self.write("confirm", sent, lambda: self.confirmed(key, real_wish(self.ground, wish)), key=key, wish=wish)

    def confirmed(self, key, wish):
        """Plan, then confirm what the plan shows; a person looks at the new plan when it is out of date."""
        from django.utils import timezone
        from django_scopes import scope

        from offerwell.actions.change_offer_status import PlanOutOfDate, change_offer_status
        from offerwell.models import Workspace
        from offerwell.queries.planned_change import plan_change
        from tests import make

        with scope(workspace=Workspace.objects.get(pk=self.ground["workspace"])):
            digest = plan_change(wish, at=timezone.now()).digest
            for _ in range(200):
                try:
                    return change_offer_status(
                        workspace_id=self.ground["workspace"], wish=wish, digest=digest, key=key, by=make.ANA,
                        at=timezone.now(),
                    )  # fmt: skip
                except PlanOutOfDate as moved:
                    self.count += 1
                    digest = moved.plan.digest
        raise AssertionError("200 plans in a row were out of date")

    def undo(self):
        from django_scopes import scope

        from offerwell.models import BulkChange, Workspace

        with scope(workspace=Workspace.objects.get(pk=self.ground["workspace"])):
            newest = list(BulkChange.objects.select_related("offer").order_by("-pk")[:6])
        if newest:
            target = self.rng.choice(newest)
            self.write("undo", time.monotonic(), lambda: self.undone(target), key=f"undo-{target.pk}", of=target.pk)

    def undone(self, target):
        from django.utils import timezone
        from django_scopes import scope

        from offerwell.actions.change_offer_status import PlanOutOfDate
        from offerwell.actions.undo_bulk_change import NothingToUndo, undo_bulk_change
        from offerwell.models import Workspace
        from tests import make

        with scope(workspace=Workspace.objects.get(pk=self.ground["workspace"])):
            for _ in range(200):
                try:
                    return undo_bulk_change(
                        workspace_id=self.ground["workspace"], change=target, by=make.ANA, at=timezone.now()
                    )
                except PlanOutOfDate:
                    self.count += 1
                except NothingToUndo:
                    return None
        raise AssertionError("200 plans in a row were out of date")

    def write(self, kind, sent, act, **facts):
        try:
            applied = act()
        except Exception as error:
            self.log.append({"kind": kind, "sent": sent, "error": f"{type(error).__name__}: {error}"[:300], **facts})
            return
        answered = time.monotonic()
        found = {"change": applied.change.pk, "replayed": applied.was_replayed} if applied else {"change": None}
        self.log.append({"kind": kind, "sent": sent, "answered": answered, **found, **facts})


def confirm_until_told(ground, name, notes, stop, seed_number):
    """One client that may be killed at any moment: what it sent and what was answered is in its notes.

    Started again, it first repeats, under the same key, what it had sent without an answer.
    """
    from pathlib import Path

    client = Client(ground, name, f"{seed_number}-{time.time_ns()}", [])
    lines = [json.loads(line) for line in Path(notes).read_text().splitlines()] if Path(notes).exists() else []
    answered = {line["key"] for line in lines if "change" in line}
    open_ones = [line for line in lines if "wish" in line and line["key"] not in answered]
    sent = sum(1 for line in lines if "wish" in line)
    with Path(notes).open("a", buffering=1) as book:
        while open_ones or not Path(stop).exists():
            if open_ones:
                line = open_ones.pop(0)
            else:
                line = {"key": f"{name}-{sent}", "wish": client.wish()}
                sent += 1
                book.write(json.dumps(line) + "\n")
            change = client.confirmed(line["key"], real_wish(ground, line["wish"])).change.pk
            book.write(json.dumps({"key": line["key"], "change": change}) + "\n")
            time.sleep(client.rng.random() * 0.3)
    return True


def real_wish(ground, wish):
    from offerwell.models import Offer, OfferPart
    from offerwell.queries.planned_change import Wish
    from offerwell.rules.selection import MemberFilter, MemberSelection

    if "ids" in wish:
        selection = MemberSelection(ids=tuple(wish["ids"]))
    else:
        selection = MemberSelection(filter=MemberFilter(), exclude=tuple(wish["except"]), up_to=10**9)
    offer = Offer(pk=ground["offer"], workspace_id=ground["workspace"], name="Summer")
    return Wish(offer, OfferPart.CODES, wish["to_active"], selection)


def clients(ground, names, *, seconds, seed_number, start_at=0.0, at_least=0):
    """Several clients at once in this process, for so long and so many steps; gives everything they wrote down."""
    log, people = [], [Client(ground, name, f"{seed_number}-{name}", []) for name in names]

    def work(person):
        from django.db import connection

        time.sleep(max(0.0, start_at - time.monotonic()))
        end, left = time.monotonic() + seconds, at_least
        while time.monotonic() < end or left > 0:
            person.step()
            left -= 1
        connection.close()

    threads = [threading.Thread(target=work, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for person in people:
        log += person.log
    return {"log": log, "out_of_date": sum(person.count for person in people)}


# -- ten thousand codes -------------------------------------------------------------------------------------


def adopt(refs_file, stores, ends_at=None):
    """One offer whose codes all exist in the store already (or, with an empty ref, not yet); a row each."""
    from datetime import datetime
    from pathlib import Path

    from django.db import transaction
    from django.utils import timezone
    from django_scopes import scope

    from offerwell.models import Enrollment, Member, PromoCode, StoreCode, Workspace

    refs = json.loads(Path(refs_file).read_text())
    place = seed(0, stores=stores)
    now, end = timezone.now(), ends_at and datetime.fromisoformat(ends_at)
    with transaction.atomic(), scope(workspace=Workspace.objects.get(pk=place["workspace"])):
        of = {"workspace_id": place["workspace"]}
        members = Member.objects.bulk_create([
            Member(**of, first_name="M", last_name=text, email="", email_key="", country="FR", name_key=text.lower(),
                   search_text=text.lower(), created_at=now)
            for text in refs
        ])  # fmt: skip
        enrolled = Enrollment.objects.bulk_create([
            Enrollment(**of, offer_id=place["offer"], member=one, name_key=one.name_key, search_text=one.search_text,
                       enrolled_at=now)
            for one in members
        ])  # fmt: skip
        codes = PromoCode.objects.bulk_create([
            PromoCode(**of, offer_id=place["offer"], enrollment=one, text=text, text_key=text, changed_at=now,
                      created_at=now, ends_at=end)
            for one, text in zip(enrolled, refs, strict=True)
        ])  # fmt: skip
        StoreCode.objects.bulk_create([
            StoreCode(**of, store_id=place["stores"][0], code=code, ref=refs[code.text],
                      observed_generation=0 if refs[code.text] else -1,
                      observed_status="active" if refs[code.text] else "", due_at=None if refs[code.text] else now)
            for code in codes
        ])  # fmt: skip
    return place


def sign_in(ground, people):
    """So many operators of the workspace; the session cookie of each."""
    from django.conf import settings
    from django.test import Client as Browser

    from offerwell.models import Workspace
    from tests import make

    place, cookies = Workspace.objects.get(pk=ground["workspace"]), []
    for _ in range(people):
        browser = Browser()
        browser.force_login(make.user(place, role="operator"))
        cookies.append(browser.cookies[settings.SESSION_COOKIE_NAME].value)
    return cookies


def change_all(ground, *, to_active):
    client = Client(ground, f"all{time.time_ns()}", 1, [])
    return client.confirmed(client.name, real_wish(ground, {"to_active": to_active, "except": []})).change.pk


def follow(ground, *, to_active, profile="", patience=20.0):
    """Change every code and follow the store in this process until nothing is due for a while."""
    import cProfile
    import resource

    from django.db.models import F
    from django.utils import timezone
    from django_scopes import scope

    from offerwell.actions.sync_store import sync_store
    from offerwell.models import StoreCode, Workspace
    from offerwell.queries.change_progress import progress_of

    client = Client(ground, f"all{time.time_ns()}", 1, [])
    began = time.monotonic()
    change = client.confirmed(client.name, real_wish(ground, {"to_active": to_active, "except": []})).change
    applied = time.monotonic()
    profiler = cProfile.Profile()
    if profile:
        profiler.enable()
    with scope(workspace=Workspace.objects.get(pk=ground["workspace"])):
        behind = StoreCode.objects.filter(generation__gt=F("observed_generation"), problem="")
        while time.monotonic() - applied < patience:
            sync_store(store_id=ground["stores"][0])
            soon = StoreCode.objects.filter(due_at__lte=timezone.now() + timedelta(seconds=60))
            if not behind.exists() and not soon.exists():
                break
            time.sleep(0.2)
        failed = list(StoreCode.objects.exclude(problem="").values_list("code__text", "problem", "last_error"))
        told = progress_of(change).to_json()
    if profile:
        profiler.dump_stats(profile)
    counts = {}
    for store in told["stores"]:
        counts = {name: n for name, n in store.items() if n and name != "store"}
    return {
        "progress": {"state": told["state"], "counts": counts}, "failed": failed,
        "apply seconds": round(applied - began, 2), "follow seconds": round(time.monotonic() - applied, 2),
        "cpu seconds": round(time.process_time(), 2),
        "peak MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }  # fmt: skip


def create_all(ground, *, by_file=True):
    """Create every code that waits, in this process. `by_file=False`: in small requests, as before."""
    import resource

    from django_scopes import scope

    from offerwell.actions.sync_store import sync_store
    from offerwell.integrations.shopify import ShopifyConnector
    from offerwell.models import StoreCode, Workspace

    if not by_file:
        ShopifyConnector.create_from = 10**9
    began = time.monotonic()
    with scope(workspace=Workspace.objects.get(pk=ground["workspace"])):
        for _ in range(100):
            sync_store(store_id=ground["stores"][0])
            if not StoreCode.objects.filter(due_at__isnull=False).exists():
                break
            time.sleep(0.2)
        refs = dict(StoreCode.objects.filter(observed_generation=0, problem="").values_list("code__text", "ref"))
    return {
        "refs": refs, "seconds": round(time.monotonic() - began, 1), "cpu seconds": round(time.process_time(), 1),
        "peak MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }  # fmt: skip


# -- what is stored -----------------------------------------------------------------------------------------


def stored(ground):
    """The changes with their items, the codes, the store rows, and what `verify` finds."""
    from django_scopes import scope

    from offerwell.models import BulkChange, BulkChangeItem, ChangeProgress, PromoCode, StoreCode, Workspace
    from offerwell.queries.verify_counts import count_problems
    from offerwell.queries.verify_events import chain_problem

    place = Workspace.objects.get(pk=ground["workspace"])
    with scope(workspace=place):
        items = {}
        for change_id, target_id, was in BulkChangeItem.objects.values_list("change_id", "target_id", "was_active"):
            items.setdefault(change_id, {})[target_id] = was
        changes = [
            {**row, "items": items.get(row["id"], {})}
            for row in BulkChange.objects.order_by("pk").values(
                "id", "key", "to_active", "selection", "undoes_id", "selected", "changed", "already_so", "excluded",
                "excluded_reasons",
            )
        ]  # fmt: skip
        codes = list(
            PromoCode.objects.order_by("pk").values(
                "id", "text", "is_active", "last_change_id", "enrollment__member_id"
            )
        )
        ended = list(PromoCode.objects.filter(ends_at__isnull=False).values_list("pk", flat=True))
        rows = list(
            StoreCode.objects.order_by("pk").values(
                "code_id", "code__text", "store_id", "ref", "generation", "observed_generation", "observed_status",
                "lease_owner", "problem", "last_error", "attempts",
            )
        )  # fmt: skip
        waiting = sum(row.waiting for row in ChangeProgress.objects.all())
        chain = chain_problem(place)
        problems = [str(problem) for problem in count_problems(place) if problem.check != "code_history"]
    return {
        "changes": changes, "codes": codes, "ended": ended, "rows": rows, "problems": problems, "waiting": waiting,
        "chain": None if chain is None else str(chain),
    }  # fmt: skip


def confirm_message(members):
    """A message to so many members, confirmed long enough ago to go now."""
    from datetime import timedelta

    from django.db import transaction
    from django.utils import timezone
    from django_scopes import scope

    from offerwell.actions.confirm_message import confirm_message as confirm
    from offerwell.queries.message_audience import audience_of, reach_of
    from offerwell.rules.selection import Crowd, MemberFilter, MemberSelection, Within
    from tests import make

    with transaction.atomic():
        place = make.workspace("Proof")
        with scope(workspace=place):
            for _ in range(members):
                make.member(place)
            everybody = MemberSelection(filter=MemberFilter(), within=Within(Crowd.WORKSPACE, up_to=10**9))
            draft = make.draft(place, everybody, body="Hi {first_name}")
            confirm(
                workspace_id=place.pk, message_id=draft.pk, shown=reach_of(audience_of(draft)), when=None, by=make.ANA,
                at=timezone.now() - timedelta(minutes=1),
            )  # fmt: skip
    return draft.pk


VERBS = {
    "migrate": migrate, "confirm_message": confirm_message, "adopt": adopt, "create_all": create_all, "change_all": change_all, "sign_in": sign_in, "follow": follow, "seed": seed, "clients": clients, "confirm_until_told": confirm_until_told, "stored": stored,
}  # fmt: skip

if __name__ == "__main__":
    main()
