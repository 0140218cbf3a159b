"""Filters of the lists: cleaned, described in words, and put back into an address."""

from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.urls import reverse_lazy

from apps.accounts.fields import UnionChoice
from apps.accounts.models import Union, User
from apps.core import text as typed
from apps.core.filters import FilterForm
from apps.people.forms.choices import UnitChoice
from apps.people.models import Unit
from apps.people.rules.identity import holds_number, is_credit_code, tells_number
from apps.people.rules.standing import WORK_KINDS, Kind, UnitNature
from apps.people.selectors.search import ALIVE, NO_UNIT, RETIRED, UNRECORDED, offered_units

MOST_UNITS = 200
"""More units than this are no list to choose from."""

NUMBER_IN_ADDRESS = (
    "证件号码、电话和银行账号不写进地址栏，这次没有搜索。请在搜索框里输入整个号码后按回车，"
    "或者只输入姓名、拼音首字母、末四位。"
)

NUMBER_OF_A_PERSON = (
    "证件号码和银行账号不写进地址栏，这次没有搜索。这里按单位名称和统一社会信用代码查找；"
    "要找人，请在“人员名册”里输入号码。"
)


class RegisterFilterForm(FilterForm):
    """Filters with a word to search by, which is never a whole number of somebody."""

    q = forms.CharField(max_length=60, required=False)

    def clean_q(self) -> str:
        words = typed.asked(self.cleaned_data["q"])
        if holds_number(words):
            raise forms.ValidationError(NUMBER_IN_ADDRESS, code="number")
        return words

    @property
    def holds_number(self) -> bool:
        """A whole number was put into the address by hand or by a browser without scripts."""
        return self.has_error("q", code="number")

    def hidden(self) -> list[tuple[str, str]]:
        """The filters as a form carries them on; none when one of them is wrong."""
        return [(name, str(self.data.get(name))) for name in self.values]

    @property
    def described(self) -> str:
        """The filters in words, for the record of an export."""
        return "，".join(
            f"{'搜索' if name == 'q' else self.fields[name].label} {self.shown(name)}" for name in self.values
        )


def choice_label(field: forms.Field, value: Any) -> str:
    """What a choice is called on the screen."""
    choices: dict[Any, Any] = dict(getattr(field, "choices", ()))
    return str(choices.get(value, value))


class PersonFilterForm(RegisterFilterForm):
    q = forms.CharField(
        label="姓名、拼音首字母、末四位、单位或完整号码",
        max_length=60,
        required=False,
        widget=forms.TextInput({"type": "search", "placeholder": "姓名、首字母、末四位"}),
    )
    union = UnionChoice(
        label="管理工会", queryset=Union.objects.none(), required=False, empty_label="全部工会"
    )
    unit = UnitChoice(label="单位", empty_label="全部单位")
    work = forms.ChoiceField(
        label="工作状态",
        required=False,
        choices=[
            ("", "工作状态"),
            (RETIRED, "离退休"),
            *((kind.value, kind.label) for kind in WORK_KINDS),
            (UNRECORDED, "未登记"),
        ],
    )
    life = forms.ChoiceField(
        label="生存与联系",
        required=False,
        choices=[
            ("", "生存与联系"),
            (ALIVE, "健在（含未登记）"),
            *((kind.value, kind.label) for kind in (Kind.DIED, Kind.EMIGRATED, Kind.MISSING)),
        ],
    )
    nature = forms.ChoiceField(
        label="单位性质",
        required=False,
        choices=[("", "单位性质"), *UnitNature.choices, (NO_UNIT, "无单位")],
    )
    number = forms.ChoiceField(
        label="证件号码",
        required=False,
        choices=[("", "证件号码"), ("yes", "有证件号码"), ("no", "无证件号码")],
    )
    account = forms.ChoiceField(
        label="银行账号",
        required=False,
        choices=[("", "银行账号"), ("yes", "有银行账号"), ("no", "无银行账号")],
    )

    def __init__(self, data: QueryDict, *, user: User) -> None:
        super().__init__(data)
        unions = cast(UnionChoice, self.fields["union"])
        unions.queryset = Union.objects.visible_to(user).in_tree_order()
        cast(UnitChoice, self.fields["unit"]).queryset = Unit.objects.visible_to(user)
        self.user = user

    @property
    def address_without_unit(self) -> str:
        return self.address(without=("unit",)) or "?"

    def unit_options(self) -> list[Unit]:
        """Units to choose from: those of the union that is chosen; none when there are too many."""
        union = self.values.get("union")
        found = offered_units(viewer=self.user, union_path=(union or self.user.union).path, most=MOST_UNITS)
        chosen = self.values.get("unit")
        return found if chosen is None or chosen in found else [*found, chosen]


class UnitFilterForm(RegisterFilterForm):
    q = forms.CharField(
        label="搜索",
        max_length=60,
        required=False,
        widget=forms.TextInput(
            {
                "type": "search",
                "placeholder": "单位名称、统一社会信用代码",
                "data-number-post": reverse_lazy("people:person_find"),
                "data-takes": "credit-code",
            }
        ),
    )
    union = UnionChoice(
        label="所属工会", queryset=Union.objects.none(), required=False, empty_label="全部工会"
    )
    nature = forms.ChoiceField(
        label="单位性质", required=False, choices=[("", "全部性质"), *UnitNature.choices]
    )
    state = forms.ChoiceField(
        label="状态", required=False, choices=[("", "全部状态"), ("active", "在用"), ("disabled", "停用")]
    )

    def __init__(self, data: QueryDict, *, user: User) -> None:
        super().__init__(data)
        cast(UnionChoice, self.fields["union"]).queryset = Union.objects.visible_to(user).in_tree_order()

    def clean_q(self) -> str:
        """A credit code belongs to a unit and may stand in an address; the number of a person may not."""
        words = typed.asked(self.cleaned_data["q"])
        if tells_number(words) and not is_credit_code(words):
            raise forms.ValidationError(NUMBER_OF_A_PERSON, code="number")
        return words
