"""The one place that counts model workers: for the lists, the runs and the figures offered to the budget alike."""

from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from django.db.models import (
    BooleanField,
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Least

from apps.core.errors import Refused
from apps.model_workers.models import CountingRule, ExamRule, FileEvent, Honour
from apps.model_workers.rules.files import FileStatus
from apps.model_workers.rules.honours import AwardClass, Level
from apps.people.models import Person, PersonQuerySet
from apps.people.rules.standing import ABSENT_KINDS, RETIRED_KINDS, UnitNature

Row = TypeVar("Row", CountingRule, ExamRule)
# People with the annotations of `model_workers`, which the type checker cannot see.
Workers = QuerySet[Any]


@dataclass(frozen=True)
class Counting:
    """Which honours count, as a rule says or as somebody tries out."""

    categories: tuple[str, ...]
    higher_counts: bool

    @classmethod
    def of(cls, rule: CountingRule) -> "Counting":
        return cls(tuple(rule.categories), rule.higher_counts)

    def condition(self) -> Q:
        levels = list(Level) if self.higher_counts else [Level.MUNICIPAL]
        return Q(
            title__is_model_worker=True,
            title__category__in=self.categories,
            title__level__in=levels,
        )


def rule_on(day: date) -> CountingRule:
    """The counting rule in force on that day. Raises Refused when there is none."""
    rule = _in_force(CountingRule.objects.all(), day).first()
    if rule is None:
        raise Refused(
            f"{day:%Y-%m-%d} 没有生效的荣誉津贴计次规则，请劳模负责人先在“标准与参数”中登记。", code="no_rule"
        )
    return rule


def exam_rule_on(day: date) -> ExamRule:
    """The exam rule in force on that day. Raises Refused when there is none."""
    rule = _in_force(ExamRule.objects.all(), day).first()
    if rule is None:
        raise Refused(
            f"{day:%Y-%m-%d} 没有生效的体检规则，请劳模负责人先在“标准与参数”中登记。", code="no_rule"
        )
    return rule


def _in_force(rows: QuerySet[Row], day: date) -> QuerySet[Row]:
    return rows.filter(Q(valid_until__isnull=True) | Q(valid_until__gte=day), valid_from__lte=day).order_by(
        "-valid_from"
    )


def _honours_on(day: Any) -> Q:
    """Awarded by that day, not voided, and not revoked by then."""
    return Q(awarded_on__lte=day, voided_at__isnull=True) & (
        Q(revoked_on__isnull=True) | Q(revoked_on__gt=day)
    )


def model_workers(*, union_path: str, as_of: date, counting: Counting, with_former: bool = False) -> Workers:
    """Everybody with an honour of a model worker by that day, with what decides about them.

    Adds `award_count`, `award_class`, `work`, `life`, `file_status`, `is_bankrupt` and `honour_count` (of all levels).
    """
    people = Person.objects.living_rows().filter(union__path__startswith=union_path)
    return described(people, as_of=as_of, counting=counting, with_former=with_former)


def described(
    people: PersonQuerySet, *, as_of: date | str, counting: Counting, with_former: bool = False
) -> Workers:
    """Of these people the model workers of that day, with what decides about them (see `model_workers`).

    `as_of` is a day, or the name of an annotation that holds a day of each person's own. `with_former` leaves those
    in whose honours were all revoked by then.
    """
    inside: Any = as_of if isinstance(as_of, date) else OuterRef(as_of)
    own = Honour.objects.filter(_honours_on(inside), person=OuterRef("pk")).order_by().values("person")
    counted = own.filter(counting.condition()).annotate(n=Count("pk")).values("n")
    every = own.filter(title__is_model_worker=True).annotate(n=Count("pk")).values("n")
    # Of a hundred thousand people some hundreds have an honour: only of them is anything counted.
    ever = Honour.objects.filter(
        person=OuterRef("pk"), voided_at__isnull=True, awarded_on__lte=inside, title__is_model_worker=True
    )
    told: Workers = (
        people.filter(Exists(ever))
        .with_standing(inside)
        .annotate(
            award_count=Coalesce(Subquery(counted, output_field=IntegerField()), 0),
            honour_count=Coalesce(Subquery(every, output_field=IntegerField()), 0),
            file_status=FileEvent.objects.status_on(inside),
            is_bankrupt=_bankrupt_on(as_of if isinstance(as_of, date) else F(as_of)),
        )
        .annotate(award_class=Least(F("award_count"), Value(int(AwardClass.THREE_OR_MORE))))
    )
    return told if with_former else told.filter(honour_count__gt=0)


def _bankrupt_on(day: Any) -> Case:
    return Case(
        When(unit__nature=UnitNature.BANKRUPT, unit__nature_since__lte=day, then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )


def present(people: Workers) -> Workers:
    """Who is there to be paid or invited: alive, in the country, in touch, and with a valid file."""
    return people.filter(Q(life__isnull=True) | ~Q(life__in=ABSENT_KINDS), file_status=FileStatus.VALID)


def entitled(people: Workers) -> Workers:
    """Who receives the honour allowance: retired, present, with at least one honour that counts (rules.allowances.why_not)."""
    return present(people).filter(award_count__gt=0, work__in=RETIRED_KINDS)


def exam_eligible(people: Workers, *, levels: list[str], minimum_age: int | None, as_of: date) -> Workers:
    """Who is invited to the exam: present, with an honour of one of the levels, old enough if an age is set."""
    honours = Honour.objects.filter(
        _honours_on(as_of), person=OuterRef("pk"), title__is_model_worker=True, title__level__in=levels
    )
    chosen = present(people).filter(Exists(honours))
    if minimum_age is not None:
        try:
            youngest = as_of.replace(year=as_of.year - minimum_age)
        except ValueError:  # 29 February
            youngest = as_of.replace(year=as_of.year - minimum_age, day=28)
        chosen = chosen.filter(birth_on__lte=youngest)
    return chosen
