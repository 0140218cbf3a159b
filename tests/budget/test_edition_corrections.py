"""What was approved and is wrong: the stage comes once more, with a reason, through the same hands, and is issued anew."""

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.budget.models import CalcLine, Edition, IssuedDocument
from apps.budget.models.issues import Style
from apps.budget.rules.stages import Stage, Status
from apps.budget.selectors.plans import plan_rows
from apps.budget.services import printing
from apps.budget.services.lines import change_line
from apps.budget.services.plans import open_correction, open_next_edition
from apps.core.errors import Refused
from tests.budget.office import Office
from tests.budget.paper import Paper
from tests.clients import signed_in

REASON = "人数与名册不符，251人误录为245人。"


def corrected(office: Office, edition: Edition) -> Edition:
    correction = open_correction(
        plan_id=edition.plan_id, reason=REASON, actor=office.clerk, now=timezone.now()
    )
    line = CalcLine.objects.get(item__edition=correction)
    change_line(
        line_id=line.pk, actor=office.clerk, values={"people": 251}, seen_version=line.version, now=office.now
    )
    return office.approve(correction)


def issue(edition: Edition, office: Office) -> IssuedDocument:
    job = printing.request_print(
        edition_id=edition.pk, actor=office.head, style=Style.GONGWEN, is_issue=True, now=timezone.now()
    )
    printing.run_print(job_id=job.pk)
    job.refresh_from_db()
    assert job.status == "done", job.message
    return job.issued


def test_a_correction_goes_through_the_same_hands_and_its_issue_says_why(office, edition):
    approved = office.approve(edition)
    first = issue(approved, office)
    kept = bytes(first.pdf)
    correction = corrected(office, approved)
    assert (correction.label, correction.status) == ("一上第1次更正", Status.APPROVED)
    assert [step.actor for step in correction.decisions.all()] == [
        office.clerk,
        office.head,
        office.vice,
        office.chair,
    ]
    second = issue(correction, office)
    text = Paper(bytes(second.pdf)).text
    assert REASON in text
    assert "CS1R1-W01" in text
    assert second.snapshot["amount"] == "376500.00"
    assert bytes(IssuedDocument.objects.get(pk=first.pk).pdf) == kept
    assert Edition.objects.get(pk=approved.pk).items.get().lines.get().people == 245


def test_the_next_stage_follows_the_correction(office, edition):
    correction = corrected(office, office.approve(edition))
    following = office.next(edition.plan)
    assert (following.based_on, following.stage) == (correction, Stage.FIRST_DOWN)
    assert following.items.get().lines.get().people == 251
    (row,) = plan_rows(office.clerk)
    assert row.edition == following


def test_what_is_refused_says_why(office, edition):
    facts = {"plan_id": edition.plan_id, "actor": office.clerk, "now": timezone.now()}
    with pytest.raises(Refused, match="“一上”还未审定"):
        open_correction(reason=REASON, **facts)
    office.settle(edition)
    with pytest.raises(Refused, match="请填写“更正理由”") as refused:
        open_correction(reason=" ", **facts)
    assert refused.value.field == "reason"
    with pytest.raises(Refused, match="您没有录入预算的权限"):
        open_correction(reason=REASON, **facts | {"actor": office.head})


def test_after_an_adjustment_the_next_adjustment_corrects(office):
    edition = office.settle(office.adjustment())
    with pytest.raises(Refused, match="再开启一次调剂"):
        open_correction(plan_id=edition.plan_id, reason=REASON, actor=office.clerk, now=office.now)
    assert open_next_edition(plan_id=edition.plan_id, actor=office.clerk, now=office.now).label == "第2次调剂"


def test_a_correction_is_opened_from_the_page_of_the_budget(office, edition):
    page, clerk = reverse("budget:plan_detail", args=[edition.plan_id]), signed_in(office.clerk)
    address = reverse("budget:plan_correct", args=[edition.plan_id])
    assert address not in clerk.get(page).content.decode()
    office.settle(edition)
    assert "更正“一上”" in clerk.get(page).content.decode()
    assert "更正“一上”" not in signed_in(office.head).get(page).content.decode()
    empty = clerk.post(address, {"reason": ""})
    assert (empty.status_code, "“更正理由”没有填写" in empty.content.decode()) == (422, True)
    assert clerk.post(address, {"reason": REASON}).status_code == 302
    opened = Edition.objects.latest("pk")
    assert (opened.reason, opened.status, opened.sequence) == (REASON, Status.DRAFT, 2)
    assert REASON in clerk.get(reverse("budget:edition_grid", args=[opened.pk])).content.decode()
