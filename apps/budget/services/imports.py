"""Bringing in a spreadsheet of a whole edition: keeping the file for the preview, marking it as taken over."""

from datetime import datetime, timedelta

from django.db import transaction

from apps.accounts.models import User
from apps.budget.models import Edition, GridChange, ImportFile
from apps.budget.services.editing import lock_open_edition
from apps.core import once
from apps.core.errors import Refused

KEPT_UNTAKEN = timedelta(days=7)


@transaction.atomic
def keep_file(
    *, edition: Edition, actor: User, name: str, content: bytes, sha256: str, now: datetime
) -> ImportFile:
    """Store an uploaded file for its preview; files that nobody took over are dropped after a week."""
    lock_open_edition(edition.pk, actor)
    once.take()
    ImportFile.objects.filter(
        edition=edition, taken_at__isnull=True, uploaded_at__lt=now - KEPT_UNTAKEN
    ).delete()
    return ImportFile.objects.create(
        edition=edition, name=name[:200], content=content, sha256=sha256, uploaded_by=actor, uploaded_at=now
    )


@transaction.atomic
def mark_taken(*, file_id: int, actor: User, change: GridChange, now: datetime) -> ImportFile:
    """Note that the file became this change. Raises Refused when it was taken over before."""
    file = ImportFile.objects.select_for_update(of=("self",)).defer("content").get(pk=file_id)
    if file.taken_at is not None:
        raise Refused("这份文件刚才已经导入过了。", code="taken")
    file.taken_at, file.taken_by, file.change = now, actor, change
    file.save(update_fields=("taken_at", "taken_by", "change"))
    return file
