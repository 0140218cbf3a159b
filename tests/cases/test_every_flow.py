"""Every kind of case × step × role × repeated person × editor × plain SQL × shadow table: exactly the moves of the Flow
succeed, everything else is refused by the guard that answers for it."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models, transaction
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.accounts.roles import Role, roles_with
from apps.accounts.rules import RoleClass, role_class
from apps.cases.models import Case, CaseRow, case_of
from apps.cases.models.guards import IDENTITY, content_of
from apps.cases.rules.flow import Step
from apps.cases.selectors import all_cases
from apps.cases.services import Seen, decide
from apps.core import audit
from tests.cases.attacks import Attacks
from tests.cases.samples import SAMPLES
from tests.factories import RoleGrantFactory, UnionFactory, UserFactory

pytestmark = pytest.mark.django_db
Way = tuple[tuple[Step, str], ...]
OPINION, MINUTES = "示例意见", "示例纪要〔2026〕1号"


def test_every_kind_of_case_is_walked():
    assert set(all_cases()) == set(SAMPLES)


@pytest.mark.parametrize("model", list(SAMPLES), ids=lambda model: model._meta.label)
def test_exactly_the_moves_of_the_flow_succeed(model):
    walk = Walk(model)
    walk.birth()
    for route in model.flow.routes or {"": ""}:
        for way in walk.ways(route):
            with transaction.atomic():
                Standing(walk, route, way).attack()
                transaction.set_rollback(True)
    assert walk.attacks.unexpected == []
    wanted = {f"{table}_{guard}" for table, guard in walk.guards()}
    assert wanted <= set(walk.attacks.seen), wanted - set(walk.attacks.seen)


class Walk:
    """The people of one flow: one for each duty, a second clerk, nobody of them with more than one role."""

    def __init__(self, model: type[Case]) -> None:
        self.model, self.flow, self.sample = model, model.flow, SAMPLES[model]
        self.decisions: Any = model.decisions.rel.related_model  # type: ignore[attr-defined]
        self.table, self.log = model._meta.db_table, self.decisions._meta.db_table
        self.rows = [row for row in apps.get_models() if issubclass(row, CaseRow) and case_of(row) is model]
        self.attacks, self.city = Attacks(), UnionFactory(city=True)
        self.county, self.elsewhere = UnionFactory(), UnionFactory()
        self.clerk, self.second_clerk = self.holder(self.flow.enters), self.holder(self.flow.enters)
        self.by_duty = {self.flow.enters: self.clerk}
        for step in self.flow.steps:
            if step.duty_code not in self.by_duty:
                self.by_duty[step.duty_code] = self.holder(step.permission)

    def holder(self, permission: str) -> User:
        return self.person(roles_with(permission)[0])

    def person(self, *roles: str, union: Union | None = None, **facts: Any) -> User:
        user = UserFactory(union=union or self.city, **facts)
        for role in roles:
            RoleGrantFactory(user=user, role=role)
        return user

    def make(self, amount: Decimal) -> Any:
        """A case entered by one clerk and changed by another."""
        case = self.sample.make(self.county, self.clerk, amount)
        field, value = self.sample.edit
        with audit.because(actor_id=self.second_clerk.pk, action="修改"):
            self.model.objects.filter(pk=case.pk).update(**{field: value})
        case.refresh_from_db()
        assert sorted(case.editors) == sorted([self.clerk.pk, self.second_clerk.pk])
        return case

    def guards(self) -> Iterator[tuple[str, str]]:
        """What must have been met at least once."""
        for guard in ("begins_as_draft", "created_by_actor", "entered_by_role", "moves_by_decision"):
            yield self.table, guard
        for guard in ("content_fixed", "edited_by_role", "editors_kept", "identity_fixed", "never_deleted"):
            yield self.table, guard
        for guard in ("actor_at_work", "seen_as_it_stands", "amount_of_rows", "step_of_the_flow"):
            yield self.log, guard
        for guard in ("actor_holds_role", "different_people", "stand_in_apart", "append_only"):
            yield self.log, guard
        for guard in self.sample.bare:
            yield self.log, guard
        for row in self.rows:
            yield row._meta.db_table, "content_fixed"
            yield row._meta.db_table, "edited_by_role"

    def birth(self) -> None:
        """A case is born as a draft, by the person at work, who may enter it for this union."""
        amount = Decimal(next(iter(self.sample.amounts.values())))
        case, expect, table = self.make(amount), self.attacks.expect, self.table
        for column, value in self.born_otherwise():
            expect(
                f"{table}_begins_as_draft",
                f"born {column}={value}",
                self.copy(case, **{column: value}),
                who=self.clerk,
            )
        expect(f"{table}_created_by_actor", "born by another",
               self.copy(case, created_by_id=self.second_clerk.pk), who=self.clerk)  # fmt: skip
        expect("house_actor_known", "born by nobody", self.copy(case))
        for role in Role:
            if role.value not in roles_with(self.flow.enters):
                who = self.person(role)
                expect(
                    f"{table}_entered_by_role",
                    f"born by {role}",
                    self.copy(case, created_by_id=who.pk),
                    who=who,
                )
        who = self.person(roles_with(self.flow.enters)[0], union=self.elsewhere)
        expect(
            f"{table}_entered_by_role",
            "born for another union",
            self.copy(case, created_by_id=who.pk),
            who=who,
        )
        for guard, make in self.sample.bare.items():
            bare = make(self.county, self.clerk, amount)
            expect(f"{self.log}_{guard}", f"submitted without {guard}",
                   self.decision(bare, "submit", self.clerk), who=self.clerk)  # fmt: skip

    def born_otherwise(self) -> Iterator[tuple[str, Any]]:
        yield from (("status", status) for status in self.flow.labels if status != self.flow.first)
        yield from (("round", 1), ("route", "x"), ("decided", 1))

    def copy(self, case: Any, **other: Any) -> tuple[str, list[Any]]:
        """Another case like this one, by plain SQL."""
        values = {"created_by_id": self.clerk.pk, "public_id": uuid.uuid4(), "status": self.flow.first,
                  "round": 0, "route": "", "decided": 0} | other  # fmt: skip
        same = [f.column for f in self.model._meta.concrete_fields if f.column not in {"id", *values}]
        kept = "".join(f', "{column}"' for column in same)
        marks = ", ".join(["%s"] * len(values))
        sql = f'INSERT INTO public."{self.table}" ({", ".join(values)}{kept}) SELECT {marks}{kept} FROM public."{self.table}"'
        return f"{sql} WHERE id = %s", [*values.values(), case.pk]

    def decision(self, case: Any, verb: str, who: User, **other: Any) -> tuple[str, list[Any]]:
        """A decision by plain SQL, as the service would write it but for `other`."""
        amount, count = case.measure()
        values = {"case_id": case.pk, "number": case.decided + 1, "verb": verb, "source": case.status,
                  "actor_id": who.pk, "opinion": OPINION, "minutes": MINUTES, "amount": amount,
                  "count": count, "facts": "{}"} | other  # fmt: skip
        return (
            f'INSERT INTO public."{self.log}" ({", ".join(values)}) VALUES ({", ".join(["%s"] * len(values))})',
            list(values.values()),
        )

    def ways(self, route: str) -> list[Way]:
        """The shortest way to every status, and every arrow that leads back into an open one."""
        shortest: dict[str, Way] = {self.flow.first: ()}
        queue = [self.flow.first]
        while queue:
            status = queue.pop(0)
            for step in self.flow.steps:
                if step.applies(status, route) and step.target not in shortest:
                    shortest[step.target] = (*shortest[status], (step, status))
                    queue.append(step.target)
        back = [
            (*shortest[source], (step, source))
            for step in self.flow.steps
            for source in step.sources
            if step.target in self.flow.open and source in shortest and step.applies(source, route)
        ]
        return list(dict.fromkeys([*shortest.values(), *back]))


class Standing:
    """One case brought to where it stands, and everything that may be tried on it there."""

    def __init__(self, walk: Walk, route: str, way: Way) -> None:
        self.walk, self.route, self.way = walk, route, way
        self.amount = Decimal(walk.sample.amounts[route])
        self.case = walk.make(self.amount)
        for step, source in way:
            assert self.case.status == source
            decide(case=self.case, actor=walk.by_duty[step.duty_code], verb=step.verb, seen=Seen.of(self.case),
                   opinion=OPINION, minutes=MINUTES)  # fmt: skip
            who = walk.by_duty[step.duty_code]
            with audit.because(actor_id=who.pk, action=step.label), connection.cursor() as cursor:
                for statement in walk.sample.along(self.case, step.verb, who):
                    cursor.execute(*statement)
        self.acted = [(step.duty_code, walk.by_duty[step.duty_code]) for step, _ in way]
        self.where = f"{walk.table} {route} {self.case.status}"

    def expect(self, guard: str | None, what: str, *statements: Any, **more: Any) -> None:
        self.walk.attacks.expect(guard, f"{self.where}: {what}", *statements, **more)

    def attack(self) -> None:
        self.moves_and_identity()
        self.content()
        for row in self.walk.rows:
            self.rows(row)
        if self.case.is_open:
            self.editors()
        self.decisions_stay()
        for step in self.walk.flow.steps:
            if step.applies(self.case.status, self.route):
                self.take(step)
        self.other_verbs()

    def set(self, assignment: str) -> str:
        return f'UPDATE public."{self.walk.table}" SET {assignment} WHERE id = {self.case.pk}'

    def shadow(self) -> tuple[str, ...]:
        """The case as a draft in a temporary table of its name, which a careless function would read instead."""
        table, first = self.walk.table, self.walk.flow.first
        return (
            f'CREATE TEMP TABLE "{table}" ON COMMIT DROP AS SELECT * FROM public."{table}" WHERE id = {self.case.pk}',
            f"UPDATE pg_temp.\"{table}\" SET status = '{first}', editors = '{{}}'",
            f'GRANT ALL ON pg_temp."{table}" TO PUBLIC',
        )

    def moves_and_identity(self) -> None:
        walk, table = self.walk, self.walk.table
        for status in walk.flow.labels:
            if status != self.case.status:
                self.expect(
                    f"{table}_moves_by_decision",
                    f"to {status}",
                    self.set(f"status = '{status}'"),
                    who=walk.clerk,
                )
        for assignment in ("round = round + 1", "route = 'zz'", "decided = decided + 1"):
            self.expect(f"{table}_moves_by_decision", assignment, self.set(assignment), who=walk.clerk)
        other = {
            "id": "id + 1000000",
            "public_id": "gen_random_uuid()",
            "union_id": str(walk.city.pk),
            "created_by_id": str(walk.second_clerk.pk),
            "created_at": "created_at - interval '1 day'",
        }
        for column in IDENTITY:
            self.expect(
                f"{table}_identity_fixed", column, self.set(f"{column} = {other[column]}"), who=walk.clerk
            )
        self.expect(
            f"{table}_never_deleted", "deleted", f'DELETE FROM public."{table}" WHERE id = {self.case.pk}'
        )
        for name in (table, walk.log, *(row._meta.db_table for row in walk.rows)):
            self.expect(
                f"42501 permission denied for table {name}", "emptied", f'TRUNCATE public."{name}" CASCADE'
            )

    def content(self) -> None:
        walk, table = self.walk, self.walk.table
        for column in content_of(walk.model):
            change = self.set(f'"{column}" = {changed(walk.model, column)}')
            if self.case.is_open:
                self.expect("house_actor_known", f"{column} by nobody", change)
            else:
                self.expect(f"{table}_content_fixed", column, change, who=walk.clerk)
                self.expect(
                    f"{table}_content_fixed",
                    f"{column}, shadow",
                    change,
                    who=walk.clerk,
                    as_owner=self.shadow(),
                )
        self.expect(
            f"{table}_editors_kept", "editors emptied", self.set("editors = '{}'"), who=walk.second_clerk
        )

    def rows(self, row: type[CaseRow]) -> None:
        walk, name = self.walk, row._meta.db_table
        open_case = walk.make(self.amount)
        own, other = (hangs_on(row, case.pk) for case in (self.case, open_case))
        if not row.objects.filter(**{row.case_path: open_case}).exists():  # type: ignore[attr-defined]
            return
        key = own.column
        columns = [
            f.column for f in row._meta.concrete_fields if f.column not in {"id", key} and not f.generated
        ]
        change = walk.sample.changes.get(name) or f'"{columns[0]}" = {changed(row, columns[0])}'
        same = "".join(f', "{column}"' for column in columns)
        values = "".join(f", {walk.sample.row.get(column, column.join(chr(34) * 2))}" for column in columns)
        copied = f'SELECT {own.value}{values} FROM public."{name}" WHERE "{key}" = {other.value}'
        writes = {
            "insert": f'INSERT INTO public."{name}" ("{key}"{same}) {copied}',
            "update": f'UPDATE public."{name}" SET {change} WHERE "{key}" = {own.value}',
            "delete": f'DELETE FROM public."{name}" WHERE "{key}" = {own.value}',
        }
        moves = {
            "move out": f'UPDATE public."{name}" SET "{key}" = {other.value} WHERE "{key}" = {own.value}',
            "move in": f'UPDATE public."{name}" SET "{key}" = {own.value} WHERE "{key}" = {other.value}',
        }
        if any(trigger.name == "identity_fixed" for trigger in getattr(row._meta, "triggers", ())):
            for what, statement in moves.items():
                self.expect(
                    f"P0001 pgtrigger: Cannot update rows from {name} table", f"{name} {what}", statement
                )
        else:
            writes |= moves
        reader = walk.person(Role.READER)
        for what, statement in writes.items():
            if self.case.is_open:
                self.expect("house_actor_known", f"{name} {what} by nobody", statement)
                self.expect(f"{name}_edited_by_role", f"{name} {what} by a reader", statement, who=reader)
            else:
                self.expect(f"{name}_content_fixed", f"{name} {what}", statement, who=walk.clerk)
                self.expect(
                    f"{name}_content_fixed",
                    f"{name} {what}, shadow",
                    statement,
                    who=walk.clerk,
                    as_owner=self.shadow(),
                )

    def editors(self) -> None:
        """While the case is open: only those who may enter, and nobody who took another duty in it."""
        walk, table = self.walk, self.walk.table
        column = content_of(walk.model)[-1]
        change = self.set(f'"{column}" = {changed(walk.model, column)}')
        reader = walk.person(Role.READER)
        self.expect(f"{table}_edited_by_role", "edited by a reader", change, who=reader)
        for duty, who in dict(self.acted).items():
            if duty != walk.flow.enters:
                role, instead = roles_with(walk.flow.enters)[0], walk.person()
                self.expect(f"{table}_editor_decided", f"edited in place of who acted as {duty}", change, who=instead,
                            before=lambda instead=instead, who=who, role=role: stand_in(instead, who, role))  # fmt: skip
                RoleGrantFactory(user=who, role=role)
                self.expect(f"{table}_editor_decided", f"edited by who acted as {duty}", change, who=who)
                for row in walk.rows:
                    if row.objects.filter(**{row.case_path: self.case}).exists():  # type: ignore[attr-defined]
                        name, own = row._meta.db_table, hangs_on(row, self.case.pk)
                        self.expect(f"{name}_editor_decided", f"{name} dropped by who acted as {duty}",
                                    f'DELETE FROM public."{name}" WHERE "{own.column}" = {own.value}', who=who)  # fmt: skip

    def decisions_stay(self) -> None:
        log, pk = self.walk.log, self.case.pk
        if self.way:
            self.expect(
                f"{log}_append_only",
                "a decision rewritten",
                f"UPDATE public.\"{log}\" SET opinion = 'z' WHERE case_id = {pk}",
            )
            self.expect(
                f"{log}_append_only", "a decision gone", f'DELETE FROM public."{log}" WHERE case_id = {pk}'
            )

    def other_verbs(self) -> None:
        """What the Flow does not have here."""
        walk = self.walk
        possible = {step.verb for step in walk.flow.steps if step.applies(self.case.status, self.route)}
        for verb in {*walk.flow.verbs, "invented"} - possible:
            who = walk.person(*(role for role in Role if role_class(role) is RoleClass.BUSINESS))
            self.expect(f"{walk.log}_step_of_the_flow", verb, walk.decision(self.case, verb, who), who=who)

    def take(self, step: Step) -> None:
        walk, log, case = self.walk, self.walk.log, self.case
        own = walk.by_duty[step.duty_code]
        make, what = lambda who=own, **other: walk.decision(case, step.verb, who, **other), step.verb

        def whole(who: User = own) -> tuple[Any, ...]:
            return (make(who), *walk.sample.along(case, step.verb, who))

        self.expect(None, f"{what} as it should be", *whole(), who=own)
        for one in walk.model.brings:
            if step.verb in one.verbs:
                self.expect(f"{log}_{one.guard}", f"{what} without what it brings", make(), who=own)
        self.expect(f"{log}_actor_at_work", f"{what} in another's name", make(), who=walk.second_clerk)
        self.expect("house_actor_known", f"{what} by nobody", make())
        if self.walk.model.measured:
            self.expect(
                f"{log}_amount_of_rows", f"{what}, another sum", make(amount=self.amount + 1), who=own
            )
        self.expect(
            f"{log}_amount_of_rows", f"{what}, another count", make(count=case.measure()[1] + 1), who=own
        )
        self.expect(
            f"{log}_seen_as_it_stands", f"{what}, a number ahead", make(number=case.decided + 2), who=own
        )
        self.expect(f"{log}_seen_as_it_stands", f"{what}, an old page", make(number=case.decided), who=own)
        elsewhere = next(status for status in walk.flow.labels if status != case.status)
        self.expect(f"{log}_seen_as_it_stands", f"{what}, from elsewhere", make(source=elsewhere), who=own)
        target = next(status for status in walk.flow.labels if status != step.target)
        self.expect(f"{log}_step_of_the_flow", f"{what} to {target}", make(target=target), who=own)
        if step.needs_opinion:
            self.expect(f"{log}_opinion_given", f"{what} without a word", make(opinion=" "), who=own)
        if step.needs_minutes:
            self.expect(f"{log}_minutes_given", f"{what} without minutes", make(minutes=" "), who=own)
        self.roles(step, make, whole)
        self.repeated(step, make)
        self.stand_ins(step, make, whole)

    def roles(self, step: Step, make: Any, whole: Any) -> None:
        walk, log = self.walk, self.walk.log
        may = roles_with(step.permission)
        for role in Role:
            who = walk.person(role)
            allowed = f"{log}_same_person" if step.same_as else None
            expected = allowed if role.value in may else f"{log}_actor_holds_role"
            self.expect(expected, f"{step.verb} by {role}", *whole(who), who=who)
        for what, who in {
            "a foreign union": walk.person(may[0], union=walk.elsewhere),
            "somebody disabled": walk.person(may[0], is_active=False),
        }.items():
            self.expect(f"{log}_actor_holds_role", f"{step.verb} by {what}", make(who), who=who)
        reader = walk.person(Role.READER)
        grants = (
            "CREATE TEMP TABLE accounts_rolegrant ON COMMIT DROP AS SELECT * FROM public.accounts_rolegrant",
            f"INSERT INTO pg_temp.accounts_rolegrant (id, user_id, role) SELECT -1, {reader.pk}, '{may[0]}'",
            "GRANT ALL ON pg_temp.accounts_rolegrant TO PUBLIC",
        )
        self.expect(
            f"{log}_actor_holds_role",
            f"{step.verb} by shadow grants",
            make(reader),
            who=reader,
            as_owner=grants,
        )

    def repeated(self, step: Step, make: Any) -> None:
        """Who wrote content, or took another duty in any round, takes no step of this one, whatever roles are held."""
        walk, guard = self.walk, f"{self.walk.log}_different_people"
        role = roles_with(step.permission)[0]
        people = [who for duty, who in self.acted if duty != step.duty_code]
        if step.duty_code != walk.flow.enters:
            people += [walk.clerk, walk.second_clerk]
        for who in dict.fromkeys(people):
            self.expect(guard, f"{step.verb} by {who}, who has a hand in it", make(who), who=who,
                        before=lambda who=who: grant_once(who, role))  # fmt: skip
            self.expect(guard, f"{step.verb} by {who}, shadow", make(who), who=who, as_owner=self.shadow(),
                        before=lambda who=who: grant_once(who, role))  # fmt: skip

    def stand_ins(self, step: Step, make: Any, whole: Any) -> None:
        """In the place of somebody absent: in the time that was named, and not where he took another duty."""
        walk, log = self.walk, self.walk.log
        role = roles_with(step.permission)[0]
        absent, now = walk.person(role), timezone.now()
        day = timedelta(days=1)
        wrong: dict[str, dict[str, Any]] = {
            "ended": {"valid_from": now - 2 * day, "valid_until": now - day},
            "to come": {"valid_from": now + day, "valid_until": now + 2 * day},
            "not confirmed": {"confirmed_at": None},
        }
        for what, facts in wrong.items():
            self.expect(f"{log}_actor_holds_role", f"{step.verb} by a stand-in {what}",
                        make(who := walk.person()), who=who,
                        before=lambda who=who, facts=facts: stand_in(who, absent, role, **facts))  # fmt: skip
        foreign = walk.person(role, union=walk.elsewhere)
        self.expect(f"{log}_actor_holds_role", f"{step.verb} by a stand-in of another union",
                    make(who := walk.person(union=walk.elsewhere)), who=who,
                    before=lambda: stand_in(who, foreign, role))  # fmt: skip
        who = walk.person()
        allowed = f"{log}_same_person" if step.same_as else None
        self.expect(allowed, f"{step.verb} by a stand-in", *whole(who), who=who,
                    before=lambda: stand_in(who, absent, role))  # fmt: skip
        for duty, acted in dict.fromkeys((*self.acted, (walk.flow.enters, walk.second_clerk))):
            expected = allowed if duty == step.duty_code else f"{log}_stand_in_apart"
            self.expect(expected, f"{step.verb} in place of {acted}, who acted as {duty}", *whole(who), who=who,
                        before=lambda acted=acted: stand_in(who, acted, role))  # fmt: skip


@dataclass(frozen=True)
class HangsOn:
    """The column by which a row hangs on its case or on the row between, and the value for one case as SQL."""

    column: str
    value: str


def hangs_on(row: type[CaseRow], case: int) -> HangsOn:
    first, *others = row.case_path.split("__")
    field = row._meta.get_field(first)
    value = str(case)
    if others:
        between = field.related_model._meta
        value = f'(SELECT id FROM public."{between.db_table}" WHERE "{between.get_field(others[0]).column}" = {case})'
    return HangsOn(field.column, value)


def stand_in(user: User, absent: User, role: str, **facts: Any) -> None:
    """Named, confirmed and in force for a day, but for `facts`."""
    now, day = timezone.now(), timedelta(days=1)
    facts = {"valid_from": now - day, "valid_until": now + day, "confirmed_at": now - day} | facts
    RoleGrantFactory(user=user, role=role, granted_by=absent, stands_in_for=absent, **facts)


def grant_once(user: User, role: str) -> None:
    if not user.role_grants.filter(role=role).exists():
        RoleGrantFactory(user=user, role=role)


def changed(model: type[models.Model], column: str) -> str:
    """Another value for a column, as SQL. The guards judge before types and keys are asked for their due."""
    found = next(field for field in model._meta.concrete_fields if field.column == column)
    kind = found.target_field.get_internal_type() if found.is_relation else found.get_internal_type()
    if "Integer" in kind or "AutoField" in kind or kind == "DecimalField":
        return f'COALESCE("{column}", 0) + 1'
    return {
        "BooleanField": f'NOT "{column}"',
        "DateField": f"COALESCE(\"{column}\", '2000-01-01') + 1",
        "DateTimeField": "now()",
        "JSONField": "'{\"z\": 1}'",
        "BinaryField": "'\\x00'",
    }.get(kind, "'z'")
