"""What stands in a roster: its columns, what the cells of a row say, and how cells are told and kept."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from apps.core import text as typed
from apps.core.errors import Refused
from apps.core.sheets import Column
from apps.core.sheets.columns import Cell, Value, text_of, value_of
from apps.people.rules import identity
from apps.people.rules.drafts import ID_KINDS, LABELS, SEXES, PersonDraft, Problem
from apps.people.rules.standing import WORK_KINDS, UnitNature

REASONS = Column("错误说明", "reasons", required=False, width=60)
"""The column that a file of wrong rows brings along; coming in again, it is passed over."""

COLUMNS: tuple[Column, ...] = (
    Column("姓名", "name"),
    Column("曾用名", "former_name", required=False),
    Column("证件类型", "id_kind", required=False),
    Column(
        "证件号码",
        "id_number",
        "identifier",
        required=False,
        aliases=("身份证号", "身份证号码", "公民身份号码", "居民身份证号码"),
    ),
    Column("出生日期", "birth_on", "date", required=False, aliases=("出生年月日",)),
    Column("性别", "sex", required=False),
    Column("民族", "nation", required=False),
    Column("政治面貌", "politics", required=False),
    Column("文化程度", "education", required=False, aliases=("学历",)),
    Column("职务（工种）", "post", required=False, aliases=("职务", "工种")),
    Column("单位名称", "unit", required=False, aliases=("单位", "工作单位"), max_length=100),
    Column("统一社会信用代码", "credit_code", "identifier", required=False),
    Column("单位性质", "nature", required=False),
    Column("工作状态", "work", required=False),
    Column("状态起始日期", "work_since", "date", required=False),
    Column("居住地", "residence", required=False, aliases=("现居住地", "家庭住址", "住址")),
    Column("联系电话", "phone", required=False, aliases=("电话", "手机", "手机号", "手机号码")),
    Column(
        "银行账号", "account", "identifier", required=False, aliases=("银行卡号", "账号", "卡号", "银行帐号")
    ),
    Column("开户银行", "bank_name", required=False, aliases=("开户行",)),
    Column("开户支行", "bank_branch", required=False),
    Column("备注", "note", required=False),
)
BY_KEY: Mapping[str, Column] = {column.key: column for column in COLUMNS}

_WORK = {kind.label: kind for kind in WORK_KINDS}
_NATURES = {nature.label: nature for nature in UnitNature}
_CHOICES: Mapping[str, Mapping[str, str]] = {
    "id_kind": ID_KINDS,
    "sex": SEXES,
    "work": _WORK,
    "nature": _NATURES,
}
_LABEL_OF = {key: {code: label for label, code in choices.items()} for key, choices in _CHOICES.items()}
SECRETS = ("id_number", "phone", "account")
_DIGITS = re.compile(r"\s?[0-9]{4,}\s?")

# The second row of the template; a row that begins with it is passed over.
HINT_MARK = "填写说明"
HINTS: Mapping[str, str] = {
    "name": f"{HINT_MARK}：必填；本行不导入，可以删去",
    "id_kind": f"{'、'.join(ID_KINDS)}；不填按居民身份证",
    "id_number": "18 位（15 位旧号自动换算）；必须是文本格式",
    "birth_on": "如 1956-03-08；有居民身份证号码的不用填",
    "sex": "男、女；有居民身份证号码的不用填",
    "unit": "名册中没有的单位随人员一并登记",
    "credit_code": "18 位；必须是文本格式",
    "nature": f"新单位必填：{'、'.join(label for label, code in _NATURES.items() if code != UnitNature.BANKRUPT)}",
    "work": "、".join(_WORK),
    "work_since": "状态与登记的不同时必填，如 2012-06-30",
    "phone": "一个号码，手机或带区号的固定电话",
    "account": "本人账户；必须是文本格式",
    "bank_name": "填写了银行账号的必填",
}


@dataclass(frozen=True, slots=True)
class Words:
    """A row as its cells say it: values by column for the cells that hold anything, and what is wrong with cells."""

    values: Mapping[str, Any]
    problems: tuple[Problem, ...]

    def text(self, key: str) -> str:
        return str(self.values.get(key, ""))


def is_hint(keys: Sequence[str], cells: Sequence[Cell]) -> bool:
    """Whether this is the template's row of hints."""
    return any(
        key == "name" and isinstance(cell, str) and cell.strip().startswith(HINT_MARK)
        for key, cell in zip(keys, cells, strict=True)
    )


def words_of(keys: Sequence[str], cells: Sequence[Cell]) -> Words:
    """The values of a row's cells under the rules of their columns; empty cells say nothing."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    only_month: tuple[Cell, str] | None = None
    for key, cell in zip(keys, cells, strict=True):
        if cell is None:
            continue
        try:
            value = _remembered(key, cell) if key in _REPEATED else _value_of(key, cell)
        except Refused as refused:
            if key == "birth_on" and refused.code == "month":
                only_month = cell, refused.message
            else:
                problems.append(Problem(key, refused.message))
            continue
        if key in SECRETS and "*" in str(value):
            problems.append(Problem(key, "是打了码的号码，请填写完整的号码，或删去这一列。"))
        elif value != "" and value is not None:
            values[key] = value
    if only_month and not _is_month_of(only_month[0], str(values.get("id_number", ""))):
        problems.append(Problem("birth_on", only_month[1]))
    return Words(values, tuple(problems))


def _is_month_of(cell: Cell, number: str) -> bool:
    """Whether the identity number, which knows the day, was issued to somebody born in this month."""
    written = typed.read_day(text_of(cell))
    return written is not None and typed.code(number)[6:12] == f"{written.day:%Y%m}"


# That a cell must be filled is told by the rules of people.
_READ_AS = {column.key: replace(column, required=False) for column in COLUMNS}


def _value_of(key: str, cell: Cell) -> Value:
    column = _READ_AS[key]
    try:
        value = value_of(cell, column)
    except Refused as refused:
        if refused.code == "date":  # the kernel's sentence repeats the cell, in which anything may stand
            raise Refused("应填写日期，例如 2016-01-31。", code="date") from None
        raise
    if key in _CHOICES and value:
        choices = _CHOICES[key]
        if value not in choices:
            raise Refused(f"只能填写：{'、'.join(choices)}。", code="choice")
        return choices[str(value)]
    if key == "unit" and isinstance(value, str):  # of the person's own columns the rules of people say it
        identity.require_no_number(value, label=column.name)
    return value


# What stands in these columns stands there a thousand times; numbers, names and remarks are never remembered.
_REPEATED = frozenset(
    {"id_kind", "sex", "nation", "politics", "education", "post", "unit", "nature", "work", "work_since"}
    | {"bank_name", "bank_branch"}
)
_remembered = lru_cache(maxsize=20_000, typed=True)(_value_of)


_DRAFTED = (
    *("name", "former_name", "id_number", "sex", "nation", "politics", "education", "post", "residence"),
    *("phone", "account", "bank_name", "bank_branch", "note"),
)


def draft_of(words: Words) -> PersonDraft:
    """The person as the row says it, as far as it says anything."""
    said = words.values.get
    return PersonDraft(
        id_kind=said("id_kind", "resident"),
        birth_on=said("birth_on"),
        **{key: said(key, "") for key in _DRAFTED},
    )


def shown(key: str, value: object) -> str:
    """A value as the preview prints it."""
    if value is None or value == "":
        return ""
    if key in SECRETS:
        return identity.mask_account(str(value))
    if key in _LABEL_OF:
        return _LABEL_OF[key].get(str(value), str(value))
    return value.isoformat() if isinstance(value, date) else str(value)


def labelled(problem: Problem) -> tuple[str, str]:
    """The column's name and the sentence without it."""
    name = BY_KEY[problem.field].name if problem.field in BY_KEY else LABELS.get(problem.field, problem.field)
    return name, problem.message.removeprefix(f"“{name}”")


def without_digits(text: str) -> str:
    """A sentence without the digits it quotes."""
    return _DIGITS.sub("", text)


def sentence(reasons: Sequence[Sequence[str]], *, row: int) -> str:
    """What is wrong with a row, for the cell at its end."""
    return f"第{row}行：" + "".join(f"“{column}”{reason}" for column, reason in reasons)


# --- cells as they are sealed ----------------------------------------------------------------------


def pack_cell(cell: Cell) -> object:
    """A cell as JSON: a number stays a number, so that a lost digit is not handed back as if it were right."""
    if isinstance(cell, Decimal):
        return {"number": str(cell)}
    if isinstance(cell, datetime):
        return {"datetime": cell.isoformat()}
    if isinstance(cell, date):
        return {"date": cell.isoformat()}
    return text_of(cell) if isinstance(cell, time | timedelta) else cell


def unpack_cell(packed: Any) -> Cell:
    if not isinstance(packed, dict):
        return packed  # type: ignore[no-any-return]
    if "number" in packed:
        return Decimal(packed["number"])
    return (
        datetime.fromisoformat(packed["datetime"])
        if "datetime" in packed
        else date.fromisoformat(packed["date"])
    )
