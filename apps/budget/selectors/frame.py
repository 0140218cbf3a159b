"""What stands around an edition on every page of it: its head, the stages, and what this person may do with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.urls import reverse

from apps.accounts.models import User
from apps.accounts.roles import GRANTS, Role
from apps.budget.models import Decision, Edition, Plan
from apps.budget.rules.stages import (
    CONTROLLED_STAGES,
    FLOW,
    OPEN_STATUSES,
    STAGE_MEANING,
    TONES,
    Stage,
    Status,
)
from apps.budget.selectors.contributors import contributors
from apps.budget.selectors.last_year import compared_edition
from apps.budget.selectors.plans import EditionAmounts, edition_amounts, in_order
from apps.core import money
from apps.core.history import TimelineEntry
from apps.core.workflow import Choice, StageStep, Step

_DID: dict[str, str] = {"submit": "提交", "check": "审核", "approve": "审批", "return": "退回"}


@dataclass(frozen=True)
class EditionFrame:
    """The head of an edition and its buttons. Amounts in yuan."""

    edition: Edition
    amounts: EditionAmounts
    before: Decimal | None
    before_label: str
    steps: tuple[StageStep, ...]
    choices: tuple[Choice, ...]
    acted: tuple[Decision, ...]
    waiting_on: str
    may_enter: bool

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
        if self.edition.minutes_number:
            pairs.append(("会议纪要", self.edition.minutes_number))
        return pairs

    @property
    def waiting_line(self) -> str:
        """Whose turn it is, for those who can do nothing now."""
        if not self.waiting_on or self.available or self.blocked:
            return ""
        return f"等待{self.waiting_on}办理"

    @property
    def status_label(self) -> str:
        return self.edition.get_status_display()

    @property
    def tone(self) -> str:
        return TONES[self.edition.status]

    @property
    def meaning(self) -> str:
        return STAGE_MEANING[self.edition.stage]

    @property
    def available(self) -> tuple[Choice, ...]:
        """Buttons to show: the main one last, at the right."""
        free = [choice for choice in self.choices if not choice.blocked]
        return tuple(sorted(free, key=lambda choice: choice.is_main))

    @property
    def blocked(self) -> tuple[str, ...]:
        """Why a button that the role would give is not there."""
        return tuple(dict.fromkeys(choice.blocked for choice in self.choices if choice.blocked))


def signed_yuan(amount: Decimal) -> str:
    """+9,000.00 元, −200.00 元, 持平."""
    return f"{'+' if amount > 0 else ''}{money.format_yuan(amount)} 元" if amount else "持平"


def holders(permission: str) -> str:
    """Names of the roles that hold a permission: 财务负责人."""
    return "、".join(role.label for role in Role if permission in GRANTS[role])


def next_hands(edition: Edition, status: str | None = None) -> str:
    """Whose turn it is in a status; empty when nobody has to act any more."""
    waiting = status or edition.status
    steps = [
        step
        for step in FLOW.steps
        if step.applies(status=waiting, track=edition.stage) and step.action != "withdraw"
    ]
    return holders(steps[0].permission) if steps else ""


def blocked_because(
    step: Step, *, edition: Edition, user: User, acted: Sequence[Decision], authors: frozenset[int]
) -> str:
    """Why this person may not take a step that the role allows; empty when nothing stands against it."""
    if edition.plan.fiscal_year.is_closed:
        return f"{edition.plan.year}年度已关闭。"
    if step.action == "submit":
        return ""
    if step.action == "withdraw":
        return "" if edition.submitted_by_id == user.pk else f"只有提交人{edition.submitted_by}可以撤回。"
    verb = {"check": "审核", "approve": "审批"}.get(step.action, "办理")
    own = next((decision for decision in acted if decision.actor_id == user.pk), None)
    if own is not None:
        return f"您{_DID.get(own.action, own.label)}了本版本，须由他人{verb}。"
    if step.action != "return" and user.pk in authors:
        return f"您录入或修改过本版本的内容，须由他人{verb}。"
    return ""


def _choices(edition: Edition, user: User, acted: Sequence[Decision]) -> tuple[Choice, ...]:
    steps = FLOW.available(status=edition.status, may=user.may, track=edition.stage)
    judges = any(step.action in ("check", "approve") for step in steps)
    authors = contributors(edition) if judges else frozenset()
    main = next((step for step in steps if not step.takes_back), None)
    return tuple(
        Choice(
            step=step,
            url=reverse("budget:edition_decide", args=[edition.pk, step.action]),
            is_main=step is main,
            blocked=blocked_because(step, edition=edition, user=user, acted=acted, authors=authors),
        )
        for step in steps
    )


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


def edition_frame(edition: Edition, user: User) -> EditionFrame:
    """Head, stages and buttons of an edition for this person, in a fixed number of queries."""
    editions = in_order(edition.plan.editions.all())
    before = edition.based_on if edition.based_on is not None else compared_edition(edition)
    plan_ids = {edition.plan_id} | ({before.plan_id} if before is not None else set())
    amounts = edition_amounts(plan_ids)
    acted = tuple(
        edition.decisions.filter(round=edition.round)
        .exclude(action="withdraw")
        .select_related("actor")
        .order_by("id")
    )
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
        choices=_choices(edition, user, acted),
        acted=acted,
        waiting_on="" if edition.status in OPEN_STATUSES else next_hands(edition),
        may_enter=edition.is_open and user.may("budget.enter"),
    )


_EVENT_TONES: dict[str, str] = {"check": "green", "approve": "green", "return": "red"}


def decision_events(plan: Plan) -> list[TimelineEntry]:
    """All decisions of a plan, newest first."""
    decisions = Decision.objects.filter(edition__plan=plan).select_related("edition", "actor").order_by("-id")
    return [_event(decision) for decision in decisions]


def _event(decision: Decision) -> TimelineEntry:
    parts = [f"当时合计 {money.format_yuan(decision.total_amount)} 元"]
    if decision.minutes_number:
        parts.append(f"会议纪要 {decision.minutes_number}")
    if decision.note:
        parts.append(f"意见：{decision.note}")
    return TimelineEntry(
        at=decision.at,
        who=str(decision.actor),
        role=decision.roles,
        action=f"{decision.label}“{decision.edition.label}”",
        tone=_EVENT_TONES.get(decision.action, ""),
        note="；".join(parts),
    )
