"""The demo register: fictional people, such that it counts what the office's published explanation prints.

Nobody here exists: the area 131099 was never given to any place, the accounts begin with digits no bank has, and local
telephone numbers do not begin with 0.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction
from stdnum import luhn
from stdnum.cn import ric

from apps.accounts.models import Union, User
from apps.budget.models import CalcLine, PolicyDocument
from apps.budget.services.sources import bind_source
from apps.cases.services import Seen
from apps.model_workers.models import (
    AllowanceStandard,
    CountingRule,
    ExamInvitation,
    ExamRule,
    Honour,
    HonourTitle,
    ReliefStandard,
    WorkerFile,
)
from apps.model_workers.rules.honours import Category, Level
from apps.model_workers.services import attendance
from apps.model_workers.services.bills import record_bill
from apps.model_workers.services.exams import decide_exam, open_exam
from apps.model_workers.services.file_changes import ChangeDraft, create_change, decide_change
from apps.model_workers.services.hospitals import add_hospital
from apps.model_workers.services.runs import decide_run, prepare_run
from apps.people.models import Person, Unit
from apps.people.rules.drafts import PersonDraft
from apps.people.rules.standing import Kind, UnitNature
from apps.people.services.registering import Entry, Standing, register_people

NO_AREA = "131099"
NOTE = "示例"


@dataclass(frozen=True)
class Group:
    """So many people of one kind; `honours` are the names of the titles each of them holds."""

    count: int
    honours: tuple[str, ...]
    work: Kind = Kind.RETIRED
    born: tuple[int, int] = (1928, 1953)
    ending: Kind | None = None
    file_action: str = ""
    is_bankrupt: bool = False


def _fictional_number(order: int, birth_on: date) -> str:
    seventeen = f"{NO_AREA}{birth_on:%Y%m%d}{order:03}"
    return seventeen + ric.calc_check_digit(f"{seventeen}0")


def _fictional_account(order: int) -> str:
    body = f"999900{order:012}"
    return body + luhn.calc_check_digit(body)


def _units(unions: list[Union], data: dict[str, Any]) -> dict[int, list[Unit]]:
    """Some units for every union, of every nature but bankrupt; and one bankrupt enterprise in some of them."""
    natures = [
        UnitNature.STATE_ENTERPRISE,
        UnitNature.PRIVATE_ENTERPRISE,
        UnitNature.INSTITUTION,
        UnitNature.AGENCY,
    ]
    units = [
        Unit(union=union, name=f"示例{union.short_name}{word}", nature=nature)
        for union in unions
        for word, nature in zip(data["units"], natures, strict=True)
    ]
    units += [
        Unit(
            union=union,
            name=f"示例{union.short_name}{data['bankrupt_unit']}",
            nature=UnitNature.BANKRUPT,
            nature_since=date(2004, 6, 30),
            nature_document="示例破产裁定书",
        )
        for union in unions[:3]
    ]
    Unit.objects.bulk_create(units)
    found: dict[int, list[Unit]] = {}
    for unit in units:
        found.setdefault(unit.union_id, []).append(unit)
    return found


def _groups(data: dict[str, Any]) -> Iterator[Group]:
    for row in data["groups"]:
        yield Group(
            count=row["count"],
            honours=tuple(row["honours"]),
            work=Kind(row.get("work", Kind.RETIRED)),
            born=tuple(row.get("born", (1928, 1953))),
            ending=Kind(row["ending"]) if "ending" in row else None,
            file_action=row.get("file_action", ""),
            is_bankrupt=row.get("is_bankrupt", False),
        )


@transaction.atomic
def load(*, folder: Path, union: Union, actor: User, head: User, now: datetime) -> int:
    """Enter the demo register once; returns how many people. Whoever was entered by hand is never touched.

    `head` decides what `actor` asks for of files.
    """
    if Person.objects.exists():
        return 0
    data = json.loads((folder / "demo_register.json").read_text(encoding="utf-8"))
    chance = random.Random(2016)  # noqa: S311 (the same register each time)
    documents = {document.title: document for document in PolicyDocument.objects.all()}
    _parameters(data, documents, actor)
    unions = list(
        Union.objects.filter(
            path__startswith=union.path, kind__in=("county", "zone", "system")
        ).in_tree_order()
    )
    units = _units(unions, data)
    entries: list[Entry] = []
    groups: list[Group] = []
    for group in _groups(data):
        for _ in range(group.count):
            entries.append(_entry(group, len(entries), unions, units, data, chance))
            groups.append(group)
    people = register_people(entries=entries, actor=actor, now=now, action="载入示例名册")
    _honours(people, groups, data, actor, now, chance)
    for person, group in zip(people, groups, strict=True):
        if group.file_action:
            _change_file(person, group.file_action, actor, head, now)
    return len(people)


def _change_file(person: Person, action: str, clerk: User, head: User, now: datetime) -> None:
    draft = ChangeDraft(date(2015, 6, 1), "示例处理决定", NOTE)
    case = create_change(person_id=person.pk, action=action, draft=draft, actor=clerk, now=now)
    for actor, verb in ((clerk, "submit"), (head, "approve")):
        decide_change(case=case, actor=actor, verb=verb, seen=Seen.of(case), now=now)


def _entry(
    group: Group,
    order: int,
    unions: list[Union],
    units: dict[int, list[Unit]],
    data: dict[str, Any],
    chance: random.Random,
) -> Entry:
    place = unions[order % 3] if group.is_bankrupt else chance.choice(unions)
    choices = [unit for unit in units[place.pk] if (unit.nature == UnitNature.BANKRUPT) == group.is_bankrupt]
    birth = date(chance.randint(*group.born), chance.randint(1, 12), chance.randint(1, 28))
    began = date(birth.year + 20, 7, 1)
    standing = [Standing(Kind.IN_SERVICE if group.work != Kind.FARMING else Kind.FARMING, began)]
    if group.work in (Kind.RETIRED, Kind.VETERAN_RETIRED):
        standing.append(Standing(group.work, date(birth.year + 60, birth.month, 28), "示例退休证"))
    if group.ending is not None:
        day = date(2015, 1, 10) + timedelta(days=chance.randint(0, 300))
        standing.append(Standing(group.ending, day, "示例证明"))
    surnames, given = data["surnames"], data["given"]
    name = (
        surnames[order % len(surnames)]
        + given[(order * 7) % len(given)]
        + given[(order * 13 + 5) % len(given)]
    )
    return Entry(
        PersonDraft(
            name=name,
            id_number=_fictional_number(order % 1000, birth),
            nation="汉族",
            phone=f"0316{order:07}",
            account=_fictional_account(order),
            bank_name="示例银行",
            residence=place.short_name,
            note=NOTE,
        ),
        place,
        chance.choice(choices),
        tuple(standing),
    )


def _honours(
    people: list[Person],
    groups: list[Group],
    data: dict[str, Any],
    actor: User,
    now: datetime,
    chance: random.Random,
) -> None:
    titles = {title.name: title for title in HonourTitle.objects.all()}
    honours, files = [], []
    for order, (person, group) in enumerate(zip(people, groups, strict=True)):
        if person.birth_on is None:
            raise ValueError("the demo register knows every birth date")
        adult = range(person.birth_on.year + 20, person.birth_on.year + 63)
        years = sorted(
            chance.sample([year for year in data["award_years"] if year in adult], len(group.honours))
        )
        for year, name in zip(years, group.honours, strict=True):
            title = titles[name]
            body = data["bodies"][title.level]
            honours.append(
                Honour(
                    person=person,
                    title=title,
                    awarded_on=date(year, 4, 28),
                    session=f"{year}年表彰",
                    awarding_body=body["name"],
                    document_number=f"{body['code']}〔{year}〕{20 + year % 7}号",
                    # Some have no certificate: the list of doubtful honours is not empty.
                    certificate_number="" if chance.randrange(20) == 0 else f"示例{year}{order:04}",
                    note=NOTE,
                    created_by=actor,
                    created_at=now,
                )
            )
        files.append(
            WorkerFile(
                person=person,
                number=f"示例{order + 1:04}",
                managed_by=data["managed_by"],
                opened_by=actor,
                opened_at=now,
            )
        )
    Honour.objects.bulk_create(honours)
    WorkerFile.objects.bulk_create(files)


def _parameters(data: dict[str, Any], documents: dict[str, PolicyDocument], actor: User) -> None:
    """The standards the explanation names, by the order of 2011; what it does not say is marked 示例."""
    basis = documents[data["basis"]]
    since = date(2011, 6, 1)
    common = {"document": basis, "created_by": actor}
    for award, amount in data["standards"].items():
        AllowanceStandard.objects.get_or_create(
            award_class=int(award),
            valid_from=since,
            defaults=common | {"amount": Decimal(amount)},
        )
    CountingRule.objects.get_or_create(
        valid_from=since,
        defaults=common | {"categories": [Category.WORKER], "is_sample": True},
    )
    ExamRule.objects.get_or_create(
        valid_from=since,
        defaults=common | {"levels": list(Level), "rate": Decimal(data["exam_rate"])},
    )
    for row in data["relief"]:  # nobody has published these
        ReliefStandard.objects.get_or_create(
            kind=row["kind"],
            group=row["group"],
            valid_from=since,
            defaults={
                "line": row["line"] and Decimal(row["line"]),
                "cap": Decimal(row["cap"]),
                "is_sample": True,
                "created_by": actor,
            },
        )


def pay_last_year(
    *, union: Union, year: int, preparer: User, checker: User, approver: User, now: datetime
) -> None:
    """The roster of the year before the demo budget, approved: the next one is bridged from its names."""
    run = prepare_run(
        union_id=union.pk, year=year, snapshot_on=date(year - 1, 12, 31), actor=preparer, now=now
    )
    for verb, actor in (("submit", preparer), ("check", checker), ("approve", approver)):
        decide_run(case=run, verb=verb, seen=Seen.of(run), actor=actor, now=now)


def examine_last_year(*, union: Union, year: int, clerk: User, now: datetime) -> None:
    """The exam of the year before the demo budget: most of them came, the bills wait for somebody to close it."""
    first = date(year, 5, 4)
    exam = open_exam(
        union=union,
        year=year,
        snapshot_on=first,
        starts_on=first,
        ends_on=date(year, 6, 30),
        budget_amount=Decimal(230_000),
        actor=clerk,
        now=now,
    )
    slips = list(exam.invitations.order_by("slip_number").values_list("slip_number", flat=True))
    half = len(slips) // 2
    given: dict[str, Any] = {"exam_id": exam.pk, "actor": clerk, "now": now}
    for name, sent in (("示例第一医院", slips[:half]), ("示例第二医院", slips[half:])):
        hospital = add_hospital(name=name, address="示例路 1 号", phone="", actor=clerk)
        away = sent[::12]
        came = [slip for slip in sent if slip not in away]
        absent = attendance.Entry(attendance.What.ABSENT, absence=ExamInvitation.Absence.AWAY)
        attendance.record_entry(slips=away, entry=absent, **given)
        attended = attendance.Entry(attendance.What.ATTENDED, attended_on=first, hospital_id=hospital.pk)
        attendance.record_entry(slips=came, entry=attended, **given)
        record_bill(
            hospital_id=hospital.pk,
            people=len(came),
            rate=exam.rule.rate,
            invoice_number=f"示例{hospital.pk:08}",
            billed_on=date(year, 7, 1),
            **given,
        )
    decide_exam(case=exam, verb="submit", seen=Seen.of(exam), actor=clerk, now=now)


def bind(*, folder: Path, actor: User, now: datetime) -> int:
    """Let the untouched lines of the demo budget count from the register; returns how many were bound."""
    data = json.loads((folder / "demo_register.json").read_text(encoding="utf-8"))
    bound = 0
    for row in data["bindings"]:
        line = (
            CalcLine.objects.filter(
                item__edition__plan__fiscal_year=data["year"],
                label=row["label"],
                source_key="",
                version=1,
            )
            .order_by("pk")
            .first()
        )
        if line is not None and line.item.edition.is_open:
            bind_source(line_id=line.pk, key=row["key"], parameters=row["parameters"], actor=actor, now=now)
            bound += 1
    return bound
