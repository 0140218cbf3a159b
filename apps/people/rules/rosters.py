"""How a row of a roster differs from the register, and whether it may change it."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from apps.core import text as typed
from apps.core.errors import Refused
from apps.people.rules import identity, names
from apps.people.rules.drafts import CheckedPerson, Problem
from apps.people.rules.roster_cells import BY_KEY, Words, shown
from apps.people.rules.standing import WORK_KINDS, Kind, Known, UnitNature, require_recordable


@dataclass(frozen=True, slots=True)
class Existing:
    """Somebody of the register, as far as a roster is compared with the row."""

    id: int
    public_id: UUID
    version: int
    union_id: int
    union_name: str
    is_merged: bool
    unit_name: str
    name: str
    former_name: str
    id_kind: str
    id_last_four: str
    birth_on: date | None
    sex: str
    nation: str
    politics: str
    education: str
    post: str
    residence: str
    bank_name: str
    bank_branch: str
    note: str
    phone_hash: bytes | None
    phone_last_four: str
    account_hash: bytes | None
    account_last_four: str
    standing: tuple[Known, ...] = ()

    def work(self, today: date) -> Known | None:
        """The work status that holds on that day."""
        return max(
            (one for one in self.standing if Kind(one.kind) in WORK_KINDS and one.effective_on <= today),
            key=lambda one: one.effective_on,
            default=None,
        )


@dataclass(frozen=True, slots=True)
class Change:
    """One fact before and after, as it is shown: of a number the last four."""

    key: str
    old: str
    new: str


_COMPARED = (
    *("name", "former_name", "birth_on", "sex", "nation", "politics", "education", "post", "residence"),
    *("bank_name", "bank_branch", "note"),
)


def compare(
    known: Existing,
    words: Words,
    checked: CheckedPerson,
    *,
    phone_hash: bytes | None,
    account_hash: bytes | None,
) -> list[Change]:
    """What the row changes of a person's own facts. Only cells that hold something change anything."""
    changes = [
        Change(key, shown(key, getattr(known, key)), shown(key, getattr(checked, key)))
        for key in _COMPARED
        if key in words.values and getattr(checked, key) != getattr(known, key)
    ]
    if "phone" in words.values and phone_hash != known.phone_hash:
        changes.append(_secret_change("phone", known.phone_last_four, checked.phone))
    if "account" in words.values and account_hash != known.account_hash:
        changes.append(_secret_change("account", known.account_last_four, checked.account))
    return changes


def _secret_change(key: str, last_four: str, new: str) -> Change:
    return Change(key, identity.mask_account(last_four) if last_four else "", shown(key, new))


@dataclass(frozen=True, slots=True)
class Remarks:
    """What speaks against a row, and what should be looked at again."""

    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def judge_match(known: Existing, words: Words, checked: CheckedPerson) -> Remarks:
    """Whether the row may change this person at all."""
    problems: list[Problem] = []
    warnings: list[Problem] = []
    if known.is_merged:
        problems.append(Problem("id_number", "这个号码的记录已并入另一人，请改用合并后保留的证件号码。"))
    if checked.id_kind not in ("none", known.id_kind):
        problems.append(
            Problem("id_kind", f"登记的是“{shown('id_kind', known.id_kind)}”，请先在人员页核对修改。")
        )
    if checked.name != known.name and checked.id_number:
        warnings.append(Problem("name", f"与登记的“{known.name}”不同，请核对是否同一人。"))
    died = next((one for one in known.standing if one.kind == Kind.DIED), None)
    if died is not None:
        warnings.append(Problem("name", f"已登记 {died.effective_on:%Y-%m-%d} 去世。"))
    return Remarks(tuple(problems), tuple(warnings))


@dataclass(frozen=True, slots=True)
class WorkEvent:
    """A work status to be recorded."""

    kind: Kind
    since: date


def judge_work(
    words: Words, *, known: Existing | None, birth_on: date | None, today: date
) -> tuple[WorkEvent | None, Problem | None]:
    """The event by which the work status becomes what the row says; None where it is so already.

    A roster says how things stand: its date is not ahead, and not before what is recorded already.
    """
    kind, since = words.values.get("work"), words.values.get("work_since")
    present = known.work(today) if known is not None else None
    if kind is None:
        wrong = since is not None and known is None
        return None, Problem("work", "填写了“状态起始日期”，就要填写“工作状态”。") if wrong else None
    if present is not None and present.kind == kind:
        return None, None
    if since is None:
        before = f"登记的是“{Kind(present.kind).label}”，" if present is not None else ""
        return None, Problem("work_since", f"{before}状态为“{Kind(kind).label}”的必须填写起始日期。")
    if since > today:
        return None, Problem("work_since", "名册写的是现在的状态，起始日期不能晚于今天。")
    standing = known.standing if known is not None else ()
    later = max(
        (one for one in standing if Kind(one.kind) in WORK_KINDS and one.effective_on >= since),
        key=lambda one: one.effective_on,
        default=None,
    )
    if later is not None:
        return None, Problem(
            "work_since",
            f"{later.effective_on:%Y-%m-%d} 起已登记“{Kind(later.kind).label}”，起始日期须在此之后。",
        )
    if standing or (birth_on is not None and since < birth_on):
        try:
            require_recordable(
                kind=kind, effective_on=since, document="", known=standing, birth_on=birth_on, today=today
            )
        except Refused as refused:
            message = refused.message.replace("生效日期", BY_KEY["work_since"].name)
            return None, Problem("work_since", message)
    return WorkEvent(Kind(kind), since), None


@dataclass(frozen=True, slots=True)
class UnitWords:
    """What a roster says of a unit; `row` is the first that names it."""

    name: str
    credit_code: str = ""
    nature: str = ""
    row: int = 0


def unit_words(words: Words, *, row: int) -> tuple[UnitWords | None, tuple[Problem, ...]]:
    """The unit a row names, cleaned; None where it names none."""
    name = typed.title(words.text("unit"), label=BY_KEY["unit"].name)
    code, nature = words.text("credit_code"), words.text("nature")
    if not name:
        if code or nature:
            key = "credit_code" if code else "nature"
            return None, (Problem(key, "填写了单位的情况，就要填写“单位名称”。"),)
        return None, ()
    try:
        names.require_letters(name, label=BY_KEY["unit"].name, field="unit")
    except Refused as refused:
        return None, (Problem("unit", refused.message),)
    if code:
        try:
            code = identity.parse_credit_code(code)
        except Refused as refused:
            message = refused.message.replace(
                "；如与证书一致，请填写“代码核实说明”", "；如与证书一致，请先在单位页登记"
            )
            return None, (Problem("credit_code", message),)
    return UnitWords(name, code, nature, row), ()


@dataclass(frozen=True, slots=True)
class KnownUnit:
    """A unit of the roster's union in the register."""

    name: str
    credit_code: str
    nature: str
    is_active: bool = True


def judge_unit(
    wanted: UnitWords, *, known: KnownUnit | None, planned: UnitWords | None, code_holder: str | None
) -> Remarks:
    """Whether the row's unit can be used or made. `planned`: the same name earlier in the file.

    `code_holder` is the name of the union's unit that has the credit code, or "" when one elsewhere has it.
    """
    problems: list[Problem] = []
    warnings: list[Problem] = []
    if code_holder is not None and code_holder != wanted.name:
        whose = f"是“{code_holder}”的" if code_holder else "已由所选工会以外的单位使用"
        problems.append(Problem("credit_code", f"这个代码{whose}，请核对。"))
    if known is not None:
        if not known.is_active:
            warnings.append(Problem("unit", "这个单位已停用，请核对。"))
        if wanted.credit_code and known.credit_code and wanted.credit_code != known.credit_code:
            problems.append(Problem("credit_code", "与这个单位登记的代码不同，请核对。"))
        elif wanted.credit_code and not known.credit_code:
            warnings.append(
                Problem("credit_code", "这个单位还没有登记代码；名册不修改单位，请到单位页登记。")
            )
        if wanted.nature and wanted.nature != known.nature:
            label = UnitNature(known.nature).label
            warnings.append(Problem("nature", f"登记的是“{label}”；名册不修改单位，请到单位页核对。"))
    elif planned is not None:
        if wanted.credit_code and wanted.credit_code != planned.credit_code:
            problems.append(Problem("credit_code", f"与第{planned.row}行同一单位的代码不同。"))
        if wanted.nature and wanted.nature != planned.nature:
            problems.append(Problem("nature", f"与第{planned.row}行同一单位的性质不同。"))
    elif not wanted.nature:
        problems.append(Problem("nature", "这是新单位，必须填写单位性质。"))
    elif wanted.nature == UnitNature.BANKRUPT:
        problems.append(Problem("nature", "破产或撤销企业要登记日期和依据，请先在单位页登记这个单位。"))
    return Remarks(tuple(problems), tuple(warnings))
