"""Many rows at once, pasted or imported: tried without writing, taken over as a whole, taken back as a whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max

from apps.accounts.models import User
from apps.budget.models import CalcLine, Edition, GridChange, Item, ItemGroup
from apps.budget.rules import wording
from apps.budget.rules.columns import LINE_COLUMN, LINE_COLUMNS, column_of, item_column, item_columns
from apps.budget.rules.trials import CellChange, Problem, RowInput, RowTrial, Trial, Unplaced
from apps.budget.selectors.grid import item_computed_texts, item_texts_of, line_texts
from apps.budget.selectors.sheet import rule_line
from apps.budget.services import items as item_services
from apps.budget.services import lines as line_services
from apps.budget.services.editing import lock_open_edition, require_open
from apps.core import audit, money
from apps.core.errors import Refused

MOST_ROWS = 2_000
STALE = "stale"
"""Code of the refusal when rows were changed after they were tried."""


@dataclass
class _Entry:
    """A row in work: the record with the new values in it, and the stored values before; None for a new row."""

    row: RowInput
    record: Any
    before: dict[str, Any] | None

    @property
    def is_new(self) -> bool:
        return self.before is None


def try_block(*, edition_id: int, actor: User, rows: Sequence[RowInput]) -> Trial:
    """The dry run: every change old → new and every wrong cell. Writes nothing. Raises Refused for a locked edition."""
    edition = Edition.objects.select_related("plan__fiscal_year", "plan__union").get(pk=edition_id)
    require_open(edition, actor)
    return _work(edition, rows, lock=False)[0]


@transaction.atomic
def apply_block(
    *,
    edition_id: int,
    actor: User,
    rows: Sequence[RowInput],
    seen: Mapping[str, int],
    kind: str,
    summary: str,
    now: datetime,
) -> GridChange:
    """Take a block over as a whole. Raises Refused when a cell is wrong or a row changed since it was tried."""
    edition = lock_open_edition(edition_id, actor)
    trial, entries = _work(edition, rows, lock=True)
    if dict(trial.seen) != dict(seen):
        raise Refused("核对之后，这些行又有人改过，请按现在的数重新核对。", code=STALE)
    if trial.unplaced:
        raise Refused(
            f"一行也没有改。{trial.unplaced[0]}请改好后重新粘贴，或说明不粘贴这一列。", code="unplaced"
        )
    if trial.problems:
        raise Refused(f"有 {len(trial.problems)} 处错误，一行也没有改。{trial.problems[0]}", code="cells")
    written = [entry for entry in entries if entry.is_new or entry.before != _values(entry.record)]
    if not written:
        raise Refused("没有要改的内容：与现有的数完全相同。", code="same")
    label = GridChange.Kind(kind).label
    with audit.because(actor_id=actor.pk, action=label):
        _write(edition, written, actor, now)
        return GridChange.objects.create(
            edition=edition,
            kind=kind,
            summary=summary[:200],
            actor=actor,
            at=now,
            changes=[
                {
                    "table": entry.row.table,
                    "id": entry.record.pk,
                    "version": entry.record.version,
                    "before": _as_json(entry.before),
                }
                for entry in written
            ],
        )


# ---- in memory -----------------------------------------------------------------------------------------------


def _work(edition: Edition, rows: Sequence[RowInput], *, lock: bool) -> tuple[Trial, list[_Entry]]:
    if not rows:
        raise Refused("没有内容。", code="empty")
    if len(rows) > MOST_ROWS:
        raise Refused(f"一次最多 {MOST_ROWS:,} 行，这里有 {len(rows):,} 行，请分几次。", code="too_many")
    stored = {table: _fetch(table, edition, rows, lock=lock) for table in MODELS}
    _require_parents(edition, rows)
    groups = dict(ItemGroup.objects.values_list("pk", "name"))
    problems: list[Problem] = []
    homeless: dict[str, list[tuple[int, str]]] = {}
    trials: list[RowTrial] = []
    entries: list[_Entry] = []
    new_items: dict[int, Item] = {}
    amount_before = amount_after = Decimal("0.00")
    for row in rows:
        if row.record_id is None:
            record, before, old = _blank(row, edition, new_items), None, {}
        else:
            record = stored[row.table].get(row.record_id)
            if record is None:
                raise Refused(f"第{row.place}行已被删除，请刷新后重新核对。", code=STALE)
            before, old = _values(record), _texts(record, edition)
            amount_before += _amount(record)
        faults = dict(row.problems)
        try:
            _apply(record, row.values, edition)
        except Refused as refused:
            column = column_of(refused.field) or ("label" if row.table == "line" else "name")
            faults = faults or {column: refused.message}
        amount_after += _amount(record)
        new = _texts(record, edition)
        faults |= _unequal(row, new)
        for column, text in _without_place(row, record, new, edition).items():
            homeless.setdefault(column, []).append((row.place, text))
        problems += [
            Problem(row.place, _label(row.table, column, edition), message)
            for column, message in faults.items()
        ]
        trials.append(_trial(row, old, new, edition, moved=_moved(record, before, groups)))
        entries.append(_Entry(row, record, before))
    seen = {
        f"{table}:{record.pk}": record.version for table, found in stored.items() for record in found.values()
    }
    unplaced = tuple(
        Unplaced(column.name, column.label, tuple(homeless[column.name]))
        for column in item_columns(edition.stage)
        if column.name in homeless
    )
    return Trial(tuple(trials), tuple(problems), unplaced, seen, amount_before, amount_after), entries


MODELS: dict[str, Any] = {"line": CalcLine, "item": Item}
_STORED = {CalcLine: line_services.STORED, Item: (*item_services.EDITABLE, "ordinal")}


def _fetch(table: str, edition: Edition, rows: Sequence[RowInput], *, lock: bool) -> dict[int, Any]:
    wanted = [row.record_id for row in rows if row.table == table and row.record_id]
    if not wanted:
        return {}
    found: Any
    if table == "line":
        found = CalcLine.objects.filter(pk__in=wanted, item__edition=edition)
    else:
        found = (
            Item.objects.filter(pk__in=wanted, edition=edition)
            .with_amount()
            .with_adjustment()
            .select_related("function_code", "department_economic_code", "government_economic_code")
        )
    if lock:
        found = found.select_for_update(of=("self",))
    return {record.pk: record for record in found.order_by("pk")}


def _require_parents(edition: Edition, rows: Sequence[RowInput]) -> None:
    wanted = {row.parent_id for row in rows if row.table == "line" and row.parent_id is not None}
    if Item.objects.filter(edition=edition, pk__in=wanted).count() != len(wanted):
        raise Refused("要加测算行的项目已被删除，请刷新后重新核对。", code=STALE)


def _blank(row: RowInput, edition: Edition, new_items: dict[int, Item]) -> Any:
    parent: Any = row.parent_id
    if row.table == "item":
        new_items[row.place] = Item(edition=edition, group_id=parent, ordinal=0, version=0)
        return new_items[row.place]
    line = CalcLine(item_id=parent, ordinal=0, version=0)
    if row.parent_place is not None:
        line.item = new_items[row.parent_place]
    return line


def _apply(record: Any, values: Mapping[str, Any], edition: Edition) -> None:
    if isinstance(record, CalcLine):
        line_services.apply_values(record, values)
    else:
        item_services.apply_values(record, values, edition)


def _values(record: Any) -> dict[str, Any]:
    """The values a block may change, as they are stored: rows of other tables by key."""
    fields = record._meta
    names = [name for name in _STORED[type(record)] if name != "ordinal"]
    return {name: getattr(record, fields.get_field(name).attname) for name in names}


def _amount(record: Any) -> Decimal:
    return (rule_line(record).amount or Decimal(0)) if isinstance(record, CalcLine) else Decimal(0)


def _texts(record: Any, edition: Edition) -> dict[str, str]:
    if isinstance(record, CalcLine):
        return line_texts(record, rule_line(record).amount)
    return item_texts_of(record, edition.plan.year)


def _label(table: str, column: str, edition: Edition) -> str:
    found = LINE_COLUMN.get(column) if table == "line" else item_column(column, edition.stage)
    return found.label if found else column[:20]


def _unequal(row: RowInput, texts: Mapping[str, str]) -> dict[str, str]:
    """Amounts that came with a line must equal what the line computes: a wrong product is found at entry."""
    wrong = {}
    for column, given in row.checked.items() if row.table == "line" else ():
        shown, computed = money.format_yuan(given), texts.get(column, "")
        if computed != shown:
            told = f"按本行测算为 {computed}" if computed else "本行还算不出金额"
            wrong[column] = f"{told}，给出的是 {shown}。"
    return wrong


def _without_place(row: RowInput, record: Any, texts: Mapping[str, str], edition: Edition) -> dict[str, str]:
    """What was given for columns of an item that a person does not fill, unless the item shows the same by itself."""
    if row.table == "line":
        return {}
    given = {column: money.format_yuan(amount) for column, amount in row.checked.items()} | dict(row.given)
    shown = dict(texts) | item_computed_texts(record, edition.stage)
    return {column: text for column, text in given.items() if text != shown.get(column, "")}


def _moved(
    record: Any, before: Mapping[str, Any] | None, groups: Mapping[int, str]
) -> tuple[CellChange, ...]:
    """The group of a new item, or the one an item goes to."""
    if not isinstance(record, Item) or (before is not None and before["group"] == record.group_id):
        return ()
    old = groups.get(before["group"], "") if before is not None else ""
    return (CellChange("分组", old, groups.get(record.group_id, "")),)


def _trial(
    row: RowInput,
    old: Mapping[str, str],
    new: Mapping[str, str],
    edition: Edition,
    *,
    moved: tuple[CellChange, ...],
) -> RowTrial:
    columns = LINE_COLUMNS if row.table == "line" else item_columns(edition.stage)
    cells = tuple(
        CellChange(column.label, old.get(column.name, ""), new.get(column.name, ""))
        for column in columns
        if column.name != "wan" and old.get(column.name, "") != new.get(column.name, "")
    )
    year = edition.plan.year
    name = new["label"] if row.table == "line" else new["name"]
    title = wording.fill(name, {"年度": str(year), "上年": str(year - 1)})
    return RowTrial(row.table, row.place, title, row.record_id is None, moved + cells)


# ---- in the database -----------------------------------------------------------------------------------------


def _write(edition: Edition, written: Sequence[_Entry], actor: User, now: datetime) -> None:
    for entry in written:
        entry.record.version += 1
        entry.record.updated_by = actor
        entry.record.updated_at = now
    items = [entry for entry in written if entry.row.table == "item"]
    lines = [entry.record for entry in written if entry.row.table == "line"]
    number_rows(
        [
            item.record
            for item in items
            if item.before is None or item.before["group"] != item.record.group_id
        ],
        Item.objects.filter(edition=edition),
        "group_id",
    )
    Item.objects.bulk_create(item.record for item in items if item.is_new)
    fresh = [line for line in lines if line.pk is None]
    for line in fresh:
        line.item_id = line.item_id or line.item.pk
    number_rows(fresh, CalcLine.objects.filter(item__edition=edition), "item_id")
    update_rows(Item, [item.record for item in items if not item.is_new])
    update_rows(CalcLine, [line for line in lines if line.pk is not None])
    CalcLine.objects.bulk_create(fresh)


def number_rows(records: list[Any], siblings: Any, parent: str) -> None:
    """Give rows the places behind the last one of their parent."""
    if not records:
        return
    last = dict(siblings.order_by().values_list(parent).annotate(last=Max("ordinal")))
    for record in records:
        key = getattr(record, parent)
        record.ordinal = last[key] = (last.get(key) or 0) + 1


def update_rows(model: Any, records: Sequence[Any]) -> None:
    if records:
        fields = [*_STORED[model], "version", "updated_by", "updated_at"]
        model.objects.bulk_update(records, fields, batch_size=500)


def _as_json(before: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if before is None:
        return None
    return {
        name: str(value) if isinstance(value, Decimal | datetime) else value for name, value in before.items()
    }
