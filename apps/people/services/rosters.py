"""Rosters from the clerk's side: upload, take over, give up, and the wrong rows handed back."""

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import IO

from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from apps.accounts.models import Union, User
from apps.accounts.services import record_export
from apps.core import once
from apps.core.encryption import seal_bytes
from apps.core.errors import Refused
from apps.core.jobs import Condition
from apps.core.sheets import write_into
from apps.people.models import RosterFacts, RosterImport, RosterPiece, RosterRow
from apps.people.models.rosters import PIECE_COLUMN
from apps.people.rules.identity import require_no_number
from apps.people.rules.roster_cells import BY_KEY, REASONS, sentence
from apps.people.selectors.rosters import READ_TASK, TAKE_TASK, condition_of, earlier_taken
from apps.people.services.roster_rows import cells_of, drop_all, unseal_cells

KEPT_UNTAKEN = timedelta(days=7)
_PIECE_BYTES = 1024 * 1024
_BATCH = 1_000
_FORGOTTEN = "超过 7 天没有导入，暂存的内容已清除。"
_INTERRUPTED = "后台程序中断，什么也没有导入，请再次导入。"
Status = RosterImport.Status


def require_importer(actor: User, union: Union) -> None:
    """Raises Refused unless the actor may bring a roster of this union in."""
    if not actor.may("person.import"):
        raise Refused("您没有导入名册的权限。", code="permission")
    if not union.path.startswith(actor.union.path):
        raise Refused("“工会”不在您的管理范围内。", field="union", code="scope")
    if not union.is_active:
        raise Refused(f"{union}已停用，不能导入名册。", field="union")


@transaction.atomic
def upload_roster(
    *, union: Union, actor: User, name: str, content: bytes, sha256: str, now: datetime
) -> RosterImport:
    """Keep the file, sealed, for the background to read. Raises Refused, also when it was taken over before.

    Rosters that nobody took over within a week are dropped on this occasion, whoever uploaded them.
    """
    require_importer(actor, union)
    require_no_number(name, label="文件名", field="file")
    forget_old_rosters(now=now)
    roster = RosterImport(
        union=union,
        name=name[:200],
        sha256=sha256,
        uploaded_by=actor,
        uploaded_at=now,
        queued_at=now,
    )
    earlier = earlier_taken(roster)
    if earlier is not None:
        raise _taken_before(earlier)
    once.take()
    roster.save(force_insert=True)
    for number, start in enumerate(range(0, len(content), _PIECE_BYTES)):
        piece = content[start : start + _PIECE_BYTES]
        sealed = seal_bytes(piece, column=PIECE_COLUMN, row=f"{roster.public_id}:{number}")
        RosterPiece.objects.create(roster=roster, number=number, content=sealed)
    app.configure_task(READ_TASK).defer(roster_id=roster.pk)
    return roster


def _taken_before(earlier: RosterImport) -> Refused:
    taken_at = timezone.localtime(earlier.taken_at)
    return Refused(
        f"这份文件已由{earlier.taken_by}于 {taken_at:%Y-%m-%d %H:%M} 导入{earlier.union}，不能重复导入。",
        field="file",
        code="taken",
    )


def forget_old_rosters(*, now: datetime) -> int:
    """Drop what was staged more than a week ago and not taken over; that it was there stays on record."""
    old = RosterImport.objects.filter(
        status__in=(Status.READING, Status.STAGED), uploaded_at__lt=now - KEPT_UNTAKEN
    )
    ids = list(old.select_for_update(skip_locked=True).values_list("pk", flat=True))
    drop_all(ids)
    return RosterImport.objects.filter(pk__in=ids).update(
        status=Status.DISCARDED, message=_FORGOTTEN, stage=""
    )


@transaction.atomic
def discard_roster(*, roster_id: int, actor: User, now: datetime) -> RosterImport:
    """Give a roster up; its rows are deleted. Raises Refused while it is being taken over, or after."""
    roster = _locked(roster_id, actor)
    if roster.status == Status.TAKING and condition_of(roster, now) != Condition.STALLED:
        raise Refused("这份名册正在导入，不能放弃。", code="state")
    if roster.status in (Status.TAKEN, Status.DISCARDED):
        raise Refused(f"这份名册{roster.get_status_display()}，不能放弃。", code="state")
    once.take()
    drop_all([roster.pk])
    roster.status, roster.taken_by, roster.stage = Status.DISCARDED, None, ""
    roster.message = f"{actor}放弃。"
    roster.save(update_fields=("status", "taken_by", "stage", "message"))
    return roster


@transaction.atomic
def request_taking(*, roster_id: int, actor: User, now: datetime) -> RosterImport:
    """Put the taking over into the queue. Raises Refused while rows are wrong and when the file was taken over before."""
    roster = _locked(roster_id, actor)
    if roster.status != Status.STAGED:
        raise Refused(f"这份名册{roster.get_status_display()}，不能导入。", code="state")
    if roster.error_count:
        raise Refused(
            f"有 {roster.error_count:,} 行不对，一行也不能导入；请下载错误行，改好后重新上传整份名册。",
            code="errors",
        )
    if not roster.new_count + roster.changed_count:
        raise Refused("名册与登记的资料完全相同，没有要导入的内容。", code="same")
    once.take()
    roster.status, roster.taken_by, roster.queued_at = Status.TAKING, actor, now
    roster.message = roster.stage = ""
    roster.percent = 0
    try:
        with transaction.atomic():
            roster.save(update_fields=("status", "taken_by", "queued_at", "message", "stage", "percent"))
    except IntegrityError as error:
        if (
            getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
            != "people_rosterimport_once"
        ):
            raise
        earlier = earlier_taken(roster)
        if earlier is not None:
            raise _taken_before(earlier) from None
        raise Refused("同一份文件正在导入，请稍等。", code="taken") from None
    app.configure_task(TAKE_TASK).defer(roster_id=roster.pk)
    return roster


@transaction.atomic
def restart_roster(*, roster_id: int, actor: User, now: datetime) -> RosterImport:
    """Begin an interrupted job again: reading from the start, taking over from the preview. Raises Refused while it runs."""
    roster = _locked(roster_id, actor)
    if condition_of(roster, now) != Condition.STALLED:
        raise Refused("这项工作没有中断，不需要重新开始。", code="state")
    if roster.status == Status.READING:
        roster.queued_at, roster.stage, roster.percent = now, "", 0
        app.configure_task(READ_TASK).defer(roster_id=roster.pk)
    else:
        roster.status, roster.taken_by, roster.message = Status.STAGED, None, _INTERRUPTED
    roster.save(update_fields=("status", "taken_by", "message", "queued_at", "stage", "percent"))
    return roster


def _locked(roster_id: int, actor: User) -> RosterImport:
    """The row, if nobody holds it: the background does for as long as it takes the roster over. Raises Refused."""
    rows = RosterImport.objects.visible_to(actor).select_related("union", "taken_by")
    try:
        with transaction.atomic():
            roster = rows.select_for_update(of=("self",), nowait=True).get(pk=roster_id)
    except OperationalError:
        raise Refused("这份名册正在导入，请稍等。", code="busy") from None
    require_importer(actor, roster.union)
    return roster


@dataclass(frozen=True)
class WrongRows:
    """The file of the wrong rows, open at its beginning; whoever gets it closes it."""

    file: IO[bytes]
    name: str


def hand_out_wrong_rows(
    *, roster_id: int, actor: User, now: datetime, address: str | None = None
) -> WrongRows:
    """The wrong rows as they were typed, each with its reasons, under the same headings; that it went out is recorded.

    Numbers stand in it in full, so it goes back only to the person who brought them. Raises Refused.
    """
    roster = RosterImport.objects.visible_to(actor).select_related("union").get(pk=roster_id)
    require_importer(actor, roster.union)
    if roster.uploaded_by_id != actor.pk:
        raise Refused("错误行里有完整的号码，只能由上传人下载。", code="permission")
    if roster.status != Status.STAGED or not roster.error_count:
        raise Refused("这份名册没有错误行可以下载。", code="state")
    columns = [BY_KEY[key] for key in roster.columns]
    output = tempfile.TemporaryFile()  # noqa: SIM115 - the answer that sends it closes it
    count = write_into(
        output, _wrong_rows(roster), columns=[*columns, REASONS], created=now, sheet_name="错误行"
    )
    output.seek(0)
    record_export(
        actor=actor,
        subject=f"名册“{roster.name}”的错误行",
        row_count=count,
        sha256=hashlib.file_digest(output, "sha256").hexdigest(),
        address=address,
    )
    output.seek(0)
    stem = roster.name.removesuffix(".xlsx")
    return WrongRows(output, f"{stem}-错误行.xlsx")


def _wrong_rows(roster: RosterImport) -> Iterator[dict[str, object]]:
    rows = (
        RosterRow.objects.filter(roster=roster, outcome=RosterRow.Outcome.ERROR)
        .order_by("number")
        .values_list("number", "public_id", "values", "errors")
        .iterator(chunk_size=_BATCH)
    )
    while batch := list(islice(rows, _BATCH)):
        # A row that was good until its number stood in the file once more.
        bare = [number for number, _, sealed, _ in batch if sealed is None]
        facts = {one.number: one for one in RosterFacts.objects.filter(roster=roster, number__in=bare)}
        for number, public_id, sealed, errors in batch:
            cells = (
                cells_of(facts[number], roster.columns)
                if sealed is None
                else dict(zip(roster.columns, unseal_cells(sealed, row=public_id), strict=True))
            )
            yield cells | {REASONS.key: sentence(errors, row=number)}
