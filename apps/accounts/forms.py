"""Input of the accounts pages, cleaned; limits are the rules' business."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from apps.accounts.fields import UnionChoice
from apps.accounts.models import Union, User
from apps.accounts.roles import Role
from apps.accounts.rules import normal_username, role_fits_union
from apps.accounts.selectors import present_grants
from apps.core.errors import Refused


def show_refusal(form: forms.BaseForm, error: Refused) -> None:
    """Put the sentence of a refused rule beside its field, or above the form when it names none."""
    form.add_error(error.field if error.field in form.fields else None, error.message)


class SignInForm(forms.Form):
    username = forms.CharField(
        label="用户名",
        max_length=40,
        strip=True,
        widget=forms.TextInput(
            {"autocomplete": "username", "autofocus": True, "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    password = forms.CharField(
        label="密码",
        max_length=200,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )

    def clean_username(self) -> str:
        return normal_username(self.cleaned_data["username"])


class PasswordForm(forms.Form):
    old_password = forms.CharField(
        label="原密码",
        max_length=200,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )
    new_password = forms.CharField(
        label="新密码",
        max_length=200,
        strip=False,
        help_text="至少 12 个字符，不能全是数字，不能与用户名、姓名相近，不能是常见密码。",
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    repeated = forms.CharField(
        label="再输一次新密码",
        max_length=200,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "new_password" in values and values.get("repeated") not in (None, values["new_password"]):
            self.add_error("repeated", "两次输入的新密码不一致。")
        return values


class UserForm(forms.Form):
    """A person's facts; for a new person also the user name and a first role."""

    full_name = forms.CharField(label="姓名", max_length=40)
    union = UnionChoice(label="所属工会", queryset=Union.objects.none())
    post = forms.CharField(label="职务", max_length=40, required=False)

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["union"]
        field.queryset = Union.objects.visible_to(actor).in_use().in_tree_order()


class NewUserForm(UserForm):
    username = forms.CharField(
        label="用户名",
        max_length=40,
        help_text="用于登录，建立后不能改：小写字母、数字和 . _ -，如 zhangsan。",
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    role = forms.ChoiceField(
        label="角色",
        required=False,
        choices=[("", "（以后再授予）"), *Role.choices],
        help_text="一人可以有多个业务角色，建立后在用户页授予。",
    )
    field_order = ("username", "full_name", "union", "post", "role")

    def clean_username(self) -> str:
        return normal_username(self.cleaned_data["username"])


class GrantForm(forms.Form):
    """A further role for a person; only those that the person's kind of union may hold are offered."""

    role = forms.ChoiceField(label="授予角色")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = {grant.role for grant in present_grants(user=user)}
        offered = [role for role in Role if role not in held and role_fits_union(role, user.union.kind)]
        self.fields["role"].choices = [
            ("", "请选择"),
            *((role.value, role.label) for role in offered),
        ]


class StandInForm(forms.Form):
    """Who stands in for oneself, in which role, from which day to which."""

    role = forms.ChoiceField(label="代理哪个角色")
    user = forms.ModelChoiceField(label="代理人", queryset=User.objects.none(), empty_label="请选择")
    starts_on = forms.DateField(label="开始日期", widget=forms.DateInput({"type": "date"}))
    ends_on = forms.DateField(
        label="结束日期",
        widget=forms.DateInput({"type": "date"}),
        help_text="含当天，最长 30 天；可以提前结束。",
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = [grant for grant in actor.role_grants.in_force() if grant.stands_in_for_id is None]
        self.fields["role"].choices = [
            ("", "请选择"),
            *((grant.role, grant.get_role_display()) for grant in held),
        ]
        people = User.objects.enabled().filter(union=actor.union).exclude(pk=actor.pk)
        self.fields["user"].queryset = people.order_by("full_name", "pk")

    def facts(self) -> dict[str, Any]:
        """From the first moment of one day to the end of the other."""
        values = self.cleaned_data
        return {
            "role": values["role"],
            "user": values["user"],
            "starts_at": _midnight(values["starts_on"]),
            "ends_at": _midnight(values["ends_on"] + timedelta(days=1)),
        }


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


class UpToForm(forms.Form):
    """The last record that stood on the page when it was read."""

    up_to = forms.IntegerField(min_value=1)


class ReasonForm(forms.Form):
    reason = forms.CharField(label="原因", max_length=200, help_text="如：调离、退休。会写入修改历史。")


class UnionForm(forms.Form):
    """What may change in a union once it exists."""

    name = forms.CharField(label="全称", max_length=100)
    short_name = forms.CharField(label="简称", max_length=30)
    area_code = forms.CharField(
        label="行政区划代码",
        max_length=6,
        required=False,
        help_text="GB/T 2260 的 6 位代码；开发区等不在国标内的留空。",
    )
    is_active = forms.BooleanField(label="在用", required=False)


class NewUnionForm(forms.Form):
    parent = UnionChoice(label="上级工会", queryset=Union.objects.none())
    kind = forms.ChoiceField(
        label="类别",
        choices=[(value, label) for value, label in Union.Kind.choices if value != Union.Kind.CITY],
    )
    code = forms.CharField(
        label="工会编码", max_length=20, help_text="大写字母和数字，如 LF01003；建立后不能改。"
    )
    name = forms.CharField(label="全称", max_length=100)
    short_name = forms.CharField(label="简称", max_length=30)
    area_code = forms.CharField(
        label="行政区划代码", max_length=6, required=False, help_text="GB/T 2260 的 6 位代码；没有的留空。"
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["parent"]
        field.queryset = Union.objects.visible_to(actor).in_use().in_tree_order()


class UserFilterForm(forms.Form):
    """Filters of the list of users; everything may be left empty."""

    q = forms.CharField(label="姓名、用户名、职务", max_length=40, required=False)
    union = UnionChoice(label="工会", queryset=Union.objects.none(), required=False, empty_label="全部工会")
    role = forms.ChoiceField(label="角色", required=False, choices=[("", "全部角色"), *Role.choices])
    state = forms.ChoiceField(
        label="状态", required=False, choices=[("", "全部状态"), ("active", "启用"), ("disabled", "停用")]
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["union"]
        field.queryset = Union.objects.visible_to(actor).in_tree_order()


class SavedViewForm(forms.Form):
    """The name under which the filters of a list are kept, asked for once more after a refusal."""

    name = forms.CharField(
        label="名称",
        required=False,  # the service says it, as it does for the dialog of the list
        max_length=100,
        widget=forms.TextInput({"maxlength": 30, "autocomplete": "off"}),
        help_text="只有您自己看得到；保存的是条件，名单随登记变化。",
    )
