"""Lists: one base class and the columns whose form never varies (amounts, counts, states, times)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import django_tables2 as tables
from django.core.paginator import InvalidPage, Paginator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_tables2.paginators import LazyPaginator

from apps.core import money
from apps.core.templatetags.components import badge

PER_PAGE = 50
_LONGEST_PAGE = 6  # digits of a page number


class HouseTable(tables.Table):  # type: ignore[misc]
    """A list in the house's look. `label` names it for screen readers; `empty_title`, `empty_hint` say what to do."""

    label = "列表"
    empty_title = "没有符合条件的记录"
    empty_hint = ""

    class Meta:
        template_name = "django_tables2/house.html"
        attrs = {"class": "table"}
        default = "—"
        per_page = PER_PAGE

    def paged(self, page: str | int | None, *, counted: bool = True) -> "HouseTable":
        """This table at one page; with counted=False the list is too long to count, the pager only moves on."""
        kind = Paginator if counted else LazyPaginator
        if not counted and len(str(page or "")) > _LONGEST_PAGE:  # beyond what the database can count to
            page = 1
        try:
            self.paginate(paginator_class=kind, page=page or 1, per_page=PER_PAGE)
        except InvalidPage:  # an old link, or a number typed by hand
            self.paginate(paginator_class=kind, page=1, per_page=PER_PAGE)
        return self


def _number_attrs(extra: Mapping[str, Any] | None) -> dict[str, Any]:
    attrs: dict[str, Any] = {"th": {"class": "num"}, "td": {"class": "num"}, "tf": {"class": "num"}}
    attrs.update(extra or {})
    return attrs


class MoneyColumn(tables.Column):  # type: ignore[misc]
    """Decimal yuan, printed 222,800.00 and right-aligned; exported as the bare number."""

    def __init__(self, *args: Any, attrs: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, attrs=_number_attrs(attrs), **kwargs)

    def render(self, value: Decimal) -> str:
        return money.format_yuan(value)

    def value(self, value: Decimal | None) -> Decimal | None:
        return value


class WanColumn(MoneyColumn):
    """Decimal yuan, printed in 万元 with two decimals."""

    def render(self, value: Decimal) -> str:
        return money.format_wan_column(value)


class CountColumn(tables.Column):  # type: ignore[misc]
    """A whole number with thousands separated, right-aligned."""

    def __init__(self, *args: Any, attrs: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, attrs=_number_attrs(attrs), **kwargs)

    def render(self, value: int | Decimal) -> str:
        return money.format_count(value)

    def value(self, value: int | Decimal | None) -> int | Decimal | None:
        return value


class BadgeColumn(tables.Column):  # type: ignore[misc]
    """A state as a badge. `tones` maps the stored value to a tone; labels come from the field's choices."""

    def __init__(
        self, *args: Any, tones: Mapping[str, str], labels: Mapping[str, str] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.tones = tones
        self.labels = labels

    def render(self, value: Any, record: Any, bound_column: Any) -> SafeString:
        # With choices, django-tables2 hands over the label; the tone hangs on the stored value.
        stored = bound_column.accessor.resolve(record, quiet=True)
        label = self.labels.get(stored, stored) if self.labels else value
        return badge(label, self.tones.get(stored, "grey"))

    def value(self, value: Any) -> Any:
        return self.labels.get(value, value) if self.labels else value


class TimeColumn(tables.DateTimeColumn):  # type: ignore[misc]
    """Local time to the minute, kept on one line."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("attrs", {"td": {"class": "tight"}})
        super().__init__(*args, format="Y-m-d H:i", **kwargs)


class NameColumn(tables.Column):  # type: ignore[misc]
    """The name of a row, linked to its page (linkify=...), with an optional second line `note` under it."""

    def __init__(self, *args: Any, note: str = "", **kwargs: Any) -> None:
        kwargs.setdefault("attrs", {"td": {"class": "name"}, "a": {"class": "quiet"}})
        super().__init__(*args, **kwargs)
        self.note = note

    def render(self, value: Any, record: Any) -> Any:
        note = tables.A(self.note).resolve(record, quiet=True) if self.note else ""
        return format_html('{}<span class="row-note">{}</span>', value, note) if note else value
