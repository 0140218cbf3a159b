"""A whole edition as a spreadsheet: one row for each calculation line, with its item in front; out and in again."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import tablib
from import_export import resources
from import_export.fields import Field
from import_export.instance_loaders import BaseInstanceLoader

from apps.accounts.models import User
from apps.budget.forms.cells import parse_item, parse_line
from apps.budget.models import CalcLine, Edition, GridChange, Item, ItemGroup
from apps.budget.rules.calculation import Method
from apps.budget.rules.columns import LINE_COLUMNS, is_filled_by_hand, item_columns, line_field
from apps.budget.rules.trials import RowInput, Trial
from apps.budget.selectors.sheet import ItemRow, LineRow, edition_sheet
from apps.budget.services.blocks import apply_block, try_block
from apps.core import money
from apps.core.errors import Refused
from apps.core.sheets import Column, GuardedXlsx, read_table

ROW, GROUP, ITEM_KEY, LINE_KEY = "行", "分组", "项目标识", "行标识"
_SUM_WORDS = {"小计", "合计", "总计"}
_YUAN = {"price": "标准/基数（元）", "prior_amount": "上年预算数（元）", "control_amount": "控制数（元）"}
_LONGEST = 4_000


@dataclass(frozen=True)
class SheetRow:
    """One exported row: an item with one of its lines, or an item without any."""

    item: ItemRow
    line: LineRow | None
    group: ItemGroup
    line_number: int


def sheet_rows(edition: Edition) -> list[SheetRow]:
    """Every item of the edition in its order, each line a row."""
    return [
        SheetRow(item, line, group.group, number)
        for group in edition_sheet(edition).groups
        for item in group.items
        for number, line in enumerate(item.lines or (None,), start=1)
    ]


def _headings(stage: str) -> list[tuple[str, str]]:
    """(key, heading) of every column of the file."""
    items = [
        (f"item.{column.name}", _YUAN.get(column.name, column.label))
        for column in item_columns(stage)
        if column.methods
    ]
    lines = [
        (f"line.{column.name}", _YUAN.get(column.name, column.label))
        for column in LINE_COLUMNS
        if column.name != "wan"
    ]
    return [
        ("group", GROUP),
        ("number", "项目序号"),
        *items,
        ("line_number", "行号"),
        *lines,
        ("item_key", ITEM_KEY),
        ("line_key", LINE_KEY),
    ]


def _figures(stage: str) -> set[str]:
    """Keys of the columns that hold a number."""
    return {f"item.{column.name}" for column in item_columns(stage) if column.is_number} | {
        f"line.{column.name}" for column in LINE_COLUMNS if column.is_number
    }


class EditionXlsx(GuardedXlsx):
    """Reads the rows under the headings wherever they stand, with the row numbers of the spreadsheet."""

    def __init__(self, stage: str) -> None:
        super().__init__()
        self.stage = stage
        self.notes: tuple[str, ...] = ()

    def create_dataset(self, in_stream: bytes, **kwargs: Any) -> tablib.Dataset:
        """Raises Refused for the file, its headings and cells that are no text or number."""
        figures = _figures(self.stage)
        columns = [
            Column(
                heading,
                key,
                required=False,
                max_length=_LONGEST,
                aliases=(heading.removesuffix("（元）"), heading.replace("（元）", "(元)")),
                figure=key in figures,
            )
            for key, heading in _headings(self.stage)
        ]
        table = read_table(in_stream, columns=columns, field="file", ignore_unknown=True)
        if "item.name" not in table.found_keys:
            raise Refused(
                "表头里没有“项目名称”列。可先导出一份，照它的表头填写。", field="file", code="heading"
            )
        table.require_clean(field="file")
        self.notes = table.notes
        keys = [key for key, _ in _headings(self.stage) if key in table.found_keys]
        dataset = tablib.Dataset(title=table.sheet[:31], headers=[ROW, *keys])
        for row in table.rows:
            dataset.append([row.number, *(row.values[key] for key in keys)])
        return dataset


@dataclass
class _Draft:
    """What import-export takes for an instance: the inputs that one spreadsheet row gives."""

    inputs: list[RowInput] = field(default_factory=list)


class EditionResource(resources.Resource):
    """Export through `export(sheet_rows(edition))`; import through `import_data`, dry or not, as one block.

    The rows themselves are judged and written by services.blocks, all or none; `trial` holds what would change.
    """

    class Meta:
        import_id_fields = ()
        instance_loader_class = BaseInstanceLoader
        skip_diff = True
        report_skipped = True

    def __init__(self, *, edition: Edition, actor: User, now: datetime, summary: str = "") -> None:
        super().__init__()
        self.edition = edition
        self.actor = actor
        self.now = now
        self.summary = summary
        self.trial: Trial | None = None
        self.change: GridChange | None = None
        self.skipped_sums = 0
        self.row_count = 0
        self.fields = {key: Field(column_name=heading) for key, heading in _headings(edition.stage)}
        for key, column in self.fields.items():
            column.dehydrate_method = _exporter(key)

    @property
    def inputs(self) -> list[RowInput]:
        return self._matcher.inputs

    # ---- export ----------------------------------------------------------------------------------------------

    def get_export_order(self) -> list[str]:
        return list(self.fields)

    # ---- import ----------------------------------------------------------------------------------------------

    def get_import_order(self) -> list[str]:
        return list(self.fields)

    def before_import(self, dataset: tablib.Dataset, **kwargs: Any) -> None:
        self._matcher = _Matcher(self.edition, frozenset(dataset.headers))
        self.row_count = len(dataset)
        self.skipped_sums = 0

    def get_or_init_instance(self, instance_loader: Any, row: dict[str, Any]) -> tuple[_Draft, bool]:
        return _Draft(), True

    def import_instance(self, instance: _Draft, row: dict[str, Any], **kwargs: Any) -> None:
        words = {
            str(row.get("item.name", "")).strip(),
            str(row.get("line.label", "")).strip(),
            str(row.get("group", "")).strip(),
        }
        if words & _SUM_WORDS:
            self.skipped_sums += 1
            return
        instance.inputs = list(self._matcher.read(row))

    def validate_instance(self, instance: _Draft, *args: Any, **kwargs: Any) -> None:
        """Judged by the service over all rows together."""

    def save_instance(self, instance: _Draft, is_create: bool, row: dict[str, Any], **kwargs: Any) -> None:
        """Written by the service, all rows together."""

    def after_import(self, dataset: tablib.Dataset, result: Any, **kwargs: Any) -> None:
        """The dry run, and on the real run the take-over as one block. Raises Refused."""
        for _, errors in result.row_errors():
            raise errors[0].error
        self.trial = try_block(edition_id=self.edition.pk, actor=self.actor, rows=self.inputs)
        if kwargs.get("dry_run"):
            return
        self.change = apply_block(
            edition_id=self.edition.pk,
            actor=self.actor,
            rows=self.inputs,
            seen=self.trial.seen,
            kind=GridChange.Kind.IMPORT,
            summary=self.summary,
            now=self.now,
        )

    def handle_import_error(self, result: Any, error: Exception, raise_errors: bool = False) -> None:
        raise error

    def untouched(self) -> tuple[int, int]:
        """Items and lines of the edition that the file does not mention: they stay as they are."""
        return self._matcher.untouched()


def _exporter(key: str) -> Any:
    """What a column of the file holds for a row."""
    part, _, name = key.rpartition(".")

    def value(row: SheetRow) -> object:
        if part == "item":
            return row.item.title if name == "name" else getattr(row.item.record, name)
        if part == "line":
            return _line_value(row.line, name) if row.line else ""
        return {
            "group": row.group.name,
            "number": row.item.number,
            "line_number": row.line_number if row.line else "",
            "item_key": _item_key(row.item.record),
            "line_key": str(row.line.record.pk) if row.line else "",
        }[key]

    return value


def _line_value(row: LineRow, name: str) -> object:
    record = row.record
    if name == "label":
        return row.line.label
    if name == "amount":
        return record.amount
    if name in ("method", "share_basis"):
        return getattr(record, f"get_{name}_display")()
    column = next(column for column in LINE_COLUMNS if column.name == name)
    if not is_filled_by_hand(column, record.method):
        return ""
    value = getattr(record, line_field(name, record.method))
    return money.format_ratio(value) if name in ("ratio", "share") and value is not None else value


def _item_key(item: Item) -> str:
    """Stays the same through all editions and years."""
    return item.lineage.hex[:12]


@dataclass
class _Target:
    """The item that rows of the file belong to: stored, or new at a row of the file."""

    item: Item | None
    place: int
    name: str
    group: str
    cells: dict[str, Any]


class _Matcher:
    """Finds for each row of the file the item and line it speaks of, by their marks or else by their names."""

    def __init__(self, edition: Edition, keys: frozenset[str]) -> None:
        self.edition = edition
        self.keys = keys
        self.year = edition.plan.year
        self.inputs: list[RowInput] = []
        self.items = list(edition.items.select_related("group").prefetch_related("lines"))
        self.groups = {group.name: group for group in ItemGroup.objects.of_book(edition.plan.book)}
        self.targets: dict[object, _Target] = {}
        self.current: _Target | None = None
        self.lines_seen: set[int] = set()

    def read(self, row: dict[str, Any]) -> Iterator[RowInput]:
        cells = {key: "" if value is None else str(value).strip() for key, value in row.items()}
        for entry in [*self._item(int(row[ROW]), cells), *self._line(int(row[ROW]), cells)]:
            self.inputs.append(entry)
            yield entry

    # ---- items -----------------------------------------------------------------------------------------------

    def _item(self, place: int, cells: dict[str, str]) -> Iterator[RowInput]:
        own = {
            key: value
            for key, value in cells.items()
            if key.startswith("item.") or key in ("group", "item_key")
        }
        if self.current is not None and not any(own.values()):
            return  # merged cells: the row belongs to the item above
        problems: dict[str, str] = {}
        item = self._find_item(cells, problems)
        identity: object = item.pk if item else (cells.get("group", ""), cells["item.name"])
        if identity in self.targets:
            self.current = self.targets[identity]
            problems |= self._contradictions(own)
            if problems:
                yield self._item_input(place, self.current, {}, problems)
            return
        target = _Target(item, place, cells["item.name"], cells.get("group", ""), own)
        self.targets[identity] = self.current = target
        values = {key.removeprefix("item."): value for key, value in cells.items() if key.startswith("item.")}
        if item is not None and values["name"] == item.title(self.year):
            del values["name"]
        yield self._item_input(place, target, values, problems)

    def _find_item(self, cells: dict[str, str], problems: dict[str, str]) -> Item | None:
        key, name, group = cells.get("item_key", ""), cells["item.name"], cells.get("group", "")
        if key:
            found = [item for item in self.items if _item_key(item) == key.lower()]
            if not found:
                problems[ITEM_KEY] = f"本版本没有标识为“{key[:20]}”的项目；新增的项目请把标识留空。"
            return found[0] if found else None
        named = [item for item in self.items if name in (item.name, item.title(self.year))]
        # A name that stands in one other group only has moved; the preview says so.
        found = [item for item in named if group in ("", item.group.name)] or named
        if len(found) > 1:
            problems["name"] = f"有 {len(found)} 个同名项目，请用导出文件里的“{ITEM_KEY}”列指明是哪一个。"
        return found[0] if found else None

    def _contradictions(self, own: dict[str, str]) -> dict[str, str]:
        """The cells of an item are read from its first row; further rows repeat them or leave them empty."""
        first = self.current.cells if self.current else {}
        return {
            key.removeprefix(
                "item."
            ): f"与第{self.current.place if self.current else 0}行同一项目写的不一致。"
            for key, value in own.items()
            if value and key not in ("item_key",) and value != first.get(key, "")
        }

    def _item_input(
        self, place: int, target: _Target, values: dict[str, str], problems: dict[str, str]
    ) -> RowInput:
        parsed = parse_item(values, stage=self.edition.stage)
        group = self.groups.get(target.group)
        if target.group and group is None:
            problems[GROUP] = f"没有“{target.group[:20]}”这个分组；现有：{'、'.join(self.groups)}。"
        if target.item is None and not target.group:
            problems[GROUP] = "新增的项目必须写明分组。"
        item = target.item
        changes = dict(parsed.values)
        if item is not None and group is not None and group.pk != item.group_id:
            changes["group"] = group
        return RowInput(
            "item",
            place,
            changes,
            record_id=item.pk if item is not None else None,
            parent_id=group.pk if group is not None and item is None else None,
            problems=parsed.problems | problems,
            checked=parsed.checked,
        )

    # ---- lines -----------------------------------------------------------------------------------------------

    def _line(self, place: int, cells: dict[str, str]) -> Iterator[RowInput]:
        own = {key.removeprefix("line."): value for key, value in cells.items() if key.startswith("line.")}
        if not any(own.values()) or self.current is None:
            return
        problems: dict[str, str] = {}
        line = self._find_line(cells.get("line_key", ""), own, problems)
        if line is not None:
            self.lines_seen.add(line.pk)
            if not own.get("method"):
                own.pop("method", None)
            if own.get("label") == _filled(line, self.year):
                del own["label"]
        elif not own.get("method"):
            own["method"] = ""
        parsed = parse_line(own, method=line.method if line is not None else Method.HEADCOUNT)
        target = self.current.item
        yield RowInput(
            table="line",
            place=place,
            values=parsed.values,
            record_id=line.pk if line is not None else None,
            parent_id=target.pk if target is not None else None,
            parent_place=None if target is not None else self.current.place,
            problems=parsed.problems | problems,
            checked=parsed.checked,
        )

    def _find_line(self, key: str, own: dict[str, str], problems: dict[str, str]) -> CalcLine | None:
        item = self.current.item if self.current else None
        lines = [line for line in item.lines.all() if line.pk not in self.lines_seen] if item else []
        if key:
            found = [line for line in lines if str(line.pk) == key]
            if not found:
                problems[LINE_KEY] = (
                    f"这个项目没有标识为“{key[:20]}”的测算行，或它在表格里出现了两次；新增的行请把标识留空。"
                )
            return found[0] if found else None
        label = own.get("label", "")
        found = [line for line in lines if label in (line.label, _filled(line, self.year))]
        return found[0] if found else None

    def untouched(self) -> tuple[int, int]:
        mentioned = {target.item.pk for target in self.targets.values() if target.item is not None}
        lines = {line.pk for item in self.items for line in item.lines.all()}
        return len(self.items) - len(mentioned), len(lines - self.lines_seen)


def _filled(line: CalcLine, year: int) -> str:
    return line.label.replace("{年度}", str(year)).replace("{上年}", str(year - 1))
