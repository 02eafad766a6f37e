"""The kinds of stages of a project (domain §5), and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

MOST_STAGES = 30
LONGEST_STAGE_NAME = 80
LONGEST_PROJECT_NAME = 120


class StageKind(StrEnum):
    """What happens in a stage. The three sales tracking kinds give members codes, links or both."""

    WELCOME = "welcome"
    BRIEF = "brief"
    PRODUCT = "product"
    CONTENT = "content"
    PAYMENT = "payment"
    PROMO_CODE = "promo_code"
    SALES_LINK = "sales_link"
    BOTH = "both"
    CUSTOM = "custom"
    COMPLETED = "completed"

    @property
    def label(self) -> str:
        """The words of the reference page for the sales tracking kinds, plain ones for the others."""
        return _LABELS[self]

    @property
    def is_sales_tracking(self) -> bool:
        """Whether members get codes or links here."""
        return self in {StageKind.PROMO_CODE, StageKind.SALES_LINK, StageKind.BOTH}


_LABELS = {
    StageKind.WELCOME: "Welcome",
    StageKind.BRIEF: "Brief",
    StageKind.PRODUCT: "Product",
    StageKind.CONTENT: "Content",
    StageKind.PAYMENT: "Payment",
    StageKind.PROMO_CODE: "Promo Code",
    StageKind.SALES_LINK: "Sales Link",
    StageKind.BOTH: "Sales Link + Promo Code",
    StageKind.CUSTOM: "Custom",
    StageKind.COMPLETED: "Completed",
}


def offers_manage_offers(kinds: list[StageKind], connected_offers: int) -> bool:
    """Whether a project shows *Manage Offers*.

    Source: reference page, "Within a Project", step 3.1: the workflow has a sales tracking stage and at least one
    offer is connected.
    """
    return connected_offers > 0 and any(kind.is_sales_tracking for kind in kinds)


def fits_stage(kind: StageKind, *, has_codes: bool, has_links: bool) -> bool:
    """Whether an offer gives what members get in a stage of this kind: codes, links, or any of the two."""
    gives = {
        StageKind.PROMO_CODE: has_codes,
        StageKind.SALES_LINK: has_links,
        StageKind.BOTH: has_codes or has_links,
    }
    return gives.get(kind, False)


class WorkflowRefused(ValueError):
    """The stages cannot be so. The text is for a person; `field` is what of a stage it is about."""

    def __init__(self, sentence: str, field: str = "name") -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True)
class Step:
    """A stage as its workflow sees it. `pk` is 0 until it is stored."""

    name: str
    kind: StageKind
    pk: int = 0


Workflow = tuple[Step, ...]


def with_added(workflow: Workflow, step: Step) -> Workflow:
    """One more stage: the last, or the one before *Completed*. Raises WorkflowRefused."""
    return _sound((*workflow, step))


def with_edited(workflow: Workflow, step: Step) -> Workflow:
    """Another name or kind for the stage with this `pk`. Raises WorkflowRefused."""
    return _sound(tuple(step if one.pk == step.pk else one for one in workflow))


def with_shifted(workflow: Workflow, pk: int, *, by: int) -> Workflow:
    """The stage so many places later (negative: earlier); it stops at the ends, and *Completed* stays last."""
    before = [step.pk for step in workflow].index(pk)
    others = [step for step in workflow if step.pk != pk]
    others.insert(min(max(before + by, 0), len(others)), workflow[before])
    return _completed_last(tuple(others))


def without(workflow: Workflow, pk: int) -> Workflow:
    """The workflow without this stage. Raises WorkflowRefused for the only one: members must be somewhere."""
    if len(workflow) == 1:
        raise WorkflowRefused("A project keeps at least one stage. Rename this one, or add another one first.")
    return tuple(step for step in workflow if step.pk != pk)


def following(workflow: Workflow, pk: int) -> Step | None:
    """The stage that *Skip* leads to; None after the last."""
    places = [step.pk for step in workflow]
    after = places.index(pk) + 1
    return workflow[after] if after < len(workflow) else None


def refuse_heir(workflow: Workflow, pk: int, *, to: int | None, members: int) -> None:
    """Whether the stage `pk`, with so many members, can be deleted in favour of stage `to`.

    Raises WorkflowRefused: nobody in a project is ever without a stage.
    """
    without(workflow, pk)
    if members and to not in {step.pk for step in workflow} - {pk}:
        raise WorkflowRefused("Choose the stage its members move to.", "to")


def _sound(workflow: Workflow) -> Workflow:
    """The workflow in order, with tidy names. Raises WorkflowRefused."""
    if len(workflow) > MOST_STAGES:
        raise WorkflowRefused(f"A project has at most {MOST_STAGES} stages.")
    tidy = tuple(replace(step, name=" ".join(step.name.replace("\x00", "").split())) for step in workflow)
    seen: dict[str, str] = {}
    for step in tidy:
        if not step.name:
            raise WorkflowRefused("Give the stage a name.")
        if len(step.name) > LONGEST_STAGE_NAME:
            raise WorkflowRefused(f"A name has at most {LONGEST_STAGE_NAME} characters.")
        if step.name.casefold() in seen:
            raise WorkflowRefused(f"There is a stage named {seen[step.name.casefold()]} already. Choose another name.")
        seen[step.name.casefold()] = step.name
    if sum(step.kind == StageKind.COMPLETED for step in tidy) > 1:
        raise WorkflowRefused("A project has one Completed stage. Choose another kind.", "kind")
    return _completed_last(tidy)


def _completed_last(workflow: Workflow) -> Workflow:
    return tuple(sorted(workflow, key=lambda step: step.kind == StageKind.COMPLETED))
