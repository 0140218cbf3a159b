"""Entering and changing a person: one way for the form, the roster and the demo."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.core import audit
from apps.core.encryption import BrokenSealError, search_hash
from apps.core.errors import Refused
from apps.people.account_holds import held_accounts
from apps.people.models import Person, Unit
from apps.people.models.persons import ACCOUNT_COLUMN, NUMBER_COLUMN, PHONE_COLUMN
from apps.people.rules.drafts import LABELS, CheckedPerson, PersonDraft, Problem, check_person
from apps.people.rules.identity import last_four, require_no_number
from apps.people.selectors.numbers import person_by_hash
from apps.people.services.duplicates import find_pairs

# Columns that follow a draft one to one; the secrets are set by `fill`.
PLAIN_FIELDS = (
    "name",
    "former_name",
    "id_kind",
    "birth_on",
    "sex",
    "nation",
    "politics",
    "education",
    "post",
    "residence",
    "bank_name",
    "bank_branch",
    "note",
    "search_text",
)
FILLED_FIELDS = (
    *PLAIN_FIELDS,
    *("id_number", "id_hash", "id_last_four", "old_id_number"),
    *("phone", "phone_hash", "phone_last_four"),
    *("account", "account_hash", "account_last_four"),
)


# Of each secret that is searched for: its column, hash, last four, and its name inside the seals.
SECRET_COLUMNS = (
    ("id_number", "id_hash", "id_last_four", NUMBER_COLUMN),
    ("phone", "phone_hash", "phone_last_four", PHONE_COLUMN),
    ("account", "account_hash", "account_last_four", ACCOUNT_COLUMN),
)

KEEPABLE = ("id_number", "phone", "account")
"""Secrets that a form may leave as they are, without ever having seen them."""


def fill(person: Person, checked: CheckedPerson) -> None:
    """Put a checked draft into the row, secrets sealed and hashed; nothing is written to the database."""
    number_before = person.id_hash and bytes(person.id_hash)
    for name in PLAIN_FIELDS:
        setattr(person, name, getattr(checked, name))
    for column, hash_column, shown_column, label in SECRET_COLUMNS:
        plain: str = getattr(checked, column)
        hashed = search_hash(plain, column=label) if plain else None
        known = getattr(person, hash_column)
        if known is None or hashed != bytes(known):  # an unchanged secret keeps its ciphertext
            setattr(person, column, plain or None)
        setattr(person, hash_column, hashed)
        setattr(person, shown_column, last_four(plain))
    # An old number goes with the number it became.
    if checked.old_id_number or person.id_hash != number_before:
        person.old_id_number = checked.old_id_number or None


def require_person(draft: PersonDraft, *, now: datetime) -> CheckedPerson:
    """The checked draft. Raises Refused with the first problem; forms show them all, through `check_person`."""
    checked, problems = check_person(draft, today=timezone.localdate(now))
    if checked is None:
        raise Refused(problems[0].message, field=problems[0].field)
    return checked


def check_draft(
    draft: PersonDraft, *, person: Person | None, kept: Collection[str], now: datetime
) -> tuple[CheckedPerson | None, tuple[Problem, ...]]:
    """Everything that is wrong with a form, before it is saved; `kept` secrets are opened to be checked, not shown."""
    try:
        whole = with_kept(draft, person=person, kept=kept) if person is not None else draft
    except Refused as refused:
        return None, (Problem(refused.field or "", refused.message),)
    return check_person(whole, today=timezone.localdate(now))


def with_kept(draft: PersonDraft, *, person: Person, kept: Collection[str]) -> PersonDraft:
    """The draft with the person's present secrets where they stay as they are. Raises Refused for a broken seal."""
    values: dict[str, str] = {}
    for name in kept:
        if name not in KEEPABLE:
            raise ValueError(f"{name} is no secret that may be kept")
        secret = getattr(person, name)
        try:
            values[name] = secret.reveal() if secret is not None else ""
        except BrokenSealError:
            raise Refused(
                f"“{LABELS[name]}”的密文无法解开，请重新填写，并告知系统管理员。", field=name
            ) from None
    return replace(draft, **values)  # type: ignore[arg-type]


def require_editor(actor: User) -> None:
    """Raises Refused unless the actor keeps the register."""
    if not actor.may("person.edit"):
        raise Refused("您没有登记、修改人员的权限。", code="permission")


def locked_person(person_id: int, actor: User) -> Person:
    """The row, held until the end: of two entries at once, the second sees the first. Raises Refused for a merged row."""
    person = (
        Person.objects.visible_to(actor)
        .select_for_update(of=("self",), no_key=True)
        .select_related("union")
        .get(pk=person_id)
    )
    if person.merged_into_id is not None:
        raise Refused("这条记录已并入另一人，请在保留的那个人名下办理。", code="merged")
    return person


def require_place(*, union: Union, unit: Unit | None, actor: User) -> None:
    """The union is in the actor's reach and in use, the unit is one of that union."""
    if not union.path.startswith(actor.union.path):
        raise Refused("“管理工会”不在您的管理范围内。", field="union")
    if not union.is_active:
        raise Refused(f"{union}已停用，不能登记人员。", field="union")
    if unit is not None and unit.union_id != union.pk:
        raise Refused(f"单位“{unit}”不属于{union}。", field="unit")


@transaction.atomic
def register_person(
    *, draft: PersonDraft, union: Union, unit: Unit | None, actor: User, now: datetime
) -> Person:
    """Enter a person. Raises Refused, also when the number or the account already belongs to somebody."""
    require_place(union=union, unit=unit, actor=actor)
    person = Person(
        union=union, unit=unit, created_by=actor, created_at=now, updated_by=actor, updated_at=now
    )
    fill(person, require_person(draft, now=now))
    with audit.because(actor_id=actor.pk, action="登记人员"):
        _save(person, actor=actor, force_insert=True)
        find_pairs(union_path=union.path, person_ids=[person.pk], now=now)
    return person


@transaction.atomic
def edit_person(
    *,
    person_id: int,
    seen_version: int,
    draft: PersonDraft,
    unit: Unit | None,
    actor: User,
    now: datetime,
    reason: str = "",
    kept: Collection[str] = (),
) -> Person:
    """Change a person; the secrets named in `kept` stay as they are, whatever the draft says of them.

    Raises Refused, also when a colleague changed the row since `seen_version`, and when a secret is taken out, or the
    account of somebody is changed whom something approved is to pay, without a reason.
    """
    person = (
        Person.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("union")
        .get(pk=person_id)
    )
    if person.merged_into_id is not None:
        raise Refused("这条记录已并入另一人，不能再修改。", code="merged")
    if person.version != seen_version:
        raise Refused(
            "您打开之后，同事已经修改了这个人的资料；您填写的内容还在，请核对后再保存。", code="changed"
        )
    require_place(union=person.union, unit=unit, actor=actor)
    person.unit = unit
    held = {name for name in KEEPABLE if getattr(person, name) is not None}
    account_before = person.account_hash and bytes(person.account_hash)
    fill(person, require_person(with_kept(draft, person=person, kept=kept), now=now))
    reason = require_no_number(reason, label="修改理由", field="reason")
    lost = [LABELS[name] for name in KEEPABLE if name in held and getattr(person, name) is None]
    if lost and not reason:
        raise Refused(f"清除“{'”“'.join(lost)}”要填写“修改理由”。", field="reason")
    if not reason and person.account_hash != account_before:
        _require_unheld(person, today=timezone.localdate(now))
    person.version += 1
    person.updated_by, person.updated_at = actor, now
    with audit.because(actor_id=actor.pk, action="修改人员资料", reason=reason):
        _save(person, actor=actor, force_update=True)
        find_pairs(union_path=person.union.path, person_ids=[person.pk], now=now)
    return person


def _require_unheld(person: Person, *, today: date) -> None:
    """Raises Refused where something approved is still to pay the person: another account then needs a reason."""
    held = held_accounts([person.pk], today=today).get(person.pk)
    if held is not None:
        raise Refused(
            f"{person.name}已列入审批过的{held}，更改“银行账号”要填写“修改理由”；已审批的仍按审批时的账号发放。",
            field="reason",
            code="held",
        )


def _save(person: Person, *, actor: User, force_insert: bool = False, force_update: bool = False) -> None:
    try:
        with transaction.atomic():
            person.save(force_insert=force_insert, force_update=force_update)
    except IntegrityError as error:
        raise holder_refusal(person, error, actor=actor) from None


def holder_refusal(person: Person, error: IntegrityError, *, actor: User) -> Refused:
    """The sentence for a number or account that somebody else holds; it names nobody outside the actor's reach.

    Raises the error again when it is of another kind.
    """
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
    if constraint == "people_person_id_number_once":
        field, label = "id_number", "证件号码"
        holder = person_by_hash(bytes(person.id_hash or b""), actor)
        if holder is not None and holder.pk == person.pk:
            return Refused(
                "“证件号码”登记在已并入此人的记录上；要改用这个号码，请撤销那次合并，再保留号码正确的一条。",
                field=field,
                code="taken",
            )
    elif constraint == "people_person_account_once":
        field, label = "account", "银行账号"
        holder = (
            Person.objects.visible_to(actor)
            .living_rows()
            .filter(account_hash=person.account_hash)
            .exclude(pk=person.pk)
            .select_related("union")
            .first()
        )
    else:
        raise error
    known = (
        f"（{holder.name}，{holder.union}）"
        if holder is not None
        else "，该人不在您的管理范围内，请联系市总工会"
    )
    return Refused(f"“{label}”已登记在另一人名下{known}。", field=field, code="taken")
