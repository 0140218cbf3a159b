"""Who takes a step in the place of somebody absent: both names are kept, shown and printed, and both count as one hand."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import RoleGrant, User
from apps.accounts.roles import Role
from apps.cases.forms import StepForm
from apps.cases.models import Case
from apps.cases.selectors import case_page, notice_page, tasks
from apps.cases.services import Seen, answer_objection, decide, enter_objection
from apps.core import audit
from apps.core.errors import Refused
from apps.core.pdf import pdf_text
from apps.model_workers.models import NominationObjection
from tests.cases.samples import SAMPLES
from tests.clients import signed_in
from tests.factories import PersonFactory, ReliefCaseFactory, RoleGrantFactory, UnionFactory, UserFactory
from tests.madeup.models import LoanCase, LoanLine
from tests.model_workers.bureau import Bureau
from tests.stand_ins import instead_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk() -> User:
    return UserFactory(finance_clerk=True)


@pytest.fixture
def head() -> User:
    return UserFactory(finance_head=True, full_name="示例·负责人")


def loan(clerk: User) -> LoanCase:
    return SAMPLES[LoanCase].make(UnionFactory(city=True), clerk, 1000)


def step(case: Case, actor: User, verb: str, opinion: str = "示例意见") -> object:
    return decide(case=case, actor=actor, verb=verb, seen=Seen.of(case), opinion=opinion)


def detail(user: User, case: LoanCase) -> str:
    return signed_in(user).get(reverse("madeup:loan_detail", args=[case.public_id])).content.decode()


def test_the_database_writes_the_role_and_for_whom_and_the_trail_shows_both_names(clerk, head):
    case, stands_in = loan(clerk), instead_of(head, Role.FINANCE_HEAD)
    step(case, clerk, "submit")
    taken = step(case, stands_in, "check")
    assert (taken.actor, taken.role, taken.stands_in_for) == (stands_in, "finance_head", head)
    assert case.decisions.get(verb="submit").stands_in_for is None
    shown = detail(clerk, case)
    assert "示例·代理人" in shown
    assert "财务负责人，代示例·负责人" in shown


def test_the_paper_prints_both_names():
    clerk = UserFactory(model_worker_clerk=True)
    checks, vice = UserFactory(model_worker_head=True), UserFactory(vice_chair=True, full_name="示例·副主席")
    stands_in, case = instead_of(vice, Role.VICE_CHAIR), ReliefCaseFactory(created_by=clerk)
    for actor, verb in ((clerk, "submit"), (checks, "check"), (stands_in, "approve")):
        step(case, actor, verb)
    printed = signed_in(clerk).post(reverse("model_workers:relief_print", args=[case.public_id]))
    text = "".join("\n".join(pdf_text(printed.content)).split())
    assert "示例·代理人（分管副主席，代示例·副主席）" in text


def test_a_role_of_ones_own_goes_before_that_of_somebody_absent(clerk, head):
    own = UserFactory(finance_head=True)
    stands_in, case = instead_of(head, Role.FINANCE_HEAD, own), loan(clerk)
    step(case, clerk, "submit")
    assert step(case, stands_in, "check").stands_in_for is None


def test_nobody_stands_in_where_the_absent_took_another_duty_and_the_page_says_so_before(clerk, head):
    RoleGrantFactory(user=head, role=Role.VICE_CHAIR)
    stands_in, case = instead_of(head, Role.VICE_CHAIR), loan(clerk)
    step(case, clerk, "submit")
    step(case, head, "check")
    why = "您所代理的人已办理过这项器材借用的另一环节，您不能代他办理这一环节。"
    assert why in detail(stands_in, case)
    assert list(tasks(stands_in)) == []
    with pytest.raises(Refused, match=why):
        step(case, stands_in, "approve")
    other = loan(clerk)
    step(other, clerk, "submit")
    step(other, UserFactory(finance_head=True), "check")
    assert [one.count for one in tasks(stands_in)] == ["1"]
    assert step(other, stands_in, "approve").stands_in_for == head


def test_who_comes_back_takes_no_other_duty_than_the_stand_in_took(clerk, head):
    RoleGrantFactory(user=head, role=Role.VICE_CHAIR)
    stands_in, case = instead_of(head, Role.FINANCE_HEAD), loan(clerk)
    step(case, clerk, "submit")
    step(case, stands_in, "check")
    returned = User.objects.get(pk=head.pk)
    assert list(tasks(returned)) == []
    with pytest.raises(Refused, match="必须由不同的人办理"):
        step(case, returned, "approve")


def test_a_stand_in_goes_on_with_the_duty_of_the_absent(clerk, head):
    """What the absent entered is submitted, what he sent back is checked again."""
    case, stands_in = loan(clerk), instead_of(head, Role.FINANCE_HEAD)
    colleague = instead_of(clerk, Role.FINANCE_CLERK, UserFactory())
    assert step(case, colleague, "submit").stands_in_for == clerk
    step(case, head, "return")
    step(case, clerk, "submit")
    assert step(case, stands_in, "check").stands_in_for == head


# --- who writes content in somebody's place -------------------------------------------------------------------------


def test_whoever_was_stood_in_for_while_content_was_written_counts_as_an_editor(clerk, head):
    RoleGrantFactory(user=clerk, role=Role.FINANCE_HEAD)
    colleague = instead_of(clerk, Role.FINANCE_CLERK)
    entered = loan(colleague)
    assert entered.editors == [colleague.pk, clerk.pk]
    other = UserFactory(finance_clerk=True)
    for change in (
        lambda case: LoanCase.objects.filter(pk=case.pk).update(purpose="展览"),
        lambda case: LoanLine.objects.create(case=case, thing="话筒", amount=1),
    ):
        case = loan(other)
        with audit.because(actor_id=colleague.pk, action="修改"):
            change(case)
        case.refresh_from_db()
        assert case.editors == [other.pk, colleague.pk, clerk.pk]
        step(case, other, "submit")
        assert list(tasks(clerk)) == []
        with pytest.raises(Refused, match="不能再审核或审批"):
            step(case, User.objects.get(pk=clerk.pk), "check")


def test_nobody_edits_in_the_place_of_somebody_who_checked_and_the_page_says_so_before(clerk, head):
    RoleGrantFactory(user=head, role=Role.FINANCE_CLERK)
    stands_in, case = instead_of(head, Role.FINANCE_CLERK), loan(clerk)
    page = case_page(case, viewer=stands_in)
    assert (page.may_edit, page.edit_blocked) == (True, "")
    step(case, clerk, "submit")
    step(case, head, "return")
    why = "您所代理的人已办理过这项器材借用的另一环节，您不能代他办理这一环节。"
    shown = detail(stands_in, case)
    assert f"修改：{why}" in shown
    assert reverse("madeup:loan_edit", args=[case.public_id]) not in shown
    for change in (
        lambda: LoanCase.objects.filter(pk=case.pk).update(purpose="展览"),
        lambda: LoanLine.objects.filter(case=case).delete(),
    ):
        with (
            pytest.raises(DatabaseError, match="不能再修改内容"),
            transaction.atomic(),
            audit.because(actor_id=stands_in.pk, action="修改"),
        ):
            change()
    assert "修改：您已办理过这项器材借用的另一环节" in detail(head, case)


# --- who speaks of a notice in somebody's place ---------------------------------------------------------------------


@pytest.fixture
def bureau():
    return Bureau()


@pytest.fixture
def noticed(bureau):
    return bureau.reach(bureau.nominate(PersonFactory()), "noticed")


def spoken(bureau, case) -> str:
    page = signed_in(bureau.clerk).get(reverse("model_workers:nomination_detail", args=[case.public_id]))
    return "".join(page.content.decode().split())


def test_an_objection_and_its_answer_bear_both_names(bureau, noticed):
    enters = instead_of(bureau.head, Role.MODEL_WORKER_HEAD)
    answers = instead_of(bureau.vice, Role.VICE_CHAIR, UserFactory(full_name="示例·代答人"))
    said = enter_objection(case=noticed, said="示例反映", actor=enters)
    answer_objection(case=noticed, objection=said, holds=False, words="示例核查", actor=answers)
    said = NominationObjection.objects.get()
    assert (said.stands_in_for, said.answer.stands_in_for) == (bureau.head, bureau.vice)
    shown = spoken(bureau, noticed)
    for person, absent in ((enters, bureau.head), (answers, bureau.vice)):
        assert f"{person}（代{absent}）" in shown
        assert f"（{person}代{absent}" in shown


def test_nobody_answers_in_the_place_of_somebody_with_another_hand_in_the_case(bureau, noticed):
    """Of the head who reviewed; and of whoever entered the objection, in person or through a stand-in."""
    today = timezone.localdate()
    RoleGrantFactory(user=bureau.head, role=Role.VICE_CHAIR)
    stands_in = instead_of(bureau.head, Role.VICE_CHAIR)
    page = notice_page(noticed, viewer=stands_in, today=today)
    why = "您所代理的人已办理过这项推荐评选的另一环节，您不能代他办理这一环节。"
    assert (page.may_answer, page.blocked) == (False, (f"答复公示反映：{why}",))
    second = UserFactory(model_worker_head=True)
    RoleGrantFactory(user=second, role=Role.VICE_CHAIR)
    entered_for = instead_of(second, Role.MODEL_WORKER_HEAD, UserFactory())
    said = enter_objection(case=noticed, said="示例反映", actor=entered_for)
    answers_for = instead_of(second, Role.VICE_CHAIR, UserFactory())
    for person in (stands_in, second, answers_for):
        page = notice_page(noticed, viewer=User.objects.get(pk=person.pk), today=today)
        assert (page.may_answer, len(page.blocked)) == (False, 1)
        with pytest.raises(Refused, match="必须由不同的人办理"):
            answer_objection(case=noticed, objection=said, holds=False, words="示例", actor=person)
    assert notice_page(noticed, viewer=bureau.vice, today=today).may_answer


# --- a week ---------------------------------------------------------------------------------------------------------


def press(user: User, case: LoanCase, verb: str) -> int:
    case.refresh_from_db()
    sent = StepForm.initial_of(Seen.of(case))
    return signed_in(user).post(reverse("madeup:loan_decide", args=[case.public_id, verb]), sent).status_code


def test_a_stand_in_is_named_confirmed_takes_a_step_and_is_refused_after_the_last_day(clerk, head):
    deputy, confirmer = UserFactory(full_name="示例·代理人"), UserFactory(security_admin=True)
    first, second = loan(clerk), loan(clerk)
    for case in (first, second):
        step(case, clerk, "submit")
    today = timezone.localdate()
    last = today + timedelta(days=7)
    period = f"{today} 至 {last}"
    named = signed_in(head).post(
        "/accounts/me/stand-ins/",
        {"role": "finance_head", "user": deputy.pk, "starts_on": today, "ends_on": last},
    )
    assert named.status_code == 302
    mine = signed_in(head).get("/accounts/me/stand-ins/").text
    assert period in mine
    assert "待确认" in mine
    assert press(deputy, first, "check") == 403
    grant = RoleGrant.objects.get(stands_in_for=head)
    waiting = signed_in(confirmer).get("/accounts/confirm/").text
    assert period in waiting
    assert "00:00" not in mine + waiting
    signed_in(confirmer).post(f"/accounts/confirm/grants/{grant.pk}/")
    profile = signed_in(deputy).get("/accounts/me/").text
    assert '<span class="who__role">代·财务负责人</span>' in profile
    assert f"代{head}任财务负责人，{period}" in profile
    assert press(deputy, first, "check") == 302
    assert "财务负责人，代示例·负责人" in detail(clerk, first)
    # The owner of the tables lets the week pass.
    over = timezone.now() - timedelta(hours=1)
    RoleGrant.objects.filter(pk=grant.pk).update(valid_from=over - timedelta(days=7), valid_until=over)
    assert press(deputy, second, "check") == 403
    with pytest.raises(Refused, match="没有“审核通过”的权限"):
        step(second, User.objects.get(pk=deputy.pk), "check")
    assert press(head, second, "check") == 302
    assert "财务负责人，代示例·负责人" in detail(clerk, first)
    assert "who__role" not in signed_in(deputy).get("/accounts/me/").text
