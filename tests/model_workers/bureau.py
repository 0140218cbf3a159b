"""The people of the model workers' office, and the way of a nomination through their hands, for tests."""

from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.basis.models import CalendarYear
from apps.cases.services import NoticeText, Seen
from apps.model_workers.models import Honour, Nomination
from apps.model_workers.services.honours import award_honour
from apps.model_workers.services.nominations import (
    Award,
    create_nomination,
    decide_nomination,
)
from apps.people.models import Person
from tests.factories import HonourTitleFactory, UnionFactory, UserFactory

FACTS = {
    "awarding_body": "示例市人民政府",
    "document_number": "示政【2011】3号",
    "certificate_number": "示例00001",
}
NOTHING_SAID = "公示期间没有收到反映"
MINUTES = "示工纪〔2016〕8号"
# One white pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63f80f00010101005aeb"
    "2ca20000000049454e44ae426082"
)


def scan(name: str = "证书.png", content: bytes = PNG) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def fresh(user: User) -> User:
    """The user without the roles that were read before they were granted."""
    return User.objects.with_roles().get(pk=user.pk)


def know_calendar(*days: date) -> None:
    """Years of which nothing is announced: working days are the weekdays."""
    for year in {day.year for day in days}:
        CalendarYear.objects.get_or_create(year=year)


class Bureau:
    """The city's office: a clerk, a head, a vice chair."""

    @cached_property
    def city(self) -> Union:
        return UnionFactory(city=True)

    @cached_property
    def clerk(self) -> User:
        return fresh(UserFactory(model_worker_clerk=True))

    @cached_property
    def head(self) -> User:
        return fresh(UserFactory(model_worker_head=True))

    @cached_property
    def vice(self) -> User:
        return fresh(UserFactory(vice_chair=True))

    @cached_property
    def county_clerk(self) -> User:
        return fresh(UserFactory(county_clerk=True))

    def award(self, person: Person, *, actor: User | None = None, **changes: Any) -> Honour:
        facts = FACTS | changes.pop("facts", {})
        given: dict[str, Any] = {"title": HonourTitleFactory(), "awarded_on": date(2011, 4, 28)} | changes
        return award_honour(
            person_id=person.pk, facts=facts, actor=actor or self.clerk, now=timezone.now(), **given
        )

    def nominate(self, person: Person, **changes: Any) -> Nomination:
        given: dict[str, Any] = {
            "title": HonourTitleFactory(),
            "year": timezone.localdate().year,
            "recommended_by": person.union,
            "merits": "示例：爱岗敬业。",
        } | changes
        return create_nomination(person_id=person.pk, actor=self.clerk, now=timezone.now(), **given)

    def step(self, nomination: Nomination, verb: str, actor: User, **words: Any) -> Any:
        nomination.refresh_from_db()
        return decide_nomination(
            case=nomination,
            actor=actor,
            verb=verb,
            seen=Seen.of(nomination),
            now=words.pop("now", timezone.now()),
            **words,
        )

    def notice(self, first: date | None = None, days: int = 13) -> NoticeText:
        """A notice from today on."""
        start = first or timezone.localdate()
        know_calendar(start, start + timedelta(days=days))
        return NoticeText("示例公示栏", start, start + timedelta(days=days))

    def reach(self, nomination: Nomination, status: str, *, weeks_ago: int = 3) -> Nomination:
        """Takes the steps up to that status, so many weeks ago; the notice is over."""
        then = timezone.now() - timedelta(weeks=weeks_ago)
        ways: dict[str, tuple[User, dict[str, Any]]] = {
            "submit": (self.clerk, {}),
            "qualify": (self.head, {}),
            "consult": (self.head, {"opinion": "示例：有关单位没有意见。"}),
            "notice": (self.head, {"notice": self.notice(timezone.localdate(then))}),
            "conclude": (self.head, {"opinion": NOTHING_SAID}),
        }
        targets = {"recommended": 1, "qualified": 2, "consulted": 3, "noticed": 4, "concluded": 5}
        for verb, (actor, words) in list(ways.items())[: targets[status]]:
            when = timezone.now() if verb == "conclude" else then
            self.step(nomination, verb, actor, now=when, **words)
        nomination.refresh_from_db()
        return nomination

    def settle(self, nomination: Nomination) -> None:
        self.step(nomination, "conclude", self.head, opinion=NOTHING_SAID)

    def award_of(self, **changes: Any) -> Award:
        return Award(timezone.localdate(), FACTS | changes)
