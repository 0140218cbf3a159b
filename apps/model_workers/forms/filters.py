"""Filters of the lists of model workers; all of them stand in the address."""

from typing import Any, cast

from django import forms
from django.http import QueryDict

from apps.accounts.fields import UnionChoice
from apps.accounts.models import Union, User
from apps.core import text as typed
from apps.core.filters import FilterForm
from apps.core.forms import day
from apps.model_workers.rules.files import FileStatus, is_file_number
from apps.model_workers.rules.honours import AwardClass, Category, Level
from apps.model_workers.rules.nominations import NominationStatus
from apps.model_workers.selectors.workers import (
    FIGURES,
    NO_PROOF,
    NO_SCAN,
    NO_UNIT,
    NOBODY,
    NOT_COUNTED,
    PRESENT,
    RETIRED,
    UNPROVEN,
    UNRECORDED,
    keepers,
)
from apps.people.rules.identity import holds_number
from apps.people.rules.standing import LIFE_KINDS, WORK_KINDS, Kind, UnitNature

NUMBER_IN_ADDRESS = "证件号码、电话和银行账号不写进地址栏，这次没有搜索。请在“人员名册”里按完整号码查找。"


def _choice(label: str, choices: Any) -> forms.ChoiceField:
    """A choice whose empty entry says what it filters."""
    return forms.ChoiceField(label=label, required=False, choices=[("", label), *choices])


class WordsFilterForm(FilterForm):
    """Words to search by, among them no whole number of somebody."""

    q = forms.CharField(label="搜索", max_length=60, required=False)

    def clean_q(self) -> str:
        words = typed.asked(self.cleaned_data["q"])
        if holds_number(words) and not is_file_number(words):
            raise forms.ValidationError(NUMBER_IN_ADDRESS, code="number")
        return words

    @property
    def holds_number(self) -> bool:
        """A whole number was put into the address."""
        return self.has_error("q", code="number")


class ScopedFilterForm(WordsFilterForm):
    """Words and a union in reach."""

    union = UnionChoice(
        label="管理工会", queryset=Union.objects.none(), required=False, empty_label="全部工会"
    )

    def __init__(self, data: QueryDict, *, user: User) -> None:
        super().__init__(data)
        cast(UnionChoice, self.fields["union"]).queryset = Union.objects.visible_to(user).in_tree_order()


class WorkerFilterForm(ScopedFilterForm):
    as_of = day(label="截至日期", required=False)
    level = _choice("荣誉级别", Level.choices)
    category = _choice("荣誉类别", Category.choices)
    work = _choice(
        "工作状态",
        [(RETIRED, "离退休"), *((kind.value, kind.label) for kind in WORK_KINDS), (UNRECORDED, "未登记")],
    )
    life = _choice(
        "生存与联系",
        [
            (PRESENT, "健在（含未登记）"),
            *((kind.value, kind.label) for kind in LIFE_KINDS if kind is not Kind.PRESENT),
        ],
    )
    file = _choice("档案状态", FileStatus.choices)
    nature = _choice("单位性质", [*UnitNature.choices, (NO_UNIT, "无单位")])
    managed = _choice("归口管理单位", [])
    doubt = _choice(
        "存疑",
        [
            (NO_SCAN, "没有证书扫描件"),
            (NO_PROOF, "扫描件、证书编号都没有"),
            (UNPROVEN, "离退休没有证明材料"),
        ],
    )
    born = _choice("出生月份", [(str(month), f"{month}月") for month in range(1, 13)])
    figure = forms.ChoiceField(label="预算数", required=False, choices=[("", ""), *FIGURES.items()])

    def __init__(self, data: QueryDict, *, user: User) -> None:
        super().__init__(data, user=user)
        classes = [(str(value), label) for value, label in AwardClass.choices]
        chosen = _choice("档次", [*classes, (NOT_COUNTED, "没有计入的荣誉")])
        chosen.error_messages["invalid_choice"] = "“档次”请从列表中选择。"
        self.fields["class"] = chosen  # a word of the language, so it cannot stand among the fields above
        managed = cast(forms.ChoiceField, self.fields["managed"])
        managed.choices = [
            ("", "归口管理单位"),
            *((name, name) for name in keepers(user)),
            (NOBODY, "没有填写"),
        ]

    @property
    def choices(self) -> list[Any]:
        """The fields that are chosen from a list, in the order of the toolbar."""
        names = ("level", "category", "class", "work", "life", "file", "nature", "managed", "doubt", "born")
        return [self[name] for name in names]

    @property
    def continued(self) -> str:
        """The filters as more of an address that has begun."""
        return self.address().replace("?", "&", 1)

    @property
    def extra(self) -> list[str]:
        """Filters that narrow a figure further than the budget counted it."""
        behind = {"figure", "class", "as_of", "union"}
        return [name for name in self.values if name not in behind]


class ReviewFilterForm(ScopedFilterForm):
    year = forms.IntegerField(label="复核年度", required=False, min_value=1950, max_value=2200)
    state = _choice("进度", [("open", "未办"), ("overdue", "逾期未办"), ("done", "已办")])
    outcome = _choice("结果", [])

    def __init__(self, data: QueryDict, *, user: User, outcomes: Any) -> None:
        super().__init__(data, user=user)
        cast(forms.ChoiceField, self.fields["outcome"]).choices = [("", "结果"), *outcomes]


class NominationFilterForm(ScopedFilterForm):
    year = forms.IntegerField(label="评选年度", required=False, min_value=1950, max_value=2200)
    status = _choice("状态", NominationStatus.choices)
