"""Calculation lines bound to a published figure: bind, read again, accept, keep with a reason, unbind."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.budget.models import CalcLine, Item
from apps.budget.rules.calculation import COUNT_LIMIT, COUNTED_METHODS, require_sound
from apps.budget.selectors.sheet import rule_line
from apps.budget.selectors.sources import checked_parameters, line_state, part_difference, stored_part
from apps.budget.services.editing import lock_open_edition
from apps.core import audit, quantities
from apps.core.errors import Refused
from apps.core.money import format_plain as plain
from apps.core.quantities import Difference, Reading


def _locked_line(line_id: int, actor: User) -> CalcLine:
    """The line under lock, in an edition whose calculation may change."""
    lock_open_edition(Item.objects.values_list("edition_id", flat=True).get(lines=line_id), actor)
    return (
        CalcLine.objects.select_for_update(of=("self",))
        .select_related("item__edition__plan__union")
        .get(pk=line_id)
    )


def _bound_line(line_id: int, actor: User) -> CalcLine:
    line = _locked_line(line_id, actor)
    if not line.source_key:
        raise Refused("这一行没有绑定数据来源。", code="unbound")
    return line


def _count(reading: Reading, source_label: str) -> int:
    """The figure as a line counts it."""
    if reading.value != reading.value.to_integral_value() or not 0 <= reading.value <= COUNT_LIMIT:
        raise Refused(f"“{source_label}”的数是 {plain(reading.value)}，不能作为数量。", code="not_a_count")
    return int(reading.value)


def _store(
    line: CalcLine, reading: Reading, actor: User, now: datetime, *, kept_reason: str, action: str
) -> None:
    line.source_value = reading.value
    line.source_rows = {row.key: row.label for row in reading.rows}
    line.source_part = stored_part(reading)
    line.source_read_at = now
    line.source_kept_reason = kept_reason
    line.version += 1
    line.updated_by = actor
    line.updated_at = now
    with audit.because(actor_id=actor.pk, action=action, reason=kept_reason):
        line.save(force_update=True)


def _take(line: CalcLine, reading: Reading, source_label: str) -> None:
    """The line counts the figure from now on. Raises Refused when that contradicts the rest of the line."""
    line.people = _count(reading, source_label)
    if reading.part is not None:
        part = int(reading.part.value)
        line.of_which_people = part or None  # 含 0 人 is not written
        if part:
            line.of_which_label = line.of_which_label or reading.part.label
    require_sound(rule_line(line))


def _reason(text: str, *, field: str = "reason") -> str:
    reason = text.strip()
    if not reason:
        raise Refused("请填写“保留原数的理由”。", field=field)
    if len(reason) > 200:
        raise Refused("“保留原数的理由”不能超过 200 字。", field=field)
    return reason


@transaction.atomic
def bind_source(
    *,
    line_id: int,
    key: str,
    parameters: Mapping[str, str],
    actor: User,
    now: datetime,
    keep_reason: str | None = None,
) -> CalcLine:
    """Bind a counted line to a source and read it. The line takes the figure, or keeps its own with `keep_reason`."""
    line = _locked_line(line_id, actor)
    if line.method not in COUNTED_METHODS:
        raise Refused("只有按数量测算的行（人数×标准、分档人数×标准）可以绑定数据来源。", code="method")
    source = quantities.find(key)
    if source is None:
        raise Refused("没有这个数据来源，请从列表中选择。", field="key")
    if line.unit != source.unit:
        raise Refused(
            f"“{source.label}”按“{source.unit}”计，本行按“{line.unit}”计；请先改本行的单位，或另选来源。",
            field="key",
        )
    plan = line.item.edition.plan
    line.source_parameters = checked_parameters(source, line, parameters)
    reading = source.read(
        union_path=plan.union.path,
        year=plan.year,
        as_of=timezone.localdate(now),
        parameters=line.source_parameters,
    )
    line.source_key = key
    kept = ""
    if keep_reason is None or line.people is None:
        _take(line, reading, source.label)
    elif line.people != _count(reading, source.label):
        kept = _reason(keep_reason)
    _store(line, reading, actor, now, kept_reason=kept, action="绑定数据来源")
    return line


def _present(line: CalcLine, now: datetime) -> tuple[Reading, Difference, str]:
    """The present reading of a bound line. Raises Refused when the source gives none."""
    state = line_state(line, as_of=timezone.localdate(now))
    if state.reading is None or state.difference is None:
        raise Refused(
            f"“{state.label}”读不到数：{state.trouble}上次读取的数仍然保留。", code="source_missing"
        )
    return state.reading, state.difference, state.label


def _require_seen(reading: Reading, seen_value: Decimal, label: str) -> None:
    """What a person decides on must be what the person saw."""
    if reading.value != seen_value:
        raise Refused(
            f"“{label}”刚才又变了，由 {plain(seen_value)} 变为 {plain(reading.value)}，请看过新数再决定。",
            code="reading_changed",
        )


@transaction.atomic
def read_source(*, line_id: int, actor: User, now: datetime) -> Difference:
    """Read anew. Without a change only the time of reading moves; a change is returned and waits for a decision."""
    line = _bound_line(line_id, actor)
    reading, difference, _ = _present(line, now)
    if not difference.is_any and not part_difference(line, reading).is_any:
        _store(line, reading, actor, now, kept_reason=line.source_kept_reason, action="重新读取数据来源")
    return difference


@transaction.atomic
def accept_reading(*, line_id: int, seen_value: Decimal, actor: User, now: datetime) -> CalcLine:
    """The line counts what the source says now. Raises Refused when that is not the figure the person saw."""
    line = _bound_line(line_id, actor)
    reading, _, label = _present(line, now)
    _require_seen(reading, seen_value, label)
    _take(line, reading, label)
    _store(line, reading, actor, now, kept_reason="", action="接受数据来源的新数")
    return line


@transaction.atomic
def keep_reading(*, line_id: int, seen_value: Decimal, reason: str, actor: User, now: datetime) -> CalcLine:
    """The line keeps its own figure although the source says another, for a written reason."""
    line = _bound_line(line_id, actor)
    kept = _reason(reason)
    reading, _, label = _present(line, now)
    _require_seen(reading, seen_value, label)
    _store(line, reading, actor, now, kept_reason=kept, action="保留原数")
    return line


@transaction.atomic
def unbind_source(*, line_id: int, actor: User, now: datetime) -> CalcLine:
    """The line keeps its figure and no longer asks the source."""
    line = _bound_line(line_id, actor)
    line.source_key = ""
    line.source_parameters = {}
    line.source_value = None
    line.source_rows = {}
    line.source_part = {}
    line.source_read_at = None
    line.source_kept_reason = ""
    line.version += 1
    line.updated_by = actor
    line.updated_at = now
    with audit.because(actor_id=actor.pk, action="解除数据来源"):
        line.save(force_update=True)
    return line
