"""Allowance runs: what people type, cleaned."""

from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.urls import reverse_lazy
from django.utils import timezone

from apps.accounts.fields import UnionChoice
from apps.accounts.models import Union, User
from apps.core.filters import FilterForm
from apps.core.forms import HouseForm, day
from apps.model_workers.forms.choices import text
from apps.model_workers.forms.filters import WordsFilterForm
from apps.model_workers.models import AllowanceRun
from apps.model_workers.rules.allowances import RunStatus
from apps.model_workers.rules.honours import AwardClass


class RunForm(HouseForm):
    """Which year, counted on which day; whether it may be is the service's answer."""

    union = UnionChoice(
        label="工会", queryset=Union.objects.none(), empty_label=None, help_text="连同所属工会的劳模一起计数"
    )
    year = forms.IntegerField(label="年度", help_text="发放的年度，如 2016")
    snapshot_on = day(
        label="快照日", help_text="按这一天的登记计数；可以是本年度或上一年度的一天，不晚于今天"
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unions = Union.objects.visible_to(user).in_use().exclude(kind=Union.Kind.GRASSROOTS)
        cast(UnionChoice, self.fields["union"]).queryset = unions.in_tree_order()
        today = timezone.localdate()
        self.fields["union"].initial = user.union_id
        self.fields["year"].initial = today.year
        self.fields["snapshot_on"].initial = today


class RunFilterForm(FilterForm):
    year = forms.IntegerField(label="年度", required=False, min_value=2000, max_value=2100)
    status = forms.ChoiceField(label="状态", required=False, choices=[("", "全部状态"), *RunStatus.choices])


class LineFilterForm(WordsFilterForm):
    """Filters of the lines of one run."""

    q = forms.CharField(
        label="搜索",
        max_length=60,
        required=False,
        widget=forms.TextInput(
            {
                "type": "search",
                "placeholder": "姓名、单位",
                "data-number-post": reverse_lazy("people:person_find"),
            }
        ),
    )
    union = forms.ChoiceField(label="管理工会", required=False)
    state = forms.ChoiceField(
        label="情况",
        required=False,
        choices=[
            ("", "全部情况"),
            ("bankrupt", "破产或撤销企业"),
            ("partial", "不满全年"),
            ("no_account", "缺银行账号"),
        ],
    )

    def __init__(self, data: QueryDict, *, run: AllowanceRun) -> None:
        super().__init__(data)
        unions = run.lines.order_by("union_name").values_list("union_name", flat=True).distinct()
        cast(forms.ChoiceField, self.fields["union"]).choices = [
            ("", "全部工会"),
            *((one, one) for one in unions),
        ]
        classes = [("", "全部档次"), *((str(value), label) for value, label in AwardClass.choices)]
        chosen = forms.ChoiceField(label="档次", required=False, choices=classes)
        chosen.error_messages["invalid_choice"] = "“档次”请从列表中选择。"
        self.fields["class"] = chosen  # a word of the language, so it cannot stand among the fields above

    @property
    def selects(self) -> list[forms.BoundField]:
        return [self[name] for name in ("class", "union", "state")]


class LeftOutFilterForm(FilterForm):
    reason = forms.ChoiceField(label="原因", required=False)

    def __init__(self, data: QueryDict, *, reasons: list[tuple[str, int]]) -> None:
        super().__init__(data)
        choices = [("", "全部原因"), *((reason, f"{reason}（{count}）") for reason, count in reasons)]
        cast(forms.ChoiceField, self.fields["reason"]).choices = choices


class RollForm(HouseForm):
    """How the roster is taken out."""

    kind = forms.ChoiceField(
        label="格式",
        choices=[("pdf", "PDF，打印盖章用"), ("xlsx", "xlsx 表格")],
        initial="pdf",
        widget=forms.RadioSelect,
    )
    is_full = forms.BooleanField(
        label="印出完整银行账号",
        required=False,
        help_text="审批以后才可以；每次都留下记录。不勾选时只印末四位",
    )
    reason = forms.CharField(
        label="理由", max_length=200, required=False, help_text="取出完整账号必填，如“送银行代发2016年津贴”"
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not user.may("person.reveal"):
            del self.fields["is_full"], self.fields["reason"]
        if not user.may("person.export"):
            cast(forms.ChoiceField, self.fields["kind"]).choices = [("pdf", "PDF，打印盖章用")]


class SettleForm(HouseForm):
    note = text(label="说明", max_length=200, help_text="怎样追回，或为什么不再追回；不超过 200 字")
