"""What stands around an edition on every page of it: its head, the stages, and what this person may do with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.urls import reverse

from apps.accounts.models import User
from apps.budget.models import Edition, EditionDecision, Plan
from apps.budget.rules.stages import CONTROLLED_STAGES, FLOW, STAGE_MEANING, Stage, Status
from apps.budget.selectors.last_year import compared_edition
from apps.budget.selectors.plans import EditionAmounts, edition_amounts, in_order
from apps.cases.selectors import (
    CasePage,
    Choice,
    Objection,
    case_page,
    hands_of,
    no_objection,
    role_in_words,
)
from apps.core import money
from apps.core.history import TimelineEntry
from apps.core.stepper import StageStep


@dataclass(frozen=True)
class EditionFrame:
    """The head of an edition and its buttons. Amounts in yuan."""

    edition: Edition
    amounts: EditionAmounts
    before: Decimal | None
    before_label: str
    steps: tuple[StageStep, ...]
    page: CasePage

    @property
    def title(self) -> str:
        plan = self.edition.plan
        return f"{plan.union.name}{plan.year}年{plan.get_book_display()}"

    @property
    def total(self) -> Decimal:
        return self.amounts.total

    @property
    def total_label(self) -> str:
        return "调整后预算数" if self.is_adjustment else "合计"

    @property
    def is_adjustment(self) -> bool:
        return self.edition.stage == Stage.ADJUSTMENT

    @property
    def control(self) -> Decimal | None:
        """The ceiling handed down, while it binds: until 批复 is over."""
        return self.amounts.control if self.edition.stage in CONTROLLED_STAGES else None

    @property
    def control_missing(self) -> int:
        """How many items lack a control figure where others have one: then the total is compared with nothing."""
        return 0 if self.control is None else self.amounts.control_missing

    @property
    def headroom(self) -> Decimal | None:
        return None if self.control is None or self.control_missing else self.control - self.total

    @property
    def headroom_shown(self) -> Decimal | None:
        return None if self.headroom is None else abs(self.headroom)

    @property
    def change(self) -> Decimal | None:
        """Nothing is told of an edition that has no items yet."""
        return None if self.before is None or not self.amounts.item_count else self.total - self.before

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Pairs under the head: what this edition is, and what it stands beside."""
        pairs = [
            ("版本", f"{self.edition.label}（{self.meaning}）"),
            ("项目", f"{self.amounts.item_count} 个"),
        ]
        if self.change is not None:
            pairs.append((f"比{self.before_label}", signed_yuan(self.change)))
        if self.edition.minutes:
            pairs.append(("会议纪要", self.edition.minutes))
        if self.edition.reason:
            pairs.append(("更正", self.edition.reason))
        return pairs

    @property
    def waiting_line(self) -> str:
        """Whose turn it is, for those who can do nothing now."""
        if not self.page.waiting_on or self.available or self.blocked:
            return ""
        return f"等待{self.page.waiting_on}办理"

    @property
    def may_enter(self) -> bool:
        return self.page.may_edit

    @property
    def status_label(self) -> str:
        return self.edition.get_status_display()

    @property
    def tone(self) -> str:
        return self.edition.tone

    @property
    def meaning(self) -> str:
        return STAGE_MEANING[self.edition.stage]

    @property
    def available(self) -> tuple[Choice, ...]:
        """Buttons to show: the main one last, at the right."""
        return tuple(choice for choice in self.page.choices if not choice.blocked)

    @property
    def blocked(self) -> tuple[str, ...]:
        """Why a button that the role would give is not there."""
        return tuple(dict.fromkeys(choice.blocked for choice in self.page.choices if choice.blocked))


def signed_yuan(amount: Decimal) -> str:
    """+9,000.00 元, −200.00 元, 持平."""
    return f"{'+' if amount > 0 else ''}{money.format_yuan(amount)} 元" if amount else "持平"


def stage_steps(
    editions: Sequence[Edition], amounts: Mapping[int, EditionAmounts], *, viewed: Edition | None = None
) -> tuple[StageStep, ...]:
    """The way from 一上 to 调剂. `viewed` is the edition on the page; without it the open one is current."""
    newest = {edition.stage: edition for edition in in_order(editions)}
    if viewed is not None:
        newest[viewed.stage] = viewed
    steps: list[StageStep] = []
    for stage in Stage:
        edition = newest.get(stage)
        if edition is None:
            steps.append(StageStep(str(stage.label), "todo"))
            continue
        is_current = edition == viewed if viewed is not None else edition.status != Status.APPROVED
        state = "current" if is_current else "done" if edition.status == Status.APPROVED else "todo"
        note = f"{money.format_wan(amounts[edition.pk].total)}万元"
        url = "" if edition == viewed else reverse("budget:edition_grid", args=[edition.pk])
        steps.append(StageStep(edition.label, state, note, url))
    return tuple(steps)


def edition_frame(edition: Edition, user: User, *, objection: Objection = no_objection) -> EditionFrame:
    """Head, stages and buttons of an edition for this person, in a fixed number of queries."""
    editions = in_order(edition.plan.editions.all())
    before = edition.based_on if edition.based_on is not None else compared_edition(edition)
    plan_ids = {edition.plan_id} | ({before.plan_id} if before is not None else set())
    amounts = edition_amounts(plan_ids)
    other_year = before is not None and before.plan_id != edition.plan_id
    label = (
        "" if before is None else f"{edition.plan.year - 1}年{before.label}" if other_year else before.label
    )
    return EditionFrame(
        edition=edition,
        amounts=amounts[edition.pk],
        before=amounts[before.pk].total if before is not None else None,
        before_label=label,
        steps=stage_steps(editions, amounts, viewed=edition),
        page=case_page(edition, viewer=user, objection=objection),
    )


def next_hands(edition: Edition, verb: str) -> str:
    """Whose turn it will be when this step is taken; empty when nobody has to act any more, or the step is not due."""
    route = edition.route or edition.stage
    step = next((one for one in FLOW.named(verb) if one.applies(edition.status, route)), None)
    return hands_of(FLOW.forward(status=step.target, route=edition.stage)) if step is not None else ""


_EVENT_TONES: dict[str, str] = {"check": "green", "approve": "green", "return": "red"}


def decision_events(plan: Plan) -> list[TimelineEntry]:
    """All decisions of a plan, newest first."""
    decisions = EditionDecision.objects.filter(case__plan=plan).select_related(
        "case", "actor", "stands_in_for"
    )
    return [_event(decision) for decision in decisions.order_by("-id")]


def _event(decision: Any) -> TimelineEntry:
    parts = [f"当时合计 {money.format_yuan(decision.amount)} 元"]
    if decision.minutes:
        parts.append(f"会议纪要 {decision.minutes}")
    if decision.opinion:
        parts.append(f"意见：{decision.opinion}")
    return TimelineEntry(
        at=decision.at,
        who=str(decision.actor),
        role=role_in_words(decision),
        action=f"{step_label(decision)}“{decision.case.label}”",
        tone=_EVENT_TONES.get(decision.verb, ""),
        note="；".join(parts),
    )


def step_label(decision: Any) -> str:
    return FLOW.label(decision.verb, decision.source, decision.route)
