"""Who may decide on an edition, and that nobody can get around it."""

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import InternalError
from django.urls import reverse

from apps.budget.checks import edition_findings, unanswered
from apps.budget.models import CalcLine, Edition, EditionDecision, Item, Waiver
from apps.budget.rules.stages import Stage, Status
from apps.budget.selectors.frame import edition_frame
from apps.budget.selectors.sheet import edition_sheet
from apps.budget.selectors.snapshot import snapshot
from apps.budget.services.lines import change_line
from apps.budget.services.waivers import waive_finding
from apps.cases.selectors import role_in_words
from apps.core.errors import Refused
from langfang_union.embedded_database import RUNTIME
from tests.budget.office import MINUTES, Office, at_work
from tests.factories import RoleGrantFactory, UnionFactory, UserFactory


def status_of(edition: Edition) -> str:
    return Edition.objects.values_list("status", flat=True).get(pk=edition.pk)


def frame_for(edition: Edition, user):
    return edition_frame(Edition.objects.for_detail().get(pk=edition.pk), user)


# --- the way through the house -------------------------------------------------------------------------------


def test_an_edition_passes_through_four_different_hands(office, edition):
    approved = office.approve(edition)
    assert approved.status == Status.APPROVED
    assert approved.minutes == MINUTES
    actors = [decision.actor for decision in approved.decisions.all()]
    assert actors == [office.clerk, office.head, office.vice, office.chair]
    assert {decision.amount for decision in approved.decisions.all()} == {367_500}
    assert [role_in_words(decision) for decision in approved.decisions.all()] == [
        "财务经办",
        "财务负责人",
        "分管副主席",
        "主席",
    ]


def test_what_the_bureau_hands_down_is_confirmed_by_the_finance_head_alone(office, edition):
    office.approve(edition)
    handed_down = office.next(edition.plan)
    assert handed_down.stage == Stage.FIRST_DOWN
    assert office.approve(handed_down).status == Status.APPROVED
    assert handed_down.decisions.count() == 2


def test_returning_needs_an_opinion(office, edition):
    office.submit(edition)
    with pytest.raises(Refused, match="必须填写意见") as refused:
        office.decide(edition, office.head, "return", opinion="  ")
    assert refused.value.field == "opinion"
    office.decide(edition, office.head, "return", opinion="人数与名册不符。")
    assert status_of(edition) == Status.RETURNED


def test_the_meeting_approves_only_with_the_number_of_its_minutes(office, edition):
    office.submit(edition)
    office.answer_findings(edition)
    office.decide(edition, office.head, "check")
    office.decide(edition, office.vice, "approve")
    with pytest.raises(Refused, match="会议纪要文号") as refused:
        office.decide(edition, office.chair, "approve")
    assert refused.value.field == "minutes"


def test_a_step_out_of_order_is_refused_with_the_present_state(office, edition):
    with pytest.raises(Refused, match="当前状态为“草稿”"):
        office.decide(edition, office.head, "check")


def test_a_role_without_the_permission_is_refused(office, edition):
    office.submit(edition)
    with pytest.raises(Refused, match="没有“审核通过”的权限"):
        office.decide(edition, office.vice, "check")


def test_people_of_another_union_decide_nothing_here(office, edition):
    office.submit(edition)
    stranger = UserFactory(union=UnionFactory(), finance_head=True)
    with pytest.raises(Refused, match="您没有“审核通过”的权限"):
        office.decide(edition, stranger, "check")


def test_an_edition_with_hard_findings_is_not_submitted(office, edition):
    line = CalcLine.objects.get()
    change_line(
        line_id=line.pk,
        actor=office.clerk,
        values={"people": None},
        seen_version=line.version,
        now=office.now,
    )
    with pytest.raises(Refused, match="必须改正"):
        office.submit(edition)


def test_soft_findings_need_an_answer_before_the_head_lets_it_pass(office, edition):
    office.submit(edition)
    with pytest.raises(Refused, match="文稿校验还有"):
        office.decide(edition, office.head, "check")
    office.answer_findings(edition)
    office.decide(edition, office.head, "check")
    assert status_of(edition) == Status.CHECKED


def buttons(client, user, edition: Edition) -> str:
    client.force_login(user)
    return client.get(reverse("budget:edition_actions", args=[edition.pk])).content.decode()


def test_a_step_that_the_findings_would_refuse_is_not_offered_and_says_why(client, office, edition):
    assert "提交审核" in buttons(client, office.clerk, edition)
    line = CalcLine.objects.get()
    values = {"people": None}
    change_line(line_id=line.pk, actor=office.clerk, values=values, seen_version=line.version, now=office.now)
    shown = buttons(client, office.clerk, edition)
    assert "提交审核" not in shown
    assert "个必须改正的问题，不能提交" in shown
    line.refresh_from_db()
    values = {"people": 245}
    change_line(line_id=line.pk, actor=office.clerk, values=values, seen_version=line.version, now=office.now)
    office.submit(edition)
    shown = buttons(client, office.head, edition)
    assert "审核通过" not in shown
    assert "退回修改" in shown
    assert "个问题没有处理或说明" in shown
    dialog = client.get(reverse("budget:edition_decide", args=[edition.pk, "check"])).content.decode()
    assert "个问题没有处理或说明" in dialog
    assert "审核通过</button>" not in dialog
    office.answer_findings(edition)
    assert "审核通过" in buttons(client, office.head, edition)


def test_reasons_for_several_findings_are_given_in_one_form(client, office, edition):
    office.submit(edition)
    left = [one.finding.fingerprint for one in unanswered(edition_findings(edition))]
    assert len(left) > 1
    own, *others = left
    client.force_login(office.head)
    address = reverse("budget:findings_answer", args=[edition.pk])
    refused = client.post(address, {f"reason-{own}": "示例甲。", "marked": others, "common": " "})
    assert refused.status_code == 422
    assert "示例甲。" in refused.content.decode()
    assert not Waiver.objects.exists()
    assert "请先填写理由" in client.post(address, {}).content.decode()
    client.post(address, {f"reason-{own}": "示例甲。", "marked": left, "common": "示例乙。"})
    given = dict(Waiver.objects.values_list("fingerprint", "reason"))
    assert given == {own: "示例甲。"} | dict.fromkeys(others, "示例乙。")


# --- findings let stand with a reason ------------------------------------------------------------------------


def soft(edition: Edition) -> str:
    """The fingerprint of an open finding that any clerk may answer."""
    found = unanswered(edition_findings(Edition.objects.for_detail().get(pk=edition.pk)))
    return next(one.finding.fingerprint for one in found if one.finding.code == "data.no_document")


def waive(office: Office, edition: Edition, actor, fingerprint: str, reason: str = "示例理由。") -> Waiver:
    return waive_finding(
        edition_id=edition.pk, fingerprint=fingerprint, reason=reason, actor=actor, now=office.now
    )


def test_a_clerk_answers_findings_until_the_finance_head_has_passed_the_edition(office, edition):
    waived = waive(office, edition, office.clerk, soft(edition))
    assert waived.waived_by == office.clerk


@pytest.mark.parametrize("status", [Status.CHECKED, Status.VICE_APPROVED, Status.APPROVED])
def test_afterwards_the_finance_head_alone_answers_and_no_content_moves(office, edition, status):
    office.submit(edition)
    fingerprint = soft(edition)
    office.settle(edition, until=status)
    before = snapshot(edition_sheet(Edition.objects.for_detail().get(pk=edition.pk)))
    with pytest.raises(Refused, match="只能由财务负责人说明理由"):
        waive(office, edition, office.clerk, fingerprint)
    waive(office, edition, office.head, fingerprint)
    after = snapshot(edition_sheet(Edition.objects.for_detail().get(pk=edition.pk)))
    assert after | {"waivers": []} == before
    assert status_of(edition) == status


def test_an_edition_that_another_follows_takes_no_more_reasons(office, edition):
    office.settle(edition)
    fingerprint = soft(edition)
    office.next(edition.plan)
    with pytest.raises(Refused, match="已开启后续版本"):
        waive(office, edition, office.head, fingerprint)


def test_a_reason_from_another_union_is_refused(office, edition):
    stranger = UserFactory(union=UnionFactory(), finance_head=True)
    with pytest.raises(Refused, match="不是您所属工会"):
        waive(office, edition, stranger, soft(edition))


@pytest.mark.parametrize(("reason", "sentence"), [(" ", "请填写“保留理由”"), ("长" * 501, "不能超过 500 字")])
def test_a_reason_is_written_and_short(office, edition, reason, sentence):
    with pytest.raises(Refused, match=sentence) as refused:
        waive(office, edition, office.clerk, soft(edition), reason)
    assert refused.value.field == "reason"


def test_the_findings_page_offers_an_answer_to_those_who_may_give_it(client, office, edition):
    address = reverse("budget:edition_findings", args=[edition.pk])

    def shown(user) -> str:
        client.force_login(user)
        return client.get(address).content.decode()

    assert 'name="reason-' in shown(office.clerk)
    office.settle(edition)
    assert 'name="reason-' in shown(office.head)
    clerks = shown(office.clerk)
    assert 'name="reason-' not in clerks
    assert "只能由财务负责人说明理由" in clerks
    assert 'name="reason-' not in shown(office.chair)
    office.next(edition.plan)
    superseded = shown(office.head)
    assert 'name="reason-' not in superseded
    assert "本版本不再补充说明" in superseded


# --- nobody twice, nobody his own work -----------------------------------------------------------------------


def test_the_submitter_cannot_check_whatever_roles_he_holds(office, edition):
    RoleGrantFactory(user=office.clerk, role="finance_head")
    both = type(office.clerk).objects.get(pk=office.clerk.pk)
    office.submit(edition)
    office.answer_findings(edition)
    with pytest.raises(Refused, match="您录入或修改过"):
        office.decide(edition, both, "check")
    assert frame_for(edition, both).blocked == ("您录入或修改过这项预算版本，不能再审核或审批它。",)
    assert [choice.step.verb for choice in frame_for(edition, both).available] == ["withdraw"]


def test_who_checked_cannot_approve(office, edition):
    RoleGrantFactory(user=office.head, role="vice_chair")
    both = type(office.head).objects.get(pk=office.head.pk)
    office.submit(edition)
    office.answer_findings(edition)
    office.decide(edition, both, "check")
    with pytest.raises(Refused, match="必须由不同的人办理"):
        office.decide(edition, both, "approve")
    assert "您已办理过这项预算版本的另一环节，必须由不同的人办理。" in frame_for(edition, both).blocked


def test_who_typed_a_figure_cannot_check_though_somebody_else_submitted(office, edition):
    colleague = UserFactory(finance_clerk=True)
    RoleGrantFactory(user=colleague, role="finance_head")
    colleague = type(colleague).objects.get(pk=colleague.pk)
    line = CalcLine.objects.get()
    change_line(
        line_id=line.pk, actor=colleague, values={"people": 251}, seen_version=line.version, now=office.now
    )
    office.submit(edition)
    office.answer_findings(edition)
    with pytest.raises(Refused, match="您录入或修改过"):
        office.decide(edition, colleague, "check")
    assert "您录入或修改过这项预算版本，不能再审核或审批它。" in frame_for(edition, colleague).blocked
    with pytest.raises(Refused, match="您录入或修改过"):
        office.decide(edition, colleague, "return", opinion="请核对人数。")


def test_only_the_submitter_withdraws(office, edition):
    office.submit(edition)
    colleague = UserFactory(finance_clerk=True)
    with pytest.raises(Refused, match="只有办理“提交审核”的人能撤回"):
        office.decide(edition, colleague, "withdraw")
    assert frame_for(edition, colleague).blocked == ("只有办理“提交审核”的人能撤回。",)
    office.decide(edition, office.clerk, "withdraw")
    assert status_of(edition) == Status.DRAFT


def test_after_a_return_the_next_round_begins_with_a_clean_slate(office, edition):
    office.submit(edition)
    office.decide(edition, office.head, "return", opinion="请核对。")
    office.submit(edition)
    office.answer_findings(edition)
    office.decide(edition, office.head, "check")
    assert Edition.objects.get(pk=edition.pk).round == 2


# --- the buttons ---------------------------------------------------------------------------------------------


def test_buttons_follow_the_state_table(office, edition):
    assert [choice.label for choice in frame_for(edition, office.clerk).available] == ["提交审核"]
    assert frame_for(edition, office.head).available == ()
    office.submit(edition)
    assert [choice.label for choice in frame_for(edition, office.clerk).available] == ["撤回"]
    shown = frame_for(edition, office.head).available
    assert [(choice.label, choice.is_main) for choice in shown] == [("退回修改", False), ("审核通过", True)]


def test_who_cannot_act_reads_whose_turn_it_is(office, edition):
    office.submit(edition)
    assert frame_for(edition, office.chair).waiting_line == "等待财务负责人办理"
    assert frame_for(edition, office.head).waiting_line == ""


# --- around the services: bulk updates and plain SQL ---------------------------------------------------------


def refuses(name: str):
    return pytest.raises((IntegrityError, InternalError), match=name)


def test_a_submitted_edition_keeps_its_content_against_bulk_updates(office, edition):
    office.submit(edition)
    with refuses("内容不能修改"), transaction.atomic():
        CalcLine.objects.update(people=300)
    with refuses("内容不能修改"), transaction.atomic():
        Item.objects.update(name="改名")
    with refuses("内容不能修改"), transaction.atomic():
        Item.objects.all().delete()
    assert CalcLine.objects.get().people == 245


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE budget_edition SET status = 'draft'",
        "UPDATE budget_edition SET status = 'returned', decided = 2",
        "UPDATE budget_edition SET round = 0",
    ],
)
def test_plain_sql_moves_no_status(office, edition, statement):
    office.submit(edition)
    with refuses("状态只能通过审批改变"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert status_of(edition) == Status.SUBMITTED


def test_decisions_are_never_changed_or_deleted(office, edition):
    office.submit(edition)
    for statement in (
        "UPDATE budget_editiondecision SET opinion = '改'",
        "DELETE FROM budget_editiondecision",
    ):
        with refuses("不能修改或删除"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert EditionDecision.objects.get().opinion == ""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE budget_calcline SET people = 300", "内容不能修改"),
        ("DELETE FROM budget_calcline", "内容不能修改"),
        (
            """INSERT INTO budget_outlineentry (edition_id, section, ordinal, text, version)
               SELECT id, 'duties', 99, 'x', 1 FROM budget_edition""",
            "内容不能修改",
        ),
        ("UPDATE budget_edition SET status = 'draft'", "状态只能通过审批改变"),
        ("UPDATE budget_edition SET round = 0, status = 'draft', decided = 0", "状态只能通过审批改变"),
        ("DELETE FROM budget_edition", "不能删除"),
        ("DELETE FROM budget_editiondecision", "审批记录不能修改或删除"),
        ("UPDATE budget_editiondecision SET actor_id = actor_id + 0, opinion = 'x'", "审批记录不能修改或删除"),
        ("ALTER TABLE budget_calcline DISABLE TRIGGER ALL", "must be owner"),
        ("ALTER TABLE budget_edition DISABLE TRIGGER USER", "must be owner"),
        ("DROP TABLE budget_editiondecision CASCADE", "must be owner"),
        ("TRUNCATE budget_editiondecision CASCADE", "permission denied"),
        ("SET session_replication_role = replica", "permission denied"),
    ],
)  # fmt: skip
def test_the_runtime_role_can_change_nothing_of_a_submitted_edition(runtime, statement, reason):
    office = Office()
    edition = office.plan().editions.get()
    office.submit(edition)
    at_work(runtime, office.clerk)
    assert runtime.execute("SELECT current_user").fetchone() == (RUNTIME,)
    assert runtime.execute("SELECT people FROM budget_calcline").fetchall() == [(245,)]
    with pytest.raises(psycopg.Error, match=reason):
        runtime.execute(statement)
    runtime.rollback()
    assert CalcLine.objects.get().people == 245
    assert status_of(edition) == Status.SUBMITTED


@pytest.mark.django_db(transaction=True)
def test_no_connection_can_ask_the_locks_to_look_away(runtime):
    office = Office()
    office.submit(office.plan().editions.get())
    at_work(runtime, office.clerk)
    names = runtime.execute(
        "SELECT array_agg(tgname)::text FROM pg_trigger WHERE NOT tgisinternal"
    ).fetchone()
    runtime.execute("SELECT set_config('pgtrigger.ignore', %s, true)", names)
    with pytest.raises(psycopg.Error, match="内容不能修改"):
        runtime.execute("UPDATE budget_calcline SET people = 300")


@pytest.mark.django_db(transaction=True)
def test_the_runtime_role_may_still_write_where_the_edition_is_open(runtime):
    """The refusals above come from the locks, not from a role that can do nothing at all."""
    office = Office()
    office.plan()
    with pytest.raises(psycopg.Error, match="没有说明"), runtime.transaction():
        runtime.execute("UPDATE budget_calcline SET people = 251")
    at_work(runtime, office.clerk)
    runtime.execute("UPDATE budget_calcline SET people = 251")
    runtime.commit()
    assert CalcLine.objects.get().people == 251
