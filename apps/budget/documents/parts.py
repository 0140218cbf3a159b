"""The building blocks of the explanation: pieces of text with the figure they lead to, sections, table rows."""

from dataclasses import dataclass
from decimal import Decimal

from apps.budget.rules.narrative import split_figures
from apps.core import money


@dataclass(frozen=True)
class Piece:
    """Text as printed. `key` names the figure behind it (the page that lists its rows); empty for plain words."""

    text: str
    key: str = ""


Text = tuple[Piece, ...]
BLANK = Piece("")


def linked(text: str, key: str) -> Text:
    """The text with each figure in it leading to `key`."""
    return tuple(Piece(piece, key if is_figure else "") for piece, is_figure in split_figures(text))


def in_wan(amount: Decimal | None, key: str) -> Piece:
    """万元 as sentences print it, without the unit; blank where there is no amount."""
    return BLANK if amount is None else Piece(money.format_wan(amount), key)


def in_wan_column(amount: Decimal | None, key: str) -> Piece:
    """万元 with two decimals for a table column; blank where there is no amount."""
    return BLANK if amount is None else Piece(money.format_wan_column(amount), key)


def in_yuan_column(amount: Decimal | None, key: str) -> Piece:
    return BLANK if amount is None else Piece(money.format_yuan(amount), key)


@dataclass(frozen=True)
class Entry:
    """A paragraph of the outline. `lead` is its first sentence where that is set apart; no mark on the words before the list."""

    mark: str
    level: int
    lead: str
    rest: str

    @property
    def text(self) -> str:
        return f"{self.mark}{self.lead}{self.rest}"


@dataclass(frozen=True)
class ItemBlock:
    """One item as the text tells it: 项目1：… 22.28万元 / 说明：…"""

    number: int
    mark: str
    title: str
    amount: Piece
    paragraphs: tuple[Text, ...]
    anchor: str
    appendix_anchor: str
    has_basis: bool


@dataclass(frozen=True)
class GroupBlock:
    name: str
    items: tuple[ItemBlock, ...]
    subtotal: Piece


@dataclass(frozen=True)
class Row:
    """One row of a table. `kind`: line, item (heads the lines below it), subtotal, total or empty.

    A row of fewer cells than the table has columns gives the missing width to its second cell (or its only one).
    `back` is the anchor of the place in the text that the row belongs to.
    """

    kind: str
    cells: tuple[Piece | Text, ...]
    anchor: str = ""
    back: str = ""


@dataclass(frozen=True)
class Column:
    """A printed column. `kind`: text, number or centre; `width` in percent of the table."""

    name: str
    kind: str
    width: int


@dataclass(frozen=True)
class Cell:
    """A cell ready to print."""

    text: Text
    kind: str
    span: int = 1


@dataclass(frozen=True)
class Line:
    kind: str
    cells: tuple[Cell, ...]
    anchor: str
    back: str


@dataclass(frozen=True)
class Body:
    """Rows that belong together; `keep` asks for one page."""

    lines: tuple[Line, ...]
    keep: bool


_KEPT_TOGETHER = 12
_SHORT = 14


@dataclass(frozen=True)
class PrintedTable:
    """A table with its number and title, the unit above its upper right corner and notes below."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    unit: str = ""
    notes: tuple[str, ...] = ()

    @property
    def is_short(self) -> bool:
        """Short enough to be kept on one page whole."""
        return len(self.rows) <= _SHORT

    @property
    def has_items(self) -> bool:
        return any(row.kind == "item" for row in self.rows)

    def bodies(self) -> tuple[Body, ...]:
        """The rows in blocks: an item with its lines and what closes a group after it."""
        blocks: list[list[Line]] = [[]]
        for row in self.rows:
            if row.kind == "item" and blocks[-1]:
                blocks.append([])
            blocks[-1].append(self._line(row))
        return tuple(Body(tuple(block), self.has_items and len(block) <= _KEPT_TOGETHER) for block in blocks)

    def _line(self, row: Row) -> Line:
        cells: list[Cell] = []
        spare = len(self.columns) - len(row.cells)
        place = 0
        for at, cell in enumerate(row.cells):
            span = 1 + (spare if at == min(1, len(row.cells) - 1) else 0)
            text = (cell,) if isinstance(cell, Piece) else cell
            kind = self.columns[place].kind if span == 1 else "text"
            cells.append(Cell(text, kind, span))
            place += span
        return Line(row.kind, tuple(cells), row.anchor, row.back)


@dataclass(frozen=True)
class Section:
    """One section. `kind` picks the template; the body is what that template shows. Mark and anchor come with its place."""

    title: str
    kind: str
    mark: str = ""
    anchor: str = ""
    entries: tuple[Entry, ...] = ()
    group: GroupBlock | None = None
    total: Text = ()
    paragraphs: tuple[Text, ...] = ()
    tables: tuple[PrintedTable, ...] = ()

    @property
    def heading(self) -> str:
        return f"{self.mark}{self.title}"

    @property
    def page(self) -> str:
        """The kind of page of the book style: text, wide (landscape) or tail."""
        return {"tables": "wide", "changes": "wide", "terms": "tail"}.get(self.kind, "text")

    @property
    def starts_page(self) -> bool:
        """A long table of items begins on a page of its own, so that its first item stands with its lines."""
        return any(table.has_items and not table.is_short for table in self.tables)
