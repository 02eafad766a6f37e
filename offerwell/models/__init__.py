"""What we store: one file per thing; tables and constraints, no side effects."""

from offerwell.models.attribution_replay import AttributionReplay, ReplayState
from offerwell.models.bulk_change import (
    BulkChange,
    BulkChangeItem,
    ChangeKind,
    ChangeProgress,
    ItemOutcome,
    OfferPart,
    OutcomeResult,
)
from offerwell.models.click import Click, ClickDay, ClickMark, ClickSalt, LinkHost, Outcome
from offerwell.models.code_proposal import CodeProposal, ProposalBatch
from offerwell.models.collection import CollectionProducts, StoreCollection
from offerwell.models.drift import Drift, StoreAudit, WindowItem
from offerwell.models.enrollment import Enrollment
from offerwell.models.event import Event
from offerwell.models.import_file import ImportFile, ImportState
from offerwell.models.invitation import Invitation
from offerwell.models.leak import CodeLeak, LeakCheck
from offerwell.models.ledger import Account, LedgerEntry
from offerwell.models.member import Group, GroupMember, Member, MemberTag, MemberTally, SocialHandle, Tag
from offerwell.models.message import (
    MailSettings,
    Message,
    MessageRecipient,
    MessageTemplate,
    Suppression,
    SuppressionReason,
)
from offerwell.models.offer import Offer, OfferStatus, OfferStore, OfferTally, OfferType
from offerwell.models.order import (
    AttributionRules,
    Conversion,
    ConversionStatus,
    Order,
    OrderHint,
    OrderLine,
    OrderPull,
)
from offerwell.models.other_shop import BrowserReport, OtherShop
from offerwell.models.payout import PayoutKind, PayoutOption, PayoutRules
from offerwell.models.payout_run import (
    Payment,
    PayoutAddress,
    PayoutPolicy,
    PayoutRun,
    PayoutTotal,
    RunState,
    Statement,
    StatementEntry,
)
from offerwell.models.pending_install import PendingInstall
from offerwell.models.portal import Creator, Passkey, PasskeyChallenge, PortalSession, ReadLetter, SignInRequest
from offerwell.models.project import (
    MoveKind,
    Placement,
    Project,
    ProjectOffer,
    ProjectStatus,
    Stage,
    StageMove,
    StageMoveItem,
)
from offerwell.models.promo_code import CodeHistory, PromoCode, SalesLink
from offerwell.models.report import (
    NO_STORE,
    ExchangeRate,
    MemberClickMonth,
    MemberSalesDay,
    OfferClickDay,
    OfferSalesDay,
    ProgrammeClickDay,
    ProgrammeSalesDay,
    ReportingCurrency,
)
from offerwell.models.saved_view import SavedView
from offerwell.models.scheduled_change import OPEN_STATES, ScheduledChange, ScheduleState
from offerwell.models.store import APP_KINDS, PLAIN_KINDS, SPOKEN_KINDS, Store, StoreKind, StorePace
from offerwell.models.store_code import StoreCode, StoreProblem
from offerwell.models.stored_selection import StoredSelection
from offerwell.models.user import Role, TeamMember, User
from offerwell.models.webhook import StoreWebhooks, Webhook, WebhookState
from offerwell.models.workspace import Workspace, lock_workspace

__all__ = [
    "APP_KINDS",
    "NO_STORE",
    "OPEN_STATES",
    "PLAIN_KINDS",
    "SPOKEN_KINDS",
    "Account",
    "AttributionReplay",
    "AttributionRules",
    "BrowserReport",
    "BulkChange",
    "BulkChangeItem",
    "ChangeKind",
    "ChangeProgress",
    "Click",
    "ClickDay",
    "ClickMark",
    "ClickSalt",
    "CodeHistory",
    "CodeLeak",
    "CodeProposal",
    "CollectionProducts",
    "Conversion",
    "ConversionStatus",
    "Creator",
    "Drift",
    "Enrollment",
    "Event",
    "ExchangeRate",
    "Group",
    "GroupMember",
    "ImportFile",
    "ImportState",
    "Invitation",
    "ItemOutcome",
    "LeakCheck",
    "LedgerEntry",
    "LinkHost",
    "MailSettings",
    "Member",
    "MemberClickMonth",
    "MemberSalesDay",
    "MemberTag",
    "MemberTally",
    "Message",
    "MessageRecipient",
    "MessageTemplate",
    "MoveKind",
    "Offer",
    "OfferClickDay",
    "OfferPart",
    "OfferSalesDay",
    "OfferStatus",
    "OfferStore",
    "OfferTally",
    "OfferType",
    "Order",
    "OrderHint",
    "OrderLine",
    "OrderPull",
    "OtherShop",
    "Outcome",
    "OutcomeResult",
    "Passkey",
    "PasskeyChallenge",
    "Payment",
    "PayoutAddress",
    "PayoutKind",
    "PayoutOption",
    "PayoutPolicy",
    "PayoutRules",
    "PayoutRun",
    "PayoutTotal",
    "PendingInstall",
    "Placement",
    "PortalSession",
    "ProgrammeClickDay",
    "ProgrammeSalesDay",
    "Project",
    "ProjectOffer",
    "ProjectStatus",
    "PromoCode",
    "ProposalBatch",
    "ReadLetter",
    "ReplayState",
    "ReportingCurrency",
    "Role",
    "RunState",
    "SalesLink",
    "SavedView",
    "ScheduleState",
    "ScheduledChange",
    "SignInRequest",
    "SocialHandle",
    "Stage",
    "StageMove",
    "StageMoveItem",
    "Statement",
    "StatementEntry",
    "Store",
    "StoreAudit",
    "StoreCode",
    "StoreCollection",
    "StoreKind",
    "StorePace",
    "StoreProblem",
    "StoreWebhooks",
    "StoredSelection",
    "Suppression",
    "SuppressionReason",
    "Tag",
    "TeamMember",
    "User",
    "Webhook",
    "WebhookState",
    "WindowItem",
    "Workspace",
    "lock_workspace",
]
