"""Printing in the background and issuing: what is kept can never change, and only the right person may keep it."""

import hashlib
from datetime import date, timedelta

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import JobAborted
from procrastinate.job_context import AbortReason, JobContext
from procrastinate.jobs import Job

from apps.accounts.models import AccessRecord
from apps.accounts.roles import Role
from apps.budget.models import Edition, IssuedDocument, PolicyDocument, PrintJob
from apps.budget.models.issues import Style
from apps.budget.selectors.printing import TASK, condition_of
from apps.budget.services import printing as services
from apps.budget.services.items import set_citations
from apps.budget.services.plans import open_correction
from apps.core.errors import Refused
from apps.core.jobs import ATTEMPTS, Condition
from apps.core.tasks import begin_again
from langfang_union.embedded_database import RUNTIME
from tests.budget.office import Office
from tests.budget.paper import Paper
from tests.clients import signed_in
from tests.factories import PolicyDocumentFactory, RoleGrantFactory, UnionFactory, UserFactory
from tests.stand_ins import instead_of


@pytest.fixture
def edition(office) -> Edition:
    return office.approve(office.plan().editions.get())


def ask(
    edition: Edition, actor, *, is_issue: bool = True, style: str = Style.GONGWEN, reason: str = ""
) -> PrintJob:
    return services.request_print(
        edition_id=edition.pk, actor=actor, style=style, is_issue=is_issue, reason=reason, now=timezone.now()
    )


def issue(edition: Edition, actor, **words) -> IssuedDocument:
    job = ask(edition, actor, **words)
    services.run_print(job_id=job.pk)
    job = PrintJob.objects.get(pk=job.pk)
    assert job.status == PrintJob.Status.DONE, job.message
    return IssuedDocument.objects.get(pk=job.issued_id)


# --- what an issue keeps -----------------------------------------------------------------------------------


def test_an_issue_keeps_bytes_hash_data_fonts_reasons_and_person(office, edition):
    document = issue(edition, office.head)
    data = bytes(document.pdf)
    assert hashlib.sha256(data).hexdigest() == document.sha256
    assert document.issued_by == office.head
    assert document.sequence == 1
    assert document.page_count == len(Paper(data).pages)
    assert document.snapshot["amount"] == "367500.00"
    assert [choice["role"] for choice in document.fonts] == ["body", "heading", "kai", "title", "table"]
    assert {row["reason"] for row in document.waived} == {"示例：经核对可以保留。"}


def test_the_issued_file_names_its_number_and_where_to_verify_it(office, edition):
    document = issue(edition, office.head)
    text = Paper(bytes(document.pdf)).text
    assert f"签发编号：2016-{office.union.code}-CS1-W01（第1次签发）" in text
    assert reverse("budget:verify") in text
    assert "草稿" not in text
    assert office.chair.full_name in text


def test_each_style_is_issued_for_itself(office, edition):
    first = issue(edition, office.head, style=Style.GONGWEN)
    second = issue(edition, office.head, style=Style.BOOK)
    assert (first.sequence, second.sequence) == (1, 1)
    assert first.sha256 != second.sha256


def test_no_statement_changes_or_removes_an_issue(office, edition):
    issue(edition, office.head)
    for statement in (
        "UPDATE budget_issueddocument SET title = 'x'",
        "UPDATE budget_issueddocument SET issued_at = now()",
        "DELETE FROM budget_issueddocument",
    ):
        with (
            pytest.raises(DatabaseError, match="Cannot update or delete rows"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    with pytest.raises(DatabaseError, match="Cannot update or delete rows"), transaction.atomic():
        IssuedDocument.objects.update(title="x")


def test_the_database_refuses_bytes_that_do_not_fit_their_hash(office, edition):
    document = issue(edition, office.head)
    document.pk, document.sequence, document.reason = None, 2, "更正"
    document.sha256 = "0" * 64
    with pytest.raises(IntegrityError, match="budget_issueddocument_hash_fits_bytes"), transaction.atomic():
        document.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_the_role_of_the_running_site_cannot_remove_the_protection():
    office = Office()
    issue(office.approve(office.plan().editions.get()), office.head)
    settings = connection.settings_dict
    with psycopg.connect(
        host=settings["HOST"], port=settings["PORT"] or None, dbname=settings["NAME"], user=RUNTIME
    ) as runtime:
        for statement in (
            "UPDATE budget_issueddocument SET title = 'x'",
            "ALTER TABLE budget_issueddocument DISABLE TRIGGER ALL",
            "TRUNCATE budget_issueddocument CASCADE",
        ):
            with pytest.raises(psycopg.Error), runtime.transaction():
                runtime.execute(statement)


def test_a_reprint_is_the_same_file_and_is_recorded(office, edition):
    document = issue(edition, office.head)
    client = signed_in(office.clerk)
    url = reverse("budget:issued_file", args=[document.pk])
    first, second = client.post(url), client.post(url)
    assert first.content == second.content == bytes(document.pdf)
    assert first["Content-Type"] == "application/pdf"
    assert first["Content-Disposition"].startswith("attachment; filename")
    taken = AccessRecord.objects.filter(kind=AccessRecord.Kind.PRINT, actor=office.clerk)
    assert [record.sha256 for record in taken] == [document.sha256] * 2


# --- who may issue what ------------------------------------------------------------------------------------


def test_only_an_approved_edition_is_issued(office):
    draft = office.plan().editions.get()
    with pytest.raises(Refused, match="只有已审定的版本可以签发，本版本草稿"):
        ask(draft, office.head)


@pytest.mark.parametrize("role", ["finance_clerk", "vice_chair", "chair", "auditor", "reader"])
def test_roles_without_the_right_cannot_issue(office, edition, role):
    with pytest.raises(Refused, match="没有签发编制说明的权限"):
        ask(edition, UserFactory(union=office.union, **{role: True}))


def test_who_submitted_cannot_issue_whatever_roles_they_hold(office, edition):
    RoleGrantFactory(user=office.clerk, role="finance_head")
    clerk = type(office.clerk).objects.get(pk=office.clerk.pk)
    with pytest.raises(Refused, match="您或您所代理的人录入、提交过本版本，须由他人签发"):
        ask(edition, clerk)


def test_a_stand_in_issues_under_both_names(office, edition):
    stands_in = instead_of(office.head, Role.FINANCE_HEAD)
    document = issue(edition, stands_in)
    assert (document.issued_by, document.stands_in_for) == (stands_in, office.head)
    assert document.issuer == f"{stands_in}（代{office.head}）"
    assert f"签发人：{document.issuer}" in Paper(bytes(document.pdf)).text
    for page in ("budget:issued_list", "budget:issued_detail"):
        args = [] if page.endswith("list") else [document.pk]
        assert document.issuer in signed_in(office.clerk).get(reverse(page, args=args)).content.decode()


def test_who_stands_in_for_somebody_who_entered_cannot_issue(office, edition):
    entered = UserFactory(union=office.union, finance_clerk=True, finance_head=True)
    office.settle(edition)
    correction = open_correction(
        plan_id=edition.plan_id, reason="漏列一人。", actor=entered, now=timezone.now()
    )
    stands_in = instead_of(entered, Role.FINANCE_HEAD)
    with pytest.raises(Refused, match="您或您所代理的人录入、提交过本版本"):
        ask(office.approve(correction), stands_in)


def test_another_unions_budget_is_not_issued(office, edition):
    stranger = UserFactory(union=UnionFactory(), finance_head=True)
    with pytest.raises(Refused, match="不是您所属工会"):
        ask(edition, stranger)


def test_a_finding_that_came_up_after_the_approval_stops_the_issue(office):
    edition = office.plan().editions.get()
    policy = PolicyDocumentFactory()
    set_citations(item_id=edition.items.get().pk, actor=office.clerk, citations=[(policy.pk, "")])
    approved = office.approve(edition)
    PolicyDocument.objects.filter(pk=policy.pk).update(in_force_until=date(2015, 6, 30))
    with pytest.raises(Refused, match="1 个问题没有处理或说明，不能签发"):
        ask(approved, office.head)


def test_a_finding_that_came_up_after_the_approval_is_answered_by_the_finance_head_and_then_issued(office):
    edition = office.plan().editions.get()
    policy = PolicyDocumentFactory()
    set_citations(item_id=edition.items.get().pk, actor=office.clerk, citations=[(policy.pk, "")])
    approved = office.approve(edition)
    PolicyDocument.objects.filter(pk=policy.pk).update(in_force_until=date(2015, 6, 30))

    office.answer_findings(approved)

    document = issue(approved, office.head)
    assert [row["code"] for row in document.waived].count("data.document_expired") == 1


def test_findings_after_an_issue_do_not_stand_in_the_way_of_its_correction(office):
    edition = office.plan().editions.get()
    policy = PolicyDocumentFactory()
    set_citations(item_id=edition.items.get().pk, actor=office.clerk, citations=[(policy.pk, "")])
    approved = office.approve(edition)
    first = issue(approved, office.head)
    PolicyDocument.objects.filter(pk=policy.pk).update(in_force_until=date(2015, 6, 30))

    office.answer_findings(approved)

    second = issue(approved, office.head, reason="首页日期有误。")
    assert len(second.waived) == len(first.waived) + 1
    assert IssuedDocument.objects.get(pk=first.pk).waived == first.waived


def test_a_correction_needs_a_reason_and_leaves_the_first_issue_as_it_is(office, edition):
    first = issue(edition, office.head)
    before = bytes(first.pdf)
    with pytest.raises(Refused, match="必须填写“更正理由”") as refused:
        ask(edition, office.head)
    assert refused.value.field == "reason"
    second = issue(edition, office.head, reason="首页日期有误。")
    assert (second.sequence, second.reason) == (2, "首页日期有误。")
    assert "更正理由：首页日期有误。" in Paper(bytes(second.pdf)).text
    assert bytes(IssuedDocument.objects.get(pk=first.pk).pdf) == before
    page = signed_in(office.clerk).get(reverse("budget:issued_detail", args=[first.pk])).content.decode()
    assert "更正：首页日期有误。" in page


# --- the job -----------------------------------------------------------------------------------------------


def test_a_second_click_finds_the_first_job(office, edition):
    first, second = ask(edition, office.head), ask(edition, office.head)
    assert first.pk == second.pk
    assert ProcrastinateJob.objects.filter(task_name=TASK, args={"job_id": first.pk}).count() == 1


def test_a_draft_is_kept_for_its_reader_and_carries_the_watermark(office):
    edition = office.plan().editions.get()
    job = ask(edition, office.clerk, is_issue=False, style=Style.BOOK)
    services.run_print(job_id=job.pk)
    response = signed_in(office.clerk).post(reverse("budget:print_job_file", args=[job.pk]))
    assert "草" in Paper(response.content).pages[0]
    job = PrintJob.objects.get(pk=job.pk)
    assert (job.status, job.percent, job.issued_id) == (PrintJob.Status.DONE, 100, None)
    assert job.sha256 == hashlib.sha256(response.content).hexdigest()


def test_a_job_that_fails_says_why(office):
    edition = office.plan(items=0).editions.get()
    office.add_item(edition, name="示例\U000323af慰问金")
    job = ask(edition, office.clerk, is_issue=False)
    services.run_print(job_id=job.pk)
    page = signed_in(office.clerk).get(reverse("budget:print_job", args=[job.pk])).content.decode()
    assert PrintJob.objects.get(pk=job.pk).status == PrintJob.Status.FAILED
    assert "U+323AF" in page
    assert "已停止打印" in page


def test_a_job_runs_once_only(office):
    edition = office.plan().editions.get()
    job = ask(edition, office.clerk, is_issue=False)
    services.run_print(job_id=job.pk)
    finished = PrintJob.objects.get(pk=job.pk).finished_at
    services.run_print(job_id=job.pk)
    assert PrintJob.objects.get(pk=job.pk).finished_at == finished


def worker(seconds_ago: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => %s)) RETURNING id",
            [seconds_ago],
        )
        return cursor.fetchone()[0]


def taken_by(job: PrintJob, worker_id: int | None) -> None:
    """As the worker leaves the rows once it has begun."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s, attempts = 1 WHERE args = %s::jsonb",
            [worker_id, f'{{"job_id": {job.pk}}}'],
        )
    PrintJob.objects.filter(pk=job.pk).update(status=PrintJob.Status.RUNNING, percent=40, stage="版面")


def progress_page(job: PrintJob, reader) -> str:
    return signed_in(reader).get(reverse("budget:print_job_progress", args=[job.pk])).content.decode()


def test_without_a_worker_the_page_says_so_after_some_seconds(office):
    job = ask(office.plan().editions.get(), office.clerk, is_issue=False)
    assert condition_of(job, job.requested_at + timedelta(seconds=2)) == Condition.WAITING
    assert condition_of(job, job.requested_at + timedelta(seconds=8)) == Condition.NO_WORKER
    PrintJob.objects.filter(pk=job.pk).update(requested_at=job.requested_at - timedelta(seconds=8))
    page = progress_page(job, office.clerk)
    assert "没有后台程序在运行" in page
    assert "every 1s" in page
    worker(seconds_ago=3)
    assert condition_of(job, timezone.now() + timedelta(seconds=8)) == Condition.WAITING


def test_a_running_job_shows_how_far_it_is(office):
    job = ask(office.plan().editions.get(), office.clerk, is_issue=False)
    taken_by(job, worker(seconds_ago=3))
    page = progress_page(job, office.clerk)
    assert 'value="40"' in page
    assert "every 1s" in page


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("silent_for", [45, None])
def test_an_issue_whose_worker_was_killed_begins_again_by_itself_and_is_kept_once(work, silent_for):
    office = Office()
    edition = office.approve(office.plan().editions.get())
    job = ask(edition, office.head)
    # A dead worker's row stays until the next worker prunes it, and then the job has none.
    taken_by(job, worker(silent_for) if silent_for else None)
    page = progress_page(job, office.head)
    assert "正在生成" not in page
    assert "every 1s" in page
    begin_again.defer(timestamp=0)
    work()
    job.refresh_from_db()
    assert job.status == PrintJob.Status.DONE
    assert IssuedDocument.objects.get().pk == job.issued_id


@pytest.mark.django_db(transaction=True)
def test_a_job_that_takes_its_worker_down_each_time_is_given_up_in_a_sentence(work):
    office = Office()
    job = ask(office.plan().editions.get(), office.clerk, is_issue=False)
    taken_by(job, worker(seconds_ago=45))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET attempts = %s", [ATTEMPTS - 1])
    begin_again.defer(timestamp=0)
    work()
    job.refresh_from_db()
    assert job.status == PrintJob.Status.FAILED
    assert "多次中断" in job.message


def test_a_print_that_lost_its_database_is_no_failure_but_begins_again(office):
    job = ask(office.plan().editions.get(), office.clerk, is_issue=False)

    def away(execute, sql, params, many, context):
        if "budget_edition" in sql:
            raise OperationalError("the connection is lost")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(away), pytest.raises(OperationalError):
        services.run_print(job_id=job.pk)
    services.run_print(job_id=job.pk)
    assert PrintJob.objects.get(pk=job.pk).status == PrintJob.Status.DONE


def test_a_print_whose_worker_is_being_stopped_ends_between_two_steps_and_begins_again(office):
    job = ask(office.plan().editions.get(), office.clerk, is_issue=False)
    queued = Job(
        id=1,
        queue="default",
        lock=None,
        queueing_lock=None,
        task_name=TASK,
        task_kwargs={"job_id": job.pk},
    )

    def run(reason: AbortReason | None) -> None:
        context = JobContext(
            app=app, job=queued, start_timestamp=0, additional_context={}, abort_reason=lambda: reason
        )
        app.tasks[TASK](context, job_id=job.pk)

    with pytest.raises(JobAborted):
        run(AbortReason.SHUTDOWN)
    assert PrintJob.objects.get(pk=job.pk).status == PrintJob.Status.RUNNING
    run(None)
    assert PrintJob.objects.get(pk=job.pk).status == PrintJob.Status.DONE


def test_a_job_its_queue_lost_is_told_and_begins_again_when_asked(office):
    job = ask(office.plan().editions.get(), office.clerk, is_issue=False)
    taken_by(job, worker(seconds_ago=3))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed'")
    page = progress_page(job, office.clerk)
    assert "后台程序中断" in page
    assert "every 1s" not in page
    answer = signed_in(office.clerk).post(reverse("budget:print_job_restart", args=[job.pk]))
    again = PrintJob.objects.latest("pk")
    assert answer["Location"] == reverse("budget:print_job", args=[again.pk])
    assert again.pk != job.pk
    assert again.status == PrintJob.Status.QUEUED
    assert PrintJob.objects.get(pk=job.pk).status == PrintJob.Status.FAILED


def test_a_job_that_is_alive_does_not_begin_again(office):
    job = ask(office.plan().editions.get(), office.clerk, is_issue=False)
    taken_by(job, worker(seconds_ago=3))
    with pytest.raises(Refused, match="没有中断"):
        services.restart_print(job_id=job.pk, actor=office.clerk, now=timezone.now())


def test_an_issue_given_up_meanwhile_is_not_kept(office, edition):
    job = ask(edition, office.head)
    PrintJob.objects.filter(pk=job.pk).update(status=PrintJob.Status.FAILED)
    job.refresh_from_db()
    with pytest.raises(Refused, match="已经重新开始"):
        services.issue_document(job=job, now=timezone.now())
    assert not IssuedDocument.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_worker_of_the_queue_prints_and_issues(work):
    office = Office()
    edition = office.approve(office.plan().editions.get())
    client = signed_in(office.head)
    answer = client.post(
        reverse("budget:edition_print", args=[edition.pk]),
        {"style": "gongwen", "what": "issue", "reason": ""},
    )
    job = PrintJob.objects.get()
    assert answer["Location"] == reverse("budget:print_job", args=[job.pk])
    work()
    job.refresh_from_db()
    assert (job.status, job.message) == (PrintJob.Status.DONE, f"共 {job.page_count} 页")
    assert not ProcrastinateJob.objects.filter(args={"job_id": job.pk}).exists()
    page = client.get(answer["Location"]).content.decode()
    assert reverse("budget:issued_file", args=[job.issued_id]) in page


def test_only_the_last_drafts_of_a_person_are_kept(office):
    edition = office.plan().editions.get()
    old = [
        PrintJob.objects.create(
            edition=edition,
            style=Style.GONGWEN,
            requested_by=office.clerk,
            status=PrintJob.Status.DONE,
            pdf=b"%PDF-",
        )
        for _ in range(10)
    ]
    job = ask(edition, office.clerk, is_issue=False)
    services.run_print(job_id=job.pk)
    assert PrintJob.objects.filter(pdf__isnull=False).count() == 10
    response = signed_in(office.clerk).post(reverse("budget:print_job_file", args=[old[0].pk]), follow=True)
    assert "不再保存" in response.content.decode()


# --- the pages ---------------------------------------------------------------------------------------------


def test_the_print_page_shows_fonts_findings_and_why_not_to_issue(office):
    edition = office.plan().editions.get()
    page = signed_in(office.head).get(reverse("budget:edition_print", args=[edition.pk])).content.decode()
    for said in ("仿宋", "小标宋", "只有已审定的版本可以签发", "要改正或说明理由", "打印草稿"):
        assert said in page
    assert 'value="issue"' not in page


def test_what_a_style_is_like_stands_on_a_line_of_its_own(office):
    edition = office.plan().editions.get()
    page = signed_in(office.head).get(reverse("budget:edition_print", args=[edition.pk])).content.decode()
    assert '<span>公文版式<span class="choice-note">A4 纵向，每面 22 行' in page


def test_the_page_asks_before_it_issues(office, edition):
    page = signed_in(office.head).get(reverse("budget:edition_print", args=[edition.pk])).content.decode()
    assert 'data-dialog-open="issue-dialog"' in page
    assert 'value="issue"' in page


def test_wrong_input_is_answered_with_a_sentence_and_kept(office, edition):
    client = signed_in(office.head)
    url = reverse("budget:edition_print", args=[edition.pk])
    answer = client.post(url, {"style": "poster", "what": "draft"})
    assert answer.status_code == 422
    assert "“版式”请从列表中选择。" in answer.content.decode()
    issue(edition, office.head)
    answer = client.post(url, {"style": "gongwen", "what": "issue", "reason": "长" * 301})
    assert answer.status_code == 422
    assert "“更正理由”最多 300 个字" in answer.content.decode()
    answer = client.post(url, {"style": "gongwen", "what": "issue", "reason": ""})
    assert "必须填写“更正理由”" in answer.content.decode()


def test_rows_of_another_union_do_not_exist_for_the_reader(office, edition):
    document = issue(edition, office.head)
    job = PrintJob.objects.latest("pk")
    stranger = signed_in(UserFactory(union=UnionFactory(), finance_head=True))
    for name, pk in (
        ("edition_print", edition.pk),
        ("print_job", job.pk),
        ("print_job_progress", job.pk),
        ("issued_detail", document.pk),
    ):
        assert stranger.get(reverse(f"budget:{name}", args=[pk])).status_code == 404, name
    for name, pk in (("print_job_file", job.pk), ("issued_file", document.pk)):
        assert stranger.post(reverse(f"budget:{name}", args=[pk])).status_code == 404, name
    assert document.title not in stranger.get(reverse("budget:issued_list")).content.decode()


def test_the_list_names_every_issue_without_reading_its_bytes(office, edition, django_assert_max_num_queries):
    issue(edition, office.head)
    client = signed_in(office.clerk)
    with django_assert_max_num_queries(20) as queries:
        page = client.get(reverse("budget:issued_list")).content.decode()
    assert "2016-LF-CS1-W01" in page
    assert not any('"budget_issueddocument"."pdf"' in query["sql"] for query in queries.captured_queries)
