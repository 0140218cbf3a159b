"""The recommendation form (推荐审批表) of one nomination: facts, merits, and what each hand wrote."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from apps.accounts.models import User
from apps.model_workers.models import Honour, Nomination, NominationStep
from apps.model_workers.selectors.workers import honours_in_words


@dataclass(frozen=True)
class Opinion:
    """One box of the form; empty until somebody decided, to be filled in by hand then."""

    label: str
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
    ("recommend", "推荐工会意见"),
    ("qualify", "资格审查意见"),
    ("consult", "征求意见结果"),
    ("notice", "公示情况"),
    ("approve", "审批意见"),
)


def nomination_form(nomination: Nomination, *, user: User, now: datetime) -> NominationForm:
    """The form of a nomination read `for_detail`."""
    person = nomination.person
    honours = list(Honour.objects.standing().filter(person=person).for_list())
    steps = {step.action: step for step in nomination.steps.select_related("actor")}
    facts = [
        ("姓名", person.name),
        ("性别", person.get_sex_display()),
        ("出生日期", f"{person.birth_on:%Y年%-m月%-d日}" if person.birth_on else ""),
        ("民族", person.nation),
        ("政治面貌", person.politics),
        ("文化程度", person.education),
        ("职务（工种）", person.post),
        ("证件号码", "" if person.id_number is None else str(person.id_number)),
    ]
    return NominationForm(
        name=person.name,
        union=nomination.recommended_by.name,
        year=nomination.year,
        honour=str(nomination.title),
        rows=(
            *(tuple(facts[at : at + 2]) for at in range(0, len(facts), 2)),
            (("工作单位", person.unit.name if person.unit else ""),),
            (("拟授荣誉", str(nomination.title)),),
            (("已有荣誉", honours_in_words(honours)),),
        ),
        merits=[line for line in nomination.merits.splitlines() if line.strip()],
        opinions=tuple(_opinion(label, steps.get(action), nomination) for action, label in _BOXES),
        printed_by=f"{user.full_name}（{user.union}）",
        printed_at=timezone.localtime(now),
    )


def _opinion(label: str, step: NominationStep | None, nomination: Nomination) -> Opinion:
    if step is None:
        return Opinion(label)
    text = [step.note] if step.note else []
    if step.action == "notice":
        text.insert(
            0,
            f"{nomination.notice_from:%Y-%m-%d} 至 {nomination.notice_until:%Y-%m-%d}，{nomination.notice_place}。",
        )
        if nomination.objections:
            text.append(f"公示反映：{nomination.objections}")
    if step.minutes_number:
        text.append(f"会议纪要：{step.minutes_number}")
    if not text:
        text.append("同意。")
    return Opinion(label, "".join(text), f"{step.actor}　{timezone.localtime(step.at):%Y年%-m月%-d日}")
