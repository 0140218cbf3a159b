"""待我办理 of the model workers: rosters at a step this person takes, reviews, exams to close."""

from collections.abc import Iterator
from datetime import date

from django.urls import reverse

from apps.accounts.models import User
from apps.core.desk import Errand, count_up_to, counted
from apps.model_workers.models import (
    AllowanceRun,
    Exam,
    Review,
)
from apps.model_workers.rules import allowances
from apps.model_workers.selectors.overpayments import overpaid_lines
from apps.model_workers.selectors.reviews import OPEN
from apps.model_workers.selectors.workers import UNPROVEN, roster

AREA = "劳模"
_ASKED_RUNS = 2


def programme_errands(user: User, *, today: date) -> Iterator[Errand]:
    if user.may("allowance.prepare"):
        yield from _overpaid(user, today)
    if user.may("model_worker.edit"):
        yield from _reviews(user, today)
        yield from _unproven(user, today)
    if user.may("exam.manage"):
        yield from _exams(user, today)


def _overpaid(user: User, today: date) -> Iterator[Errand]:
    """Deaths and the like registered behind an approved run."""
    approved = AllowanceRun.objects.visible_to(user).filter(status=allowances.RunStatus.APPROVED)
    for run in approved.select_related("union", "rule").order_by("-year", "pk")[:_ASKED_RUNS]:
        found = overpaid_lines(run, today=today)
        if found:
            yield Errand(
                area=AREA,
                matter=f"{run.union.short_name}{run.year}年荣誉津贴：按现在的登记有多发",
                detail="、".join(one.line.person.name for one in found[:5])
                + ("等" if len(found) > 5 else ""),
                count=str(len(found)),
                step="去处理",
                url=reverse("model_workers:run_overpaid", args=[run.pk]),
            )


def _reviews(user: User, today: date) -> Iterator[Errand]:
    reviews = Review.objects.visible_to(user).filter(OPEN)
    next_due = reviews.order_by("due_on").values_list("due_on", flat=True).first()
    if next_due is not None:
        yield Errand(
            area=AREA,
            matter="劳模复核尚未办结",
            count=count_up_to(reviews),
            step="去复核",
            url=f"{reverse('model_workers:review_list')}?state=open",
            due_on=next_due,
            is_late=next_due < today,
        )


def _unproven(user: User, today: date) -> Iterator[Errand]:
    """A roster says that somebody is retired, but not on what paper; the allowance rests on it."""
    yield from counted(
        roster(viewer=user, filters={"doubt": UNPROVEN}, today=today).people,
        area=AREA,
        matter="离退休没有证明材料的劳模",
        step="去补证明材料",
        url=f"{reverse('model_workers:worker_list')}?doubt={UNPROVEN}",
    )


def _exams(user: User, today: date) -> Iterator[Errand]:
    ended = Exam.objects.visible_to(user).filter(status=Exam.flow.first, ends_on__lt=today)
    for exam in ended.select_related("union").order_by("ends_on")[:5]:
        yield Errand(
            area=AREA,
            matter=f"{exam.union.short_name}{exam.year}年劳模体检已结束，等待结算、提交办结",
            step="去办结",
            url=reverse("model_workers:exam_detail", args=[exam.pk]),
            due_on=exam.ends_on,
        )
