"""Recording what became of a person, moving and voiding: what people type, cleaned."""

from typing import Any, cast

from django import forms

from apps.accounts.fields import UnionChoice
from apps.accounts.models import Union
from apps.core.forms import HouseForm, day
from apps.people.rules.standing import LIFE_KINDS, WORK_KINDS, Track


def _document(*, required: bool) -> forms.CharField:
    return forms.CharField(
        label="证明材料",
        max_length=200,
        required=required,
        help_text="文号或证明的名称，如 退休证、死亡医学证明"
        if not required
        else "文号、介绍信或移交清单的名称",
    )


def _note() -> forms.CharField:
    return forms.CharField(label="说明", max_length=200, required=False)


class StandingForm(HouseForm):
    """Work and life; whether a paper is needed for the kind is the rule's answer."""

    kind = forms.ChoiceField(
        label="情况",
        choices=[
            ("", "请选择"),
            (Track.WORK.label, [(kind.value, kind.label) for kind in WORK_KINDS]),
            (Track.LIFE.label, [(kind.value, kind.label) for kind in LIFE_KINDS]),
        ],
    )
    effective_on = day(label="生效日期", help_text="从这一天起；退休等工作状态可提前登记，最多一年")
    document = _document(required=False)
    note = _note()


class MoveForm(HouseForm):
    to_union = UnionChoice(
        label="转入工会",
        queryset=Union.objects.none(),
        help_text="转走以后由对方管理，单位由对方重新登记；不在您管理范围内的，您将看不到这个人。",
    )
    effective_on = day(label="生效日期", help_text="不能晚于今天")
    document = _document(required=True)
    note = _note()

    def __init__(self, *args: Any, leaving: Union, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unions = Union.objects.in_use().exclude(pk=leaving.pk).in_tree_order()
        cast(UnionChoice, self.fields["to_union"]).queryset = unions


class ProofForm(HouseForm):
    document = forms.CharField(
        label="证明材料", max_length=200, help_text="文号或证明的名称，如 退休证、退休审批表"
    )


class VoidForm(HouseForm):
    reason = forms.CharField(
        label="作废理由", max_length=200, help_text="原记录保留，注明作废人、时间和理由。"
    )


class PhotoForm(HouseForm):
    photo = forms.FileField(
        label="照片",
        help_text="二寸证件照，JPG 或 PNG，不超过 5 MB；拍摄地点等附加信息会去掉。",
        widget=forms.FileInput({"accept": "image/jpeg,image/png"}),
    )
