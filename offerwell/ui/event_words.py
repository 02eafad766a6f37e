"""Each kind of event in words, the same on every screen. A guard test says which kind has none.

A sentence goes on after the name of who acted. Facts may lack what a sentence wants: old events, or altered ones.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from offerwell.rules.written_dates import day_text, time_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Facts = Mapping[str, Any]


def _n(name: str, one: str, many: str) -> Callable[[Facts], str]:
    """The number under `name`, counted: "1 code", "1,249 codes"."""

    def words(facts: Facts) -> str:
        number = facts.get(name)
        return f"{number:,} {one if number == 1 else many}" if isinstance(number, int) else f"– {many}"

    return words


def _said(template: str, *parts: Callable[[Facts], str]) -> Callable[[Facts], str]:
    """Give the template filled with the parts, in order."""
    return lambda facts: template.format(*(part(facts) for part in parts))


def _fact(name: str) -> Callable[[Facts], str]:
    return lambda facts: str(facts.get(name, "–"))


def _day(name: str) -> Callable[[Facts], str]:
    def words(facts: Facts) -> str:
        stored = str(facts.get(name, "–"))
        try:
            return day_text(date.fromisoformat(stored[:10]))
        except ValueError:
            return stored

    return words


def _time(name: str) -> Callable[[Facts], str]:
    def words(facts: Facts) -> str:
        stored = str(facts.get(name, "–"))
        try:
            return f"{time_text(datetime.fromisoformat(stored).astimezone(UTC))} UTC"
        except ValueError:
            return stored

    return words


def _names(name: str) -> Callable[[Facts], str]:
    """A list of our own words, such as changed columns."""

    def words(facts: Facts) -> str:
        found = facts.get(name)
        listed = [str(one).replace("_", " ") for one in found] if isinstance(found, list) else []
        return ", ".join(listed) or "nothing"

    return words


def _changed(done: str, one: str, many: str) -> Callable[[Facts], str]:
    """A bulk change: what it did, how many it skipped, what it undid."""

    def words(facts: Facts) -> str:
        text = f"{done} {_n('changed', one, many)(facts)}"
        if facts.get("already_so"):
            text += f", {facts['already_so']:,} already so" if isinstance(facts["already_so"], int) else ""
        return text + (f", to undo change {facts['undoes']}" if facts.get("undoes") else "")

    return words


_CODES, _LINKS = ("code", "codes"), ("link", "links")

WORDS: dict[str, Callable[[Facts], str]] = {
    # Bulk changes.
    "codes_activated": _changed("activated", *_CODES),
    "codes_deactivated": _changed("deactivated", *_CODES),
    "links_activated": _changed("activated", *_LINKS),
    "links_deactivated": _changed("deactivated", *_LINKS),
    "codes_refreshed": _changed("refreshed", *_CODES),
    "payouts_changed": _changed("changed the payout of", "member", "members"),
    "dates_set": _changed("set the dates of", *_CODES),
    "names_set": _changed("set the names of", *_CODES),
    "failed_items_retried": _said("had {} that failed tried again", _n("items", *_CODES)),
    "codes_retried": _said("had {} tried again", _n("codes", *_CODES)),
    # Changes for later.
    "change_scheduled": _said("scheduled a change of {} for {}", _fact("part"), _time("run_at")),
    "scheduled_change_cancelled": _said("cancelled a scheduled change"),
    "scheduled_change_made": _said("made a scheduled change, as change {}", _fact("change")),
    "scheduled_change_returned": _said("took a scheduled change back, as change {}", _fact("return_change")),
    "scheduled_change_failed": _said("could not make a scheduled change: {}", _fact("reason")),
    "scheduled_change_missed": _said("missed a scheduled change: {}", _fact("reason")),
    # Offers.
    "offer_created": _said("created the offer {}", _fact("name")),
    "offer_edited": _said("edited an offer: {}", _names("changed")),
    "members_enrolled": _said("added {} to an offer", _n("added", "member", "members")),
    "codes_generated": _said("generated {} and {}", _n("codes", *_CODES), _n("links", *_LINKS)),
    "codes_imported": _said("imported {}", _n("added", *_CODES)),
    "code_dates_set": _said("gave {} own dates", _n("codes", *_CODES)),
    "payout_option_added": _said("added the payout option {} ({})", _fact("name"), _fact("terms")),
    "payout_rules_set": _said("set the rules of the payout option {} ({})", _fact("name"), _fact("terms")),
    "collections_followed": _said(
        "changed the products of collections in the rules of the payout option {} ({})",
        _fact("name"),
        _fact("collections"),
    ),
    "payout_option_edited": _said("edited the payout option {} ({})", _fact("name"), _fact("terms")),
    # Members.
    "members_imported": _said(
        "imported members: {} added, {} updated", _n("added", "member", "members"), _fact("updated")
    ),
    "member_edited": _said("edited a member: {}", _names("changed")),
    "members_grouped": _said("added {} to the group {}", _n("added", "member", "members"), _fact("name")),
    "members_ungrouped": _said("removed {} from the group {}", _n("removed", "member", "members"), _fact("name")),
    "members_tagged": _said("tagged {} with {}", _n("added", "member", "members"), _fact("name")),
    "members_untagged": _said("took the tag {1} from {0}", _n("removed", "member", "members"), _fact("name")),
    "group_renamed": _said("renamed the group {} to {}", _fact("before"), _fact("name")),
    "tag_renamed": _said("renamed the tag {} to {}", _fact("before"), _fact("name")),
    "group_deleted": _said("deleted the group {}, of {}", _fact("name"), _n("members", "member", "members")),
    "tag_deleted": _said("deleted the tag {}, of {}", _fact("name"), _n("members", "member", "members")),
    "view_saved": _said("saved the view {}", _fact("name")),
    "view_renamed": _said("renamed the view {} to {}", _fact("before"), _fact("name")),
    "view_deleted": _said("deleted the view {}", _fact("name")),
    # Projects.
    "members_added": _said("added {} to the stage {}", _n("members", "member", "members"), _fact("to")),
    "members_moved": _said("moved {} from {} to {}", _n("members", "member", "members"), _fact("from"), _fact("to")),
    "members_skipped": _said("let {} skip {}, to {}", _n("members", "member", "members"), _fact("from"), _fact("to")),
    "members_removed": _said("removed {} from a project", _n("members", "member", "members")),
    "members_stage_deleted": _said(
        "moved {} from the deleted stage {} to {}", _n("members", "member", "members"), _fact("from"), _fact("to")
    ),
    "project_created": _said("created the project {}", _fact("name")),
    "project_edited": _said("edited the project {}", _fact("name")),
    "project_archived": _said("archived the project {}", _fact("name")),
    "project_brought_back": _said("brought the project {} back", _fact("name")),
    "stage_added": _said("added the stage {} to a project", _fact("stage")),
    "stage_edited": _said("edited the stage {} of a project", _fact("stage")),
    "stage_deleted": _said(
        "deleted the stage {} of a project, and moved its {}", _fact("stage"), _n("members", "member", "members")
    ),
    "stages_reordered": _said("moved the stage {} of a project", _fact("stage")),
    "offer_connected": _said("connected the offer {} to a project", _fact("name")),
    "offer_disconnected": _said("disconnected the offer {} from a project", _fact("name")),
    # Messages.
    "message_confirmed": _said("pressed Send of “{}” to {}", _fact("subject"), _n("reached", "member", "members")),
    "message_cancelled": _said("cancelled a message before {} went", _n("stopped", "letter", "letters")),
    "message_sent": _said("sent a message to {}", _n("sent", "member", "members")),
    "message_missed": _said("missed the time of a message, which went to nobody"),
    "message_template_saved": _said("saved the message template {}", _fact("name")),
    "message_template_deleted": _said("deleted the message template {}", _fact("name")),
    "message_discarded": _said("discarded the message “{}”", _fact("subject")),
    "mail_settings_changed": _said("changed how messages are signed"),
    "address_suppressed": _said("let {} get no messages any more: {}", _fact("address"), _fact("reason")),
    "addresses_suppressed": _said(
        "let {} get no messages any more, by a list", _n("addresses", "address", "addresses")
    ),
    "address_allowed": _said("let {} get messages again", _fact("address")),
    # The Creator Portal and sales links.
    "link_settings_set": _said("set what sales links do"),
    "deep_link_made": _said("made the link {} to one page", _fact("link")),
    "clicks_forgotten": _said("forgot {} until {}", _n("clicks", "click", "clicks"), _day("until")),
    # Orders.
    "orders_imported": _said("imported {} of the store {}", _n("orders", "order", "orders"), _fact("label")),
    "orders_asked_for": _said("asked for the orders of the store {} since {}", _fact("label"), _day("since")),
    "conversion_accepted": _said("accepted the credit for the order {}", _fact("order")),
    "conversion_rejected": _said("rejected the credit for the order {}: {}", _fact("order"), _fact("reason")),
    "reporting_currency_set": _said("chose the currency of reports: {}", _fact("currency")),
    "rates_imported": _said("imported {} of exchange", _n("rates", "rate", "rates")),
    "attribution_rules_set": _said("set whose an order is"),
    "leaks_dismissed": _said("said that the use of {} is fine: {}", _n("codes", *_CODES), _fact("reason")),
    "replay_confirmed": _said(
        "had other attribution rules applied to {} since {}", _n("orders", "past order", "past orders"), _day("since")
    ),
    "replay_applied": _said(
        "applied other attribution rules: {} to another member", _n("moved", "order went", "orders went")
    ),
    # Payouts.
    "payout_drafted": _said(
        "drew up payout {} up to {}, for {}", _fact("payout"), _day("last_day"), _n("payable", "payment", "payments")
    ),
    "payout_approved": _said(
        "approved payout {}: {} with {}",
        _fact("payout"),
        _n("statements", "statement", "statements"),
        _n("payable", "payment", "payments"),
    ),
    "payout_confirmed": _said(
        "confirmed payout {}, to be approved: {} with {}",
        _fact("payout"),
        _n("statements", "statement", "statements"),
        _n("payable", "payment", "payments"),
    ),
    "payout_not_approved": _said("could not approve payout {}: orders changed meanwhile", _fact("payout")),
    "payout_cancelled": _said("cancelled the draft of payout {}", _fact("payout")),
    "payout_paid": _said(
        "marked {} of payout {} as paid", _n("statements", "statement", "statements"), _fact("payout")
    ),
    "payment_returned": _said("noted a returned payment of payout {}", _fact("payout")),
    "payout_policy_set": _said("set what payouts need"),
    "payout_address_set": _said("changed the own payout e-mail in the Creator Portal"),
    # Stores.
    "store_connected": _said("connected the store {}", _fact("label")),
    "shop_secret_renewed": _said("renewed the secret of the store {}", _fact("label")),
    "shop_hosts_set": _said("set whose pages report orders of the store {}", _fact("label")),
    "store_installed": _said("installed the store {}", _fact("label")),
    "store_uninstalled": _said("removed the app from the store {}", _fact("label")),
    "store_switched_on": _said("switched the store {} on", _fact("label")),
    "store_switched_off": _said("switched the store {} off", _fact("label")),
    "store_credentials_replaced": _said("replaced the credentials of the store {}", _fact("label")),
    "webhook_secret_replaced": _said("replaced the webhook secret of the store {}", _fact("label")),
    "store_examined": _said("examined the store {} with the code {}", _fact("label"), _fact("code")),
    "store_audit_asked": _said("had {} of the store {} read", _n("codes", *_CODES), _fact("label")),
    "store_moved": _said("followed a store from {} to {}", _fact("from"), _fact("to")),
    "drift_found": _said("found {} changed in a store by somebody else", _n("codes", *_CODES)),
    "creator_notice_set": _said("set what creators are told before and after a change"),
    "member_named_by_creator": _said("corrected the own name in the Creator Portal"),
    "drift_policy_set": _said("set what happens to codes changed in a store: {}", _fact("policy")),
    "shopper_data_requested": _said("asked what is held of a shopper of the store {}", _fact("label")),
    "shopper_erased": _said("had a shopper of the store {} erased", _fact("label")),
    "shop_erased": _said("had every shopper of the store {} erased", _fact("label")),
    # The workspace and its team.
    "workspace_created": _said("created the workspace {}, owned by {}", _fact("name"), _fact("owner")),
    "team_member_added": _said("added {} to the team as {}", _fact("email"), _fact("role")),
    "team_member_invited": _said("invited {} as {}", _fact("email"), _fact("role")),
    "invitation_sent_again": _said("sent the invitation of {} again", _fact("email")),
    "invitation_revoked": _said("took the invitation of {} back", _fact("email")),
    "team_member_joined": _said("joined the team as {}", _fact("role")),
    "team_role_changed": _said("made {} {}, before {}", _fact("email"), _fact("after"), _fact("before")),
    "team_member_removed": _said("removed {}, who was {}", _fact("email"), _fact("role")),
    "team_session_ended": _said("signed {} out of one session", _fact("email")),
    "team_member_left": _said("left the team"),
}


def event_sentence(kind: str, facts: Facts) -> str:
    """What was done, to follow the name of who did it. A kind without words shows its own."""
    words = WORDS.get(kind)
    return words(facts) if words else kind.replace("_", " ")
