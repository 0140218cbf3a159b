"""Rows of a roster as they are staged: each judged by itself, among the others and against the register."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from django.db import connection, transaction

from apps.core.encryption import search_hash
from apps.core.errors import Refused
from apps.core.sheets.columns import Cell
from apps.people.account_holds import held_accounts
from apps.people.models import RosterImport, RosterRow
from apps.people.models.persons import ACCOUNT_COLUMN, NUMBER_COLUMN, PHONE_COLUMN
from apps.people.rules import identity, names
from apps.people.rules import rosters as rules
from apps.people.rules.drafts import CheckedPerson, PersonDraft, Problem, check_person
from apps.people.rules.roster_cells import BY_KEY, Words, draft_of, labelled, shown, without_digits, words_of
from apps.people.rules.rosters import Existing, KnownUnit, UnitWords, WorkEvent
from apps.people.rules.standing import Kind
from apps.people.selectors import rosters as selectors
from apps.people.services.persons import PLAIN_FIELDS
from apps.people.services.roster_rows import FACT_COLUMNS, as_json, facts_of, seal_cells

# Of a number that stands in a roster a hundred times, each row names this many of the others.
_NAMED = 3
_TAKEN_ELSEWHERE = "已登记在所选工会以外的一人名下；请核对号码，确实无误的请联系市总工会。"
Outcome = RosterRow.Outcome


@dataclass(slots=True)
class _Row:
    """One row while it is judged."""

    number: int
    cells: list[Cell]
    words: Words
    draft: PersonDraft
    checked: CheckedPerson | None
    problems: list[Problem]
    warnings: list[Problem] = field(default_factory=list)
    bank_must_be_known: bool = False
    """The row has an account without a bank: good only if the bank is known already."""
    id_hash: bytes | None = None
    account_hash: bytes | None = None
    known: Existing | None = None
    unit: UnitWords | None = None
    unit_changes: bool = False
    work: WorkEvent | None = None

    @property
    def changes_account(self) -> bool:
        """Whether somebody known would get another account."""
        known, account = self.known, self.account_hash
        return self.checked is not None and known is not None and account not in (None, known.account_hash)

    def refuse(self, column: str, message: str) -> None:
        self.problems.append(Problem(column, message))


class Staging:
    """Stages batch after batch and remembers what must not stand in the file twice."""

    def __init__(self, roster: RosterImport, keys: Sequence[str], *, today: date) -> None:
        self.roster = roster
        self.keys = keys
        self.today = today
        self.numbers: dict[bytes, int] = {}
        self.accounts: dict[bytes, int] = {}
        self.people: dict[int, int] = {}
        self.nameless: dict[tuple[str, date | None], int] = {}
        self.units: dict[str, KnownUnit | None] = {}
        self.planned_units: dict[str, UnitWords] = {}
        self.codes: dict[str, str] = {}
        self.late: dict[int, list[tuple[str, str]]] = defaultdict(list)
        self.repeats: dict[tuple[str, int], int] = defaultdict(int)

    def stage(self, batch: Sequence[tuple[int, list[Cell]]]) -> None:
        rows = [self._read_row(number, cells) for number, cells in batch]
        self._find_people(rows)
        self._require_unheld(rows)
        self._load_units(rows)
        for row in rows:
            self._judge(row)
        self._write(rows)

    # ---- one row by itself -----------------------------------------------------------------------------------

    def _read_row(self, number: int, cells: list[Cell]) -> _Row:
        words = words_of(self.keys, cells)
        draft = draft_of(words)
        checked, found = check_person(draft, today=self.today)
        wrong_cells = {problem.field for problem in words.problems}
        problems = [*words.problems, *(one for one in found if one.field not in wrong_cells)]
        row = _Row(number, cells, words, draft, checked, problems)
        if checked is None and [one.field for one in problems] == ["bank_name"] and draft.account:
            row.checked, _ = check_person(replace(draft, bank_name="-"), today=self.today)
            row.bank_must_be_known, row.problems = True, []
        elif wrong_cells:
            row.checked = None
        row.unit, wrong = rules.unit_words(words, row=number)
        row.problems += [one for one in wrong if one.field not in wrong_cells]
        if row.checked is not None:
            row.warnings += [_as_problem(warning) for warning in row.checked.warnings]
            row.id_hash = _hash(row.checked.id_number, NUMBER_COLUMN)
            row.account_hash = _hash(row.checked.account, ACCOUNT_COLUMN)
        else:
            row.id_hash, row.account_hash = self._numbers_of_wrong(row)
        return row

    def _numbers_of_wrong(self, row: _Row) -> tuple[bytes | None, bytes | None]:
        """The numbers of a row that is wrong elsewhere, so that a repeated one is told in the same go."""

        def parsed(key: str, parse: Callable[[str], str], column: str) -> bytes | None:
            text = row.words.text(key)
            try:
                return _hash(parse(text), column) if text else None
            except Refused:
                return None

        return (
            parsed(
                "id_number",
                lambda text: (
                    identity.parse_foreign_number(text)
                    if row.draft.id_kind == "foreign"
                    else identity.parse_resident_number(text, today=self.today).number
                ),
                NUMBER_COLUMN,
            ),
            parsed("account", lambda text: identity.parse_account(text).number, ACCOUNT_COLUMN),
        )

    # ---- what the register knows ------------------------------------------------------------------------------

    def _find_people(self, rows: Sequence[_Row]) -> None:
        path = self.roster.union.path
        holders = selectors.number_holders({row.id_hash for row in rows if row.id_hash}, path=path)
        without = [row for row in rows if row.checked is not None and row.id_hash is None]
        namesakes = selectors.namesakes(
            {row.checked.name for row in without if row.checked}, union_id=self.roster.union_id
        )
        for row in rows:
            if row.id_hash is not None:
                row.known = holders.people.get(row.id_hash)
                if row.id_hash in holders.elsewhere:
                    row.refuse("id_number", _TAKEN_ELSEWHERE)
            elif row.checked is not None:
                alike = namesakes.get((row.checked.name, row.checked.birth_on), [])
                if len(alike) > 1:
                    row.refuse("name", f"本工会有 {len(alike)} 名同名、同出生日期的人，请填写证件号码。")
                row.known = alike[0] if len(alike) == 1 else None
        accounts = selectors.account_holders(
            {row.account_hash for row in rows if row.account_hash}, path=path
        )
        for row in rows:
            holder = accounts.get(row.account_hash) if row.account_hash else None
            if holder is not None and (row.known is None or row.known.id != holder.person_id):
                row.refuse(
                    "account",
                    f"已登记在“{holder.name}”名下，请核对。" if holder.name else _TAKEN_ELSEWHERE,
                )

    def _require_unheld(self, rows: Sequence[_Row]) -> None:
        """A roster has no reason for each of its people: where one is needed, the account is changed by hand."""
        changing = {row.known.id: row for row in rows if row.known is not None and row.changes_account}
        for person, held in held_accounts(changing, today=self.today).items() if changing else ():
            changing[person].refuse(
                "account", f"已列入审批过的{held}，账号不随名册更改；请在此人的“修改”页写明理由更改。"
            )

    def _load_units(self, rows: Sequence[_Row]) -> None:
        wanted = [row.unit for row in rows if row.unit is not None]
        union_id = self.roster.union_id
        new_names = {unit.name for unit in wanted} - self.units.keys()
        if new_names:
            self.units |= dict.fromkeys(new_names)
            self.units |= selectors.known_units(new_names, union_id=union_id)
        new_codes = {unit.credit_code for unit in wanted if unit.credit_code} - self.codes.keys()
        if new_codes:
            self.codes |= selectors.code_holders(new_codes, union_id=union_id)

    # ---- the row among the others, and against the register -----------------------------------------------------

    def _judge(self, row: _Row) -> None:
        self._require_once(self.numbers, row.id_hash, row, "id_number", "证件号码")
        self._require_once(self.accounts, row.account_hash, row, "account", "银行账号")
        if row.unit is not None:
            self._judge_unit(row, row.unit)
        if row.checked is None:
            return
        if row.known is not None:
            self._require_once(self.people, row.known.id, row, "name", "所指的人")
            remarks = rules.judge_match(row.known, row.words, row.checked)
            row.problems += remarks.problems
            row.warnings += remarks.warnings
        elif row.id_hash is None:
            who = (row.checked.name, row.checked.birth_on)
            self._require_once(self.nameless, who, row, "name", "没有证件号码，姓名、出生日期")
        if row.bank_must_be_known and not (row.known is not None and row.known.bank_name):
            row.refuse("bank_name", "填写了“银行账号”，就要填写“开户银行”。")
        row.work, wrong = rules.judge_work(
            row.words, known=row.known, birth_on=row.checked.birth_on, today=self.today
        )
        if wrong is not None:
            row.problems.append(wrong)

    def _require_once(
        self, seen: dict[Any, int], key: Hashable | None, row: _Row, column: str, what: str
    ) -> None:
        """Both rows are wrong: nobody can know which of them is meant."""
        if key is None:
            return
        first = seen.setdefault(key, row.number)
        if first == row.number:
            return
        row.refuse(column, f"第{row.number}行与第{first}行{what}相同，请核对后只留一行。")
        self.repeats[column, first] += 1
        if self.repeats[column, first] <= _NAMED:
            self.late[first].append(
                (BY_KEY[column].name, f"第{first}行与第{row.number}行{what}相同，请核对后只留一行。")
            )

    def _judge_unit(self, row: _Row, wanted: UnitWords) -> None:
        if row.known is not None and row.known.union_id != self.roster.union_id:
            if wanted.name != row.known.unit_name:
                row.refuse("unit", f"此人由“{row.known.union_name}”管理，单位请在该工会的名册里修改。")
            return
        remarks = rules.judge_unit(
            wanted,
            known=self.units.get(wanted.name),
            planned=self.planned_units.get(wanted.name),
            code_holder=self.codes.get(wanted.credit_code) if wanted.credit_code else None,
        )
        row.problems += remarks.problems
        row.warnings += remarks.warnings
        if self.units.get(wanted.name) is None and wanted.nature and not remarks.problems:
            self.planned_units.setdefault(wanted.name, wanted)
            if wanted.credit_code:
                self.codes.setdefault(wanted.credit_code, wanted.name)
        row.unit_changes = row.known is None or row.known.unit_name != wanted.name

    # ---- what is written ---------------------------------------------------------------------------------------

    def _write(self, rows: Iterable[_Row]) -> None:
        staged: list[tuple[object, ...]] = []
        facts: list[list[object]] = []
        for row in rows:
            self._stage_row(row, staged, facts)
        with transaction.atomic(), connection.cursor() as cursor:
            for table, columns, values in (
                ("people_rosterrow", _ROW_COLUMNS, staged),
                ("people_rosterfacts", FACT_COLUMNS, facts),
            ):
                with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
                    for value in values:
                        copy.write_row(value)

    def _stage_row(self, row: _Row, staged: list[tuple[object, ...]], facts: list[list[object]]) -> None:
        """Add what is shown of the row, and what it is going to write. The cells of a new row are in its facts."""
        public_id = uuid.uuid4()
        known = row.known
        changes: list[tuple[str, str, str]] = []
        written: dict[str, Any] = {}
        if row.problems or row.checked is None:
            outcome = Outcome.ERROR
        elif known is None:
            outcome, changes, written = Outcome.NEW, self._news(row, row.checked), _all_facts(row.checked)
        else:
            outcome, changes, written = self._changed(row, row.checked, known)
        if outcome in (Outcome.NEW, Outcome.CHANGED):
            facts.append(
                facts_of(
                    written,
                    roster_id=self.roster.pk,
                    number=row.number,
                    public_id=known.public_id if known is not None else public_id,
                    is_new=known is None,
                    hashes={"id_number": row.id_hash, "account": row.account_hash},
                    unit=self._unit_of(row),
                    work=row.work,
                )
            )
        staged.append(
            (
                public_id,
                self.roster.pk,
                row.number,
                outcome.value,
                _shown_name(row),
                known.id if known is not None else None,
                known.version if known is not None else None,
                None if outcome is Outcome.NEW else seal_cells(row.cells, row=public_id),
                as_json(changes) if changes else "[]",
                as_json([labelled(problem) for problem in row.problems]) if row.problems else "[]",
                as_json([labelled(problem) for problem in row.warnings]) if row.warnings else "[]",
            )
        )

    def _news(self, row: _Row, checked: CheckedPerson) -> list[tuple[str, str, str]]:
        """What a list of new people shows beside the name."""
        news = [("证件号码", "", shown("id_number", checked.id_number))] if checked.id_number else []
        if row.unit is not None:
            news.append(("单位名称", "", row.unit.name))
        if row.work is not None:
            news.append(("工作状态", "", _since(row.work)))
        return news

    def _unit_of(self, row: _Row) -> tuple[str, str, str] | None:
        if row.unit is None or not row.unit_changes:
            return None
        unit = self.planned_units.get(row.unit.name, row.unit)
        return (unit.name, unit.credit_code, unit.nature)

    def _changed(
        self, row: _Row, checked: CheckedPerson, known: Existing
    ) -> tuple[RosterRow.Outcome, list[tuple[str, str, str]], dict[str, Any]]:
        """What differs from the register, to be shown and to be written."""
        own = rules.compare(
            known,
            row.words,
            checked,
            phone_hash=_hash(checked.phone, PHONE_COLUMN),
            account_hash=row.account_hash,
        )
        changes = [(BY_KEY[change.key].name, change.old, change.new) for change in own]
        facts = {change.key: getattr(checked, change.key) for change in own}
        if facts.keys() & {"name", "former_name"}:
            former = checked.former_name or known.former_name
            facts["search_text"] = names.search_words(checked.name, former)[:1000]
        if (unit := self._unit_of(row)) is not None:
            changes.append(("单位名称", known.unit_name, unit[0]))
        if row.work is not None:
            present = known.work(self.today)
            before = _since(WorkEvent(Kind(present.kind), present.effective_on)) if present else ""
            changes.append(("工作状态", before, _since(row.work)))
        return Outcome.CHANGED if changes else Outcome.SAME, changes, facts

    def apply_late(self) -> None:
        """Mark the first of rows that turned out to be repeated further down."""
        if not self.late:
            return
        numbers, errors = zip(*((number, as_json(found)) for number, found in self.late.items()), strict=True)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE people_rosterrow AS staged"
                " SET outcome = 'error', changes = '[]', errors = staged.errors || late.errors::jsonb"
                " FROM unnest(%s::int[], %s::text[]) AS late (number, errors)"
                " WHERE staged.roster_id = %s AND staged.number = late.number",
                [list(numbers), list(errors), self.roster.pk],
            )


_ROW_COLUMNS = (
    *("public_id", "roster_id", "number", "outcome", "name", "person_id", "version"),
    *("values", "changes", "errors", "warnings"),
)
_FACTS = (*PLAIN_FIELDS, "id_number", "old_id_number", "phone", "account")


def _all_facts(checked: CheckedPerson) -> dict[str, Any]:
    """All that is known of a new person."""
    return {key: value for key in _FACTS if (value := getattr(checked, key))}


def _hash(plain: str, column: str) -> bytes | None:
    return search_hash(plain, column=column) if plain else None


def _since(event: WorkEvent) -> str:
    return f"{event.kind.label}（{event.since:%Y-%m-%d} 起）"


def _as_problem(warning: str) -> Problem:
    """A warning of the person's rules, with the column it is about and without the digits it quotes."""
    key = "account" if warning.startswith("账号") else "id_number"
    return Problem(key, without_digits(warning))


def _shown_name(row: _Row) -> str:
    """The name when it is one: whatever else slipped into the column does not stand in the open."""
    if row.checked is not None:
        return row.checked.name
    try:
        return names.clean_name(row.words.text("name"))
    except Refused:
        return ""
