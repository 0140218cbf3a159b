"""推荐评选: a person proposed for an honour, the steps on the way to it, and its notice."""

from django.db import models
from django.db.models import Q

from apps.accounts.models import Union
from apps.cases.models import (
    Case,
    CaseQuerySet,
    Requirement,
    decision_of,
    notice_brought,
    notice_requirements,
    notices_of,
)
from apps.cases.models.notices import TODAY
from apps.core import audit
from apps.model_workers.models.honours import HonourTitle
from apps.model_workers.rules.nominations import (
    ABSENT,
    ENDED_STATUSES,
    FAILED_STATUSES,
    FLOW,
    FORWARD,
    NOTICE,
)
from apps.people.models import Person
from apps.people.rules.standing import ABSENT_KINDS

_STEM = "model_workers_nomination"
_GONE = ", ".join(f"'{kind}'" for kind in ABSENT_KINDS)
_THERE = (
    "NOT EXISTS (SELECT FROM (SELECT e.kind FROM public.people_standingevent e JOIN public.people_person p"  # noqa: S608
    " ON e.person_id = COALESCE(p.merged_into_id, p.id)"
    f" WHERE p.id = own.person_id AND e.track = 'life' AND e.voided_at IS NULL AND e.effective_on <= {TODAY}"
    f" ORDER BY e.effective_on DESC, e.id DESC LIMIT 1) life WHERE life.kind IN ({_GONE}))"
)


class NominationQuerySet(CaseQuerySet):
    def for_list(self) -> "NominationQuerySet":
        return self.select_related("person__unit", "union", "title").order_by("-year", "-id")

    def for_detail(self) -> "NominationQuerySet":
        return self.select_related(
            "person__union", "person__unit", "union", "title", "recommended_by", "created_by"
        )


@audit.tracked()
class Nomination(Case):
    """One person, one honour, one year. Its union is the one that had the person when it began."""

    flow, reads, pages = FLOW, "model_worker.read", "model_workers:nomination"
    ended = FAILED_STATUSES
    notice_rule = NOTICE
    requires = (
        Requirement("still_there", ABSENT, _THERE, FORWARD),
        *notice_requirements(_STEM, NOTICE, closing="conclude", deciding="approve"),
    )
    brings = (
        notice_brought(_STEM, NOTICE),
        Requirement(
            "becomes_an_honour",
            "审批授予必须同时登记荣誉。",
            "EXISTS (SELECT FROM public.model_workers_honour h WHERE h.decision_id = NEW.id)",
            ("approve",),
        ),
    )
    follows_merge = False  # frozen once recommended: it stays with the row it was made for

    person = models.ForeignKey(
        Person, verbose_name="人员", on_delete=models.PROTECT, related_name="nominations"
    )
    title = models.ForeignKey(
        HonourTitle, verbose_name="拟授荣誉", on_delete=models.PROTECT, related_name="nominations"
    )
    year = models.PositiveSmallIntegerField("评选年度")
    recommended_by = models.ForeignKey(
        Union, verbose_name="推荐工会", on_delete=models.PROTECT, related_name="+"
    )
    merits = models.TextField("主要事迹", max_length=2000)

    objects = NominationQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = "推荐评选"
        verbose_name_plural = "推荐评选"
        constraints = (
            models.UniqueConstraint(
                fields=("person", "title", "year"),
                condition=~Q(status__in=sorted(ENDED_STATUSES)),
                name="model_workers_nomination_one_open",
                violation_error_message="这个人本年度的这一荣誉已在评选中。",
            ),
            models.CheckConstraint(
                condition=~Q(merits=""),
                name="model_workers_nomination_merits_given",
                violation_error_message="请填写“主要事迹”。",
            ),
        )

    def __str__(self) -> str:
        return f"{self.year}年{self.title} {self.person}"


NominationDecision = decision_of(Nomination)
NominationNotice, NominationObjection, NominationAnswer = notices_of(Nomination, NominationDecision)
