"""What stands around a run on every page of it: its head, its way through the hands, what this person may do."""

from dataclasses import dataclass

from django.urls import reverse

from apps.accounts.models import User
from apps.cases.selectors import CasePage, Choice, case_page
from apps.core.errors import Refused
from apps.core.money import format_yuan
from apps.model_workers.models import AllowanceRun
from apps.model_workers.rules.allowances import RunStatus
from apps.model_workers.rules.run_sheet import RunSheet
from apps.model_workers.selectors.bridges import bridge_of
from apps.model_workers.selectors.runs import RunChange, run_change, run_sheet


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
    page: CasePage

    @property
    def title(self) -> str:
        return f"{self.run.union.name}{self.run.year}年荣誉津贴发放名册"

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
        return [choice for choice in self.page.choices if not choice.blocked]

    @property
    def blocked(self) -> list[str]:
        """Why nothing can be done by somebody whose role would allow it; each reason once."""
        told = [choice.blocked for choice in self.page.choices if choice.blocked and choice.is_main]
        return list(dict.fromkeys(told))


def run_frame(run: AllowanceRun, user: User) -> RunFrame:
    return RunFrame(run=run, sheet=run_sheet(run), page=case_page(run, viewer=user))


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


def told_of(run: AllowanceRun) -> str:
    """What somebody who takes a step is told of the run: people by class, the sum, the bridge, what changed since."""
    sheet, fresh = run_sheet(run), freshness(run)
    classes = "，".join(f"{one.label} {one.people} 人" for one in sheet.classes)
    parts = [
        f"{run}　{sheet.people} 人（{classes}）　{format_yuan(sheet.amount)} 元",
        bridge_of(run).sentence,
    ]
    if fresh is not None and fresh.is_stale:
        parts.append(fresh.trouble or f"计数以后登记有变：{fresh.sentence}")
    return "；".join(parts)
