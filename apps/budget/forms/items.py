"""The details of an item: its fields, the documents it rests on, its performance indicators."""

from decimal import Decimal
from typing import Any

from django import forms

from apps.budget.models import ClassificationCode, FundingSource, Indicator, Item, ItemGroup, PolicyDocument
from apps.budget.rules.wording import ITEM_PLACEHOLDERS
from apps.core.forms import AmountField, HouseForm


class ItemForm(HouseForm):
    """All of an item except its calculation, which is entered in the grid."""

    name = forms.CharField(
        label="项目名称", max_length=120, help_text="可写 {年度}、{上年}，如 {年度}年劳模体检费"
    )
    group = forms.ModelChoiceField(label="项目分组", queryset=ItemGroup.objects.none(), empty_label="请选择")
    counted_as = forms.CharField(
        label="计数对象", max_length=60, required=False, help_text="分档测算时整体的名称，如 离退休市级劳模"
    )
    function_code = forms.ModelChoiceField(
        label="功能分类", queryset=ClassificationCode.objects.none(), required=False, empty_label="未选"
    )
    department_economic_code = forms.ModelChoiceField(
        label="部门经济分类", queryset=ClassificationCode.objects.none(), required=False, empty_label="未选"
    )
    government_economic_code = forms.ModelChoiceField(
        label="政府经济分类", queryset=ClassificationCode.objects.none(), required=False, empty_label="未选"
    )
    funding_source = forms.ModelChoiceField(
        label="资金来源", queryset=FundingSource.objects.none(), required=False, empty_label="未选"
    )
    prior_amount = AmountField(
        label="上年预算数",
        required=False,
        help_text="上年没有安排的新项目填 0，增减率写“新增”；空着表示没有登记，不作增减比较",
    )
    control_amount = AmountField(label="控制数", required=False, help_text="财政在“一下”时下达的控制数")
    is_three_public = forms.BooleanField(label="三公经费", required=False)
    is_procurement = forms.BooleanField(label="政府采购", required=False)
    is_paid_to_persons = forms.BooleanField(label="补贴到人", required=False)
    is_union_dues = forms.BooleanField(label="工会经费", required=False)
    purpose = forms.CharField(
        label="说明",
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="数字只写占位符："
        + "；".join(f"{{{name}}} {meaning}" for name, meaning in ITEM_PLACEHOLDERS.items()),
    )
    change_reason = forms.CharField(
        label="增减原因", max_length=300, required=False, help_text="比上年有增减时必写，印在增减变化说明里"
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, year: int, book: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].queryset = ItemGroup.objects.of_book(book)
        self.fields["funding_source"].queryset = FundingSource.objects.active()
        codes = ClassificationCode.objects.of_year(year)
        for name in ("function", "department_economic", "government_economic"):
            field = self.fields["function_code" if name == "function" else f"{name}_code"]
            field.queryset = codes.filter(kind=name).order_by("code")
        # 政府预算支出经济分类 begins in 2018: a year without codes has nothing to choose.
        if not self.fields["government_economic_code"].queryset.exists():
            del self.fields["government_economic_code"]

    @property
    def values(self) -> dict[str, Any]:
        """What the service takes: the cleaned values without the version the person had seen."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}

    @staticmethod
    def initial_of(item: Item) -> dict[str, Any]:
        names = [name for name in ItemForm.base_fields if name != "version"]
        return {name: getattr(item, name) for name in names} | {"version": item.version}


class CitationForm(HouseForm):
    document = forms.ModelChoiceField(
        label="依据文件", queryset=PolicyDocument.objects.current(), required=False, empty_label="请选择"
    )
    article = forms.CharField(label="条款", max_length=40, required=False)


class _OrderedFormSet(forms.BaseFormSet):
    """Rows in the order of the page; empty and deleted rows do not count."""

    key = ""

    def add_fields(self, form: forms.Form, index: int | None) -> None:
        """The head of the table names the column for the eye; each field says its column and row itself."""
        super().add_fields(form, index)
        for field in form.fields.values():
            field.widget.attrs["aria-label"] = f"第{(index or 0) + 1}行{field.label}"

    def rows(self) -> list[dict[str, Any]]:
        return [
            form.cleaned_data
            for form in self.forms
            if form.cleaned_data and form.cleaned_data.get(self.key) and not form.cleaned_data.get("DELETE")
        ]


class BaseCitationFormSet(_OrderedFormSet):
    key = "document"

    def citations(self) -> list[tuple[int, str]]:
        return [(row["document"].pk, row["article"]) for row in self.rows()]


class IndicatorForm(HouseForm):
    level = forms.ChoiceField(
        label="一级指标", choices=[("", "请选择"), *Indicator.Level.choices], required=False
    )
    second_level = forms.CharField(label="二级指标", max_length=30, required=False)
    name = forms.CharField(label="三级指标", max_length=60, required=False)
    direction = forms.ChoiceField(label="方向", choices=Indicator.Direction.choices, required=False)
    target = forms.CharField(label="目标值", max_length=40, required=False)
    unit = forms.CharField(label="单位", max_length=12, required=False)
    weight = forms.DecimalField(
        label="权重", max_digits=5, decimal_places=2, min_value=Decimal("0.01"), max_value=100, required=False
    )
    data_source = forms.CharField(label="数据来源", max_length=60, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        filled = any(
            data.get(name) for name in ("level", "second_level", "name", "target", "unit", "data_source")
        )
        if filled and not data.get("DELETE"):
            for name in ("level", "second_level", "name", "target"):
                if not data.get(name):
                    self.add_error(name, f"请填写“{self.fields[name].label}”。")
        return data


class BaseIndicatorFormSet(_OrderedFormSet):
    key = "name"

    def indicators(self) -> list[dict[str, Any]]:
        names = ("level", "second_level", "name", "direction", "target", "unit", "weight", "data_source")
        return [{name: row[name] for name in names} for row in self.rows()]


CitationFormSet = forms.formset_factory(
    CitationForm, formset=BaseCitationFormSet, extra=2, max_num=20, validate_max=True, can_delete=True
)
IndicatorFormSet = forms.formset_factory(
    IndicatorForm, formset=BaseIndicatorFormSet, extra=3, max_num=30, validate_max=True, can_delete=True
)
