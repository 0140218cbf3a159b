"""困难救助审批表: the applicant, how the amount came about, and what each hand decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from apps.accounts.models import User
from apps.model_workers.models import Honour, ReliefCase, ReliefDecision
from apps.model_workers.rules.relief import Granted, ReliefKind
from apps.model_workers.selectors.workers import honours_in_words
from apps.people.selectors.people import work_standing

_BOXES = (("submit", "录入与申报"), ("check", "审核意见"), ("approve", "审批意见"))
_OTHERWISE = {"approve": "reject"}
"""The step that fills the same box with the other answer."""


@dataclass(frozen=True)
class Opinion:
    """One box of the form; empty until somebody decided, to be filled in by hand then."""

    label: str
    words: str = ""
    note: str = ""
    who: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class ReliefForm:
    """Amounts in yuan; numbers stand there as their masks."""

    name: str
    union: str
    year: int
    kind: str
    status: str
    rows: tuple[tuple[tuple[str, str], ...], ...]
    steps: tuple[tuple[str, str], ...]
    amount: Decimal
    circumstances: Sequence[str]
    opinions: tuple[Opinion, ...]
    printed_by: str
    printed_at: datetime
    title: str = "劳动模范困难救助审批表"


def relief_form(
    case: ReliefCase, *, granted: Granted, decisions: Sequence[ReliefDecision], user: User, now: datetime
) -> ReliefForm:
    """The form of a case read `for_detail`."""
    last = {decision.action: decision for decision in decisions if decision.round == case.round}
    return ReliefForm(
        name=case.person.name,
        union=case.person.union.name,
        year=case.year,
        kind=case.get_kind_display(),
        status=case.get_status_display(),
        rows=_rows(case),
        steps=granted.steps,
        amount=case.amount,
        circumstances=[line for line in case.circumstances.splitlines() if line.strip()],
        opinions=tuple(
            _opinion(label, last.get(action) or last.get(_OTHERWISE.get(action, "")))
            for action, label in _BOXES
        ),
        printed_by=f"{user.full_name}（{user.union}）",
        printed_at=timezone.localtime(now),
    )


def _rows(case: ReliefCase) -> tuple[tuple[tuple[str, str], ...], ...]:
    person: Any = case.person
    standard = case.standard
    honours = Honour.objects.standing().filter(person=person).select_related("title")
    cap = "元/月" if case.kind == ReliefKind.LIVING else "元/次"
    line = f"救助线 {standard.line:,.2f} 元/月，" if standard.line is not None else ""
    basis = standard.document.citation() if standard.document else "示例标准"
    income = f"{case.monthly_income:,.2f} 元" if case.monthly_income is not None else "—"
    pairs = (
        ("姓名", person.name),
        ("性别", person.get_sex_display()),
        ("出生日期", f"{person.birth_on:%Y年%-m月%-d日}" if person.birth_on else ""),
        ("民族", person.nation),
        ("证件号码", _shown(person.id_number)),
        ("联系电话", _shown(person.phone)),
        ("工作状态", work_standing(person.work).label if person.work else ""),
        ("适用人员", standard.get_group_display()),
        ("开户银行", " ".join(part for part in (person.bank_name, person.bank_branch) if part)),
        ("银行账号", _shown(person.account)),
        ("本人月均收入", income),
        ("救助月数", f"{case.months} 个月" if case.months else "—"),
    )
    return (
        *(tuple(pairs[at : at + 2]) for at in range(0, len(pairs), 2)),
        (("单位", person.unit.name if person.unit else ""),),
        (("劳模荣誉", honours_in_words(list(honours))),),
        (("救助种类", case.get_kind_display()),),
        (("适用标准", f"{line}最高 {standard.cap:,.2f} {cap}；依据：{basis}"),),
    )


def _opinion(label: str, decision: ReliefDecision | None) -> Opinion:
    if decision is None:
        return Opinion(label)
    words = {"submit": "提交审核", "check": "审核通过", "approve": "同意救助", "reject": "不予救助"}[
        decision.action
    ]
    return Opinion(
        label,
        words=words,
        note=decision.note,
        who=f"{decision.actor.full_name}（{decision.roles}）",
        at=timezone.localtime(decision.at),
    )


def _shown(secret: object) -> str:
    return "" if secret is None else str(secret)
