"""The findings of an edition that are let stand with a reason."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import User
from apps.budget.models.plans import Edition
from apps.core.triggers import Protect, Trigger


class OfEditionQuerySet(models.QuerySet):
    """Rows that hang on an edition are seen by those who see the edition."""

    def visible_to(self, user: User) -> "OfEditionQuerySet":
        return self.filter(edition__in=Edition.objects.visible_to(user))


class Waiver(models.Model):
    """A soft finding let stand, with the reason and the person. Insert-only."""

    edition = models.ForeignKey(
        Edition, verbose_name="版本", on_delete=models.PROTECT, related_name="waivers"
    )
    fingerprint = models.CharField("问题指纹", max_length=64)
    code = models.CharField("规则", max_length=40)
    message = models.CharField("问题", max_length=500)
    reason = models.CharField("理由", max_length=500)
    waived_by = models.ForeignKey(User, verbose_name="接受人", on_delete=models.PROTECT, related_name="+")
    waived_at = models.DateTimeField("时间", default=timezone.now)

    objects = OfEditionQuerySet.as_manager()

    class Meta:
        verbose_name = "校验说明"
        verbose_name_plural = "校验说明"
        constraints = (
            models.UniqueConstraint(
                fields=("edition", "fingerprint"),
                name="budget_waiver_once",
                violation_error_message="这个问题已有说明。",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="budget_waiver_has_reason",
                violation_error_message="保留问题必须说明理由。",
            ),
        )
        triggers = (
            Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            # A reason changes no content, so the state of the edition does not matter; a later edition ends it.
            Trigger(
                name="newest_edition_only",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    PERFORM 1 FROM public.budget_edition own
                        JOIN public.budget_edition later ON later.plan_id = own.plan_id AND later.id > own.id
                        WHERE own.id = NEW.edition_id;
                    IF FOUND THEN
                        RAISE EXCEPTION '本预算已开启后续版本，本版本不再补充说明。'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_waiver_newest_edition';
                    END IF;
                    RETURN NEW;
                """,
            ),
        )

    def __str__(self) -> str:
        return self.message
