"""A register of retired model workers made quickly, and the people through whose hands a run goes."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.utils import timezone

from apps.accounts.models import Union, User
from apps.cases.services import Seen
from apps.model_workers.models import (
    AllowanceRun,
    AllowanceStandard,
    CountingRule,
    FileChange,
    Honour,
)
from apps.model_workers.services.runs import decide_run, prepare_run
from apps.people.models import Person, StandingEvent, Unit
from apps.people.rules.drafts import PersonDraft
from apps.people.rules.standing import TRACKS, Kind
from apps.people.services.persons import fill, require_person
from tests.factories import (
    AllowanceStandardFactory,
    CountingRuleFactory,
    HonourTitleFactory,
    StandingEventFactory,
    UnionFactory,
    UnitFactory,
    UserFactory,
)
from tests.model_workers.changes import changed
from tests.people.identity import account_number, resident_number

DAY = date(2015, 12, 31)
YEAR = 2016
AS_PRINTED = {1: 245, 2: 22, 3: 10}
"""The classes of the office's published explanation, six of the first from bankrupt enterprises."""
_NAMES = "安白曹邓冯高郝贾康李马宁潘秦任孙田王徐杨赵"


class AllowanceOffice:
    """The city federation with everybody an allowance needs, and one county with its people."""

    def __init__(self) -> None:
        self.union: Union = UnionFactory(city=True)
        self.county: Union = UnionFactory(name="示例甲县总工会")
        self._made = 0

    @cached_property
    def clerk(self) -> User:
        return UserFactory(model_worker_clerk=True, full_name="示例·劳模经办")

    @cached_property
    def head(self) -> User:
        return UserFactory(model_worker_head=True, full_name="示例·劳模负责人")

    @cached_property
    def vice(self) -> User:
        return UserFactory(vice_chair=True, full_name="示例·分管副主席")

    @cached_property
    def unit(self) -> Unit:
        return UnitFactory(union=self.county, name="示例棉纺织厂")

    @cached_property
    def bankrupt_unit(self) -> Unit:
        return UnitFactory(union=self.county, name="示例原化肥厂", bankrupt=True)

    @property
    def now(self) -> datetime:
        return timezone.now()

    def parameters(self, **rule: object) -> CountingRule:
        """The rule and the three standards, in force since June 2011."""
        if not AllowanceStandard.objects.exists():
            for award in (1, 2, 3):
                AllowanceStandardFactory(award_class=award)
        return CountingRule.objects.first() or CountingRuleFactory(**rule)

    def people(
        self,
        classes: Mapping[int, int] | None = None,
        *,
        bankrupt: int = 0,
        unit: Unit | None = None,
        kind: str = Kind.RETIRED,
        since: date = date(2005, 1, 1),
    ) -> list[Person]:
        """So many people of each class (number of honours), all at once; the first of them from a bankrupt unit."""
        wanted = [award for award, count in (classes or {1: 1}).items() for _ in range(count)]
        people = []
        for place, _ in enumerate(wanted):
            own = self.bankrupt_unit if place < bankrupt else unit or self.unit
            people.append(self._person(own))
        Person.objects.bulk_create(people)
        StandingEvent.objects.bulk_create(
            StandingEvent(
                person=person,
                track=TRACKS[Kind(kind)],
                kind=kind,
                effective_on=since,
                document="示例退休证",
                created_by=self.clerk,
            )
            for person in people
        )
        honours = [
            honour
            for person, award in zip(people, wanted, strict=True)
            for honour in self._honours(person, award, date(1985, 5, 1))
        ]
        Honour.objects.bulk_create(honours)
        return people

    def _person(self, unit: Unit) -> Person:
        order = self._made = self._made + 1
        person = Person(union=unit.union, unit=unit, created_by=self.clerk, updated_by=self.clerk)
        born = date(1930 + order // 1000, 1 + order % 12, 1 + order % 28)
        draft = PersonDraft(
            name=f"{_NAMES[order % len(_NAMES)]}{'示例'[order % 2]}{chr(0x4E00 + order)}",
            id_kind="resident",
            id_number=resident_number(order, birth_on=born),
            account=account_number(900_000 + order),
            bank_name="示例银行",
        )
        fill(person, require_person(draft, now=timezone.now()))
        return person

    def honour(self, person: Person, *, times: int = 1, on: date) -> None:
        """The municipal honour, so many times, a year apart."""
        Honour.objects.bulk_create(self._honours(person, times, on))

    def _honours(self, person: Person, times: int, on: date) -> list[Honour]:
        title = HonourTitleFactory()
        return [
            Honour(
                person=person,
                title=title,
                awarded_on=on.replace(year=on.year + nth),
                awarding_body="示例市人民政府",
                created_by=self.clerk,
            )
            for nth in range(times)
        ]

    def event(self, person: Person, kind: str, on: date, **facts: object) -> StandingEvent:
        return StandingEventFactory(
            person=person, kind=kind, effective_on=on, document="示例证明", created_by=self.clerk, **facts
        )

    def move(self, person: Person, to: Union, on: date) -> None:
        self.event(person, Kind.MOVED, on, from_union=person.union, to_union=to)
        Person.objects.filter(pk=person.pk).update(union=to, unit=None)

    def file(self, person: Person, action: str, on: date) -> FileChange:
        return changed(person, action, on, clerk=self.clerk, head=self.head)

    def run(self, *, year: int = YEAR, on: date = DAY, union: Union | None = None) -> AllowanceRun:
        return prepare_run(
            union_id=(union or self.union).pk, year=year, snapshot_on=on, actor=self.clerk, now=self.now
        )

    def decide(self, run: AllowanceRun, actor: User, action: str, note: str = "") -> Any:
        decision = decide_run(
            case=run, actor=actor, verb=action, seen=Seen.of(run), opinion=note, now=self.now
        )
        run.refresh_from_db()
        return decision

    def approve(self, run: AllowanceRun) -> AllowanceRun:
        """Through all hands."""
        for actor, action in ((self.clerk, "submit"), (self.head, "check"), (self.vice, "approve")):
            self.decide(run, actor, action)
        return run
