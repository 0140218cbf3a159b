"""Papers that were signed: the bytes themselves, so that every later copy is the same."""

import pgtrigger
from django.db import models
from django.utils import timezone

from apps.accounts.models import User
from apps.core.constraints import hash_fits_bytes
from apps.core.triggers import Protect, Trigger
from apps.model_workers.models.allowances import AllowanceRun

_OF_APPROVED_RUN = """
    IF (SELECT r.status FROM public.model_workers_allowancerun r WHERE r.id = NEW.run_id) <> 'approved' THEN
        RAISE EXCEPTION '名册审批以后才能定稿。'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'model_workers_paper_of_approved_run';
    END IF;
    RETURN NEW;
"""


class AllowancePaper(models.Model):
    """The roster of an approved run as it was first printed, accounts masked. Written once."""

    run = models.OneToOneField(
        AllowanceRun, verbose_name="发放", on_delete=models.PROTECT, related_name="paper"
    )
    content = models.BinaryField("PDF")
    sha256 = models.CharField("SHA-256", max_length=64)
    page_count = models.PositiveIntegerField("页数")
    made_by = models.ForeignKey(User, verbose_name="首次打印人", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField("首次打印时间", default=timezone.now)

    class Meta:
        verbose_name = "发放名册定稿"
        verbose_name_plural = "发放名册定稿"
        constraints = (hash_fits_bytes("model_workers_paper_hash_fits_bytes"),)
        triggers = (
            Protect(name="never_changes", operation=pgtrigger.Update | pgtrigger.Delete),
            Trigger(
                name="of_approved_run",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=_OF_APPROVED_RUN,
            ),
        )

    def __str__(self) -> str:
        return f"{self.run}名册"
