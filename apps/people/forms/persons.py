"""A person as staff type it. Numbers that are on record never come into the page: an empty box leaves them alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.html import format_html

from apps.accounts.fields import UnionChoice
from apps.accounts.models import Union, User
from apps.core.forms import HouseForm, day
from apps.people.account_holds import held_accounts
from apps.people.forms.choices import UnitChoice
from apps.people.forms.filters import choice_label
from apps.people.models import Person, Unit
from apps.people.models.persons import IdKind, Sex
from apps.people.rules.drafts import LABELS, PersonDraft
from apps.people.services.persons import KEEPABLE, check_draft

_PLAIN = (
    *("name", "former_name", "id_kind", "birth_on", "sex", "nation", "politics", "education", "post"),
    *("residence", "bank_name", "bank_branch", "note"),
)
# Offered while typing, not enforced: the register takes what the papers say.
SUGGESTIONS = {
    "nation": ("汉族", "满族", "回族", "蒙古族", "朝鲜族", "壮族"),
    "politics": ("中共党员", "中共预备党员", "共青团员", "民主党派", "无党派人士", "群众"),
    "education": ("研究生", "大学本科", "大学专科", "中专", "高中", "初中", "小学"),
}


def _text(name: str, *, max_length: int = 200, rule: str = "", **attrs: Any) -> forms.CharField:
    """A box whose limits the rules tell; the length here only keeps out what no person types."""
    if name in SUGGESTIONS:
        attrs["list"] = f"known-{name}"
    return forms.CharField(
        label=LABELS[name],
        required=name == "name",
        max_length=max_length,
        help_text=rule,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false", **attrs}),
    )


@dataclass(frozen=True)
class Difference:
    """A field in which what was typed differs from what a colleague saved meanwhile."""

    label: str
    theirs: str
    mine: str


class PersonForm(HouseForm):
    """Enter a person (`person` is None) or change one."""

    union = UnionChoice(label="管理工会", queryset=Union.objects.none(), help_text="决定谁能看到这个人")
    unit = UnitChoice(label="单位", empty_label="（无单位）", help_text="所选工会的在用单位")
    name = _text("name", rule="汉字、字母和间隔号")
    former_name = _text("former_name")
    id_kind = forms.ChoiceField(label=LABELS["id_kind"], choices=IdKind.choices)
    id_number = _text("id_number", max_length=60, rule="18 位；15 位旧号自动换算", inputmode="text")
    birth_on = day(label=LABELS["birth_on"], required=False, help_text="有身份证号的可不填")
    sex = forms.ChoiceField(
        label=LABELS["sex"],
        required=False,
        choices=[("", "未填"), *Sex.choices],
        help_text="有身份证号的可不填",
    )
    nation = _text("nation")
    politics = _text("politics")
    education = _text("education")
    post = _text("post")
    phone = _text("phone", max_length=60, rule="11 位手机，或带区号的固话")
    residence = _text("residence", rule="现住址")
    account = _text("account", max_length=60, rule="本人名下的账户", inputmode="numeric")
    bank_name = _text("bank_name", rule="填了账号就要填")
    bank_branch = _text("bank_branch")
    note = _text("note", max_length=400)
    clear_phone = forms.BooleanField(label="清除联系电话", required=False)
    clear_account = forms.BooleanField(label="清除银行账号", required=False)
    reason = forms.CharField(
        label="修改理由",
        required=False,
        max_length=200,
        help_text="清除号码时必填，记入修改历史",
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, user: User, person: Person | None = None
    ) -> None:
        super().__init__(data, initial=initial_of(person) if person else {"union": user.union_id})
        self.user = user
        self.person = person
        self.warnings: tuple[str, ...] = ()
        if person is None:
            for name in ("clear_phone", "clear_account", "reason", "version"):
                del self.fields[name]
            cast(UnionChoice, self.fields["union"]).queryset = (
                Union.objects.visible_to(user).in_use().in_tree_order()
            )
        else:
            del self.fields["union"]
            self._show_masks(person)
        cast(UnitChoice, self.fields["unit"]).queryset = self._units()

    def _show_masks(self, person: Person) -> None:
        for name in KEEPABLE:
            secret = getattr(person, name)
            if secret is not None:
                self.fields[name].help_text = format_html(
                    '<span class="mask">{}</span> <span class="mask">不改请留空</span>', secret
                )
            elif name in ("phone", "account"):
                del self.fields[f"clear_{name}"]

        held = held_accounts([person.pk], today=timezone.localdate()).get(person.pk)
        if held is not None:
            self.fields[
                "reason"
            ].help_text = f"已列入审批过的{held}：更改、清除银行账号时必填，名册仍按审批时的账号发放"

    def _units(self) -> Any:
        """Units of the union that is chosen; the person's own stays in the list when it went out of use."""
        if self.person is not None:
            own = Q(is_active=True) | Q(pk=self.person.unit_id)
            return Unit.objects.filter(own, union_id=self.person.union_id).order_by("name", "pk")
        union = self["union"].value()
        if not str(union).isascii() or not str(union).isdecimal() or len(str(union)) > 18:
            return Unit.objects.none()
        return Unit.objects.visible_to(self.user).in_use().filter(union_id=int(union)).order_by("name", "pk")

    @property
    def kept(self) -> frozenset[str]:
        """Secrets on record that stay as they are: their box was left empty and nothing says that they go."""
        if self.person is None:
            return frozenset()
        values = self.cleaned_data
        kept = {name for name in KEEPABLE if not str(values.get(name) or "").strip()}
        kept -= {name for name in ("phone", "account") if values.get(f"clear_{name}")}
        if values.get("id_kind") != self.person.id_kind:
            kept.discard("id_number")
        return frozenset(kept)

    @property
    def draft(self) -> PersonDraft:
        values = self.cleaned_data
        facts: dict[str, Any] = {name: values.get(name) or "" for name in (*_PLAIN, *KEEPABLE)}
        facts["birth_on"] = values.get("birth_on")
        # A new identity number brings its own birth date and sex: what the page showed of the old one is no contradiction.
        if (
            self.person is not None
            and str(facts["id_number"]).strip()
            and facts["id_kind"] == IdKind.RESIDENT
        ):
            facts |= {name: None if name == "birth_on" else "" for name in ("birth_on", "sex")
                      if name not in self.changed_data}  # fmt: skip
        return PersonDraft(**facts)

    def clean(self) -> dict[str, Any]:
        """Every rule at once, each beside its field."""
        values: dict[str, Any] = super().clean() or {}
        for name in ("phone", "account"):
            if values.get(f"clear_{name}") and str(values.get(name) or "").strip():
                self.add_error(name, f"已选择清除“{LABELS[name]}”，就不要再填写；要更换的请去掉清除。")
        checked, problems = check_draft(self.draft, person=self.person, kept=self.kept, now=timezone.now())
        for problem in problems:
            field = problem.field if problem.field in self.fields else None
            if field not in self.errors:
                self.add_error(field, problem.message)
        self.warnings = checked.warnings if checked else ()
        return values

    def differences(self, now_in_register: Person) -> list[Difference]:
        """Where what was typed differs from the row as it stands now; the next save is made knowing of it."""
        labels = {name: str(field.label) for name, field in self.fields.items()}
        before, found = initial_of(now_in_register), []
        for name in (*_PLAIN, "unit"):
            typed = self.cleaned_data.get(name)
            mine, theirs = _comparable(typed), _comparable(before.get(name))
            if mine != theirs:
                shown = self._in_words(name, theirs, now_in_register)
                found.append(Difference(labels[name], shown, self._in_words(name, mine, None)))
        for name in KEEPABLE:
            if str(self.cleaned_data.get(name) or "").strip():
                secret = getattr(now_in_register, name)
                found.append(Difference(labels[name], str(secret) if secret else "", "（您填写了新的）"))
        return found

    def _in_words(self, name: str, value: str, person: Person | None) -> str:
        if name == "unit":
            unit = person.unit if person is not None else self.cleaned_data.get("unit")
            return unit.name if unit else ""
        field = self.fields[name]
        return choice_label(field, value) if isinstance(field, forms.ChoiceField) else value


def _comparable(value: Any) -> str:
    if isinstance(value, Unit):
        return str(value.public_id)
    return "" if value is None else str(value).strip()


def initial_of(person: Person) -> dict[str, Any]:
    """What the page shows of a person to be changed; no secret is among it."""
    values: dict[str, Any] = {name: getattr(person, name) for name in _PLAIN}
    return values | {"unit": person.unit.public_id if person.unit else None, "version": person.version}


class ReasonForm(HouseForm):
    """Why a full number is needed, or why an entry is taken back."""

    reason = forms.CharField(
        label="理由",
        max_length=200,
        widget=forms.TextInput({"autocomplete": "off"}),
        help_text="写明用在哪一件事上，例如“核对2016年津贴发放退票”；与姓名、时间一起记入访问记录。",
    )


class FullExportForm(HouseForm):
    """Why full numbers leave the house."""

    reason = forms.CharField(
        label="理由",
        required=False,  # the service says it, as it does for the dialog of the list
        max_length=200,
        widget=forms.TextInput({"autocomplete": "off"}),
        help_text="写明用在哪一件事上；与姓名、条件、人数和文件的 SHA-256 一起记入访问记录。",
    )
