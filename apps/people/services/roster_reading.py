"""The background's first half: a roster is read, every row judged and compared with the register, and staged."""

import gc
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from apps.core.encryption import BrokenSealError, unseal_bytes
from apps.core.errors import Refused
from apps.core.jobs import INTERRUPTIONS, between_steps
from apps.core.sheets import OpenTable, open_table
from apps.core.sheets.columns import Cell
from apps.people.models import RosterImport, RosterPiece, RosterRow
from apps.people.models.rosters import PIECE_COLUMN
from apps.people.rules import identity
from apps.people.rules.roster_cells import COLUMNS, REASONS, is_hint, without_digits
from apps.people.services.roster_rows import drop_all, drop_rows
from apps.people.services.roster_staging import Staging

logger = logging.getLogger(__name__)

MAX_INSIDE_BYTES = 200 * 1024 * 1024
"""What a roster may hold unpacked: a hundred thousand full rows of twenty columns are about 120 MB."""
_BATCH = 2_000
_UNEXPECTED = "读取时出了意外的错误，没有完成。请再上传一次；仍不成功时请联系系统管理员。"
_GIVEN_UP = "后台程序多次中断，没有读完。请联系系统管理员，再重新上传。"
_LOST = "文件的暂存内容无法解开，请重新上传。"
Outcome = RosterRow.Outcome
Status = RosterImport.Status


def read_roster(*, roster_id: int) -> None:
    """The job itself. Whatever happens, the row says how it ended, unless it was interrupted: then it begins again.

    A roster that does not wait is left alone.
    """
    roster = RosterImport.objects.select_related("union").filter(pk=roster_id, status=Status.READING).first()
    if roster is None:
        return
    try:
        with _collecting_by_hand():
            _read(roster)
    except Refused as refused:
        _refuse(roster, refused.message)
    except BrokenSealError:
        _refuse(roster, _LOST)
    except INTERRUPTIONS:
        raise
    except Exception as error:
        log_without_values(logger, f"roster {roster_id}", error)
        _refuse(roster, _UNEXPECTED)


def give_up_reading(*, roster_id: int) -> None:
    """Say that the reading was begun in vain too often."""
    _refuse(RosterImport.objects.get(pk=roster_id), _GIVEN_UP)


@contextmanager
def _collecting_by_hand() -> Iterator[None]:
    """A roster makes millions of short-lived objects and no circles: to look for them at every few costs a fifth of
    the reading. They are looked for after each batch."""
    gc.freeze()  # what was there before need not be looked through
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def log_without_values(log: logging.Logger, what: str, error: Exception) -> None:
    """The kind of the error and where it happened: the database's messages quote the values they are about."""
    log.error("%s: %s\n%s", what, type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))


@transaction.atomic
def _refuse(roster: RosterImport, message: str) -> None:
    drop_all([roster.pk])
    RosterImport.objects.filter(pk=roster.pk, status=Status.READING).update(
        status=Status.REFUSED, message=message[:1000], stage=""
    )


def _read(roster: RosterImport) -> None:
    drop_rows([roster.pk])  # of a reading that was interrupted
    data = _file(roster)
    with open_table(data, columns=COLUMNS, max_total_bytes=MAX_INSIDE_BYTES) as table:
        del data
        staging = Staging(roster, table.keys, today=timezone.localdate())
        for batch in _batches(table):
            staging.stage(batch)
            gc.collect()
            between_steps()
            _tell(roster, done=batch[-1][0], height=table.height)
        _finish(roster, table, staging)


def _file(roster: RosterImport) -> bytes:
    pieces = RosterPiece.objects.filter(roster=roster).order_by("number")
    return b"".join(
        unseal_bytes(bytes(piece.content), column=PIECE_COLUMN, row=f"{roster.public_id}:{piece.number}")
        for piece in pieces.iterator(chunk_size=1)
    )


def _batches(table: OpenTable) -> Iterator[list[tuple[int, list[Cell]]]]:
    rows = ((number, cells) for number, cells in table.rows if not is_hint(table.keys, cells))
    while batch := list(islice(rows, _BATCH)):
        yield batch


def _tell(roster: RosterImport, *, done: int, height: int) -> None:
    RosterImport.objects.filter(pk=roster.pk, status=Status.READING).update(
        stage=f"已核对 {done:,} 行", percent=min(99, done * 99 // max(height, 1))
    )


@transaction.atomic
def _finish(roster: RosterImport, table: OpenTable, staging: Staging) -> None:
    staging.apply_late()
    counts = RosterRow.objects.filter(roster=roster).aggregate(
        all=Count("pk"),
        warned=Count("pk", filter=~Q(warnings=[])),
        **{value: Count("pk", filter=Q(outcome=value)) for value in Outcome.values},
    )
    if not counts["all"]:
        raise Refused(f"工作表“{table.sheet}”只有表头，没有数据行。", code="no_rows")
    RosterPiece.objects.filter(roster=roster).delete()
    RosterImport.objects.filter(pk=roster.pk, status=Status.READING).update(
        status=Status.STAGED,
        stage="",
        percent=100,
        columns=list(table.keys),
        ignored_headings=[
            heading
            for heading in table.ignored_headings
            if heading != REASONS.name and not identity.holds_number(heading)
        ],
        notes=[without_digits(note) if identity.holds_number(note) else note for note in table.notes],
        row_count=counts["all"],
        warning_count=counts["warned"],
        **{f"{value}_count": counts[value] for value in Outcome.values},
    )
