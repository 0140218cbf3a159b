"""The people of the finance work and the way an edition goes through their hands, for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import psycopg
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.budget.checks import edition_findings, unanswered
from apps.budget.models import Edition, Item, Plan
from apps.budget.rules.stages import RECORDED_STAGES, Book, Stage, Status
from apps.budget.services.decisions import decide_edition
from apps.budget.services.items import change_item, create_item
from apps.budget.services.lines import add_line
from apps.budget.services.outline import add_entry
from apps.budget.services.plans import copy_content, create_plan, open_next_edition
from apps.budget.services.waivers import waive_finding
from apps.cases.services import Seen, decide
from apps.core import actors, audit
from tests.factories import EditionFactory, ItemGroupFactory, UnionFactory, UserFactory

STEMS = "甲乙丙丁戊己庚辛壬癸子丑"
MINUTES = "示工纪〔2015〕12号"


def at_work(runtime: psycopg.Connection, user: User) -> None:
    """Speak as this person on the other connection from now on, as the web process would for its own."""
    said = actors.claim(user.pk, backend=runtime.info.backend_pid)
    runtime.execute("SELECT set_config('house.actor', %s, false)", [said])
    runtime.commit()


@contextmanager
def as_clerk(edition: Edition) -> Iterator[None]:
    """What is written inside is entered by whoever began the edition."""
    with transaction.atomic(), audit.because(actor_id=edition.created_by_id, action="录入"):
        yield


class Office:
    """One federation with the four people an edition needs."""

    def __init__(self, union: Union | None = None) -> None:
        self.union = union or UnionFactory(city=True)

    @cached_property
    def clerk(self) -> User:
        return UserFactory(union=self.union, finance_clerk=True)

    @cached_property
    def head(self) -> User:
        return UserFactory(union=self.union, finance_head=True)

    @cached_property
    def vice(self) -> User:
        return UserFactory(union=self.union, vice_chair=True)

    @cached_property
    def chair(self) -> User:
        return UserFactory(union=self.union, chair=True)

    @property
    def now(self) -> datetime:
        return timezone.now()

    def plan(self, *, year: int = 2016, book: str = Book.FISCAL, items: int = 1) -> Plan:
        """A plan in 一上 with complete items of 367,500 yuan each."""
        plan = create_plan(union_id=self.union.pk, year=year, book=book, actor=self.clerk, now=self.now)
        edition = plan.editions.get()
        for number in range(items):
            self.add_item(edition, name=f"示例项目{STEMS[number]}")
        add_entry(edition_id=edition.pk, section="duties", text="承担交办的其他事项。", actor=self.clerk)
        add_entry(edition_id=edition.pk, section="tasks", text="做好服务职工的工作。", actor=self.clerk)
        return plan

    def add_item(
        self,
        edition: Edition,
        *,
        name: str = "示例项目",
        people: int = 245,
        rate: str = "1500",
        label: str = "示例人员",
    ) -> Item:
        item = create_item(
            edition_id=edition.pk,
            actor=self.clerk,
            now=self.now,
            values={"group": ItemGroupFactory(), "name": name, "purpose": "{测算句}，共计{金额}元。"},
        )
        add_line(
            item_id=item.pk,
            actor=self.clerk,
            now=self.now,
            values={"method": "headcount", "label": label, "people": people, "rate": Decimal(rate)},
        )
        return item

    def decide(self, edition: Edition, actor: User, verb: str, **words: str) -> Any:
        case = Edition.objects.for_detail().get(pk=edition.pk)
        return decide_edition(case=case, actor=actor, verb=verb, seen=Seen.of(case), now=self.now, **words)

    def submit(self, edition: Edition) -> Any:
        return self.decide(edition, self.clerk, "submit")

    def answer_findings(self, edition: Edition) -> None:
        """The finance head lets every soft finding stand, with a reason."""
        for found in unanswered(edition_findings(Edition.objects.for_detail().get(pk=edition.pk))):
            if not found.is_hard:
                waive_finding(
                    edition_id=edition.pk,
                    fingerprint=found.finding.fingerprint,
                    reason="示例：经核对可以保留。",
                    actor=self.head,
                    now=self.now,
                )

    def approve(self, edition: Edition) -> Edition:
        """From draft to the end of the edition's own way."""
        self.explain_changes(edition)
        self.submit(edition)
        self.answer_findings(edition)
        self.decide(edition, self.head, "check")
        if edition.stage not in RECORDED_STAGES:
            self.decide(edition, self.vice, "approve")
            self.decide(edition, self.chair, "approve", minutes=MINUTES)
        return Edition.objects.for_detail().get(pk=edition.pk)

    def explain_changes(self, edition: Edition) -> None:
        for item in edition.items.filter(prior_amount__isnull=False, change_reason=""):
            change_item(
                item_id=item.pk,
                actor=self.clerk,
                values={"change_reason": "人数变化。"},
                seen_version=item.version,
                now=self.now,
            )

    def next(self, plan: Plan) -> Edition:
        return open_next_edition(plan_id=plan.pk, actor=self.clerk, now=self.now)

    def reach(self, plan: Plan, stage: str) -> Edition:
        """The open edition of this stage, everything before it approved."""
        edition = plan.editions.order_by("id").last()
        while edition.stage != stage:
            self.approve(edition)
            edition = self.next(plan)
        return Edition.objects.for_detail().get(pk=edition.pk)

    def step(self, edition: Edition, verb: str, actor: User) -> Any:
        """One step past the findings, as the kernel alone judges it."""
        case = Edition.objects.for_detail().get(pk=edition.pk)
        words = {"opinion": "请补充。", "minutes": MINUTES}
        return decide(case=case, actor=actor, verb=verb, seen=Seen.of(case), now=self.now, **words)

    def settle(self, edition: Edition, until: str = Status.APPROVED) -> Edition:
        """Through the remaining steps without the checks of the services: for tests of what comes afterwards."""
        hands = {
            Status.DRAFT: ("submit", "clerk"),
            Status.RETURNED: ("submit", "clerk"),
            Status.SUBMITTED: ("check", "head"),
            Status.CHECKED: ("approve", "vice"),
            Status.VICE_APPROVED: ("approve", "chair"),
        }
        edition = Edition.objects.for_detail().get(pk=edition.pk)
        while edition.status != until:
            verb, hand = hands[Status(edition.status)]
            self.step(edition, verb, getattr(self, hand))
            edition = Edition.objects.for_detail().get(pk=edition.pk)
        return edition

    def ratify(self, plan: Plan) -> Edition:
        """The plan through all stages to its 批复, settled."""
        edition = self.settle(plan.editions.order_by("id").last())
        while edition.stage != Stage.RATIFIED:
            edition = self.settle(self.next(plan))
        return edition

    def adjustment(self, *, items: int = 2) -> Edition:
        """An open first 调剂 edition, straight from a settled one."""
        plan = self.plan(items=items)
        settled = self.settle(plan.editions.get())
        edition = EditionFactory(plan=plan, stage=Stage.ADJUSTMENT, based_on=settled, created_by=self.clerk)
        with as_clerk(edition):
            copy_content(source=settled, target=edition, actor=self.clerk, now=self.now)
        return Edition.objects.for_detail().get(pk=edition.pk)
