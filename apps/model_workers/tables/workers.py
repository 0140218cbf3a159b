"""The roster of model workers: on screen, as a spreadsheet, and the columns of its printed form."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.sheets import Column, Sheet, write_sheets
from apps.core.tables import HouseTable
from apps.core.templatetags.components import badge
from apps.model_workers.rules.files import TONES, FileStatus
from apps.model_workers.rules.honours import Level
from apps.model_workers.selectors.counting import Workers
from apps.model_workers.selectors.workers import class_label, honours_in_words
from apps.people.rules.standing import Kind
from apps.people.selectors.people import life_standing, work_standing


class WorkerTable(HouseTable):
    """One line a person; the year of each honour stands behind its title."""

    label = "劳模名册"

    pick = tables.Column(
        verbose_name=format_html('<input type="checkbox" aria-label="全选本页" {}>', "data-choose-all"),
        empty_values=(),
        attrs={"th": {"class": "tight"}, "td": {"class": "tight"}},
    )
    name = tables.Column("姓名", attrs={"td": {"class": "nowrap"}})
    number = tables.Column("档案号", accessor="worker_file__number", attrs={"td": {"class": "nowrap"}})
    birth_on = tables.DateColumn(format="Y-m-d", verbose_name="出生日期", attrs={"td": {"class": "nowrap"}})
    unit = tables.Column("单位", empty_values=())
    union = tables.Column("管理工会", accessor="union__short_name", attrs={"td": {"class": "nowrap"}})
    honours = tables.Column("荣誉", empty_values=())
    award_class = tables.Column("档次", attrs={"td": {"class": "nowrap"}})
    treatment = tables.Column("待遇", empty_values=(), attrs={"td": {"class": "nowrap"}})
    work = tables.Column("状态", empty_values=(), attrs={"td": {"class": "nowrap"}})

    class Meta(HouseTable.Meta):
        orderable = False
        row_attrs = {"class": lambda record: "is-gone" if life_standing(record.life) else None}

    def __init__(self, people: Workers, *, may_choose: bool) -> None:
        super().__init__(people, exclude=() if may_choose else ("pick",))

    def render_pick(self, record: Any) -> SafeString:
        return format_html(
            '<input type="checkbox" name="person" value="{}" aria-label="选择 {}">',
            record.public_id,
            record.name,
        )

    def render_name(self, value: str, record: Any) -> SafeString:
        url = reverse("model_workers:worker_detail", args=[record.public_id])
        return format_html('<a class="quiet" href="{}">{}</a>', url, value)

    def render_unit(self, record: Any) -> SafeString | str:
        if record.unit is None:
            return "—"
        if not record.is_bankrupt:
            return str(record.unit.name)
        return format_html('{} <span class="muted small nowrap">破产或撤销</span>', record.unit.name)

    def render_honours(self, record: Any) -> str:
        return honours_in_words(record.shown_honours) or "—"

    def render_award_class(self, value: int) -> str:
        return class_label(value) or "—"

    def render_treatment(self, record: Any) -> str:
        file = getattr(record, "worker_file", None)
        return Level(file.treatment_level).label if file and file.treatment_level else "—"

    def render_work(self, record: Any) -> SafeString:
        """One badge for what keeps somebody from being paid, else the work; a file that is not valid says so."""
        gone, work = life_standing(record.life), work_standing(record.work)
        shown = badge(gone.label, gone.tone) if gone else badge(work.label, work.tone)
        if record.file_status == FileStatus.VALID:
            return shown
        status = badge(f"档案{FileStatus(record.file_status).label}", TONES[record.file_status])
        return format_html("{} {}", shown, status)


# --- going out ---------------------------------------------------------------------------------------------

_EXPORTED = (
    Column("姓名", "name", width=12),
    Column("性别", "sex", width=6),
    Column("出生日期", "birth_on", "date"),
    Column("证件号码", "id_number", "identifier"),
    Column("档案号", "number", "identifier", width=18),
    Column("单位", "unit", width=32),
    Column("单位性质", "nature", width=16),
    Column("管理工会", "union", width=24),
    Column("归口管理单位", "managed_by", width=20),
    Column("荣誉", "honours", width=44),
    Column("荣誉项数", "honour_count", "count"),
    Column("市级次数", "award_count", "count"),
    Column("档次", "award_class", width=12),
    Column("享受待遇级别", "treatment", width=14),
    Column("待遇依据", "basis", width=32),
    Column("工作状态", "work", width=12),
    Column("生存与联系", "life", width=14),
    Column("档案状态", "file_status", width=10),
    Column("联系电话", "phone", "identifier", width=16),
    Column("没有扫描件的荣誉", "doubtful", "count", width=18),
)


def workers_workbook(people: Workers, *, title: str, created: datetime) -> tuple[bytes, int]:
    """The rows as xlsx, numbers as their masks, and how many rows they were."""
    count = 0

    def rows() -> Iterator[Mapping[str, object]]:
        nonlocal count
        for person in people.iterator(chunk_size=1000):
            count += 1
            yield _exported(person)

    sheet = Sheet(name="劳模名册", columns=_EXPORTED, rows=rows(), title=title)
    return write_sheets([sheet], created=created, constant_memory=True), count


def _exported(person: Any) -> dict[str, object]:
    unit, file = person.unit, getattr(person, "worker_file", None)
    return {
        "name": person.name,
        "sex": person.get_sex_display(),
        "birth_on": person.birth_on,
        "id_number": "" if person.id_number is None else str(person.id_number),
        "number": file.number if file else "",
        "unit": unit.name if unit else "",
        "nature": unit.get_nature_display() if unit else "",
        "union": person.union.name,
        "managed_by": file.managed_by if file else "",
        "honours": honours_in_words(person.shown_honours),
        "honour_count": person.honour_count,
        "award_count": person.award_count,
        "award_class": class_label(person.award_class),
        "treatment": file.get_treatment_level_display() if file else "",
        "basis": file.treatment_document.citation() if file and file.treatment_document else "",
        "work": Kind(person.work).label if person.work else "",
        "life": Kind(person.life).label if person.life else "",
        "file_status": FileStatus(person.file_status).label,
        "phone": "" if person.phone is None else str(person.phone),
        "doubtful": sum(1 for honour in person.shown_honours if not honour.scan_sha256),
    }
