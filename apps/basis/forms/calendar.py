"""What people type about days off."""

from django import forms

from apps.basis.rules.calendar import OFF, WORKED
from apps.core.forms import HouseForm, day


class YearForm(HouseForm):
    year = forms.IntegerField(label="年度", min_value=2008, max_value=2099)
    basis = forms.CharField(
        label="依据文件", max_length=60, help_text="放假通知的文号，如 国办发明电〔2015〕18号"
    )
    text = forms.CharField(
        label="放假与调休",
        widget=forms.Textarea({"rows": 16}),
        help_text="一行一项，写全一年：“2016-10-01至2016-10-07 放假 国庆节”“2016-10-08 上班 国庆节调休”。连休中的周末不用另写",
    )


class DayForm(HouseForm):
    day = day(label="日期")
    is_working = forms.TypedChoiceField(
        label="当天",
        choices=[("False", OFF), ("True", WORKED)],
        coerce=lambda value: value == "True",
        help_text="周一至周五只登记放假，周六、周日只登记上班",
    )
    note = forms.CharField(label="说明", max_length=60, help_text="如：国庆节、国庆节调休")
    basis = forms.CharField(label="依据文件", max_length=60, help_text="安排这一天的通知的文号")


class RemoveDayForm(HouseForm):
    reason = forms.CharField(label="理由", max_length=200, help_text="如更改放假安排的通知的文号")
