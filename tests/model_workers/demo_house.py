"""The demo as a whole for tests: its budget bound to its register, and everybody through whose hands a figure goes."""

import json
import re
from datetime import date

from django.core.management import call_command

from apps.accounts.models import Union
from apps.accounts.services import load_unions
from apps.budget import demo as budget_demo
from apps.budget import printing
from apps.budget.models import CalcLine, Edition, IssuedDocument, PrintJob
from apps.budget.models.issues import Style
from apps.budget.selectors.sheet import ItemRow, edition_sheet
from apps.budget.selectors.sources import SourceState, line_state
from apps.budget.services.printing import request_print, run_print
from apps.budget.services.sources import accept_reading
from apps.cases.services import Seen
from apps.model_workers import demo
from apps.model_workers.models import AllowanceRun, HonourTitle
from apps.model_workers.selectors.counting import Counting, Workers, entitled, model_workers, rule_on
from apps.model_workers.services.honours import award_honour
from apps.model_workers.services.runs import decide_run, prepare_run
from apps.people.models import Person
from apps.people.services.standing import record_standing
from tests.budget.office import Office
from tests.budget.paper import FIXTURES, Paper
from tests.factories import UserFactory

DAY = date(2015, 12, 31)
ITEM = "市级离退休劳模津贴"
SOURCE = "model_workers.retired_by_award_class"
TITLE = "廊坊市劳动模范"


class DemoHouse(Office):
    """The finance office of the demo, its budget bound to the demo register, and the keepers of the register."""

    def __init__(self) -> None:
        call_command("load_reference", verbosity=0)
        load_unions(rows=json.loads((FIXTURES / "demo_unions.json").read_text("utf-8")))
        super().__init__(Union.objects.get(kind=Union.Kind.CITY))
        self.keeper = UserFactory(union=self.union, model_worker_clerk=True)
        self.checker = UserFactory(union=self.union, model_worker_head=True)
        given = {"folder": FIXTURES, "now": self.now}
        plan = budget_demo.load(union=self.union, actor=self.clerk, **given)
        assert plan is not None
        self.budget = plan
        demo.load(union=self.union, actor=self.keeper, head=self.checker, **given)
        assert demo.bind(actor=self.clerk, **given) == 4

    @property
    def edition(self) -> Edition:
        """The newest one."""
        return Edition.objects.for_detail().filter(plan=self.budget).latest("id")

    def people(self, award: int, **facts: object) -> Workers:
        """The entitled of one class on the snapshot date."""
        everybody = model_workers(union_path=self.union.path, as_of=DAY, counting=Counting.of(rule_on(DAY)))
        return entitled(everybody).filter(award_class=award, **facts).order_by("pk")

    def counts(self) -> dict[int, tuple[int, int]]:
        """How many of each class, and how many of them from bankrupt enterprises."""
        return {
            award: (self.people(award).count(), self.people(award, is_bankrupt=True).count())
            for award in (1, 2, 3)
        }

    def line(self, award: int, edition: Edition | None = None) -> CalcLine:
        return CalcLine.objects.select_related("item__edition__plan__union").get(
            item__edition=edition or self.edition,
            source_key=SOURCE,
            source_parameters__contains={"class": str(award)},
        )

    def state(self, award: int) -> SourceState:
        return line_state(self.line(award))

    def record(self, person: Person, kind: str, on: date) -> None:
        record_standing(
            person_id=person.pk,
            kind=kind,
            effective_on=on,
            document="示例证明",
            note="",
            actor=self.keeper,
            now=self.now,
        )

    def award(self, person: Person, on: date) -> None:
        award_honour(
            person_id=person.pk,
            title=HonourTitle.objects.get(name=TITLE),
            awarded_on=on,
            facts={"awarding_body": "示例·市表彰机关"},
            actor=self.keeper,
            now=self.now,
        )

    def accept(self, award: int) -> None:
        state = self.state(award)
        assert state.reading is not None
        accept_reading(line_id=state.line.pk, seen_value=state.reading.value, actor=self.clerk, now=self.now)

    def item(self) -> ItemRow:
        return next(row for row in edition_sheet(self.edition).items if row.title == ITEM)

    def issue(self) -> IssuedDocument:
        job = request_print(
            edition_id=self.edition.pk,
            actor=self.head,
            style=Style.GONGWEN,
            is_issue=True,
            reason="",
            now=self.now,
        )
        run_print(job_id=job.pk)
        done = PrintJob.objects.get(pk=job.pk)
        assert done.status == PrintJob.Status.DONE, done.message
        return IssuedDocument.objects.get(pk=done.issued_id)

    def print_draft(self) -> str:
        copy = printing.prepare(self.edition, style=Style.GONGWEN, is_draft=True)
        return plain_text(printing.set_copy(copy).data)

    def run(self) -> AllowanceRun:
        return prepare_run(
            union_id=self.union.pk, year=2016, snapshot_on=DAY, actor=self.keeper, now=self.now
        )

    def approve_run(self, run: AllowanceRun) -> AllowanceRun:
        for actor, verb in ((self.keeper, "submit"), (self.checker, "check"), (self.vice, "approve")):
            decide_run(case=run, actor=actor, verb=verb, seen=Seen.of(run), now=self.now)
        return run


def plain_text(printed: bytes) -> str:
    """The words of a PDF without the marks that lead from an amount to its calculation."""
    return re.sub(r"［测[0-9]+-[0-9]+］", "", Paper(printed).text)
