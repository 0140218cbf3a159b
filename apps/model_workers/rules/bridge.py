"""上年衔接: this year's people from last year's, each who came and who went with the reason. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from apps.model_workers.rules.allowances import Facts
from apps.model_workers.rules.files import FileStatus
from apps.model_workers.rules.honours import AwardClass, award_class
from apps.people.rules.standing import ABSENT_KINDS, RETIRED_KINDS, Kind

# 来
NEWLY_RETIRED = "新增离退休"
NEWLY_HONOURED = "新授荣誉"
RESUMED = "恢复"
MOVED_IN = "转入"
RULE_CHANGED = "计次规则变动"
ENTERED_LATE = "补登记"
FIRST_RUN = "首次编制"
# 去
DIED = "去世"
EMIGRATED = "移居国（境）外"
MISSING = "失联"
REVOKED = "撤销"
SUSPENDED = "暂停"
HONOUR_LOST = "荣誉变动"
MOVED_OUT = "转出"
BACK_AT_WORK = "不再离退休"
MERGED = "合并重复记录"
PAID_ELSEWHERE = "已在另一份名册"
UNEXPLAINED = "原因不明"

_ABSENT = {Kind.DIED: DIED, Kind.EMIGRATED: EMIGRATED, Kind.MISSING: MISSING}


@dataclass(frozen=True)
class Mover:
    """Somebody who is on one of two rosters. `person` is the public identifier."""

    person: str
    name: str
    union: str
    reason: str
    award_class: int


@dataclass(frozen=True)
class Reclassed:
    """Somebody who is on both, in another class."""

    person: str
    name: str
    union: str
    before: int
    now: int

    @property
    def before_label(self) -> str:
        return str(AwardClass(self.before).label)

    @property
    def now_label(self) -> str:
        return str(AwardClass(self.now).label)


@dataclass(frozen=True)
class Bridge:
    """今年人数 = 上年人数 + 新增 − 减少, each person once, with the reason."""

    before: int
    came: tuple[Mover, ...]
    went: tuple[Mover, ...]
    listed: int
    """People on this year's roster."""
    reclassed: tuple[Reclassed, ...] = ()

    @property
    def now(self) -> int:
        return self.before + len(self.came) - len(self.went)

    @property
    def unexplained(self) -> tuple[Mover, ...]:
        return tuple(mover for mover in (*self.came, *self.went) if mover.reason == UNEXPLAINED)

    @property
    def balances(self) -> bool:
        return self.now == self.listed and not self.unexplained

    @property
    def came_by_reason(self) -> list[tuple[str, list[Mover]]]:
        return _by_reason(self.came)

    @property
    def went_by_reason(self) -> list[tuple[str, list[Mover]]]:
        return _by_reason(self.went)

    @property
    def sentence(self) -> str:
        """上年277人，增加3人（新增离退休2人、转入1人），减少1人（去世），今年279人."""
        if not self.before:
            return f"没有上年名册，今年{self.listed}人"
        parts = [f"上年{self.before}人"]
        for word, movers, groups in (
            ("增加", self.came, self.came_by_reason),
            ("减少", self.went, self.went_by_reason),
        ):
            if movers:
                parts.append(f"{word}{len(movers)}人（{_reasons_in_words(groups)}）")
        return "，".join([*parts, f"今年{self.listed}人"])


def _reasons_in_words(groups: Sequence[tuple[str, Sequence[Mover]]]) -> str:
    """Of a single reason the number stands before it already."""
    if len(groups) == 1:
        return groups[0][0]
    return "、".join(f"{reason}{len(movers)}人" for reason, movers in groups)


def _by_reason(movers: Sequence[Mover]) -> list[tuple[str, list[Mover]]]:
    grouped: dict[str, list[Mover]] = {}
    for mover in movers:
        grouped.setdefault(mover.reason, []).append(mover)
    return sorted(grouped.items(), key=lambda group: -len(group[1]))


def went_reason(facts: Facts | None, *, is_merged: bool, is_in_tree: bool, is_elsewhere: bool) -> str:
    """Why somebody of last year's roster is not on this year's. `facts` are those of this year's snapshot date."""
    if is_merged:
        return MERGED
    if facts is None:
        return HONOUR_LOST
    if facts.life in ABSENT_KINDS:
        return _ABSENT[Kind(facts.life)]
    if facts.file_status != FileStatus.VALID:
        return REVOKED if facts.file_status == FileStatus.REVOKED else SUSPENDED
    if award_class(facts.award_count) is None:
        return HONOUR_LOST
    if not is_in_tree:
        return MOVED_OUT
    if facts.work not in RETIRED_KINDS:
        return BACK_AT_WORK
    return PAID_ELSEWHERE if is_elsewhere else UNEXPLAINED


def came_reason(facts: Facts | None, *, was_in_tree: bool, rule_changed: bool) -> str:
    """Why somebody of this year's roster was not on last year's.

    `facts` are those of last year's snapshot date, counted by this year's rule.
    """
    if facts is None or award_class(facts.award_count) is None:
        return NEWLY_HONOURED
    if facts.life in ABSENT_KINDS or facts.file_status != FileStatus.VALID:
        return RESUMED
    if facts.work not in RETIRED_KINDS:
        return NEWLY_RETIRED
    if not was_in_tree:
        return MOVED_IN
    return RULE_CHANGED if rule_changed else ENTERED_LATE


def union_path_on(day: date, *, present: str, moves: Sequence[tuple[date, str]]) -> str:
    """Where somebody belonged at the end of that day: where the first later move began, else where he is.

    `moves` are (effective on, path of the union left).
    """
    later = sorted(move for move in moves if move[0] > day)
    return later[0][1] if later else present


def as_json(bridge: Bridge) -> dict[str, Any]:
    return asdict(bridge)


def from_json(stored: Mapping[str, Any]) -> Bridge:
    return Bridge(
        before=stored["before"],
        came=tuple(Mover(**row) for row in stored["came"]),
        went=tuple(Mover(**row) for row in stored["went"]),
        listed=stored["listed"],
        reclassed=tuple(Reclassed(**row) for row in stored["reclassed"]),
    )
