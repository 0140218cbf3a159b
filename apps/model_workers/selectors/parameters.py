"""Dated parameters read for their page: what holds when, on which basis, who entered it, what rests on it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db.models import Count, Max
from django.utils import timezone

from apps.accounts.selectors import actor_names
from apps.core.history import TimelineEntry
from apps.core.money import format_grouped
from apps.model_workers.models import (
    AllowanceRun,
    AllowanceStandard,
    CountingRule,
    Exam,
    ExamRule,
    ReliefCase,
    ReliefStandard,
)
from apps.model_workers.models.periods import Dated
from apps.model_workers.rules.allowances import OPEN_RUN_STATUSES, RunStatus, standards_day
from apps.model_workers.rules.honours import Category, Level
from apps.model_workers.rules.parameters import TONES, Period, State, Use

Uses = Mapping[int, list[Use]]
_COMMON = ("valid_from", "valid_until", "document_id", "is_sample")


@dataclass(frozen=True)
class ParameterKind:
    """One kind of parameter. `same`: columns that tell parallel ones apart; they never change."""

    key: str
    model: type[Dated]
    label: str
    hint: str
    same: tuple[str, ...]
    fields: tuple[str, ...]
    amounts: Mapping[str, str]
    title: Callable[[Any], str]
    words: Callable[[Any], str]
    uses: Callable[[list[Any]], Uses]

    def column(self, name: str) -> Any:
        """The field of the model."""
        return self.model._meta.get_field(name)

    @property
    def events(self) -> Any:
        return apps.get_model("model_workers", f"{self.model.__name__}Event").objects


@dataclass(frozen=True)
class ParameterRow:
    """One parameter as the page shows it."""

    record: Any
    kind: ParameterKind
    state: State
    uses: tuple[Use, ...]
    entered_at: datetime | None

    @property
    def title(self) -> str:
        return self.kind.title(self.record)

    @property
    def words(self) -> str:
        return self.kind.words(self.record)

    @property
    def tone(self) -> str:
        return TONES[self.state]

    @property
    def period(self) -> Period:
        return period_of(self.record)

    @property
    def is_used(self) -> bool:
        return bool(self.uses)


@dataclass(frozen=True)
class ParameterGroup:
    kind: ParameterKind
    rows: tuple[ParameterRow, ...]
    missing: tuple[str, ...] = field(default=())
    """What has no parameter in force today."""


def period_of(record: Dated) -> Period:
    return Period(record.valid_from, record.valid_until)


# --- what rests on a parameter -----------------------------------------------------------------------------


def _decided_runs() -> list[AllowanceRun]:
    """Runs that were submitted: an open one is counted anew before it goes on."""
    runs = AllowanceRun.objects.exclude(status__in=(*OPEN_RUN_STATUSES, RunStatus.VOIDED))
    return list(runs.select_related("union").order_by("snapshot_on", "id"))


def _run_words(run: AllowanceRun) -> str:
    return f"{run.union}{run}（{run.get_status_display()}）"


def _standard_uses(rows: list[Any]) -> Uses:
    runs = [(standards_day(snapshot_on=run.snapshot_on, year=run.year), run) for run in _decided_runs()]
    return {
        row.pk: [
            Use(day, _run_words(run))
            for day, run in runs
            if row.valid_from <= day and (row.valid_until is None or day <= row.valid_until)
        ]
        for row in rows
    }


def _rule_uses(rows: list[Any]) -> Uses:
    found: dict[int, list[Use]] = {}
    for run in _decided_runs():
        found.setdefault(run.rule_id, []).append(Use(run.snapshot_on, _run_words(run)))
    return found


def _exam_uses(rows: list[Any]) -> Uses:
    found: dict[int, list[Use]] = {}
    for exam in Exam.objects.select_related("union").order_by("snapshot_on", "id"):
        found.setdefault(exam.rule_id, []).append(Use(exam.snapshot_on, f"{exam.union}{exam}"))
    return found


def _relief_uses(rows: list[Any]) -> Uses:
    cases = ReliefCase.objects.order_by().values("standard")
    told = cases.annotate(cases=Count("pk"), last=Max("created_at"))
    return {
        row["standard"]: [Use(timezone.localdate(row["last"]), f"{row['cases']} 项困难救助")] for row in told
    }


# --- the kinds ---------------------------------------------------------------------------------------------


def _labels(choices: Any, chosen: list[str]) -> str:
    return "、".join(str(label) for value, label in choices if value in chosen)


def _counting_words(rule: Any) -> str:
    higher = "上级荣誉也计入次数" if rule.higher_counts else "上级荣誉不计入次数"
    return (
        f"计入{_labels(Category.choices, rule.categories)}；{higher}；去世当年{rule.get_death_rule_display()}"
    )


def _exam_words(rule: Any) -> str:
    age = f"，满 {rule.minimum_age} 周岁" if rule.minimum_age is not None else "，不限年龄"
    return f"{_labels(Level.choices, rule.levels)}{age}；每人 {format_grouped(rule.rate)} 元"


def _relief_words(standard: Any) -> str:
    line = f"救助线 {format_grouped(standard.line)} 元/月，" if standard.line is not None else ""
    return f"{line}最高 {format_grouped(standard.cap)} 元{'/月' if standard.line is not None else '/次'}"


PARAMETERS: dict[str, ParameterKind] = {
    kind.key: kind
    for kind in (
        ParameterKind(
            key="allowance-standard",
            model=AllowanceStandard,
            label="荣誉津贴标准",
            hint="各档每人每年多少元；发放名册按快照日（名册在年度之前计数的，按 1 月 1 日）的标准计算",
            same=("award_class",),
            fields=("award_class", "amount"),
            amounts={"amount": "标准"},
            title=lambda row: f"获得{row.get_award_class_display()}",
            words=lambda row: f"{format_grouped(row.amount)} 元/年",
            uses=_standard_uses,
        ),
        ParameterKind(
            key="counting-rule",
            model=CountingRule,
            label="荣誉津贴计次规则",
            hint="哪些荣誉计入次数，当年去世的怎样发；按快照日的规则",
            same=(),
            fields=("categories", "higher_counts", "death_rule"),
            amounts={},
            title=lambda row: "计次规则",
            words=_counting_words,
            uses=_rule_uses,
        ),
        ParameterKind(
            key="exam-rule",
            model=ExamRule,
            label="体检规则",
            hint="请谁参加体检，每人标准",
            same=(),
            fields=("levels", "minimum_age", "rate"),
            amounts={"rate": "每人标准"},
            title=lambda row: "体检规则",
            words=_exam_words,
            uses=_exam_uses,
        ),
        ParameterKind(
            key="relief-standard",
            model=ReliefStandard,
            label="救助标准",
            hint="生活困难救助的救助线和每月最高额，其他种类每次最高额",
            same=("kind", "group"),
            fields=("kind", "group", "line", "cap"),
            amounts={"line": "救助线", "cap": "最高额"},
            title=lambda row: f"{row.get_kind_display()} · {row.get_group_display()}",
            words=_relief_words,
            uses=_relief_uses,
        ),
    )
}


def parameter_groups(*, today: date) -> list[ParameterGroup]:
    """Every parameter by kind, those in force first; the number of queries does not grow with the rows."""
    groups = []
    for kind in PARAMETERS.values():
        records = list(
            kind.model._default_manager.select_related("document", "created_by").order_by(
                *kind.same, "-valid_from"
            )
        )
        rows = _rows(kind, records, today=today)
        groups.append(ParameterGroup(kind, tuple(rows), _missing(kind, rows)))
    return groups


def parameter_row(kind: ParameterKind, record: Any, *, today: date) -> ParameterRow:
    return _rows(kind, [record], today=today)[0]


def _rows(kind: ParameterKind, records: list[Any], *, today: date) -> list[ParameterRow]:
    uses = kind.uses(records)
    entered = dict(
        kind.events.filter(pgh_label="insert", pgh_obj_id__in=[record.pk for record in records]).values_list(
            "pgh_obj_id", "pgh_created_at"
        )
    )
    return [
        ParameterRow(
            record=record,
            kind=kind,
            state=period_of(record).state_on(today),
            uses=tuple(uses.get(record.pk, ())),
            entered_at=entered.get(record.pk),
        )
        for record in records
    ]


def _missing(kind: ParameterKind, rows: list[ParameterRow]) -> tuple[str, ...]:
    """Of a kind told apart by one column, the values that have nothing in force; of the others the kind itself."""
    current = [row.record for row in rows if row.state is State.CURRENT]
    if kind.same == ("award_class",):
        held = {record.award_class for record in current}
        choices = kind.column("award_class").choices or ()
        return tuple(f"获得{label}" for value, label in choices if value not in held)
    return () if current or kind.same else (kind.label,)


# --- history -----------------------------------------------------------------------------------------------


def last_event(kind: ParameterKind, pk: int) -> int:
    """Tells whether somebody changed the row meanwhile."""
    return kind.events.filter(pgh_obj_id=pk).aggregate(last=Max("pgh_id"))["last"] or 0


def parameter_history(kind: ParameterKind, pk: int) -> list[TimelineEntry]:
    """What was done to the parameter, newest first."""
    events = list(kind.events.filter(pgh_obj_id=pk).order_by("pgh_id"))
    people = actor_names(events)
    told = []
    for before, event in zip([None, *events], events, strict=False):
        context = event.pgh_context or {}
        told.append(
            TimelineEntry(
                at=event.pgh_created_at,
                who=people.get(context.get("user", 0), "系统"),
                action=context.get("action") or ("登记" if before is None else "修改"),
                note="" if before is None else "；".join(_differences(kind, before, event)),
            )
        )
    return told[::-1]


def _differences(kind: ParameterKind, before: Any, event: Any) -> list[str]:
    found = []
    for name in (*kind.fields, *_COMMON):
        old, new = getattr(before, name), getattr(event, name)
        if old != new:
            label = str(kind.column(name).verbose_name)
            found.append(f"{label} {_shown(kind, name, old)} → {_shown(kind, name, new)}")
    return found


def _shown(kind: ParameterKind, name: str, value: Any) -> str:
    if value is None or value == "":
        return "（空）"
    if name == "document_id":
        document = apps.get_model("budget", "PolicyDocument").objects.filter(pk=value).first()
        return document.citation() if document is not None else "（已不存在）"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        choices = kind.column(name).base_field.choices
        return _labels(choices, value)
    if isinstance(value, Decimal):
        return format_grouped(value)
    labels: Any = kind.column(name).choices or ()
    return str(dict(labels).get(value, value))
