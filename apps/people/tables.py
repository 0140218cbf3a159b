"""Lists of the register, on screen and going out as spreadsheets."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.encryption import Secret
from apps.core.sheets import Column, Sheet, write_sheets
from apps.core.tables import CountColumn, HouseTable, NameColumn
from apps.core.templatetags.components import badge
from apps.people.models import Person, PersonQuerySet, Unit
from apps.people.rules.drafts import LABELS
from apps.people.rules.standing import Kind
from apps.people.selectors.people import life_standing, work_standing

SECRET_COLUMNS = ("id_number", "phone", "account")


class PersonTable(HouseTable):
    """The register. Numbers print as their masks: a cell never holds more."""

    label = "人员名册"
    empty_title = "没有符合条件的人员"
    empty_hint = "换一个词，或清除筛选再看。"

    name = NameColumn(
        verbose_name="姓名",
        linkify=("people:person_detail", {"public_id": tables.A("public_id")}),
        attrs={"td": {"class": "nowrap"}, "a": {"class": "quiet"}},
    )
    sex = tables.Column("性别", accessor="get_sex_display", attrs={"td": {"class": "tight"}})
    birth_on = tables.DateColumn(format="Y-m-d", verbose_name="出生日期", attrs={"td": {"class": "nowrap"}})
    id_number = tables.Column("证件号码", attrs={"td": {"class": "nowrap"}})
    unit = tables.Column("单位", empty_values=())
    union = tables.Column("管理工会", accessor="union__short_name", attrs={"td": {"class": "nowrap"}})
    work = tables.Column("工作状态", empty_values=(), attrs={"td": {"class": "nowrap"}})
    phone = tables.Column("联系电话", attrs={"td": {"class": "nowrap"}})

    class Meta(HouseTable.Meta):
        orderable = False
        row_attrs = {"class": lambda record: "is-gone" if life_standing(record.life) else None}

    def render_name(self, value: str, record: Person) -> SafeString | str:
        if not record.former_name:
            return value
        return format_html('{}<span class="row-note">曾用名 {}</span>', value, record.former_name)

    def render_id_number(self, value: Any, record: Person) -> SafeString | str:
        return str(value)

    def render_unit(self, record: Person) -> SafeString | str:
        if record.unit is None:
            return "—"
        if record.unit.nature != "bankrupt":
            return record.unit.name
        return format_html(
            '{}<span class="row-note">{}</span>', record.unit.name, record.unit.get_nature_display()
        )

    def render_work(self, record: Any) -> SafeString:
        gone = life_standing(record.life)
        if record.work is None:
            return badge(gone.label, gone.tone) if gone else SafeString('<span class="muted">未登记</span>')
        work = work_standing(record.work)
        if gone is None:
            return badge(work.label, work.tone)
        return format_html("{} {}", badge(gone.label, gone.tone), work.label)


class UnitTable(HouseTable):
    label = "单位"
    empty_title = "没有符合条件的单位"
    empty_hint = "换一个词，或清除筛选再看。"

    name = NameColumn(
        verbose_name="单位名称", linkify=("people:unit_edit", {"public_id": tables.A("public_id")})
    )
    credit_code = tables.Column("统一社会信用代码", attrs={"td": {"class": "nowrap"}})
    nature = tables.Column("单位性质")
    union = tables.Column("所属工会", accessor="union__short_name", attrs={"td": {"class": "nowrap"}})
    people_count = CountColumn(verbose_name="在册人员")
    is_active = tables.Column("状态", attrs={"td": {"class": "tight"}})

    class Meta(HouseTable.Meta):
        orderable = False

    def render_credit_code(self, value: str, record: Unit) -> SafeString | str:
        if not record.credit_code_note:
            return value
        return format_html('{}<span class="row-note">校验码不符，已核实</span>', value)

    def render_nature(self, value: str, record: Unit) -> SafeString | str:
        if record.nature_since is None:
            return value
        return format_html('{}<span class="row-note">自 {}</span>', value, f"{record.nature_since:%Y-%m-%d}")

    def render_is_active(self, value: bool) -> SafeString:
        return badge("在用", "green") if value else badge("停用", "grey")

    def render_people_count(self, value: int, record: Unit) -> SafeString | str:
        if not value:
            return "0"
        return format_html(
            '<a href="{}?unit={}">{}</a>', reverse("people:person_list"), record.public_id, value
        )


# --- going out ---------------------------------------------------------------------------------------------

_EXPORTED = (
    Column(LABELS["name"], "name", width=12),
    Column(LABELS["former_name"], "former_name", width=12),
    Column(LABELS["id_kind"], "id_kind", width=14),
    Column(LABELS["id_number"], "id_number", "identifier"),
    Column(LABELS["sex"], "sex", width=6),
    Column(LABELS["birth_on"], "birth_on", "date"),
    Column(LABELS["nation"], "nation", width=10),
    Column(LABELS["politics"], "politics", width=12),
    Column(LABELS["education"], "education", width=12),
    Column("单位", "unit", width=32),
    Column("单位性质", "nature", width=16),
    Column(LABELS["post"], "post", width=16),
    Column("管理工会", "union", width=24),
    Column("工作状态", "work", width=12),
    Column("生存与联系", "life", width=14),
    Column(LABELS["residence"], "residence", width=28),
    Column(LABELS["phone"], "phone", "identifier", width=16),
    Column(LABELS["bank_name"], "bank_name", width=20),
    Column(LABELS["bank_branch"], "bank_branch", width=24),
    Column(LABELS["account"], "account", "identifier", width=24),
    Column(LABELS["note"], "note"),
)


def people_workbook(
    people: PersonQuerySet, *, title: str, created: datetime, shown: Callable[[Secret], str]
) -> tuple[bytes, int]:
    """The rows as xlsx, and how many they were. `shown` turns a secret into what is printed: its mask, or more."""
    count = 0

    def rows() -> Iterator[Mapping[str, object]]:
        nonlocal count
        for person in people.iterator(chunk_size=2000):
            count += 1
            yield _exported(person, shown)

    sheet = Sheet(name="人员名册", columns=_EXPORTED, rows=rows(), title=title)
    data = write_sheets([sheet], created=created, constant_memory=True)
    return data, count


def _exported(person: Any, shown: Callable[[Secret], str]) -> dict[str, object]:
    unit = person.unit
    row: dict[str, object] = {
        "id_kind": person.get_id_kind_display(),
        "sex": person.get_sex_display(),
        "unit": unit.name if unit else "",
        "nature": unit.get_nature_display() if unit else "",
        "union": person.union.name,
        "work": Kind(person.work).label if person.work else "",
        "life": Kind(person.life).label if person.life else "",
    }
    for name in SECRET_COLUMNS:
        secret = getattr(person, name)
        row[name] = "" if secret is None else shown(secret)
    for column in _EXPORTED:
        row.setdefault(column.key, getattr(person, column.key, ""))
    return row
