"""The pages a programme gets for declaring: entered, refused with what was typed, submitted, decided, listed."""

import pytest
from django.urls import reverse

from apps.cases.forms import StepForm
from apps.cases.selectors import tasks
from apps.cases.services import Seen, decide_each
from apps.core import audit
from tests.clients import signed_in
from tests.factories import UserFactory
from tests.madeup.models import LoanCase, LoanLine

pytestmark = pytest.mark.django_db
TYPED = {"borrower": "示例甲", "purpose": "演出"}


@pytest.fixture
def clerk():
    return UserFactory(finance_clerk=True)


@pytest.fixture
def head():
    return UserFactory(finance_head=True)


def enter(clerk, *, lines: int = 1) -> LoanCase:
    signed_in(clerk).post(reverse("madeup:loan_create"), TYPED)
    case = LoanCase.objects.latest("pk")
    with audit.because(actor_id=clerk.pk, action="录入"):
        LoanLine.objects.bulk_create(LoanLine(case=case, thing="音响", amount=500) for _ in range(lines))
    return case


def step(user, case: LoanCase, verb: str, **typed: str):
    case.refresh_from_db()
    sent = StepForm.initial_of(Seen.of(case)) | typed
    return signed_in(user).post(reverse("madeup:loan_decide", args=[case.public_id, verb]), sent)


def detail(user, case: LoanCase) -> str:
    return signed_in(user).get(reverse("madeup:loan_detail", args=[case.public_id])).content.decode()


def test_what_is_entered_is_kept_and_what_is_missing_is_named(clerk):
    refused = signed_in(clerk).post(reverse("madeup:loan_create"), TYPED | {"purpose": ""})
    assert (refused.status_code, "“用途”没有填写" in refused.content.decode()) == (422, True)
    assert 'value="示例甲"' in refused.content.decode()
    case = enter(clerk)
    assert (case.status, case.editors, case.created_by) == ("draft", [clerk.pk], clerk)
    assert ">示例甲</a>" in signed_in(clerk).get(reverse("madeup:loan_list")).content.decode()


def test_a_step_that_must_fail_says_so_before_the_click(clerk, head):
    case = enter(clerk, lines=0)
    assert "提交审核：没有器材，不能提交。" in detail(clerk, case)
    assert "没有器材，不能提交。" in step(clerk, case, "submit").content.decode()
    other = enter(clerk)
    assert step(clerk, other, "submit").status_code == 302
    assert "等待财务负责人办理" in detail(clerk, other)
    both = UserFactory(finance_clerk=True, finance_head=True)
    with audit.because(actor_id=both.pk, action="修改"):
        LoanCase.objects.filter(pk=case.pk).update(purpose="展览")
    with audit.because(actor_id=clerk.pk, action="录入"):
        LoanLine.objects.create(case=case, thing="线", amount=1)
    step(clerk, case, "submit")
    assert "您录入或修改过这项器材借用，不能再审核或审批它。" in detail(both, case)


def test_an_old_page_and_a_missing_opinion_keep_what_was_typed(clerk, head):
    case = enter(clerk)
    step(clerk, case, "submit")
    empty = step(head, case, "return", opinion="")
    assert (empty.status_code, "“意见”没有填写" in empty.content.decode()) == (422, True)
    stale = StepForm.initial_of(Seen.of(case)) | {"number": 1, "opinion": "示例意见"}
    answer = signed_in(head).post(reverse("madeup:loan_decide", args=[case.public_id, "check"]), stale)
    assert answer.status_code == 422
    assert "刚刚由别人办理过" in answer.content.decode()
    assert "示例意见" in answer.content.decode()
    gone = signed_in(clerk).get(reverse("madeup:loan_decide", args=[case.public_id, "submit"]))
    assert "当前状态为“待审核”，不能提交审核。" in gone.content.decode()


def test_several_at_once_have_a_verdict_each_and_wait_for_the_next(clerk, head):
    first, second, empty = enter(clerk), enter(clerk), enter(clerk, lines=0)
    verdicts = decide_each(cases=[first, second, empty], actor=clerk, verb="submit")
    assert [one.refusal for one in verdicts] == ["", "", "没有器材，不能提交。"]
    waiting = [(one.matter, one.count, one.step) for one in tasks(head)]
    assert waiting == [("器材借用：待审核", "2", "审核通过")]
    step(head, first, "check")
    vice = UserFactory(vice_chair=True)
    assert [one.step for one in tasks(vice)] == ["同意"]
    assert list(tasks(clerk)) == []


def test_a_person_of_another_union_and_one_without_a_role_see_nothing(clerk):
    case = enter(clerk)
    address = reverse("madeup:loan_detail", args=[case.public_id])
    assert signed_in(UserFactory(county_clerk=True)).get(address).status_code == 404
    assert signed_in(UserFactory(system_admin=True)).get(address).status_code == 403
    wrong = reverse("madeup:loan_decide", args=[case.public_id, "dance"])
    assert signed_in(clerk).get(wrong).status_code == 404
    other = reverse("madeup:loan_decide", args=[case.public_id, "check"])
    assert signed_in(clerk).post(other).status_code == 403
