"""The account that is paid: fixed with the submission, printed from the line, changed in sight of everybody afterwards."""

import io
from datetime import date, datetime, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from python_calamine import CalamineWorkbook

from apps.core.encryption import new_key
from apps.core.errors import Refused
from apps.core.pdf import pdf_text
from apps.core.rotation import keys_in_use, rotate
from apps.model_workers.models import AllowanceLine, AllowanceRun
from apps.model_workers.selectors.runs import run_change
from apps.model_workers.services.allowance_rolls import take_out_roll
from apps.model_workers.services.runs import recount_run
from apps.people.models import Person, RosterImport, RosterRow
from apps.people.rules.drafts import PersonDraft
from apps.people.services.merging import merge_people
from apps.people.services.persons import edit_person
from langfang_union.embedded_database import RUNTIME
from tests.budget.paper import words
from tests.cases.attacks import Attacks
from tests.clients import signed_in
from tests.factories import UnionFactory, UnitFactory, UserFactory
from tests.model_workers.register import AllowanceOffice
from tests.people.identity import account_number
from tests.people.pages import typed
from tests.people.roster_files import roster_file, staged, take

pytestmark = pytest.mark.django_db
REASON = "本人换卡，附银行回单"


def same_ending(account: str) -> str:
    """Another valid account with the same last four digits."""
    return next(
        other
        for other in map(account_number, range(1, 100_000))
        if other[-4:] == account[-4:] and other != account
    )


def draft_of(person: Person, **facts: object) -> PersonDraft:
    plain = {name: getattr(person, name) for name in ("name", "id_kind", "birth_on", "sex", "bank_name")}
    return PersonDraft(**plain | facts)


def change_account(
    office: AllowanceOffice,
    person: Person,
    account: str,
    *,
    reason: str = "",
    at: datetime | None = None,
) -> Person:
    person = Person.objects.get(pk=person.pk)
    return edit_person(
        person_id=person.pk,
        seen_version=person.version,
        draft=draft_of(person, account=account),
        unit=person.unit,
        kept=("id_number", "phone"),
        reason=reason,
        actor=office.clerk,
        now=at or timezone.now(),
    )


def roll(office: AllowanceOffice, run: AllowanceRun, kind: str = "pdf", *, is_full: bool = True):
    return take_out_roll(
        run_id=run.pk,
        kind=kind,
        is_full=is_full,
        reason="送银行代发津贴" if is_full else "",
        actor=office.clerk,
        now=timezone.now(),
    )


def printed(office: AllowanceOffice, run: AllowanceRun) -> str:
    return words("".join(pdf_text(roll(office, run).data)))


def bank_rows(office: AllowanceOffice, run: AllowanceRun) -> dict[str, str]:
    """Name → account, as the bank takes them over."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(roll(office, run, "xlsx").data))
    return {row[1]: row[2] for row in book.get_sheet_by_name("银行发放").to_python()[1:-1]}


def remarks(office: AllowanceOffice, run: AllowanceRun, *, is_full: bool = True) -> dict[str, str]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(roll(office, run, "xlsx", is_full=is_full).data))
    rows = book.get_sheet_by_name("发放名册").to_python()[2:]
    return {row[1]: row[10] for row in rows if row[0]}


def shown(user, address: str) -> str:
    answer = signed_in(user).get(address)
    assert answer.status_code == 200
    return answer.content.decode()


# --- after the approval ------------------------------------------------------------------------------------


def test_another_account_with_the_same_last_four_digits_after_the_approval_is_refused_without_a_reason(
    office,
):
    (person,) = office.people({1: 1})
    office.approve(office.run())
    with pytest.raises(Refused, match="2016年荣誉津贴") as refused:
        change_account(office, person, same_ending(person.account.reveal()))
    assert refused.value.field == "reason"
    with pytest.raises(Refused, match="修改理由"):
        change_account(office, person, "")


def test_the_bank_is_given_the_account_that_was_approved_and_is_told_that_the_register_has_another(office):
    person, other = office.people({1: 2})
    approved = person.account.reveal()
    run = office.approve(office.run())
    change_account(office, person, same_ending(approved), reason=REASON)
    assert bank_rows(office, run) == {person.name: approved, other.name: other.account.reveal()}
    text = printed(office, run)
    assert approved in text
    assert same_ending(approved) not in text
    assert remarks(office, run) == {person.name: "审批后登记账号有变，按审批时的账号发放", other.name: ""}


def test_an_account_taken_out_of_the_register_or_entered_late_does_not_reach_the_bank_either(office):
    gone, late = office.people({1: 2})
    approved, new = gone.account.reveal(), late.account.reveal()
    change_account(office, late, "", reason="销户")
    run = office.approve(office.run())
    change_account(office, gone, "", reason="销户")
    change_account(office, late, new)
    assert bank_rows(office, run) == {gone.name: approved, late.name: ""}
    told = remarks(office, run)
    assert told[gone.name] == "审批后登记账号有变，按审批时的账号发放"
    assert told[late.name] == "缺账号；审批后才登记账号，本名册没有"


def test_what_was_signed_is_set_without_remarks_of_later_days_and_the_masked_sheet_has_them(office):
    (person,) = office.people({1: 1})
    run = office.approve(office.run())
    change_account(office, person, account_number(4), reason=REASON)
    assert "有变" not in words("".join(pdf_text(roll(office, run, is_full=False).data)))
    assert remarks(office, run, is_full=False) == {person.name: "审批后登记账号有变，按审批时的账号发放"}


def test_the_page_of_the_run_and_that_of_the_person_say_who_changed_the_account_and_when(office):
    person, same = office.people({1: 2})
    run = office.approve(office.run())
    run_page = reverse("model_workers:run_detail", args=[run.pk])
    pages = (
        run_page,
        reverse("people:person_detail", args=[person.public_id]),
        reverse("model_workers:worker_detail", args=[person.public_id]),
    )
    assert not any("按审批时的账号发放" in shown(office.clerk, page) for page in pages)
    before = person.account.reveal()
    after = change_account(office, person, same_ending(before), reason=REASON)
    changed_at = timezone.localtime(person.events.latest("pgh_id").pgh_created_at)
    for page in pages:
        text = shown(office.clerk, page)
        assert "按审批时的账号发放" in text
        assert "示例·劳模经办" in text
        assert f"{changed_at:%Y-%m-%d %H:%M}" in text
        assert f"****{before[-4:]}（末四位相同的另一账号）" in text
        assert before not in text
        assert after.account.reveal() not in text
    assert REASON in shown(office.clerk, run_page)
    other = shown(office.clerk, reverse("people:person_detail", args=[same.public_id]))
    assert "按审批时的账号发放" not in other
    change_account(office, person, before, reason="换回原卡")
    assert not any("按审批时的账号发放" in shown(office.clerk, page) for page in pages)


def test_the_form_asks_for_the_reason_beside_its_box_keeps_what_was_typed_and_the_history_tells_it(office):
    (person,) = office.people({1: 1})
    office.approve(office.run())
    address = reverse("people:person_edit", args=[person.public_id])
    client = signed_in(office.clerk)
    assert "已列入审批过的2016年荣誉津贴发放名册" in shown(office.clerk, address)
    new = same_ending(person.account.reveal())
    answer = client.post(address, typed(person, account=new, residence="示例路 1 号"))
    assert answer.status_code == 422
    assert "修改理由" in answer.context["form"].errors["reason"][0]
    assert "示例路 1 号" in answer.content.decode()
    assert bytes(Person.objects.get().account_hash) == bytes(person.account_hash)
    answer = client.post(address, typed(person, residence="示例路 1 号"))
    assert answer.status_code == 302, "whatever is not the account needs no reason"
    person = Person.objects.get()
    answer = client.post(address, typed(person, account=new, reason=REASON))
    assert answer.status_code == 302
    assert REASON in shown(office.clerk, reverse("people:person_detail", args=[person.public_id]))


def test_while_no_approved_run_waits_for_payment_an_account_changes_without_a_reason(office):
    (person,) = office.people({1: 1})
    run = office.run()
    change_account(office, person, account_number(4))
    recount_run(run_id=run.pk, actor=office.clerk, now=office.now)
    office.approve(run)
    with pytest.raises(Refused, match="2016年荣誉津贴"):
        change_account(office, person, account_number(5), at=office.now + timedelta(days=364))
    change_account(office, person, account_number(5), at=office.now + timedelta(days=367))


def test_a_roster_cannot_change_the_account_of_somebody_whose_payment_is_approved(office):
    held, free = office.people({1: 2})
    office.event(free, "missing", date(2015, 12, 1))
    run = office.run()

    def listing(first: str, second: str) -> RosterImport:
        rows = (
            {"姓名": person.name, "证件号码": person.id_number.reveal(), "银行账号": account}
            for person, account in ((held, first), (free, second))
        )
        return staged(union=office.county, actor=office.clerk, content=roster_file(*rows))

    waiting = listing(account_number(6), account_number(7))
    assert (waiting.error_count, waiting.changed_count) == (0, 2)
    office.approve(run)
    refused = listing(account_number(8), account_number(9))
    assert (refused.error_count, refused.changed_count) == (1, 1)
    (row,) = RosterRow.objects.filter(roster=refused, outcome=RosterRow.Outcome.ERROR)
    assert row.name == held.name
    assert "已列入审批过的2016年荣誉津贴发放名册" in str(row.errors)
    same = listing(held.account.reveal(), account_number(9))
    assert same.error_count == 0, "an account that stays is no change"
    take(waiting, office.clerk)
    waiting.refresh_from_db()
    assert waiting.status == RosterImport.Status.STAGED
    assert "第2行等 1 人已列入审批过的2016年荣誉津贴发放名册" in waiting.message
    assert bytes(Person.objects.get(pk=free.pk).account_hash) == bytes(free.account_hash), (
        "not even half of it"
    )


def test_two_rows_merged_after_the_approval_are_paid_as_approved_and_the_difference_shows(office):
    first, second = office.people({1: 2})
    accounts = {first.name: first.account.reveal(), second.name: second.account.reveal()}
    run = office.approve(office.run())
    merge_people(
        kept_id=first.pk,
        merged_id=second.pk,
        reason="同一人",
        actor=UserFactory(model_worker_clerk=True),
        now=office.now,
    )
    assert bank_rows(office, run) == accounts
    assert remarks(office, run) == {first.name: "", second.name: "审批后登记账号有变，按审批时的账号发放"}
    with pytest.raises(Refused, match="2016年荣誉津贴"):
        change_account(office, first, account_number(4))


# --- on the way to the approval ----------------------------------------------------------------------------


@pytest.mark.parametrize("same", [True, False])
def test_an_account_changed_since_the_count_stops_the_submission_and_names_the_person(office, same):
    person, _ = office.people({1: 2})
    run = office.run()
    before = person.account.reveal()
    change_account(office, person, same_ending(before) if same else account_number(4))
    with pytest.raises(Refused, match=f"1 人有变动（{person.name}）。请重新计数后再提交"):
        office.decide(run, office.clerk, "submit")
    (altered,) = run_change(run).altered
    ((label, old, new),) = altered.facts
    assert (label, old) == ("银行账号", f"****{before[-4:]}")
    assert new == (f"****{before[-4:]}（末四位相同的另一账号）" if same else f"****{account_number(4)[-4:]}")
    recount_run(run_id=run.pk, actor=office.clerk, now=office.now)
    office.approve(run)
    assert bank_rows(office, run)[person.name] == Person.objects.get(pk=person.pk).account.reveal()


def test_an_account_changed_after_the_submission_stops_the_next_hand(office):
    (person,) = office.people({1: 1})
    run = office.run()
    office.decide(run, office.clerk, "submit")
    change_account(office, person, same_ending(person.account.reveal()))
    with pytest.raises(Refused, match=f"{person.name}.*请退回"):
        office.decide(run, office.head, "check")


def test_a_sealed_account_that_is_not_the_one_of_its_hash_is_neither_submitted_nor_paid(office):
    first, _ = office.people({1: 2})
    run = office.run()
    line = run.lines.get(person=first)
    line.account = account_number(4)
    AllowanceLine.objects.filter(pk=line.pk).update(account=line.account)
    with pytest.raises(Refused, match=f"{first.name}的银行账号与其摘要不符"):
        office.decide(run, office.clerk, "submit")


def test_a_sealed_account_of_another_line_does_not_open(office):
    office.people({1: 2})
    run = office.run()
    one, other = run.lines.all()
    AllowanceLine.objects.filter(pk=one.pk).update(account=other.account)
    with pytest.raises(Refused, match=f"{one.name}的银行账号密文无法解开"):
        office.decide(run, office.clerk, "submit")


def test_an_account_of_the_register_that_does_not_open_stops_the_count_by_name(office):
    first, second = office.people({1: 2})
    Person.objects.filter(pk=first.pk).update(account=second.account.sealed)
    with pytest.raises(Refused, match=f"{first.name}的银行账号密文无法解开"):
        office.run()


def test_fixing_the_accounts_costs_the_same_number_of_queries_for_two_people_as_for_twelve(office):
    costs = []
    for people in (1, 2, 12):  # the first is for what is looked up once
        county = UnionFactory()
        office.people({1: people}, unit=UnitFactory(union=county))
        with CaptureQueriesContext(connection) as queries:
            run = office.approve(office.run(union=county))
            assert len(bank_rows(office, run)) == people
        costs.append(len(queries))
    assert costs[1] == costs[2]


# --- in the database ---------------------------------------------------------------------------------------


def test_sealed_account_hash_and_last_digits_of_a_line_are_there_together_or_not_at_all(office):
    office.people({1: 1})
    line = office.run().lines.get()
    for values in (
        {"account": None},
        {"account_hash": None},
        {"account_last_four": ""},
        {"account": None, "account_hash": None},
    ):
        with pytest.raises(IntegrityError, match="model_workers_line_account_hashed"), transaction.atomic():
            AllowanceLine.objects.filter(pk=line.pk).update(**values)
    none = {"account": None, "account_hash": None, "account_last_four": ""}
    assert AllowanceLine.objects.filter(pk=line.pk).update(**none) == 1
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        AllowanceLine.objects.filter(pk=line.pk).update(public_id="12345678-1234-1234-1234-123456789012")


def test_another_master_key_seals_the_accounts_of_a_submitted_run_anew_as_the_runtime_role(office, settings):
    people = office.people({1: 2})
    run = office.approve(office.run())
    settings.FIELD_KEYS = [f"9:{new_key()}", *settings.FIELD_KEYS]
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {RUNTIME}")
    rotate()
    uses = {use.table.model: use.counts for use in keys_in_use()}
    assert uses[AllowanceLine] == {9: 2}
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    settings.FIELD_KEYS = settings.FIELD_KEYS[:1]
    assert bank_rows(office, run) == {
        person.name: Person.objects.get(pk=person.pk).account.reveal() for person in people
    }


OTHER_KEY = "set_byte(account, 1, (get_byte(account, 1) + 1) % 256)"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "change",
    [
        "account = other.account",
        "account_hash = other.account_hash",
        "account = other.account, account_hash = other.account_hash, account_last_four = other.account_last_four",
        "account = NULL, account_hash = NULL, account_last_four = ''",
        "public_id = gen_random_uuid()",
        "account = set_byte(mine.account, 20, get_byte(mine.account, 20) # 1)",
        f"account = {OTHER_KEY.replace('account', 'mine.account')} || 'x'",
        f"account = {OTHER_KEY.replace('account', 'other.account')}, account_hash = other.account_hash",
        f"account = {OTHER_KEY.replace('account', 'mine.account')}, amount = 1",
    ],
)
@pytest.mark.parametrize("is_approved", [False, True])
def test_the_runtime_role_cannot_change_the_account_of_a_submitted_run(change, is_approved):
    office = AllowanceOffice()
    office.parameters()
    people = office.people({1: 2})
    accounts = {person.name: person.account.reveal() for person in people}
    run = office.run()
    office.decide(run, office.clerk, "submit")
    if is_approved:
        office.decide(run, office.head, "check")
        office.decide(run, office.vice, "approve")
    attacks = Attacks()
    # The identity of a row is fixed for everybody, before the case is looked at.
    fixed = "P0001 pgtrigger: Cannot update rows from model_workers_allowanceline table"
    attacks.expect(
        fixed if "public_id" in change else "model_workers_allowanceline_content_fixed",
        change,
        f"UPDATE public.model_workers_allowanceline mine SET {change} FROM public.model_workers_allowanceline other"
        " WHERE mine.id <> other.id",
        who=office.clerk,
    )
    assert attacks.unexpected == []
    assert {line.name: line.account.reveal() for line in run.lines.all()} == accounts


def test_a_sealed_account_spoilt_behind_the_back_of_the_site_pays_nobody_else(office):
    """A turn of the key is the one change of a submitted line; what does not come from it does not open."""
    (person,) = office.people({1: 1})
    run = office.approve(office.run())
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE model_workers_allowanceline SET account = {OTHER_KEY}")
    with pytest.raises(Refused, match=f"{person.name}的银行账号密文无法解开，没有打印"):
        roll(office, run)


def test_a_line_tells_its_account_by_the_mask_only(office):
    (person,) = office.people({1: 1})
    plain = person.account.reveal()
    line = office.run().lines.get()
    assert str(line.account) == f"****{plain[-4:]}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT l::text FROM model_workers_allowanceline l")
        stored = cursor.fetchone()[0]
    assert plain not in stored
    assert plain.encode().hex() not in stored
