"""A whole edition as a spreadsheet: one row for each calculation line, with its item in front; out and in again."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import tablib
from import_export import resources
from import_export.fields import Field
from import_export.instance_loaders import BaseInstanceLoader

from apps.accounts.models import User
from apps.budget.models import Edition, GridChange, ItemGroup
from apps.budget.resources.matching import GROUP, ITEM_KEY, LINE_KEY, ROW, Matcher, item_key
from apps.budget.rules.columns import LINE_COLUMNS, is_filled_by_hand, item_columns, line_field
from apps.budget.rules.trials import RowInput, Trial
from apps.budget.selectors.sheet import ItemRow, LineRow, edition_sheet
from apps.budget.services.blocks import apply_block, try_block
from apps.core import money
from apps.core.errors import Refused
from apps.core.sheets import Column, GuardedXlsx, read_table

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
        self._matcher = Matcher(self.edition, frozenset(dataset.headers))
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
            "item_key": item_key(row.item.record),
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
