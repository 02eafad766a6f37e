"""Workflows to start a project from. Each is a proposal: every stage can be renamed, moved and deleted later."""

from __future__ import annotations

from dataclasses import dataclass

from offerwell.rules.workflow import StageKind, Step, Workflow


@dataclass(frozen=True, slots=True)
class WorkflowTemplate:
    """A proposal. `key` names it in a form, `about` says when it fits."""

    key: str
    name: str
    about: str
    workflow: Workflow


def _of(*kinds: StageKind) -> Workflow:
    return tuple(Step(kind.label, kind) for kind in kinds)


_K = StageKind
TEMPLATES = (
    WorkflowTemplate(
        "codes", "Promo code campaign", "Members get a code, post, and are paid.",
        _of(_K.WELCOME, _K.BRIEF, _K.PROMO_CODE, _K.CONTENT, _K.PAYMENT, _K.COMPLETED),
    ),
    WorkflowTemplate(
        "links", "Sales link campaign", "Members share a tracked link.",
        _of(_K.WELCOME, _K.BRIEF, _K.SALES_LINK, _K.CONTENT, _K.PAYMENT, _K.COMPLETED),
    ),
    WorkflowTemplate(
        "both", "Ambassadors", "A code for the cart and a link for the story, from the start.",
        _of(_K.WELCOME, _K.BOTH, _K.CONTENT, _K.PAYMENT, _K.COMPLETED),
    ),
    WorkflowTemplate(
        "gifts", "Product seeding", "Members get the product first, then a code.",
        _of(_K.WELCOME, _K.PRODUCT, _K.CONTENT, _K.PROMO_CODE, _K.COMPLETED),
    ),
    WorkflowTemplate(
        "empty", "Empty", "One stage; add your own.", (Step("Members", _K.CUSTOM),),
    ),
)  # fmt: skip


def template_of(key: str) -> WorkflowTemplate | None:
    """The template of this key; None for an unknown one."""
    return next((template for template in TEMPLATES if template.key == key), None)
