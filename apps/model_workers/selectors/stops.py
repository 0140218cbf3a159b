"""Who is absent or without a valid file on a day, since when, and what held of them the day before."""

from datetime import date
from typing import Any

from django.db.models import DateField, Exists, F, Func, OuterRef, Subquery
from django.db.models.functions import Least

from apps.model_workers.models import FileEvent
from apps.model_workers.rules.allowances import Facts, Stop, why_not
from apps.model_workers.rules.files import FileStatus
from apps.model_workers.selectors.counting import Counting, Workers, described
from apps.people.models import PersonQuerySet, StandingEvent
from apps.people.rules.standing import ABSENT_KINDS, Track


def stopped(people: PersonQuerySet, *, until: date, counting: Counting) -> Workers:
    """Of these people those whose pay stands still at the end of that day.

    Adds `stopped_on`, `end_life` and `end_file`, and what `counting.described` tells of the day before they stopped.
    """
    life = StandingEvent.objects.valid().filter(track=Track.LIFE, effective_on__lte=until)
    back = life.filter(person=OuterRef("person"), effective_on__gt=OuterRef("effective_on")).exclude(
        kind__in=ABSENT_KINDS
    )
    gone = life.filter(~Exists(back), person=OuterRef("pk"), kind__in=ABSENT_KINDS)
    files = FileEvent.objects.valid().filter(effective_on__lte=until)
    resumed = files.filter(
        person=OuterRef("person"), effective_on__gt=OuterRef("effective_on"), target=FileStatus.VALID
    )
    invalid = files.filter(~Exists(resumed), person=OuterRef("pk")).exclude(target=FileStatus.VALID)
    still = people.annotate(
        stopped_on=Least(
            Subquery(gone.order_by("effective_on").values("effective_on")[:1]),
            Subquery(invalid.order_by("effective_on").values("effective_on")[:1]),
        ),
        end_life=Subquery(
            life.filter(person=OuterRef("pk")).order_by("-effective_on", "-id").values("kind")[:1]
        ),
        end_file=FileEvent.objects.status_on(until),
    ).filter(stopped_on__isnull=False)
    eve = Func(F("stopped_on"), template="(%(expressions)s - 1)", output_field=DateField())
    return described(still.annotate(eve=eve), as_of="eve", counting=counting)


def facts_of(person: Any) -> Facts:
    """What decides about somebody read by `counting.described`."""
    return Facts(
        award_count=person.award_count,
        work=person.work,
        life=person.life,
        file_status=person.file_status,
    )


def stop_of(person: Any) -> Stop:
    """The same of somebody read by `stopped`."""
    ended = Facts(
        award_count=1,
        work=None,
        life=person.end_life,
        file_status=person.end_file,
    )
    return Stop(on=person.stopped_on, why=why_not(ended), before=facts_of(person))
