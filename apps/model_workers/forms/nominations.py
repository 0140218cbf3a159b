"""Proposing somebody for an honour, and what each step asks for."""

from typing import Any, cast

from django import forms

from apps.accounts.fields import UnionChoice
from apps.accounts.models import Union
from apps.core.forms import HouseForm, day
from apps.core.workflow import Step
from apps.model_workers.forms.choices import TitleChoice, text
from apps.model_workers.forms.honours import AwardFactsForm
from apps.model_workers.models import HonourTitle
from apps.model_workers.rules.nominations import NOTICE_WORKING_DAYS
from apps.people.models import Person


class NominationForm(HouseForm):
    title = TitleChoice(
        label="拟授荣誉", queryset=HonourTitle.objects.filter(is_active=True), empty_label="请选择"
    )
    year = forms.IntegerField(label="评选年度", min_value=1950, max_value=2200)
    recommended_by = UnionChoice(label="推荐工会", queryset=Union.objects.none(), empty_label="请选择")
    merits = text(
        8, label="主要事迹", max_length=2000, help_text="不超过 2000 字，原样印在推荐审批表上；不写证件号码。"
    )

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = person.union.path.rstrip("/").split("/")
        paths = ["/".join(codes[: end + 1]) + "/" for end in range(len(codes))]
        cast(UnionChoice, self.fields["recommended_by"]).queryset = Union.objects.filter(
            path__in=paths
        ).order_by("path")


class StepForm(HouseForm):
    """The opinion; without one the step itself says enough, unless the table asks for it."""

    note = text(label="意见", max_length=500, required=False)

    def __init__(self, *args: Any, step: Step, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].required = step.needs_note


class ConsultForm(StepForm):
    note = text(label="征求意见结果", max_length=500, help_text="向哪些单位征求了意见、各是什么结果。")


class NoticeForm(StepForm):
    notice_place = forms.CharField(label="公示地点或网址", max_length=200)
    notice_from = day(label="公示开始")
    notice_until = day(label="公示结束", help_text=f"不少于 {NOTICE_WORKING_DAYS} 个工作日，首尾两天都算。")
    field_order = ("notice_place", "notice_from", "notice_until", "note")


class ApproveForm(AwardFactsForm):
    """The approval with the facts of the honour it makes."""

    minutes_number = forms.CharField(label="会议纪要文号", max_length=60)
    opinion = text(2, label="意见", max_length=500, required=False)
    field_order = ("minutes_number", "opinion")

    def __init__(self, *args: Any, step: Step, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.step = step


class ObjectionsForm(HouseForm):
    objections = text(
        label="公示反映",
        max_length=500,
        help_text="收到哪些反映、怎样核查、结论是什么；没有的写“公示期间没有收到反映”。",
    )
