"""推荐评选: proposing somebody, the steps through the hands, the notice, and the honour at the end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.cases import services as cases
from apps.cases.selectors import notice_of
from apps.cases.services import NoticeText, Seen, decide, put_up_notice, save_case
from apps.core.errors import Refused
from apps.core.uploads import Uploaded
from apps.model_workers.documents.nominations import nomination_facts, notice_lines, told_facts
from apps.model_workers.models import HonourTitle, Nomination
from apps.model_workers.rules.nominations import require_awarded_after_notice
from apps.model_workers.selectors.nominations import objection_to
from apps.model_workers.services.honours import create_honour
from apps.model_workers.services.reach import require_right
from apps.people.models import Person
from apps.people.rules.identity import require_no_number
from apps.people.services.persons import locked_person


@dataclass(frozen=True)
class Award:
    """What the approval says of the honour."""

    awarded_on: date
    facts: Mapping[str, str]
    scan: Uploaded | None = field(default=None, repr=False)


@transaction.atomic
def create_nomination(
    *,
    person_id: int,
    title: HonourTitle,
    year: int,
    recommended_by: Union,
    merits: str,
    actor: User,
    now: datetime,
) -> Nomination:
    """Begin a nomination as a draft. Raises Refused, also when the same is under way already."""
    require_right(actor, "model_worker.edit")
    person = locked_person(person_id, actor)
    case = Nomination(person=person, union_id=person.union_id)
    _fill(case, title=title, year=year, recommended_by=recommended_by, merits=merits, now=now)
    return save_case(case=case, actor=actor, action="登记推荐", now=now)


@transaction.atomic
def change_nomination(
    *,
    nomination_id: int,
    title: HonourTitle,
    year: int,
    recommended_by: Union,
    merits: str,
    actor: User,
    now: datetime,
) -> Nomination:
    """Correct a draft, or what was returned. What was recommended no longer changes. Raises Refused."""
    require_right(actor, "model_worker.edit")
    case: Nomination = (
        Nomination.objects.visible_to(actor).select_related("person__union").get(pk=nomination_id)
    )
    if not case.is_open:
        raise Refused(f"“{case.get_status_display()}”的推荐不能再修改。", code="state")
    locked_person(case.person_id, actor)
    _fill(case, title=title, year=year, recommended_by=recommended_by, merits=merits, now=now)
    return save_case(case=case, actor=actor, action="修改推荐")


def _fill(
    case: Nomination, *, title: HonourTitle, year: int, recommended_by: Union, merits: str, now: datetime
) -> None:
    if not title.is_active:
        raise Refused(f"“{title}”已停用。", field="title")
    present = timezone.localdate(now).year
    if not present - 1 <= year <= present + 1:
        raise Refused(f"“评选年度”应在 {present - 1} 至 {present + 1} 之间。", field="year")
    if not case.person.union.path.startswith(recommended_by.path):
        raise Refused("“推荐工会”应是本人的管理工会或它的上级工会。", field="recommended_by")
    merits = require_no_number(merits, label="主要事迹", field="merits")
    if not merits:
        raise Refused("请填写“主要事迹”。", field="merits")
    case.title, case.year = title, year
    case.recommended_by, case.merits = recommended_by, merits


@transaction.atomic
def decide_nomination(
    *,
    case: Nomination,
    actor: User,
    verb: str,
    seen: Seen,
    now: datetime,
    opinion: str = "",
    minutes: str = "",
    notice: NoticeText | None = None,
    award: Award | None = None,
) -> Any:
    """Take one step. Putting up the notice needs `notice`; approving needs `award` and makes the honour. Raises Refused."""
    today = timezone.localdate(now)
    taken = decide(
        case=case,
        actor=actor,
        verb=verb,
        seen=seen,
        opinion=require_no_number(opinion, label="意见", field="opinion"),
        minutes=require_no_number(minutes, label="会议纪要文号", field="minutes"),
        now=now,
        objection=objection_to(case, today=today),
        facts=lambda: nomination_facts(case),
    )
    if verb == "notice":
        if notice is not None:
            place = require_no_number(notice.place, label="公示地点或网址", field="place")
            notice = NoticeText(place, notice.first, notice.last)
        put_up_notice(
            decision=taken,
            notice=notice,
            lines=notice_lines(case, told_facts(case)),
            actor=actor,
            today=today,
        )
    elif verb == "approve":
        _award(case, taken, award, actor, now)
    return taken


def _award(case: Nomination, decision: Any, award: Award | None, actor: User, now: datetime) -> None:
    if award is None:
        raise Refused("请填写表彰日期和表彰机关。", field="awarded_on")
    notice: Any = notice_of(case)
    require_awarded_after_notice(awarded_on=award.awarded_on, last=notice.last_on)
    merged = Person.objects.filter(merged_rows=case.person_id).values_list("pk", flat=True).first()
    create_honour(
        person=locked_person(merged or case.person_id, actor),
        title=case.title,
        awarded_on=award.awarded_on,
        facts=award.facts,
        scan=award.scan,
        actor=actor,
        now=now,
        decision=decision,
    )


def enter_objection(*, case: Nomination, said: str, actor: User, now: datetime) -> Any:
    """What was said while the notice hung. Raises Refused."""
    require_right(actor, "nomination.review")
    said = require_no_number(said, label="反映的情况", field="said")
    return cases.enter_objection(case=case, said=said, actor=actor, now=now)


def answer_objection(
    *, case: Nomination, objection: Any, holds: bool, words: str, actor: User, now: datetime
) -> Any:
    """Whether it is true. Raises Refused."""
    require_right(actor, "nomination.approve")
    words = require_no_number(words, label="核查情况", field="words")
    return cases.answer_objection(
        case=case, objection=objection, holds=holds, words=words, actor=actor, now=now
    )
