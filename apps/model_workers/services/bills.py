"""Hospitals' bills: people who came times the rate, to the fen."""

from datetime import date, datetime
from decimal import Decimal

from django.db import DatabaseError, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.core import audit
from apps.core.errors import Refused
from apps.model_workers.models import ExamBill, ExamInvitation, Hospital
from apps.model_workers.rules.exams import is_invoice_number, require_bill
from apps.model_workers.services.exams import locked_exam
from apps.model_workers.services.refusals import explain
from apps.people.rules.identity import require_no_number


@transaction.atomic
def record_bill(
    *,
    exam_id: int,
    hospital_id: int,
    people: int,
    rate: Decimal,
    invoice_number: str,
    billed_on: date,
    actor: User,
    now: datetime,
) -> ExamBill:
    """Enter a hospital's bill. Raises Refused when it counts other people than came there, naming both numbers."""
    exam = locked_exam(exam_id, actor)
    hospital = Hospital.objects.get(pk=hospital_id)
    attended = ExamInvitation.objects.attended().filter(case=exam, hospital=hospital).count()
    amount = require_bill(
        people=people, attended=attended, hospital=hospital.name, rate=rate, most=exam.rule.rate
    )
    invoice = "".join(invoice_number.split())
    if not invoice:
        raise Refused("“发票号码”没有填写。", field="invoice_number")
    if not is_invoice_number(invoice):
        require_no_number(invoice, label="发票号码", field="invoice_number")
    if not exam.starts_on <= billed_on <= timezone.localdate(now):
        raise Refused(
            f"“结算日期”应在体检开始（{exam.starts_on:%Y-%m-%d}）以后，不晚于今天。", field="billed_on"
        )
    bill = ExamBill(
        case=exam,
        hospital=hospital,
        people=people,
        rate=rate,
        amount=amount,
        invoice_number=invoice,
        billed_on=billed_on,
        created_by=actor,
        created_at=now,
    )
    try:
        with transaction.atomic(), audit.because(actor_id=actor.pk, action="登记体检结算"):
            bill.save(force_insert=True)
    except DatabaseError as error:
        raise explain(error) from None
    return bill


@transaction.atomic
def remove_bill(*, exam_id: int, bill_id: int, reason: str, actor: User) -> ExamBill:
    """Take a wrong bill back while the exam is open; the history keeps it with the reason. Raises Refused."""
    exam = locked_exam(exam_id, actor)
    bill = ExamBill.objects.select_related("hospital").get(pk=bill_id, case=exam)
    reason = require_no_number(reason, label="撤销理由", field="reason")
    if not reason:
        raise Refused("“撤销理由”没有填写。", field="reason")
    with audit.because(actor_id=actor.pk, action="撤销体检结算", reason=reason):
        bill.delete()
    return bill
