"""What is known of a person's work and life, event by event: a wrong entry is voided, never deleted."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.core import audit
from apps.core.triggers import Protect, ReadOnly
from apps.people.models.persons import Person
from apps.people.rules.standing import NEEDS_DOCUMENT, RETIRED_KINDS, TRACKS, Kind, Track


class StandingEventQuerySet(models.QuerySet["StandingEvent"]):
    def visible_to(self, user: User) -> "StandingEventQuerySet":
        return self.filter(person__union__path__startswith=user.union.path)

    def valid(self) -> "StandingEventQuerySet":
        """Without the voided ones."""
        return self.filter(voided_at__isnull=True)

    def without_proof(self) -> "StandingEventQuerySet":
        """Valid retirements on no paper: a roster may bring them so."""
        return self.valid().filter(kind__in=RETIRED_KINDS, document="")

    def for_timeline(self) -> "StandingEventQuerySet":
        return self.select_related("created_by", "voided_by", "from_union", "to_union").order_by(
            "-effective_on", "-id"
        )


def _kinds_fit_tracks() -> Q:
    fits = Q()
    for track in Track:
        fits |= Q(track=track, kind__in=sorted(kind for kind, own in TRACKS.items() if own is track))
    return fits


@audit.tracked(in_bulk=True)
class StandingEvent(models.Model):
    """From `effective_on` on, on its track, this holds of the person."""

    same_when = ("track", "kind", "effective_on", "from_union", "to_union")

    person = models.ForeignKey(Person, verbose_name="人员", on_delete=models.PROTECT, related_name="standing")
    track = models.CharField("类别", max_length=6, choices=Track.choices)
    kind = models.CharField("情况", max_length=16, choices=Kind.choices)
    effective_on = models.DateField("生效日期")
    document = models.CharField("证明材料", max_length=200, blank=True, help_text="文号、证明或登记表的名称")
    note = models.CharField("说明", max_length=200, blank=True)
    from_union = models.ForeignKey(
        Union, verbose_name="转出工会", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    to_union = models.ForeignKey(
        Union, verbose_name="转入工会", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_by = models.ForeignKey(User, verbose_name="登记人", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("登记时间", default=timezone.now)
    voided_by = models.ForeignKey(
        User, verbose_name="作废人", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    voided_at = models.DateTimeField("作废时间", null=True, blank=True)
    void_reason = models.CharField("作废理由", max_length=200, blank=True)

    objects = StandingEventQuerySet.as_manager()

    class Meta:
        verbose_name = "状态记录"
        verbose_name_plural = "状态记录"
        ordering = ("-effective_on", "-id")
        indexes = (
            models.Index(
                fields=("person", "track", "-effective_on", "-id"),
                condition=Q(voided_at__isnull=True),
                include=("kind",),
                name="people_standing_latest",
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=_kinds_fit_tracks(),
                name="people_standing_kind_fits_track",
                violation_error_message="这种情况不属于这个类别。",
            ),
            models.UniqueConstraint(
                fields=("person", "track", "effective_on"),
                condition=Q(voided_at__isnull=True),
                name="people_standing_one_a_day",
                violation_error_message="这个人在这一天已有同类记录；如有错误，请先作废原记录。",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=sorted(NEEDS_DOCUMENT)) | ~Q(document=""),
                name="people_standing_has_document",
                violation_error_message="去世、移居、失联和转移必须填写证明材料。",
            ),
            models.CheckConstraint(
                condition=Q(track="union", from_union__isnull=False, to_union__isnull=False)
                | (~Q(track="union") & Q(from_union__isnull=True, to_union__isnull=True)),
                name="people_standing_move_names_unions",
                violation_error_message="转移管理关系必须写明转出和转入工会。",
            ),
            models.CheckConstraint(
                condition=Q(voided_at__isnull=True, voided_by__isnull=True, void_reason="")
                | (Q(voided_at__isnull=False, voided_by__isnull=False) & ~Q(void_reason="")),
                name="people_standing_void_has_reason",
                violation_error_message="作废必须写明理由和作废人。",
            ),
        )
        triggers = (
            Protect(name="never_deleted", operation=pgtrigger.Delete),
            ReadOnly(
                name="facts_are_fixed",
                fields=["track", "kind", "effective_on", "document", "from_union", "to_union"],
            ),
        )

    def __str__(self) -> str:
        return f"{self.effective_on} {self.get_kind_display()}"

    @property
    def lacks_proof(self) -> bool:
        return self.voided_at is None and self.kind in RETIRED_KINDS and not self.document
