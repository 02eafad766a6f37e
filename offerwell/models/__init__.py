"""What we store: one file per thing; tables and constraints, no side effects."""

from offerwell.models.bulk_change import (
    BulkChange,
    BulkChangeItem,
    ChangeKind,
    ChangeProgress,
    ItemOutcome,
    OfferPart,
    OutcomeResult,
)
from offerwell.models.code_proposal import CodeProposal, ProposalBatch
from offerwell.models.drift import Drift, StoreAudit, WindowItem
from offerwell.models.enrollment import Enrollment
from offerwell.models.event import Event
from offerwell.models.import_file import ImportFile, ImportState
from offerwell.models.member import Group, GroupMember, Member, MemberTag, SocialHandle, Tag
from offerwell.models.offer import Offer, OfferStatus, OfferStore, OfferTally, OfferType
from offerwell.models.payout import PayoutKind, PayoutOption
from offerwell.models.pending_install import PendingInstall
from offerwell.models.promo_code import CodeHistory, PromoCode, SalesLink
from offerwell.models.scheduled_change import OPEN_STATES, ScheduledChange, ScheduleState
from offerwell.models.store import APP_KINDS, Store, StoreKind, StorePace
from offerwell.models.store_code import StoreCode, StoreProblem
from offerwell.models.stored_selection import StoredSelection
from offerwell.models.user import Role, TeamMember, User
from offerwell.models.webhook import StoreWebhooks, Webhook, WebhookState
from offerwell.models.workspace import Workspace, lock_workspace

__all__ = [
    "APP_KINDS",
    "OPEN_STATES",
    "BulkChange",
    "BulkChangeItem",
    "ChangeKind",
    "ChangeProgress",
    "CodeHistory",
    "CodeProposal",
    "Drift",
    "Enrollment",
    "Event",
    "Group",
    "GroupMember",
    "ImportFile",
    "ImportState",
    "ItemOutcome",
    "Member",
    "MemberTag",
    "Offer",
    "OfferPart",
    "OfferStatus",
    "OfferStore",
    "OfferTally",
    "OfferType",
    "OutcomeResult",
    "PayoutKind",
    "PayoutOption",
    "PendingInstall",
    "PromoCode",
    "ProposalBatch",
    "Role",
    "SalesLink",
    "ScheduleState",
    "ScheduledChange",
    "SocialHandle",
    "Store",
    "StoreAudit",
    "StoreCode",
    "StoreKind",
    "StorePace",
    "StoreProblem",
    "StoreWebhooks",
    "StoredSelection",
    "Tag",
    "TeamMember",
    "User",
    "Webhook",
    "WebhookState",
    "WindowItem",
    "Workspace",
    "lock_workspace",
]
