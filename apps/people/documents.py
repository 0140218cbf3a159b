"""The registration form of one person: what is printed on it. Numbers stand there as their masks."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from apps.accounts.models import User
from apps.people.chapters import ShownChapter, chapters_of
from apps.people.models import Person, Photo, StandingEvent
from apps.people.rules.standing import Kind
from apps.people.selectors.people import life_standing, standing_events, work_standing

_TYPES = {"png": "image/png", "jpg": "image/jpeg"}


@dataclass(frozen=True)
class Registration:
    """人员登记表. `rows` are the lines of the head table: (label, value) pairs, two or one a line."""

    name: str
    union: str
    rows: tuple[tuple[tuple[str, str], ...], ...]
    wide_rows: tuple[tuple[str, str], ...]
    photo: str
    standing: tuple[StandingEvent, ...]
    chapters: tuple[ShownChapter, ...]
    note: str
    printed_by: str
    printed_at: datetime

    @property
    def title(self) -> str:
        return "人员登记表"


def registration(person: Any, *, user: User, now: datetime) -> Registration:
    """The form of a person read `for_detail`."""
    return Registration(
        name=person.name,
        union=person.union.name,
        rows=_rows(person),
        wide_rows=_wide_rows(person),
        photo=_photo(person),
        standing=tuple(event for event in standing_events(person) if event.voided_at is None),
        chapters=tuple(chapter for chapter in chapters_of(person, user) if chapter.years),
        note=person.note,
        printed_by=f"{user.full_name}（{user.union}）",
        printed_at=timezone.localtime(now),
    )


def _rows(person: Any) -> tuple[tuple[tuple[str, str], ...], ...]:
    """The pairs beside the photograph."""
    facts: Mapping[str, str] = {
        "姓名": person.name,
        "曾用名": person.former_name,
        "性别": person.get_sex_display(),
        "出生日期": f"{person.birth_on:%Y年%-m月%-d日}" if person.birth_on else "",
        "民族": person.nation,
        "政治面貌": person.politics,
        "文化程度": person.education,
        "职务（工种）": person.post,
        "证件类型": person.get_id_kind_display(),
        "证件号码": _shown(person.id_number),
    }
    pairs = list(facts.items())
    return tuple(tuple(pairs[at : at + 2]) for at in range(0, len(pairs), 2))


def _wide_rows(person: Any) -> tuple[tuple[str, str], ...]:
    unit, gone = person.unit, life_standing(person.life)
    nature = ""
    if unit is not None:
        since = f"（自{unit.nature_since:%Y年%-m月%-d日}）" if unit.nature_since else ""
        nature = f"{unit.get_nature_display()}{since}"
    return (
        ("单位", unit.name if unit else ""),
        ("统一社会信用代码", unit.credit_code if unit else ""),
        ("单位性质", nature),
        ("管理工会", person.union.name),
        ("工作状态", work_standing(person.work).label if person.work else ""),
        ("生存与联系", gone.label if gone else Kind.PRESENT.label if person.life else ""),
        ("居住地", person.residence),
        ("联系电话", _shown(person.phone)),
        ("开户银行", " ".join(part for part in (person.bank_name, person.bank_branch) if part)),
        ("银行账号", _shown(person.account)),
    )


def _shown(secret: Any) -> str:
    return "" if secret is None else str(secret)


def _photo(person: Person) -> str:
    """As an address that carries the picture itself; empty without one."""
    photo = Photo.objects.filter(person=person).first()
    if photo is None:
        return ""
    return f"data:{_TYPES[photo.kind]};base64,{base64.b64encode(bytes(photo.content)).decode()}"
