"""How forms are drawn and what they share: the house's field layout, amounts, and the sentences of refusals."""

from decimal import Decimal
from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting
from django.utils.datastructures import MultiValueDict

from apps.core import text as typed
from apps.core.errors import Refused
from apps.core.money import format_yuan, parse_amount


class HouseFormRenderer(TemplatesSetting):
    """Forms and fields from templates/components/, widgets from Django; the admin keeps its own layout of both."""

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"


class AmountField(forms.CharField):
    """Yuan as people type it (436,500, ￥436500, 43.65万), cleaned to an exact Decimal; shown with separators."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.unit = "元"
        self.widget.attrs.update({"inputmode": "decimal", "class": "num"})

    def clean(self, value: Any) -> Decimal | None:
        text = super().clean(value)
        if not text.strip():
            return None
        try:
            return parse_amount(text, field=str(self.label))
        except Refused as refused:
            raise forms.ValidationError(refused.message) from refused

    def prepare_value(self, value: Any) -> Any:
        return format_yuan(value) if isinstance(value, Decimal) else value


def day(**kwargs: Any) -> forms.DateField:
    """A date with the browser's own calendar, in years of four digits."""
    return DayField(
        widget=forms.DateInput(attrs={"type": "date", "max": "9999-12-31"}, format="%Y-%m-%d"), **kwargs
    )


def add_refusal(form: forms.BaseForm, refused: Refused) -> None:
    """Put the sentence of a service's refusal beside the field it names, or above the form."""
    form.add_error(refused.field if refused.field in form.fields else None, refused.message)


_REQUIRED = "“{label}”没有填写。"
_INVALID: dict[type[forms.Field], str] = {
    forms.DecimalField: "“{label}”应填写数字，例如 1500 或 1500.50。",
    forms.IntegerField: "“{label}”应填写整数，例如 557。",  # after DecimalField, which is one in Django
    forms.DateTimeField: "“{label}”应填写日期和时间，例如 2016-01-31 09:30。",
    forms.DateField: "“{label}”应填写日期，例如 2016-01-31。",
    forms.FileField: "“{label}”没有收到文件，请重新选择。",
}
_LIMITS = {
    "min_value": "“{label}”不能小于 %(limit_value)s。",
    "max_value": "“{label}”不能大于 %(limit_value)s。",
    "min_length": "“{label}”至少 %(limit_value)s 个字，现在是 %(show_value)s 个字。",
    "max_length": "“{label}”最多 %(limit_value)s 个字，现在是 %(show_value)s 个字。",
    "max_digits": "“{label}”最多 %(max)s 位数字。",
    "max_decimal_places": "“{label}”最多 %(max)s 位小数。",
    "max_whole_digits": "“{label}”小数点前最多 %(max)s 位。",
    "invalid_choice": "“{label}”请从列表中选择。",
    "empty": "“{label}”是空的（0 字节），请重新选择。",
    "null_characters_not_allowed": "“{label}”含有看不见的控制字符，请删去后再试。",
}


class DayField(forms.DateField):
    """A day as people write it: 1958-03-04, 19580304, 1958年3月4日."""

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str) or not value.strip():
            return super().to_python(value)
        try:
            return typed.day(value, label=str(self.label))
        except Refused as refused:
            if refused.code == "month":
                raise forms.ValidationError(refused.message, code="month") from refused
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from refused


class HouseErrors:
    """Mixed into a form: every message of Django's own fields names the field and the rule.

    What was typed is freed of marks nobody sees before any field reads it, passwords excepted.
    """

    fields: dict[str, forms.Field]
    data: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.data = _seen(self.data, self.fields)
        self.phrase_errors()

    def phrase_errors(self) -> None:
        """Again after a form added fields of its own."""
        for name, field in self.fields.items():
            label = field.label or name
            messages = {"required": _REQUIRED, **_LIMITS}
            invalid = next((text for kind, text in _INVALID.items() if isinstance(field, kind)), None)
            if invalid:
                messages["invalid"] = invalid
            if isinstance(field, forms.CharField) and _refuse_broken not in field.validators:
                field.validators = [*field.validators, _refuse_broken]
            declared = _declared_messages(field)
            for code, text in messages.items():
                if code not in declared:
                    field.error_messages[code] = text.replace("{label}", str(label))


class HouseForm(HouseErrors, forms.Form):
    """A form of the site."""


def _refuse_broken(value: Any) -> None:
    if isinstance(value, str) and typed.is_broken(value):
        raise forms.ValidationError("", code="null_characters_not_allowed")


def _seen(data: Any, fields: dict[str, forms.Field]) -> Any:
    """The typed data without invisible marks; the same object where there are none."""
    if not isinstance(data, MultiValueDict):
        return data
    secret = {name for name, one in fields.items() if isinstance(one.widget, forms.PasswordInput)}
    clean = {
        name: [typed.visible(value) if isinstance(value, str) else value for value in values]
        for name, values in data.lists()
        if name not in secret
    }
    changed = {name: values for name, values in clean.items() if values != data.getlist(name)}
    if not changed:
        return data
    copy = data.copy()
    for name, values in changed.items():
        copy.setlist(name, values)
    return copy


def _declared_messages(field: forms.Field) -> set[str]:
    """Codes whose message was given where the field is declared: they differ from the defaults of its class."""
    defaults: dict[str, Any] = {}
    for kind in reversed(type(field).__mro__):
        defaults.update(getattr(kind, "default_error_messages", {}))
    return {
        code for code, text in field.error_messages.items() if code not in defaults or defaults[code] != text
    }
