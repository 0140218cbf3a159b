"""A unit as staff type it; what its code and nature need is the rule's answer."""

from collections.abc import Mapping
from typing import Any, cast

from django import forms

from apps.accounts.fields import UnionChoice
from apps.accounts.models import Union, User
from apps.core.forms import HouseForm, day
from apps.people.models import Unit
from apps.people.rules.standing import UnitNature
from apps.people.services.units import UnitDraft

_FIELDS = ("name", "nature", "credit_code", "credit_code_note", "nature_since", "nature_document")


class UnitForm(HouseForm):
    union = UnionChoice(label="所属工会", queryset=Union.objects.none(), help_text="建立后不能改")
    name = forms.CharField(label="单位名称", max_length=100, help_text="与公章一致的全称")
    credit_code = forms.CharField(
        label="统一社会信用代码",
        max_length=40,
        required=False,
        help_text="18 位（GB 32100），没有的留空",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )
    credit_code_note = forms.CharField(
        label="代码核实说明",
        max_length=200,
        required=False,
        help_text="校验码不对、但与证书一致时填写，例如“2015-06-01 核对证书原件”",
    )
    nature = forms.ChoiceField(label="单位性质", choices=[("", "请选择"), *UnitNature.choices])
    nature_since = day(label="性质起始日期", required=False, help_text="破产或撤销的日期；一直如此的留空")
    nature_document = forms.CharField(
        label="性质变更依据", max_length=200, required=False, help_text="破产或撤销的裁定、批复"
    )
    is_active = forms.BooleanField(
        label="在用", required=False, help_text="停用后，在册人员不变，登记人员时不能再选"
    )

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, user: User, unit: Unit | None = None
    ) -> None:
        initial: dict[str, Any] = {"union": user.union_id}
        if unit is not None:
            initial = {name: getattr(unit, name) for name in (*_FIELDS, "is_active")}
        super().__init__(data, initial=initial)
        if unit is None:
            del self.fields["is_active"]
            cast(UnionChoice, self.fields["union"]).queryset = (
                Union.objects.visible_to(user).in_use().in_tree_order()
            )
        else:
            del self.fields["union"]

    @property
    def draft(self) -> UnitDraft:
        return UnitDraft(**{name: self.cleaned_data[name] for name in _FIELDS})
