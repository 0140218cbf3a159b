"""Opening an exam, its roster's filters, who came, bills and hospitals: what people type, cleaned."""

from typing import Any, cast

from django import forms
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone

from apps.accounts.fields import UnionChoice
from apps.accounts.models import Union, User
from apps.core.errors import Refused
from apps.core.forms import AmountField, HouseForm, day
from apps.model_workers.forms.filters import ScopedFilterForm
from apps.model_workers.models import Exam, ExamInvitation, Hospital
from apps.model_workers.rules.exams import parse_slips
from apps.model_workers.selectors.exams import ABSENT, ATTENDED, NO_HOSPITAL, PENDING
from apps.model_workers.services.attendance import Entry, What

_EARLIEST, _LATEST = 2000, 2100


def _budget() -> AmountField:
    return AmountField(
        label="预算金额",
        required=False,
        help_text="当年预算里有绑定“应参加体检的劳模”的测算行时，以预算为准，这里可不填",
    )


class ExamOpenForm(HouseForm):
    """A new exam. Whether it may be opened is the service's answer."""

    year = forms.IntegerField(label="年度", min_value=_EARLIEST, max_value=_LATEST)
    union = UnionChoice(
        label="工会", queryset=Union.objects.none(), empty_label=None, help_text="名册为本级及所属工会的劳模"
    )
    snapshot_on = day(label="名册日期", help_text="按这一天的荣誉、状态和体检规则列出名册")
    starts_on = day(label="体检开始")
    ends_on = day(label="体检结束")
    budget_amount = _budget()

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        today = timezone.localdate()
        initial = {"year": today.year, "snapshot_on": today, "union": user.union_id}
        super().__init__(*args, **({"initial": initial} | kwargs))
        unions = cast(UnionChoice, self.fields["union"])
        unions.queryset = Union.objects.visible_to(user).in_use().exclude(kind="grassroots").in_tree_order()


class ExamChangeForm(HouseForm):
    starts_on = day(label="体检开始")
    ends_on = day(label="体检结束", help_text="补检的，把结束日期延长到补检那天")
    budget_amount = _budget()

    @staticmethod
    def initial_of(exam: Exam) -> dict[str, Any]:
        return {name: getattr(exam, name) for name in ("starts_on", "ends_on", "budget_amount")}


class RosterFilterForm(ScopedFilterForm):
    """Filters of the roster of one exam."""

    hospital = forms.ChoiceField(label="医院", required=False)
    state = forms.ChoiceField(
        label="到检情况",
        required=False,
        choices=[
            ("", "全部情况"),
            (ATTENDED, "到检"),
            (PENDING, "未登记"),
            (ABSENT, "未检"),
            ("未检原因", ExamInvitation.Absence.choices),
        ],
    )

    def __init__(self, data: QueryDict, *, user: User, exam: Exam) -> None:
        super().__init__(data, user=user)
        unions = cast(UnionChoice, self.fields["union"])
        unions.queryset = (
            Union.objects.visible_to(user).filter(path__startswith=exam.union.path).in_tree_order()
        )
        hospitals = Hospital.objects.filter(pk__in=exam.invitations.order_by().values("hospital"))
        named = [(str(pk), name) for pk, name in hospitals.order_by("name").values_list("pk", "name")]
        cast(forms.ChoiceField, self.fields["hospital"]).choices = [
            ("", "全部医院"),
            *named,
            (NO_HOSPITAL, "未安排医院"),
        ]


class EntryForm(HouseForm):
    """One thing to be recorded of the people of some slips; of a single one the number is given."""

    slips = forms.CharField(
        label="通知单号",
        widget=forms.Textarea({"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text="可以从表格里粘贴，如 12 15-30、33；有一个不对，一个都不登记",
    )
    what = forms.ChoiceField(label="办理", choices=What.choices)
    hospital = forms.ModelChoiceField(
        label="医院",
        queryset=Hospital.objects.none(),
        required=False,
        empty_label="（已安排的医院）",
        help_text="办理“到检”“安排医院”时选择",
    )
    attended_on = day(label="到检日期", required=False, help_text="办理“到检”时填写")
    absence = forms.ChoiceField(
        label="未检原因",
        required=False,
        choices=[("", "请选择"), *ExamInvitation.Absence.choices],
        help_text="办理“未检原因”时选择",
    )

    def __init__(self, *args: Any, row: ExamInvitation | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if row is not None:
            del self.fields["slips"]
        hospitals = cast(forms.ModelChoiceField, self.fields["hospital"])
        own = row.hospital_id if row is not None else None
        hospitals.queryset = Hospital.objects.filter(Q(is_active=True) | Q(pk=own)).order_by("name")

    def clean_slips(self) -> tuple[int, ...]:
        try:
            return parse_slips(self.cleaned_data["slips"])
        except Refused as refused:
            raise forms.ValidationError(refused.message) from refused

    @property
    def entry(self) -> Entry:
        """Only what belongs to the chosen deed."""
        values = self.cleaned_data
        what, hospital = values["what"], values.get("hospital")
        takes_hospital = what in (What.ATTENDED, What.HOSPITAL)
        return Entry(
            what=what,
            attended_on=values.get("attended_on") if what == What.ATTENDED else None,
            hospital_id=hospital.pk if hospital is not None and takes_hospital else None,
            absence=values.get("absence", "") if what == What.ABSENT else "",
        )


class BillForm(HouseForm):
    people = forms.IntegerField(
        label="结算人数", min_value=1, help_text="按发票填写；必须等于该医院已登记的到检人数"
    )
    rate = AmountField(label="每人", help_text="不高于体检规则的每人标准；金额 = 人数 × 每人，由系统计算")
    invoice_number = forms.CharField(
        label="发票号码", max_length=40, widget=forms.TextInput({"autocomplete": "off"})
    )
    billed_on = day(label="结算日期")


class BillRemoveForm(HouseForm):
    reason = forms.CharField(
        label="撤销理由", max_length=200, help_text="写进修改历史，如 发票开错、人数登记有误"
    )


class NothingForm(HouseForm):
    """A deed that asks for nothing but the confirmation."""


class HospitalForm(HouseForm):
    name = forms.CharField(label="医院", max_length=80)
    address = forms.CharField(label="地址", max_length=120, required=False, help_text="印在通知单上")
    phone = forms.CharField(label="预约电话", max_length=20, required=False, help_text="印在通知单上")
    is_active = forms.BooleanField(label="在用", required=False, initial=True)

    def __init__(self, *args: Any, hospital: Hospital | None = None, **kwargs: Any) -> None:
        if hospital is not None:
            kwargs["initial"] = {
                name: getattr(hospital, name) for name in ("name", "address", "phone", "is_active")
            }
        super().__init__(*args, **kwargs)
        if hospital is None:
            del self.fields["is_active"]
