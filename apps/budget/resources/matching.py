"""Which item and line a row of the file speaks of: by their marks, or else by their names."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from apps.budget.forms.cells import parse_item, parse_line
from apps.budget.models import CalcLine, Edition, Item, ItemGroup
from apps.budget.rules.calculation import Method
from apps.budget.rules.trials import RowInput

ROW, GROUP, ITEM_KEY, LINE_KEY = "行", "分组", "项目标识", "行标识"


def item_key(item: Item) -> str:
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


class Matcher:
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
            found = [item for item in self.items if item_key(item) == key.lower()]
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
