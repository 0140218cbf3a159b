"""What a clerk or a roster says of a person, checked as a whole: every problem at once, each with its field."""

from dataclasses import dataclass, field, fields
from datetime import date

from apps.core import text as typed
from apps.core.errors import Refused
from apps.people.rules import identity, names

# Words a roster may use for the kinds of papers and the sexes.
ID_KINDS = {"居民身份证": "resident", "外国人永久居留身份证": "foreign", "暂缺": "none"}
SEXES = {"男": "male", "女": "female"}

LABELS = {
    "name": "姓名",
    "former_name": "曾用名",
    "id_kind": "证件类型",
    "id_number": "证件号码",
    "birth_on": "出生日期",
    "sex": "性别",
    "nation": "民族",
    "politics": "政治面貌",
    "education": "文化程度",
    "post": "职务（工种）",
    "residence": "居住地",
    "phone": "联系电话",
    "account": "银行账号",
    "bank_name": "开户银行",
    "bank_branch": "开户支行",
    "note": "备注",
}
_LENGTHS = {
    "nation": 20,
    "politics": 20,
    "education": 20,
    "post": 60,
    "residence": 100,
    "bank_name": 60,
    "bank_branch": 60,
    "note": 200,
}


@dataclass(frozen=True)
class PersonDraft:
    """A person as typed; birth date and sex are only needed where the number does not tell them."""

    name: str
    former_name: str = ""
    id_kind: str = "resident"
    id_number: str = field(default="", repr=False)
    birth_on: date | None = None
    sex: str = ""
    nation: str = ""
    politics: str = ""
    education: str = ""
    post: str = ""
    residence: str = ""
    phone: str = field(default="", repr=False)
    account: str = field(default="", repr=False)
    bank_name: str = ""
    bank_branch: str = ""
    note: str = ""


_DRAFTED = tuple(one.name for one in fields(PersonDraft))


@dataclass(frozen=True)
class CheckedPerson(PersonDraft):
    """The draft in the form in which it is kept."""

    old_id_number: str = field(default="", repr=False)
    search_text: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """What is wrong with one field, as a sentence that names it."""

    field: str
    message: str


def check_person(draft: PersonDraft, *, today: date) -> tuple[CheckedPerson | None, tuple[Problem, ...]]:
    """The person in the form in which it is kept, or None with everything that is wrong."""
    values = {name: getattr(draft, name) for name in _DRAFTED}
    problems: list[Problem] = []
    warnings: list[str] = []
    old_number = ""

    def refuse(name: str, refused: Refused) -> None:
        problems.append(Problem(name, refused.message))

    for name in ("name", "former_name"):
        if values[name] or name == "name":
            try:
                values[name] = names.clean_name(values[name], field=LABELS[name])
            except Refused as refused:
                refuse(name, refused)
    for name, length in _LENGTHS.items():
        if not values[name]:
            continue
        try:
            values[name] = typed.line(values[name], label=LABELS[name])
            identity.require_no_number(values[name], label=LABELS[name])
            if len(values[name]) > length:
                raise Refused(f"“{LABELS[name]}”最多 {length} 个字，现在是 {len(values[name])} 个字。")
        except Refused as refused:
            refuse(name, refused)
    try:
        if draft.id_kind == "none":
            if draft.id_number.strip():
                raise Refused("填写了“证件号码”，“证件类型”就不能是暂缺。")
        elif not draft.id_number.strip():
            raise Refused("“证件号码”没有填写；确实没有的，“证件类型”请选暂缺。")
        elif draft.id_kind == "resident":
            number = identity.parse_resident_number(draft.id_number, today=today)
            if draft.birth_on is not None and draft.birth_on != number.birth_on:
                refuse("birth_on", Refused(f"“出生日期”与证件号码里的 {number.birth_on:%Y-%m-%d} 不符。"))
            if draft.sex and draft.sex != number.sex:
                refuse("sex", Refused("“性别”与证件号码第 17 位不符。"))
            values |= {"id_number": number.number, "birth_on": number.birth_on, "sex": number.sex}
            old_number = number.old_number
            warnings += number.warnings
        elif draft.id_kind == "foreign":
            values["id_number"] = identity.parse_foreign_number(draft.id_number)
        else:
            refuse("id_kind", Refused("“证件类型”请从列表中选择。"))
    except Refused as refused:
        refuse("id_number", refused)
    if values["sex"] and values["sex"] not in SEXES.values():
        refuse("sex", Refused("“性别”请填写男或女。"))
    birth = values["birth_on"]
    if birth is not None and (birth > today or today.year - birth.year > identity.OLDEST_AGE):
        refuse("birth_on", Refused(f"“出生日期”{birth.isoformat()} 不可能，请核对。"))
    if draft.phone.strip():
        try:
            values["phone"] = identity.parse_phone(draft.phone)
        except Refused as refused:
            refuse("phone", refused)
    else:
        values["phone"] = ""
    if draft.account.strip():
        try:
            account = identity.parse_account(draft.account)
            values["account"] = account.number
            warnings += account.warnings
        except Refused as refused:
            refuse("account", refused)
    else:
        values["account"] = ""
    if values["account"] and not values["bank_name"]:
        refuse("bank_name", Refused("填写了“银行账号”，就要填写“开户银行”。"))
    if problems:
        return None, tuple(problems)
    return CheckedPerson(
        **values,
        old_id_number=old_number,
        search_text=names.search_words(values["name"], values["former_name"])[:1000],
        warnings=tuple(warnings),
    ), ()
