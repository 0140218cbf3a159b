"""Units of the register: enter, change, take out of use."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.accounts.services.writing import save_checked
from apps.core import audit
from apps.core import text as typed
from apps.core.errors import Refused
from apps.people.models import Unit
from apps.people.rules.identity import parse_credit_code, require_no_number
from apps.people.rules.names import require_letters
from apps.people.rules.standing import UnitNature
from apps.people.services.persons import require_editor, require_place


@dataclass(frozen=True)
class UnitDraft:
    """A unit as typed. `credit_code_note` says why a code with a wrong check character is right all the same."""

    name: str
    nature: str
    credit_code: str = ""
    credit_code_note: str = ""
    nature_since: date | None = None
    nature_document: str = ""


@transaction.atomic
def create_unit(*, draft: UnitDraft, union: Union, actor: User, now: datetime) -> Unit:
    """Enter a unit of a union in reach. Raises Refused."""
    require_editor(actor)
    require_place(union=union, unit=None, actor=actor)
    unit = Unit(union=union, created_at=now)
    _fill(unit, draft, now=now)
    with audit.because(actor_id=actor.pk, action="登记单位"):
        _save(unit, actor)
    return unit


@transaction.atomic
def change_unit(*, unit_id: int, draft: UnitDraft, is_active: bool, actor: User, now: datetime) -> Unit:
    """Correct a unit, or take it out of use: its people stay, nobody else can be put into it. Raises Refused."""
    require_editor(actor)
    unit = (
        Unit.objects.visible_to(actor)
        .select_for_update(of=("self",), no_key=True)
        .select_related("union")
        .get(pk=unit_id)
    )
    _fill(unit, draft, now=now)
    unit.is_active = is_active
    with audit.because(actor_id=actor.pk, action="修改单位"):
        _save(unit, actor)
    return unit


def _fill(unit: Unit, draft: UnitDraft, *, now: datetime) -> None:
    note = require_no_number(draft.credit_code_note, label="代码核实说明", field="credit_code_note")
    unit.name = require_no_number(
        typed.title(draft.name, label="单位名称", field="name"), label="单位名称", field="name"
    )
    require_letters(unit.name, label="单位名称", field="name")
    unit.credit_code = (
        _credit_code(draft.credit_code, is_trusted=bool(note)) if draft.credit_code.strip() else ""
    )
    unit.credit_code_note = note if unit.credit_code else ""
    if draft.nature not in UnitNature.values:
        raise Refused("“单位性质”请从列表中选择。", field="nature")
    unit.nature = draft.nature
    unit.nature_since = draft.nature_since
    unit.nature_document = require_no_number(
        draft.nature_document, label="性质变更依据", field="nature_document"
    )
    if unit.nature == UnitNature.BANKRUPT:
        if unit.nature_since is None:
            raise Refused("破产或撤销企业必须填写“性质起始日期”。", field="nature_since")
        if not unit.nature_document:
            raise Refused("破产或撤销企业必须填写“性质变更依据”。", field="nature_document")
    if unit.nature_since is not None and unit.nature_since > timezone.localdate(now):
        raise Refused("“性质起始日期”不能晚于今天。", field="nature_since")


def _credit_code(text: str, *, is_trusted: bool) -> str:
    """The code; a refusal names the form's field."""
    try:
        return parse_credit_code(text, is_trusted=is_trusted)
    except Refused as refused:
        raise Refused(refused.message, field="credit_code", code=refused.code) from None


def _save(unit: Unit, actor: User) -> None:
    """Twins are named as far as the actor may know of them."""
    same_name = Unit.objects.filter(union=unit.union, name=unit.name).exclude(pk=unit.pk)
    if same_name.exists():
        raise Refused(f"{unit.union}已有单位“{unit.name}”。", field="name")
    holder = Unit.objects.exclude(pk=unit.pk).filter(credit_code=unit.credit_code).exclude(credit_code="")
    if holder.exists():
        known = holder.visible_to(actor).select_related("union").first()
        who = f"（{known.name}，{known.union}）" if known else "，该单位不在您的管理范围内，请联系市总工会"
        raise Refused(f"“统一社会信用代码”已登记在另一单位名下{who}。", field="credit_code")
    save_checked(unit)
