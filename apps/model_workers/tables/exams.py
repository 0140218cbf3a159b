"""Exams and their rosters: on screen and as a spreadsheet."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import django_tables2 as tables
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.sheets import Column, Sheet, write_sheets
from apps.core.tables import CountColumn, HouseTable, NameColumn
from apps.core.templatetags.components import badge
from apps.model_workers.models import Exam, ExamInvitation, Hospital
from apps.model_workers.selectors.exams import ExamCounts
from apps.model_workers.selectors.settled_exams import Told

_DAY = {"td": {"class": "nowrap"}}


class ExamTable(HouseTable):
    """The exams of all years; `counts` by the key of the exam."""

    label = "体检"

    name = NameColumn(
        verbose_name="体检", empty_values=(), linkify=("model_workers:exam_detail", {"pk": tables.A("pk")})
    )
    union = tables.Column("工会", accessor="union__short_name", attrs=_DAY)
    snapshot_on = tables.DateColumn(format="Y-m-d", verbose_name="名册日期", attrs=_DAY)
    days = tables.Column("体检时间", empty_values=(), attrs=_DAY)
    invited = CountColumn(verbose_name="名册人数", empty_values=())
    attended = CountColumn(verbose_name="到检", empty_values=())
    absent = CountColumn(verbose_name="未检", empty_values=())
    pending = CountColumn(verbose_name="未登记", empty_values=())
    state = tables.Column("状态", empty_values=(), attrs={"td": {"class": "tight"}})

    class Meta(HouseTable.Meta):
        orderable = False

    def __init__(self, exams: QuerySet[Exam], *, counts: Mapping[int, ExamCounts]) -> None:
        super().__init__(exams)
        self.counts = counts

    def render_name(self, record: Exam) -> str:
        return f"{record.year}年体检"

    def render_days(self, record: Exam) -> str:
        return f"{record.starts_on:%Y-%m-%d} 至 {record.ends_on:%Y-%m-%d}"

    def _count(self, exam: Exam) -> ExamCounts:
        return self.counts.get(exam.pk, ExamCounts())

    def render_invited(self, record: Exam) -> str:
        return f"{self._count(record).invited:,}"

    def render_attended(self, record: Exam) -> str:
        return f"{self._count(record).attended:,}"

    def render_absent(self, record: Exam) -> str:
        return f"{self._count(record).absent:,}"

    def render_pending(self, record: Exam) -> str:
        return f"{self._count(record).pending:,}"

    def render_state(self, record: Exam) -> SafeString:
        return badge(record.get_status_display(), record.tone)


class RosterTable(HouseTable):
    """The roster of one exam. Telephone numbers print as their masks."""

    label = "体检名册"

    slip_number = tables.Column("单号", attrs={"td": {"class": "num tight"}, "th": {"class": "num"}})
    name = tables.Column("姓名", accessor="person__name", attrs=_DAY)
    sex = tables.Column("性别", accessor="person__get_sex_display", attrs={"td": {"class": "tight"}})
    unit = tables.Column("单位", accessor="person__unit__name")
    union = tables.Column("管理工会", accessor="person__union__short_name", attrs=_DAY)
    phone = tables.Column("联系电话", accessor="person__phone", attrs=_DAY)
    hospital = tables.Column("医院", accessor="hospital__name")
    outcome = tables.Column("到检", empty_values=(), attrs=_DAY)
    act = tables.Column("", empty_values=(), attrs={"td": {"class": "tight"}, "th": {"class": "tight"}})

    class Meta(HouseTable.Meta):
        orderable = False

    def __init__(self, rows: QuerySet[ExamInvitation], *, exam: Exam, may_record: bool) -> None:
        super().__init__(rows, exclude=() if may_record else ("act",))
        self.exam = exam

    def render_name(self, value: str, record: ExamInvitation) -> SafeString:
        return format_html(
            '<a class="quiet" href="{}">{}</a>',
            reverse("model_workers:worker_detail", args=[record.person.public_id]),
            value,
        )

    def render_phone(self, value: object) -> str:
        return str(value)

    def render_outcome(self, record: ExamInvitation) -> SafeString | str:
        if record.attended_on is not None:
            return format_html("{} {}", badge("到检", "green"), f"{record.attended_on:%Y-%m-%d}")
        return badge(record.get_absence_display(), "grey") if record.absence else "—"

    def render_act(self, record: ExamInvitation) -> SafeString:
        url = reverse("model_workers:invitation_edit", args=[self.exam.pk, record.slip_number])
        return format_html(
            '<a class="button button--small" href="{0}" role="button" hx-get="{0}" hx-target="#dialog-body" '
            'aria-label="登记 {1}号{2}">登记</a>',
            url,
            record.slip_number,
            record.person.name,
        )


class HospitalTable(HouseTable):
    label = "体检医院"
    empty_title = "还没有登记医院"
    empty_hint = "登记以后，才能给名册上的人安排医院。"

    name = tables.Column("医院", attrs={"td": {"class": "name"}})
    address = tables.Column("地址")
    phone = tables.Column("预约电话", attrs=_DAY)
    is_active = tables.Column("状态", attrs={"td": {"class": "tight"}})
    act = tables.Column("", empty_values=(), attrs={"td": {"class": "tight"}})

    class Meta(HouseTable.Meta):
        orderable = False

    def __init__(self, hospitals: QuerySet[Hospital], *, may_edit: bool) -> None:
        super().__init__(hospitals, exclude=() if may_edit else ("act",))

    def render_is_active(self, value: bool) -> SafeString:
        return badge("在用", "green") if value else badge("停用", "grey")

    def render_act(self, record: Hospital) -> SafeString:
        url = reverse("model_workers:hospital_edit", args=[record.pk])
        return format_html(
            '<a class="button button--small" href="{0}" role="button" hx-get="{0}" hx-target="#dialog-body" '
            'aria-label="修改 {1}">修改</a>',
            url,
            record.name,
        )


# --- going out ---------------------------------------------------------------------------------------------

_EXPORTED = (
    Column("通知单号", "number", "count", width=10),
    Column("姓名", "name", width=12),
    Column("性别", "sex", width=6),
    Column("出生日期", "birth_on", "date"),
    Column("证件号码", "id_number", "identifier"),
    Column("联系电话", "phone", "identifier", width=16),
    Column("单位", "unit", width=32),
    Column("管理工会", "union", width=24),
    Column("体检医院", "hospital", width=24),
    Column("到检日期", "attended_on", "date"),
    Column("未检原因", "absence", width=18),
)


def roster_workbook(
    rows: Sequence[tuple[ExamInvitation, Told]], *, title: str, created: datetime
) -> tuple[bytes, int]:
    """The rows as xlsx, numbers as their masks, and how many rows they were."""
    exported = [_exported(row, told) for row, told in rows]
    sheet = Sheet(name="体检名册", columns=_EXPORTED, rows=exported, title=title)
    return write_sheets([sheet], created=created, constant_memory=True), len(exported)


def _exported(row: Any, told: Told) -> dict[str, object]:
    person = row.person
    return {
        "number": row.slip_number,
        "name": told.name,
        "sex": told.sex,
        "birth_on": date.fromisoformat(told.birth_on) if told.birth_on else None,
        "id_number": "" if person.id_number is None else str(person.id_number),
        "phone": "" if person.phone is None else str(person.phone),
        "unit": told.unit,
        "union": told.union,
        "hospital": told.hospital,
        "attended_on": row.attended_on,
        "absence": row.get_absence_display(),
    }
