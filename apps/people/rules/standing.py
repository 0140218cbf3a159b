"""The standing of a person: what is recorded of work, life and belonging, from which day, and never derived from age.

The retirement age rises step by step since 2025-01-01, so that no status follows from a birth date.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import models

from apps.core.errors import Refused


class Track(models.TextChoices):
    WORK = "work", "工作状态"
    LIFE = "life", "生存与联系"
    UNION = "union", "管理关系"


class Kind(models.TextChoices):
    """What happened. Each kind belongs to one track; of one track the latest event before a day holds on that day."""

    IN_SERVICE = "in_service", "在职"
    RETIRED = "retired", "退休"
    VETERAN_RETIRED = "veteran_retired", "离休"
    FARMING = "farming", "务农"
    JOBLESS = "jobless", "无业"
    PRESENT = "present", "健在"
    DIED = "died", "去世"
    EMIGRATED = "emigrated", "移居国（境）外"
    MISSING = "missing", "失联"
    MOVED = "moved", "转移管理关系"


TRACKS: dict[Kind, Track] = {
    Kind.IN_SERVICE: Track.WORK,
    Kind.RETIRED: Track.WORK,
    Kind.VETERAN_RETIRED: Track.WORK,
    Kind.FARMING: Track.WORK,
    Kind.JOBLESS: Track.WORK,
    Kind.PRESENT: Track.LIFE,
    Kind.DIED: Track.LIFE,
    Kind.EMIGRATED: Track.LIFE,
    Kind.MISSING: Track.LIFE,
    Kind.MOVED: Track.UNION,
}

WORK_KINDS = tuple(kind for kind, track in TRACKS.items() if track is Track.WORK)
LIFE_KINDS = tuple(kind for kind, track in TRACKS.items() if track is Track.LIFE)
# 离退休
RETIRED_KINDS = (Kind.RETIRED, Kind.VETERAN_RETIRED)
# Who can no longer be paid or invited: 湖北 2025 lists them beside those under investigation.
ABSENT_KINDS = (Kind.DIED, Kind.EMIGRATED, Kind.MISSING)
# These change what somebody receives, so they rest on a paper.
NEEDS_DOCUMENT = frozenset({Kind.DIED, Kind.EMIGRATED, Kind.MISSING, Kind.MOVED})


class UnitNature(models.TextChoices):
    AGENCY = "agency", "机关"
    INSTITUTION = "institution", "事业单位"
    STATE_ENTERPRISE = "state_enterprise", "国有企业"
    PRIVATE_ENTERPRISE = "private_enterprise", "民营企业"
    BANKRUPT = "bankrupt", "破产或撤销企业"
    VILLAGE = "village", "农村"
    OTHER = "other", "其他"


@dataclass(frozen=True)
class Known:
    """A valid event of a person, as far as the rules look at it."""

    kind: str
    effective_on: date


_EARLIEST = date(1900, 1, 1)
_MOST_AHEAD = timedelta(days=366)
# A yearly confirmation that somebody is alive repeats itself on purpose; a move has its own rule.
_REPEATABLE = frozenset({Kind.PRESENT, Kind.MOVED})


def require_recordable(
    *,
    kind: str,
    effective_on: date,
    document: str,
    known: Sequence[Known],
    birth_on: date | None,
    today: date,
) -> Kind:
    """The kind, when an event of it may be recorded beside the valid ones. Raises Refused.

    Work may be recorded up to a year ahead (a retirement that is decided); what became of somebody, and where the
    person belongs, is known only afterwards. Death ends every track.
    """
    if kind not in Kind.values:
        raise Refused("“情况”请从列表中选择。", field="kind")
    wanted = Kind(kind)
    if wanted in NEEDS_DOCUMENT and not document.strip():
        raise Refused(f"登记“{wanted.label}”必须填写“证明材料”。", field="document")
    earliest = birth_on or _EARLIEST
    if effective_on < earliest:
        raise Refused(
            f"“生效日期”不能早于 {earliest:%Y-%m-%d}{'（出生日期）' if birth_on else ''}。",
            field="effective_on",
        )
    if TRACKS[wanted] is not Track.WORK and effective_on > today:
        raise Refused(f"“{wanted.label}”的“生效日期”不能晚于今天。", field="effective_on")
    if effective_on > today + _MOST_AHEAD:
        raise Refused("“生效日期”最多提前一年登记。", field="effective_on")
    _require_no_life_after_death(wanted, effective_on, known)
    same = [event for event in known if TRACKS[Kind(event.kind)] is TRACKS[wanted]]
    on_the_day = next((event for event in same if event.effective_on == effective_on), None)
    if on_the_day is not None:
        raise Refused(
            f"{effective_on:%Y-%m-%d} 已登记“{Kind(on_the_day.kind).label}”，同一类别一天只能有一条；登记错了的请先作废。",
            field="effective_on",
        )
    before = max(
        (event for event in same if event.effective_on < effective_on),
        key=lambda event: event.effective_on,
        default=None,
    )
    if before is not None and before.kind == wanted and wanted not in _REPEATABLE:
        raise Refused(f"自 {before.effective_on:%Y-%m-%d} 起已是“{wanted.label}”，不用再登记。", field="kind")
    if wanted is Kind.MOVED and any(event.effective_on > effective_on for event in same):
        raise Refused("“生效日期”不能早于上一次转移管理关系。", field="effective_on")
    return wanted


def _require_no_life_after_death(wanted: Kind, effective_on: date, known: Sequence[Known]) -> None:
    died = next((event for event in known if event.kind == Kind.DIED), None)
    if died is not None and (wanted is Kind.DIED or effective_on > died.effective_on):
        raise Refused(
            f"已登记 {died.effective_on:%Y-%m-%d} 去世，此后不能再登记；去世登记错了的请先作废。",
            field="effective_on",
        )
    if wanted is Kind.DIED:
        later = [event for event in known if event.effective_on > effective_on]
        if later:
            last = max(later, key=lambda event: event.effective_on)
            raise Refused(
                f"{last.effective_on:%Y-%m-%d} 已登记“{Kind(last.kind).label}”，晚于去世日期；登记错了的请先作废。",
                field="effective_on",
            )


def require_voidable(*, kind: str, is_latest_move: bool) -> None:
    """Raises Refused: moves are taken back from the last one on, since each begins where the one before ended."""
    if kind == Kind.MOVED and not is_latest_move:
        raise Refused("后面还有一次转移管理关系，请先作废后面那一次。")
