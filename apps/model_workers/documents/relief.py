"""困难救助审批表: the applicant as he stood at the submission, how the amount came about, and what each person decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from apps.accounts.models import User
from apps.cases import selectors as cases
from apps.cases.selectors import role_in_words
from apps.model_workers.models import Honour, ReliefCase
from apps.model_workers.rules.relief import LineGroup, ReliefKind, reference_day
from apps.model_workers.selectors.relief import granted_of
from apps.model_workers.selectors.workers import honours_in_words
from apps.people.models import Person
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
    steps: Sequence[Sequence[str]]
    amount: Decimal
    circumstances: Sequence[str]
    opinions: tuple[Opinion, ...]
    printed_by: str
    printed_at: datetime
    title: str = "劳动模范困难救助审批表"


def relief_facts(case: ReliefCase, *, today: date) -> dict[str, Any]:
    """What the form and the page tell of other rows: kept with the submission, so that they tell the same for ever."""
    day = reference_day(year=case.year, today=today)
    person: Any = Person.objects.for_detail(day).get(pk=case.person_id)
    standard = case.standard
    cap = "元/月" if case.kind == ReliefKind.LIVING else "元/次"
    line = f"救助线 {standard.line:,.2f} 元/月，" if standard.line is not None else ""
    honours = Honour.objects.standing().filter(person=person).select_related("title")
    return {
        "name": person.name,
        "sex": person.get_sex_display(),
        "birth_on": f"{person.birth_on:%Y年%-m月%-d日}" if person.birth_on else "",
        "nation": person.nation,
        "id_number": _shown(person.id_number),
        "phone": _shown(person.phone),
        "work": work_standing(person.work).label if person.work else "",
        "register_group": LineGroup(case.register_group).label if case.register_group else "",
        "group": standard.get_group_display(),
        "bank": " ".join(part for part in (person.bank_name, person.bank_branch) if part),
        "account": _shown(person.account),
        "unit": person.unit.name if person.unit else "",
        "union": case.union.name,
        "honours": honours_in_words(list(honours)),
        "standard": f"{line}最高 {standard.cap:,.2f} {cap}",
        "basis": standard.document.citation() if standard.document else "示例标准",
        "period": standard.period_words,
        "steps": [list(step) for step in granted_of(case).steps],
    }


def told_facts(case: ReliefCase, *, today: date) -> Mapping[str, Any]:
    return cases.told_facts(case, lambda: relief_facts(case, today=today))


def relief_form(
    case: ReliefCase, *, facts: Mapping[str, Any], decisions: Sequence[Any], user: User, now: datetime
) -> ReliefForm:
    """The form of a case read `for_detail`."""
    last = {one.verb: one for one in decisions if one.round == case.round}
    lines = [line for line in case.circumstances.splitlines() if line.strip()]
    return ReliefForm(
        name=facts["name"],
        union=facts["union"],
        year=case.year,
        kind=case.get_kind_display(),
        status=case.get_status_display(),
        rows=_rows(case, facts),
        steps=facts["steps"],
        amount=case.amount,
        circumstances=lines,
        opinions=tuple(
            _opinion(label, last.get(verb) or last.get(_OTHERWISE.get(verb, "")), case)
            for verb, label in _BOXES
        ),
        printed_by=f"{user.full_name}（{user.union}）",
        printed_at=timezone.localtime(now),
    )


def group_in_words(case: ReliefCase, facts: Mapping[str, Any]) -> str:
    """Whose line applies; where it is not the register's, what that says and why."""
    if not case.group_reason:
        return str(facts["group"])
    return f"{facts['group']}（名册登记：{facts['register_group']}；理由：{case.group_reason}）"


def _rows(case: ReliefCase, facts: Mapping[str, Any]) -> tuple[tuple[tuple[str, str], ...], ...]:
    income = f"{case.monthly_income:,.2f} 元" if case.monthly_income is not None else "—"
    pairs = (
        ("姓名", facts["name"]),
        ("性别", facts["sex"]),
        ("出生日期", facts["birth_on"]),
        ("民族", facts["nation"]),
        ("证件号码", facts["id_number"]),
        ("联系电话", facts["phone"]),
        ("工作状态", facts["work"]),
        ("救助种类", case.get_kind_display()),
        ("开户银行", facts["bank"]),
        ("银行账号", facts["account"]),
        ("本人月均收入", income),
        ("救助月数", f"{case.months} 个月" if case.months else "—"),
    )
    return (
        *(tuple(pairs[at : at + 2]) for at in range(0, len(pairs), 2)),
        (("单位", facts["unit"]),),
        (("劳模荣誉", facts["honours"]),),
        (("适用人员", group_in_words(case, facts)),),
        (("适用标准", f"{facts['standard']}；依据：{facts['basis']}"),),
    )


def _opinion(label: str, decision: Any, case: ReliefCase) -> Opinion:
    """What the person chose, in the words of the button, and what he wrote: nothing else stands over a name."""
    if decision is None:
        return Opinion(label)
    return Opinion(
        label,
        words=case.flow.label(decision.verb, decision.source),
        note=decision.opinion,
        who=f"{decision.actor.full_name}（{role_in_words(decision)}）",
        at=timezone.localtime(decision.at),
    )


def _shown(secret: object) -> str:
    return "" if secret is None else str(secret)
