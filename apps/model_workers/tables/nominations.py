"""The list of nominations."""

import django_tables2 as tables

from apps.core.tables import BadgeColumn, HouseTable, NameColumn
from apps.model_workers.rules.nominations import TONES


class NominationTable(HouseTable):
    label = "推荐评选"
    empty_title = "没有符合条件的推荐"
    empty_hint = "换一个词，或放宽条件再看。"

    person = NameColumn(
        verbose_name="姓名",
        accessor="person__name",
        linkify=("model_workers:nomination_detail", {"public_id": tables.A("public_id")}),
        note="person__unit__name",
    )
    title = tables.Column("拟授荣誉", accessor="title__name")
    year = tables.Column("年度", attrs={"td": {"class": "tight"}})
    union = tables.Column("管理工会", accessor="union__short_name", attrs={"td": {"class": "nowrap"}})
    status = BadgeColumn(verbose_name="状态", tones=TONES)

    class Meta(HouseTable.Meta):
        orderable = False
