"""The life of a model worker's file: 有效 → 暂停 → 恢复 or 撤销; a death is recorded in the register of people."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import models

from apps.core.errors import Refused


class FileStatus(models.TextChoices):
    VALID = "valid", "有效"
    SUSPENDED = "suspended", "暂停"
    REVOKED = "revoked", "撤销"


class FileAction(models.TextChoices):
    SUSPEND = "suspend", "暂停"
    RESUME = "resume", "恢复"
    REVOKE = "revoke", "撤销"


AFTER: dict[str, str] = {
    FileAction.SUSPEND: FileStatus.SUSPENDED,
    FileAction.RESUME: FileStatus.VALID,
    FileAction.REVOKE: FileStatus.REVOKED,
}

TONES: dict[str, str] = {
    FileStatus.VALID: "green",
    FileStatus.SUSPENDED: "amber",
    FileStatus.REVOKED: "red",
}


@dataclass(frozen=True)
class KnownEvent:
    """The last valid event of a file."""

    target: str
    effective_on: date


_MOST_AHEAD = timedelta(days=366)


def status_after(last: KnownEvent | None) -> FileStatus:
    """The state the next event starts from: what the last valid one led to, also when it lies ahead."""
    return FileStatus(last.target) if last is not None else FileStatus.VALID


def require_event_day(
    *, effective_on: date, last: KnownEvent | None, first_honour_on: date | None, today: date
) -> None:
    """Raises Refused: events follow one another, none before the first honour, none more than a year ahead."""
    if last is not None and effective_on <= last.effective_on:
        raise Refused(
            f"“生效日期”必须晚于上一次变动的 {last.effective_on:%Y-%m-%d}；上一次登记错了的，请先申请作废那一次变动。",
            field="effective_on",
        )
    if first_honour_on is not None and effective_on < first_honour_on:
        raise Refused(f"“生效日期”不能早于第一项荣誉的 {first_honour_on:%Y-%m-%d}。", field="effective_on")
    if effective_on > today + _MOST_AHEAD:
        raise Refused("“生效日期”最多提前一年登记。", field="effective_on")


_FILE_NUMBER = re.compile(r"[A-Z][A-Z0-9]*-[0-9]{4}-[0-9]{4,8}")


def is_file_number(text: str) -> bool:
    """Whether it has the form of a number that was given, which is no number of a person."""
    return _FILE_NUMBER.fullmatch(text.strip().upper()) is not None


def require_file_number(text: str) -> None:
    """Raises Refused for signs alone; paper files are numbered in many ways."""
    if not any(character.isalnum() for character in text):
        raise Refused(
            "“档案号”里要有文字或数字，不能只有符号；留空则自动编号。", field="number", code="characters"
        )


def file_number(*, union_code: str, year: int, sequence: int) -> str:
    """The number a file gets when none is typed: union, year of opening, and the next free place."""
    return f"{union_code}-{year}-{sequence:04}"
