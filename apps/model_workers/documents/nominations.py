"""The recommendation form (推荐审批表) of one nomination: the facts as recommended, merits, and what each hand wrote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from apps.accounts.models import User
from apps.cases import selectors as cases
from apps.cases.selectors import decisions_of, notice_of, role_in_words
from apps.model_workers.models import Honour, Nomination
from apps.model_workers.selectors.workers import honours_in_words
from apps.people.models import Person


@dataclass(frozen=True)
class Opinion:
    """One box of the form; empty until somebody decided, to be filled in by hand then. `act` is the step that was taken,
    `text` what was written with it: no word is put into anybody's mouth."""

    label: str
    act: str = ""
    text: str = ""
    signed: str = ""


@dataclass(frozen=True)
class NominationForm:
    name: str
    union: str
    year: int
    honour: str
    rows: tuple[tuple[tuple[str, str], ...], ...]
    merits: Sequence[str]
    opinions: tuple[Opinion, ...]
    printed_by: str
    printed_at: datetime
    title: str = "劳动模范推荐审批表"


_BOXES = (
    ("submit", "推荐工会意见"),
    ("qualify", "资格审查意见"),
    ("consult", "征求意见结果"),
    ("notice", "公示情况"),
    ("conclude", "公示结果"),
    ("approve", "审批意见"),
)


def nomination_facts(case: Nomination) -> dict[str, Any]:
    """What the form and the notice tell of other rows: kept with the recommendation, so that they tell the same for ever."""
    person = Person.objects.select_related("unit", "union").get(pk=case.person_id)
    honours = Honour.objects.standing().filter(person=person).for_list()
    return {
        "name": person.name,
        "sex": person.get_sex_display(),
        "birth_on": f"{person.birth_on:%Y年%-m月%-d日}" if person.birth_on else "",
        "nation": person.nation,
        "politics": person.politics,
        "education": person.education,
        "post": person.post,
        "id_number": "" if person.id_number is None else str(person.id_number),
        "unit": person.unit.name if person.unit else "",
        "title": str(case.title),
        "recommended_by": case.recommended_by.name,
        "honours": honours_in_words(list(honours)),
    }


def told_facts(case: Nomination) -> Mapping[str, Any]:
    return cases.told_facts(case, lambda: nomination_facts(case))


def notice_lines(case: Nomination, facts: Mapping[str, Any]) -> list[str]:
    """What the notice shows of the person; no numbers."""
    who = "，".join(part for part in (facts["name"], facts["sex"], facts["unit"], facts["post"]) if part)
    return [
        who,
        f"{case.year}年拟授{facts['title']}；推荐单位：{facts['recommended_by']}",
        *(line for line in case.merits.splitlines() if line.strip()),
    ]


def nomination_form(case: Nomination, *, user: User, now: datetime) -> NominationForm:
    """The form of a nomination read `for_detail`."""
    facts = told_facts(case)
    decisions = {one.verb: one for one in decisions_of(case) if one.round == case.round}
    pairs = [
        ("姓名", facts["name"]),
        ("性别", facts["sex"]),
        ("出生日期", facts["birth_on"]),
        ("民族", facts["nation"]),
        ("政治面貌", facts["politics"]),
        ("文化程度", facts["education"]),
        ("职务（工种）", facts["post"]),
        ("证件号码", facts["id_number"]),
    ]
    return NominationForm(
        name=facts["name"],
        union=facts["recommended_by"],
        year=case.year,
        honour=facts["title"],
        rows=(
            *(tuple(pairs[at : at + 2]) for at in range(0, len(pairs), 2)),
            (("工作单位", facts["unit"]),),
            (("拟授荣誉", facts["title"]),),
            (("已有荣誉", facts["honours"]),),
        ),
        merits=[line for line in case.merits.splitlines() if line.strip()],
        opinions=tuple(_opinion(label, decisions.get(verb), case) for verb, label in _BOXES),
        printed_by=f"{user.full_name}（{user.union}）",
        printed_at=timezone.localtime(now),
    )


def _opinion(label: str, decision: Any, case: Nomination) -> Opinion:
    if decision is None:
        return Opinion(label)
    text = []
    if decision.verb == "notice":
        notice: Any = notice_of(case)
        text.append(f"{notice.first_on:%Y-%m-%d} 至 {notice.last_on:%Y-%m-%d}，{notice.place}。")
    if decision.opinion:
        text.append(decision.opinion)
    if decision.minutes:
        text.append(f"会议纪要：{decision.minutes}")
    return Opinion(
        label,
        act=case.flow.label(decision.verb, decision.source),
        text="　".join(text),
        signed=f"{decision.actor.full_name}（{role_in_words(decision)}）　{timezone.localtime(decision.at):%Y年%-m月%-d日}",
    )
