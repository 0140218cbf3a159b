"""Movements after 批复, as typed: transfer, addition, cut, and a new item with its money."""

from typing import Any, cast

from django import forms

from apps.budget.models import ClassificationCode, FundingSource, Item, ItemGroup
from apps.budget.selectors.adjustments import AdjustmentSheet
from apps.core import money
from apps.core.forms import AmountField


class _ItemChoice(forms.ModelChoiceField):
    """An item by its title, with what it has now."""

    def __init__(self, sheet: AdjustmentSheet, **kwargs: Any) -> None:
        self.labels = {
            row.item.pk: f"{row.title}（现 {money.format_yuan(row.adjusted)} 元）" for row in sheet.items
        }
        items = Item.objects.filter(edition=sheet.edition)
        ordered = items.order_by("group__ordinal", "group__code", "ordinal", "id")
        super().__init__(queryset=ordered, empty_label="请选择", **kwargs)

    def label_from_instance(self, obj: Item) -> str:
        return self.labels.get(obj.pk, obj.name)


class _MovementForm(forms.Form):
    amount = AmountField(label="金额", help_text="大于 0，可写 10万")
    reason = forms.CharField(
        label="理由",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="必填，不超过 300 字",
    )


class TransferForm(_MovementForm):
    def __init__(self, *args: Any, sheet: AdjustmentSheet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["from_item"] = _ItemChoice(sheet, label="调出项目")
        self.fields["to_item"] = _ItemChoice(sheet, label="调入项目")
        self.order_fields(("from_item", "to_item", "amount", "reason"))


class AdditionForm(_MovementForm):
    def __init__(self, *args: Any, sheet: AdjustmentSheet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item"] = _ItemChoice(sheet, label="项目")
        self.order_fields(("item", "amount", "reason"))


class CutForm(AdditionForm):
    pass


class NewItemForm(_MovementForm):
    """A new item within the year. Documents and indicators are added on its own page."""

    name = forms.CharField(label="项目名称", max_length=120, help_text="可写 {年度}、{上年}")
    group = forms.ModelChoiceField(label="项目分组", queryset=ItemGroup.objects.none(), empty_label="请选择")
    funding_source = forms.ModelChoiceField(
        label="资金来源", queryset=FundingSource.objects.none(), required=False, empty_label="未选"
    )
    function_code = forms.ModelChoiceField(
        label="功能分类", queryset=ClassificationCode.objects.none(), required=False, empty_label="未选"
    )
    department_economic_code = forms.ModelChoiceField(
        label="部门经济分类", queryset=ClassificationCode.objects.none(), required=False, empty_label="未选"
    )
    purpose = forms.CharField(
        label="说明",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="数字只写占位符，如 {金额}、{万元}、{依据}",
    )

    def __init__(self, *args: Any, sheet: AdjustmentSheet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = ClassificationCode.objects.of_year(sheet.edition.plan.year).order_by("code")
        for name, rows in (
            ("group", ItemGroup.objects.of_book(sheet.edition.plan.book)),
            ("funding_source", FundingSource.objects.active()),
            ("function_code", codes.filter(kind="function")),
            ("department_economic_code", codes.filter(kind="department_economic")),
        ):
            cast(forms.ModelChoiceField, self.fields[name]).queryset = rows
        self.order_fields(
            (
                "name",
                "group",
                "funding_source",
                "function_code",
                "department_economic_code",
                "purpose",
                "amount",
                "reason",
            )
        )

    @property
    def values(self) -> dict[str, Any]:
        """What describes the item itself, for the service."""
        return {name: value for name, value in self.cleaned_data.items() if name not in ("amount", "reason")}


FORMS: dict[str, type[_MovementForm]] = {
    "transfer": TransferForm,
    "addition": AdditionForm,
    "cut": CutForm,
    "new": NewItemForm,
}
