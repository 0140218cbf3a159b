"""One valid case of every kind: a programme adds a line, and the generic tests run on it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from apps.accounts.models import Union, User
from apps.budget.models import Adjustment, Edition, Indicator, ItemBasis, YearClosing
from apps.budget.rules.stages import Stage
from apps.cases.models import Case
from apps.cases.services import save_case
from apps.core import audit
from apps.model_workers.models import (
    AllowanceLine,
    AllowanceRun,
    AllowanceStandard,
    CountingRule,
    Exam,
    FileChange,
    FileChangeHonour,
    Honour,
    Nomination,
    ReliefCase,
)
from apps.model_workers.services.files import open_file
from tests.budget.closings import begin_closing, close_year
from tests.factories import (
    AllowanceStandardFactory,
    CalcLineFactory,
    CountingRuleFactory,
    EditionFactory,
    ExamBillFactory,
    ExamFactory,
    ExamInvitationFactory,
    HonourFactory,
    HonourTitleFactory,
    HospitalFactory,
    ItemFactory,
    OutlineEntryFactory,
    PersonFactory,
    PolicyDocumentFactory,
    ReliefCaseFactory,
    ReliefStandardFactory,
    UnionFactory,
    retired_worker,
)
from tests.madeup.models import LoanCase, LoanLine
from tests.model_workers.bureau import know_calendar


@dataclass(frozen=True)
class Sample:
    """`make(union, clerk, amount)` enters a case that lacks nothing; `edit` names a field a second clerk changes."""

    make: Callable[[Union, User, Decimal], Any]
    edit: tuple[str, Any]
    bare: dict[str, Callable[[Union, User, Decimal], Any]] = field(default_factory=dict)
    """Cases that lack what `requires` asks of a submission, by the guard's name."""
    along: Callable[[Any, str, User], list[tuple[str, list[Any]]]] = lambda case, verb, who: []
    """What a step brings with it, as SQL; for the owner, who walks the sample, in the past."""
    row: dict[str, str] = field(default_factory=dict)
    """What a copied row must have otherwise than its model, as SQL by column."""
    changes: dict[str, str] = field(default_factory=dict)
    """A change of a row as SQL by table, where the first column at hand has a guard of its own."""
    amounts: dict[str, str] = field(default_factory=lambda: {"": "1000"})


def _bare_loan(union: Union, clerk: User, amount: Decimal) -> LoanCase:
    return save_case(case=LoanCase(union=union, borrower="示例借用人", purpose="演出"), actor=clerk)


def _loan(union: Union, clerk: User, amount: Decimal) -> LoanCase:
    case = _bare_loan(union, clerk, amount)
    with audit.because(actor_id=clerk.pk, action="录入"):
        LoanLine.objects.bulk_create(
            [LoanLine(case=case, thing="音响", amount=amount - 1), LoanLine(case=case, thing="线", amount=1)]
        )
    return case


def _relief(union: Union, clerk: User, amount: Decimal) -> ReliefCase:
    return ReliefCaseFactory(
        person=retired_worker(union=union),
        created_by=clerk,
        kind="special",
        standard=ReliefStandardFactory(special=True),
        monthly_income=None,
        months=None,
        amount=amount,
        lower_reason="示例",
    )


def _nomination(union: Union, clerk: User, amount: Decimal) -> Nomination:
    case = Nomination(
        person=PersonFactory(union=union),
        union=union,
        title=HonourTitleFactory(),
        year=2026,
        recommended_by=union,
        merits="示例：爱岗敬业。",
    )
    return save_case(case=case, actor=clerk)


_LATEST = "(SELECT max(d.id) FROM public.model_workers_nominationdecision d WHERE d.case_id = %s)"
_TODAY = "(public.house_now() AT TIME ZONE 'Asia/Shanghai')::date"


def _nominated(case: Nomination, verb: str, who: User) -> list[tuple[str, list[Any]]]:
    """The notice, twenty days ago for the owner, and the honour."""
    if verb == "notice":
        today = timezone.localdate()
        know_calendar(today - timedelta(20), today + timedelta(13))
        first = f"{_TODAY} - CASE WHEN public.house_is_owner() THEN 20 ELSE 0 END"
        sql = (
            "INSERT INTO public.model_workers_nominationnotice (decision_id, place, first_on, last_on, lines, put_up_by_id)"
            f" VALUES ({_LATEST}, '示例', {first}, {first} + 13, '{{示例}}', %s)"
        )
        return [(sql, [case.pk, who.pk])]
    if verb == "approve":
        columns = "session, document_number, certificate_number, scan_name, scan_sha256, note, revoked_document, void_reason"
        sql = (
            f"INSERT INTO public.model_workers_honour (public_id, person_id, title_id, decision_id, awarded_on, awarding_body,"
            f" created_by_id, created_at, {columns})"
            f" VALUES (gen_random_uuid(), %s, %s, {_LATEST}, {_TODAY}, '示例机关', %s, now(), '', '', '', '', '', '', '', '')"
        )
        return [(sql, [case.person_id, case.title_id, case.pk, who.pk])]
    return []


def _bare_change(union: Union, clerk: User, amount: Decimal) -> FileChange:
    """Of honours, without one."""
    honour = HonourFactory(person=PersonFactory(union=union))
    open_file(person=honour.person, actor=clerk, now=timezone.now())
    case = FileChange(
        person=honour.person,
        union=union,
        action="revoke_honour",
        effective_on=timezone.localdate(),
        document="示例决定",
        reason="示例",
    )
    return save_case(case=case, actor=clerk)


def _change(union: Union, clerk: User, amount: Decimal) -> FileChange:
    case = _bare_change(union, clerk, amount)
    with audit.because(actor_id=clerk.pk, action="录入"):
        FileChangeHonour.objects.create(case=case, honour=Honour.objects.get(person=case.person))
    return case


def _unfit_change(union: Union, clerk: User, amount: Decimal) -> FileChange:
    """Of an honour that was voided since."""
    case = _change(union, clerk, amount)
    Honour.objects.filter(person=case.person).update(
        voided_at=timezone.now(), voided_by=clerk, void_reason="示例"
    )
    return case


def _resumed(union: Union, clerk: User, amount: Decimal) -> FileChange:
    """Of a file that was never suspended."""
    case = _bare_change(union, clerk, amount)
    case.action = "resume"
    return save_case(case=case, actor=clerk)


_UNFIT = {
    "honours_named": _bare_change,
    "honours_fit": _unfit_change,
    "follows_the_file": _resumed,
}
_CHANGED = """
    UPDATE public.model_workers_honour SET revoked_on = {on}, revoked_document = {document}, status_decision_id = (
        SELECT max(d.id) FROM public.model_workers_filechangedecision d WHERE d.case_id = %s) WHERE person_id = %s
"""


def _changes(case: FileChange, verb: str, who: User) -> list[tuple[str, list[Any]]]:
    """What a change does to the honour it names."""
    given = {"approve": {"on": "%s", "document": "%s"}, "void": {"on": "NULL", "document": "''"}}.get(verb)
    if given is None:
        return []
    said = [case.effective_on, case.document] if verb == "approve" else []
    return [(_CHANGED.format(**given), [*said, case.pk, case.person_id])]


def _run(union: Union, clerk: User, amount: Decimal) -> AllowanceRun:
    """One line; each in a union of its own, because years follow each other within a union."""
    if not AllowanceStandard.objects.exists():
        AllowanceStandardFactory(award_class=1, amount=amount)
    own = UnionFactory(parent=union)
    line_of, _spare = PersonFactory(union=own), PersonFactory(union=own)
    run = AllowanceRun(
        union=own,
        year=2016,
        snapshot_on="2015-12-31",
        rule=CountingRule.objects.first() or CountingRuleFactory(),
    )
    save_case(case=run, actor=clerk)
    with audit.because(actor_id=clerk.pk, action="录入"):
        AllowanceLine.objects.create(
            case=run,
            person=line_of,
            name="示例人员",
            union_name="示例工会",
            award_count=1,
            award_class=1,
            amount=amount,
            period_from="2016-01-01",
            period_until="2016-12-31",
        )
    return run


_STAGES = {Decimal(1000 + place): stage for place, stage in enumerate(Stage)}


def _edition(union: Union, clerk: User, amount: Decimal) -> Edition:
    """Of the stage that the amount stands for, with a row of every kind that belongs there."""
    stage = _STAGES[amount]
    edition = EditionFactory(plan__union=UnionFactory(parent=union), stage=stage, created_by=clerk)
    item = ItemFactory(edition=edition)
    OutlineEntryFactory(edition=edition)
    with audit.because(actor_id=clerk.pk, action="录入"):
        ItemBasis.objects.create(item=item, document=PolicyDocumentFactory(), ordinal=1)
        Indicator.objects.create(
            item=item, ordinal=1, level="cost", name="x", direction="at_least", target="1"
        )
    if stage != Stage.ADJUSTMENT:
        CalcLineFactory(item=item, quota=True, fixed_amount=amount)
    else:
        with audit.because(actor_id=clerk.pk, action="录入"):
            Adjustment.objects.create(
                item=item, kind="addition", amount=amount, reason="示例", created_by=clerk
            )
    return edition


def _bare_exam(union: Union, clerk: User, year: int = 2015) -> Exam:
    """In a union of its own: a union has one exam a year."""
    return ExamFactory(union=UnionFactory(parent=union), created_by=clerk, year=year)


def _exam(union: Union, clerk: User, amount: Decimal, year: int = 2015) -> Exam:
    """One came and was billed."""
    exam = _bare_exam(union, clerk, year)
    came = ExamInvitationFactory(case=exam, hospital=HospitalFactory(), attended_on=exam.starts_on)
    ExamBillFactory(case=exam, hospital=came.hospital, rate=amount)
    return exam


def _exam_with(**facts: Any) -> Callable[[Union, User, Decimal], Exam]:
    """Somebody is on the roster, without a bill."""

    def make(union: Union, clerk: User, amount: Decimal) -> Exam:
        return ExamInvitationFactory(case=_bare_exam(union, clerk), **facts).case

    return make


def _exam_of_closed_year(union: Union, clerk: User, amount: Decimal) -> Exam:
    close_year(2013)
    return _exam(union, clerk, amount, year=2013)


_UNFINISHED = {
    "has_roster": lambda union, clerk, amount: _bare_exam(union, clerk),
    "everybody_answered": _exam_with(),
    "everything_billed": lambda *given: _exam_with(hospital=HospitalFactory(), attended_on="2015-06-03")(
        *given
    ),
    "year_open": _exam_of_closed_year,
}


def _closing(union: Union, clerk: User, amount: Decimal) -> YearClosing:
    """Of a year that has none."""
    taken = set(YearClosing.objects.values_list("fiscal_year", flat=True))
    return begin_closing(next(year for year in range(2040, 2100) if year not in taken), clerk, union)


def _closing_of_unfinished(union: Union, clerk: User, amount: Decimal) -> YearClosing:
    closing = _closing(union, clerk, amount)
    EditionFactory(plan__fiscal_year=closing.fiscal_year)
    return closing


SAMPLES: dict[type[Case], Sample] = {
    Exam: Sample(
        _exam,
        ("budget_amount", Decimal("5000")),
        bare=_UNFINISHED,
        row={"slip_number": "slip_number + 100000", "invoice_number": "'另' || invoice_number"},
    ),
    FileChange: Sample(_change, ("reason", "示例：改过"), bare=_UNFIT, along=_changes),
    ReliefCase: Sample(_relief, ("circumstances", "示例：改过")),
    Nomination: Sample(_nomination, ("merits", "示例：改过"), along=_nominated),
    AllowanceRun: Sample(
        _run,
        ("counted_at", "2016-01-05T00:00Z"),
        row={
            "public_id": "gen_random_uuid()",
            "person_id": "(SELECT max(p.id) FROM public.people_person p)",
        },
    ),
    Edition: Sample(
        _edition,
        ("reason", "示例：改过"),
        changes={
            "budget_item": "version = version + 1",
            "budget_outlineentry": "text = 'z'",
            "budget_adjustment": "amount = amount + 1",
        },
        amounts={stage: str(amount) for amount, stage in _STAGES.items()},
    ),
    YearClosing: Sample(_closing, ("basis", "示例：改过"), bare={"all_settled": _closing_of_unfinished}),
    LoanCase: Sample(
        _loan,
        ("purpose", "展览"),
        bare={"has_lines": _bare_loan},
        amounts={"small": "1000", "large": "50000"},
    ),
}
