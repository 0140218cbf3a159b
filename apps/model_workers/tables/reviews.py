"""The task list of reviews, and the honours nobody has seen a certificate of."""

from datetime import date
from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.tables import HouseTable
from apps.core.templatetags.components import badge
from apps.model_workers.models import Review

_TONES = {"confirmed": "green", "changed": "blue", "doubtful": "amber"}


def _dialog_button(url: str, label: str, about: str) -> SafeString:
    return format_html(
        '<a class="button button--small" href="{0}" role="button" hx-get="{0}" hx-target="#dialog-body"'
        ' aria-label="{2}：{1}">{1}</a>',
        url,
        label,
        about,
    )


class ReviewTable(HouseTable):
    label = "复核"
    empty_title = "没有符合条件的复核"

    name = tables.Column("姓名", accessor="person__name", attrs={"td": {"class": "nowrap"}})
    union = tables.Column("管理工会", accessor="person__union__short_name", attrs={"td": {"class": "nowrap"}})
    unit = tables.Column("单位", accessor="person__unit__name")
    year = tables.Column("年度", attrs={"td": {"class": "tight"}})
    due_on = tables.DateColumn(format="Y-m-d", verbose_name="办结期限", attrs={"td": {"class": "nowrap"}})
    outcome = tables.Column("结果", empty_values=(), attrs={"td": {"class": "nowrap"}})
    note = tables.Column("说明")
    done_by = tables.Column("复核人", attrs={"td": {"class": "nowrap"}})
    enter = tables.Column("", empty_values=(), attrs={"td": {"class": "tight"}})

    class Meta(HouseTable.Meta):
        orderable = False

    def __init__(self, reviews: Any, *, may_edit: bool, today: date) -> None:
        self.today = today
        super().__init__(reviews, exclude=() if may_edit else ("enter",))

    def render_name(self, value: str, record: Review) -> SafeString:
        url = reverse("model_workers:worker_detail", args=[record.person.public_id])
        return format_html('<a class="quiet" href="{}">{}</a>', url, value)

    def render_outcome(self, record: Review) -> SafeString:
        if record.outcome:
            return badge(record.get_outcome_display(), _TONES[record.outcome])
        return badge("逾期未办", "red") if record.due_on < self.today else badge("未办", "grey")

    def render_done_by(self, value: Any, record: Review) -> SafeString | str:
        if record.done_at is None:
            return str(value)
        return format_html('{}<span class="row-note">{}</span>', value, f"{record.done_at:%Y-%m-%d}")

    def render_enter(self, record: Review) -> SafeString:
        url = reverse("model_workers:review_enter", args=[record.year, record.person.public_id])
        return _dialog_button(url, "改结果" if record.outcome else "填结果", record.person.name)


class DoubtTable(HouseTable):
    """One line an honour: what is missing is its certificate."""

    label = "存疑荣誉"
    empty_title = "没有存疑的荣誉"
    empty_hint = "每一项荣誉都有证书扫描件。"

    name = tables.Column("姓名", accessor="person__name", attrs={"td": {"class": "nowrap"}})
    union = tables.Column("管理工会", accessor="person__union__short_name", attrs={"td": {"class": "nowrap"}})
    unit = tables.Column("单位", accessor="person__unit__name")
    title = tables.Column("荣誉", accessor="title__name")
    awarded_on = tables.DateColumn(format="Y-m-d", verbose_name="表彰日期", attrs={"td": {"class": "nowrap"}})
    awarding_body = tables.Column("表彰机关")
    document_number = tables.Column("表彰文号")
    certificate_number = tables.Column("证书编号", attrs={"td": {"class": "nowrap"}})
    # Not named after the field: a column reads what it is named after, and the bytes stay where they are.
    attach = tables.Column("", empty_values=(), attrs={"td": {"class": "tight"}})

    class Meta(HouseTable.Meta):
        orderable = False

    def __init__(self, honours: Any, *, may_edit: bool) -> None:
        super().__init__(honours, exclude=() if may_edit else ("attach",))

    def render_name(self, value: str, record: Any) -> SafeString:
        url = reverse("model_workers:worker_detail", args=[record.person.public_id])
        return format_html('<a class="quiet" href="{}">{}</a>', url, value)

    def render_attach(self, record: Any) -> SafeString:
        url = reverse("model_workers:honour_scan", args=[record.public_id])
        return _dialog_button(url, "补扫描件", record.person.name)
