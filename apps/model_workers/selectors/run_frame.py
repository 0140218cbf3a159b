"""What stands around a run on every page of it: its head, its way through the hands, what this person may do."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from apps.accounts.models import User
from apps.accounts.roles import GRANTS, Role
from apps.core.errors import Refused
from apps.core.history import TimelineEntry
from apps.core.workflow import Choice, StageStep
from apps.model_workers.models import AllowanceRun, RunDecision
from apps.model_workers.rules.allowances import RUN_FLOW, RUN_TONES, RunStatus, barred
from apps.model_workers.rules.run_sheet import RunSheet
from apps.model_workers.selectors.runs import RunChange, run_change, run_sheet

_STAGES = (("编制", "submit"), ("审核", "check"), ("审批", "approve"))
_REACHED: dict[str, int] = {
    RunStatus.DRAFT: 0,
    RunStatus.RETURNED: 0,
    RunStatus.SUBMITTED: 1,
    RunStatus.CHECKED: 2,
    RunStatus.APPROVED: 3,
    RunStatus.VOIDED: 0,
}
_TONES = {"return": "red", "void": "red", "withdraw": "amber", "approve": "green"}


@dataclass(frozen=True)
class Tab:
    label: str
    url: str
    is_current: bool
    count: int | None = None


@dataclass(frozen=True)
class RunFrame:
    """The head of a run and its buttons."""

    run: AllowanceRun
    sheet: RunSheet
    steps: tuple[StageStep, ...]
    choices: tuple[Choice, ...]
    decisions: tuple[RunDecision, ...]
    waiting_on: str

    @property
    def title(self) -> str:
        return f"{self.run.union.name}{self.run.year}年荣誉津贴发放名册"

    @property
    def tone(self) -> str:
        return RUN_TONES[self.run.status]

    @property
    def facts(self) -> list[tuple[str, str]]:
        run = self.run
        return [
            ("快照日", f"{run.snapshot_on:%Y-%m-%d}"),
            ("人数", f"{self.sheet.people} 人"),
            ("编制", str(run.created_by)),
            ("上年名册", f"{run.previous.year}年" if run.previous is not None else "没有"),
        ]

    @property
    def available(self) -> list[Choice]:
        return [choice for choice in self.choices if not choice.blocked]

    @property
    def blocked(self) -> list[str]:
        """Why nothing can be done by somebody whose role would allow it; each reason once."""
        told = [choice.blocked for choice in self.choices if choice.blocked and choice.is_main]
        return list(dict.fromkeys(told))

    @property
    def waiting_line(self) -> str:
        """Whose turn it is, for those who can do nothing now."""
        if not self.waiting_on or self.available or self.blocked:
            return ""
        return f"等待{self.waiting_on}办理"

    @property
    def events(self) -> list[TimelineEntry]:
        labels = {step.action: step.label for step in RUN_FLOW.steps}
        return [
            TimelineEntry(
                at=decision.at,
                who=str(decision.actor),
                role=decision.roles,
                action=f"{labels[decision.action]}（{decision.people} 人，{decision.amount:,.2f} 元）",
                tone=_TONES.get(decision.action, ""),
                note=decision.note,
            )
            for decision in reversed(self.decisions)
        ]


def run_frame(run: AllowanceRun, user: User) -> RunFrame:
    decisions = tuple(run.decisions.select_related("actor").order_by("id"))
    return RunFrame(
        run=run,
        sheet=run_sheet(run),
        steps=_steps(run, decisions),
        choices=_choices(run, user, decisions),
        decisions=decisions,
        waiting_on=_waiting_on(run),
    )


def _steps(run: AllowanceRun, decisions: Sequence[RunDecision]) -> tuple[StageStep, ...]:
    reached = _REACHED[run.status]
    taken = {decision.action: decision for decision in decisions if decision.round == run.round}
    steps = []
    for place, (label, action) in enumerate(_STAGES):
        decision = taken.get(action) if place < reached else None
        state = "done" if place < reached else "current" if place == reached else "todo"
        if run.status == RunStatus.VOIDED:
            state = "todo"
        steps.append(StageStep(label, state, str(decision.actor) if decision is not None else ""))
    return tuple(steps)


def _choices(run: AllowanceRun, user: User, decisions: Sequence[RunDecision]) -> tuple[Choice, ...]:
    taken = [decision for decision in decisions if decision.round == run.round]
    submitter = next((decision.actor_id for decision in taken if decision.action == "submit"), None)
    return tuple(
        Choice(
            step=step,
            is_main=not step.takes_back,
            url=reverse("model_workers:run_decide", args=[run.pk, step.action]),
            blocked=barred(
                action=step.action,
                actor_id=user.pk,
                made_by_id=run.created_by_id,
                acted={decision.actor_id for decision in taken},
                submitter_id=submitter,
            ),
        )
        for step in RUN_FLOW.available(status=run.status, may=user.may)
    )


def _waiting_on(run: AllowanceRun) -> str:
    """Who can take the run forward, by role: 劳模负责人."""
    permissions = {
        step.permission for step in RUN_FLOW.steps if run.status in step.sources and not step.takes_back
    }
    return "、".join(str(role.label) for role in Role if permissions & GRANTS[role])


def run_tabs(run: AllowanceRun, current: str) -> list[Tab]:
    """The pages of a run."""
    pages = (
        ("概览", "run_detail"),
        ("名册", "run_lines"),
        ("与上年衔接", "run_bridge"),
        ("有荣誉未列入", "run_left_out"),
        *((("多发追回", "run_overpaid"),) if run.status == RunStatus.APPROVED else ()),
    )
    return [
        Tab(label, reverse(f"model_workers:{name}", args=[run.pk]), name == current) for label, name in pages
    ]


@dataclass(frozen=True)
class Freshness:
    """Whether the register still gives what the lines say; `trouble` when it cannot be counted at all."""

    change: RunChange | None
    trouble: str = ""

    @property
    def is_stale(self) -> bool:
        return bool(self.trouble) or (self.change is not None and not self.change.is_none)

    @property
    def sentence(self) -> str:
        return self.trouble or (self.change.sentence if self.change is not None else "")


def freshness(run: AllowanceRun) -> Freshness | None:
    """None for a run that is settled."""
    if run.status in (RunStatus.APPROVED, RunStatus.VOIDED):
        return None
    try:
        return Freshness(run_change(run))
    except Refused as refused:
        return Freshness(None, refused.message)
