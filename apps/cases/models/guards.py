"""The guards of every case, its decisions and its rows: triggers made from the Flow, the roles and the declarations.

Each refusal carries the name `<table>_<guard>`, which tests and mutation runs expect.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pgtrigger

from apps.accounts.models.guards import STOOD_IN_FOR, role_array
from apps.cases.rules.flow import Flow
from apps.core.triggers import Trigger, refuse, text_array

KERNEL = (
    "id",
    "public_id",
    "union_id",
    "status",
    "round",
    "route",
    "decided",
    "editors",
    "created_by_id",
    "created_at",
)
MOVING = ("status", "round", "route", "decided")
IDENTITY = ("id", "public_id", "union_id", "created_by_id", "created_at")
EDITING = [("actor", "bigint"), ("held", "text"), ("hands", "bigint[]")]


@dataclass(frozen=True)
class Requirement:
    """What must be true of the rows when one of `verbs` is taken (of every step, if none is named).

    `sql` is a condition over the row `own` of the case; `{actor}` stands for the key of the person at work. Unknown
    counts as not true. The same text serves the trigger and the page, which says beforehand what would be refused.
    """

    guard: str
    sentence: str
    sql: str
    verbs: tuple[str, ...] = ()

    def concerns(self, verb: str) -> bool:
        return not self.verbs or verb in self.verbs


def content_of(model: Any) -> list[str]:
    """Every column that is neither the kernel's nor declared free: a new field is locked without a word."""
    return [
        field.column
        for field in model._meta.concrete_fields
        if field.column not in KERNEL and field.name not in model.free_fields
    ]


def decisions_of(model: Any) -> str:
    """The table of a case's decisions."""
    return str(model.decisions.rel.related_model._meta.db_table)


def measure_sql(model: Any) -> str:
    """`amount` and `count` of the case `own`, as a query: the sum that is decided upon."""
    if model.measured.startswith("SELECT"):
        return str(model.measured)
    if not model.measured:
        return "SELECT 0::numeric AS amount, 1::bigint AS count"
    relation, _, field = model.measured.rpartition(".")
    if not relation:
        return f'SELECT own."{model._meta.get_field(field).column}" AS amount, 1::bigint AS count'
    rows = model._meta.get_field(relation)
    column, key = rows.related_model._meta.get_field(field).column, rows.field.column
    return (
        f'SELECT COALESCE(sum(l."{column}"), 0) AS amount, count(*) AS count'
        f' FROM public."{rows.related_model._meta.db_table}" l WHERE l."{key}" = own.id'
    )


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _columns(row: str, names: Iterable[str]) -> str:
    return "(" + ", ".join(f'{row}."{name}"' for name in names) + ")"


def _differs(names: Iterable[str]) -> pgtrigger.Condition:
    names = list(names)
    return pgtrigger.Condition(f"ROW{_columns('OLD', names)} IS DISTINCT FROM ROW{_columns('NEW', names)}")


class CaseGuard(Trigger):
    """A guard that refuses under a name of its own."""

    when = pgtrigger.Before

    def refuse(self, model: Any, guard: str, sentence: str) -> str:
        return refuse(f"{model._meta.db_table}_{guard}", sentence)


class Begins(CaseGuard):
    """A case is born as a draft by the person at work, who may enter it. The owner alone may say when."""

    name, operation = "begins", pgtrigger.Insert
    declare = [("held", "text")]

    def get_func(self, model: Any) -> str:
        flow: Flow = model.flow
        return f"""
            IF NEW.status <> '{flow.first}' OR NEW.round <> 0 OR NEW.route <> '' OR NEW.decided <> 0 THEN
                {self.refuse(model, "begins_as_draft", "新的事项只能是草稿。")}
            END IF;
            IF NEW.created_by_id <> public.house_actor() THEN
                {self.refuse(model, "created_by_actor", "录入人必须是正在办理的人。")}
            END IF;
            held := public.house_role(NEW.created_by_id, {role_array(flow.enters)}, NEW.union_id);
            IF held IS NULL THEN
                {self.refuse(model, "entered_by_role", "录入人此刻没有录入的权限。")}
            END IF;
            NEW.editors := array_remove(ARRAY[NEW.created_by_id, {STOOD_IN_FOR}], NULL);
            IF NOT public.house_is_owner() THEN NEW.created_at := public.house_now(); END IF;
            RETURN NEW;
        """


class Moves(CaseGuard):
    """No status without its decision."""

    name, operation = "moves", pgtrigger.Update
    declare = [("step", "RECORD")]
    condition = _differs(MOVING)

    def get_func(self, model: Any) -> str:
        return f"""
            SELECT d.number, d.round, d.route, d.source, d.target INTO step FROM public."{decisions_of(model)}" d
                WHERE d.case_id = OLD.id ORDER BY d.number DESC LIMIT 1;
            IF step.number IS NULL OR (OLD.decided + 1, OLD.status) <> (step.number, step.source)
               OR {_columns("NEW", ("decided", "status", "round", "route"))}
                  <> (step.number, step.target, step.round, step.route) THEN
                {self.refuse(model, "moves_by_decision", "状态只能通过审批改变。")}
            END IF;
            RETURN NEW;
        """


def editor_check(guard: CaseGuard, guarded: Any, case: Any, own: str) -> str:
    """Who edits: while the case is open, entitled now, and without another duty in this case; the same of whomever he
    stands in for. Both are `hands`, to be kept."""
    flow: Flow = case.flow
    return f"""
        IF {own}.status NOT IN ({_listed(flow.open)}) THEN
            {guard.refuse(guarded, "content_fixed", "已提交，内容不能修改。")}
        END IF;
        held := public.house_role(actor, {role_array(flow.enters)}, {own}.union_id);
        IF held IS NULL THEN
            {guard.refuse(guarded, "edited_by_role", "修改人此刻没有录入的权限。")}
        END IF;
        hands := array_remove(ARRAY[actor, {STOOD_IN_FOR}], NULL);
        PERFORM 1 FROM public."{decisions_of(case)}" d WHERE d.case_id = {own}.id AND d.duty <> '{flow.enters}'
            AND ARRAY[d.actor_id, d.stands_in_for_id] && hands;
        IF FOUND THEN
            {guard.refuse(guarded, "editor_decided", "审核、审批过这一事项的人不能再修改内容。")}
        END IF;
    """


class Content(CaseGuard):
    """Content changes only while open, by people whose names are kept; nobody else writes the names."""

    name, operation = "content", pgtrigger.Update
    declare = EDITING

    def get_condition(self, model: Any) -> pgtrigger.Condition:
        return _differs([*content_of(model), "editors"])

    def get_func(self, model: Any) -> str:
        return f"""
            actor := public.house_actor();
            IF NEW.editors <> OLD.editors AND NEW.editors <> OLD.editors || actor THEN
                {self.refuse(model, "editors_kept", "参与录入的人由数据库登记。")}
            END IF;
            {editor_check(self, model, model, "OLD")}
            NEW.editors := OLD.editors || ARRAY(SELECT h FROM unnest(hands) h WHERE h <> ALL (OLD.editors));
            RETURN NEW;
        """


class Identity(CaseGuard):
    name, operation = "identity", pgtrigger.Update
    condition = _differs(IDENTITY)

    def get_func(self, model: Any) -> str:
        return self.refuse(model, "identity_fixed", "录入人、所属工会和编号不能改变。")


class NeverDeleted(CaseGuard):
    name, operation = "never_deleted", pgtrigger.Delete

    def get_func(self, model: Any) -> str:
        return self.refuse(model, "never_deleted", "办理过的事项和记录不能删除。")


class AppendOnly(CaseGuard):
    name, operation = "append_only", pgtrigger.Update | pgtrigger.Delete

    def get_func(self, model: Any) -> str:
        return self.refuse(model, "append_only", "审批记录不能修改或删除。")


class OneStep(CaseGuard):
    """A decision is a step of the Flow from where the case stands, by somebody entitled and other than before."""

    name, operation = "one_step", pgtrigger.Insert
    declare = [
        ("own", "RECORD"),
        ("step", "RECORD"),
        ("way", "text"),
        ("measured", "RECORD"),
        ("held", "text"),
        ("stood_in_for", "bigint"),
    ]

    def get_func(self, model: Any) -> str:
        case = model.case.field.related_model
        flow: Flow = case.flow
        return f"""
            SELECT c.* INTO own FROM public."{case._meta.db_table}" c WHERE c.id = NEW.case_id FOR NO KEY UPDATE;
            IF NEW.actor_id <> public.house_actor() THEN
                {self.refuse(model, "actor_at_work", "办理人必须是正在办理的人。")}
            END IF;
            IF NEW.number <> own.decided + 1 OR NEW.source <> own.status THEN
                {self.refuse(model, "seen_as_it_stands", "这一事项刚刚由别人办理过，请刷新后再看。")}
            END IF;
            SELECT m.amount, m.count INTO measured FROM ({measure_sql(case)}) m;
            IF NEW.amount IS DISTINCT FROM measured.amount OR NEW.count IS DISTINCT FROM measured.count THEN
                {self.refuse(model, "amount_of_rows", "金额或数目与明细不符，请刷新后再看。")}
            END IF;
            {self._way(model, case)}
            SELECT s.* INTO step FROM (VALUES {self._table(flow)}) AS s
                (verb, source, target, routes, roles, duty, needs_opinion, needs_minutes, opens_round, same_as)
                WHERE s.verb = NEW.verb AND s.source = own.status AND (s.routes IS NULL OR way = ANY (s.routes));
            IF step.verb IS NULL OR NEW.target NOT IN ('', step.target) THEN
                {self.refuse(model, "step_of_the_flow", "这一步不在审批流程里。")}
            END IF;
            {self._words(model, flow)}
            held := public.house_role(NEW.actor_id, step.roles, own.union_id);
            IF held IS NULL THEN
                {self.refuse(model, "actor_holds_role", "办理人此刻没有这一步的权限。")}
            END IF;
            stood_in_for := {STOOD_IN_FOR};
            PERFORM 1 FROM public."{model._meta.db_table}" d
                WHERE d.case_id = own.id AND d.duty <> step.duty AND NEW.actor_id IN (d.actor_id, d.stands_in_for_id);
            IF FOUND OR step.duty <> '{flow.enters}' AND NEW.actor_id = ANY (own.editors) THEN
                {self.refuse(model, "different_people", "录入、审核、审批必须由不同的人办理。")}
            END IF;
            PERFORM 1 FROM public."{model._meta.db_table}" d
                WHERE d.case_id = own.id AND d.duty <> step.duty AND stood_in_for IN (d.actor_id, d.stands_in_for_id);
            IF FOUND OR step.duty <> '{flow.enters}' AND stood_in_for = ANY (own.editors) THEN
                {self.refuse(model, "stand_in_apart", "您所代理的人已办理过这一事项的另一环节，您不能代他办理这一环节。")}
            END IF;
            {self._same(model, flow)}
            {self._required(model, case)}
            {self._kept(case)}
            NEW.target := step.target; NEW.duty := step.duty; NEW.role := split_part(held, ':', 1);
            NEW.stands_in_for_id := stood_in_for; NEW.route := way; NEW.round := own.round + step.opens_round::int;
            IF NOT public.house_is_owner() THEN NEW.at := public.house_now(); END IF;
            RETURN NEW;
        """

    @staticmethod
    def _table(flow: Flow) -> str:
        return ",\n".join(
            f"('{step.verb}', '{source}', '{step.target}', {text_array(step.routes) if step.routes else 'NULL::text[]'}, "
            f"{role_array(step.permission)}, '{step.duty_code}', {step.needs_opinion}, {step.needs_minutes}, "
            f"{step.opens_round}, '{step.same_as}')"
            for step in flow.steps
            for source in step.sources
        )

    def _way(self, model: Any, case: Any) -> str:
        flow: Flow = case.flow
        if not flow.routes:
            return "way := '';"
        return f"""
            way := CASE WHEN own.status IN ({_listed(flow.open)}) THEN ({case.routed_by}) ELSE own.route END;
            IF way IS NULL THEN
                {self.refuse(model, "route_known", "没有规定这一金额的审批权限。")}
            END IF;
        """

    def _words(self, model: Any, flow: Flow) -> str:
        said = ""
        if any(step.needs_opinion for step in flow.steps):
            said += f"""
                IF step.needs_opinion AND btrim(NEW.opinion) = '' THEN
                    {self.refuse(model, "opinion_given", "这一步必须填写意见。")}
                END IF;"""
        if any(step.needs_minutes for step in flow.steps):
            said += f"""
                IF step.needs_minutes AND btrim(NEW.minutes) = '' THEN
                    {self.refuse(model, "minutes_given", "这一步必须填写会议纪要文号。")}
                END IF;"""
        return said

    def _same(self, model: Any, flow: Flow) -> str:
        if not any(step.same_as for step in flow.steps):
            return ""
        return f"""
            IF step.same_as <> '' AND NEW.actor_id <> (SELECT d.actor_id FROM public."{model._meta.db_table}" d
                WHERE d.case_id = own.id AND d.verb = step.same_as ORDER BY d.number DESC LIMIT 1) THEN
                {self.refuse(model, "same_person", "这一步只能由原来的办理人办理。")}
            END IF;
        """

    def _required(self, model: Any, case: Any) -> str:
        """What a programme asks of a step besides."""
        return " ".join(
            f"IF {self._asked(one)}({one.sql.replace('{actor}', 'NEW.actor_id')}) IS NOT TRUE THEN"
            f" {self.refuse(model, one.guard, one.sentence)} END IF;"
            for one in case.requires
        )

    @staticmethod
    def _kept(case: Any) -> str:
        """What the database itself writes down of the moment at which a round is opened."""
        if not case.keeps:
            return ""
        facts = ", ".join(f"'{name}', ({sql})" for name, sql in case.keeps.items())
        return f"IF step.opens_round THEN NEW.facts := NEW.facts || jsonb_build_object({facts}); END IF;"

    @staticmethod
    def _asked(one: Requirement) -> str:
        return f"NEW.verb IN ({_listed(one.verbs)}) AND " if one.verbs else ""


class MovesCase(CaseGuard):
    """The decision itself moves the case: no second statement that could be forgotten."""

    name, operation, when = "moves_case", pgtrigger.Insert, pgtrigger.After

    def get_func(self, model: Any) -> str:
        table = model.case.field.related_model._meta.db_table
        return f"""
            UPDATE public."{table}" SET status = NEW.target, round = NEW.round, route = NEW.route, decided = NEW.number
                WHERE id = NEW.case_id AND decided = NEW.number - 1;
            IF NOT FOUND THEN
                {self.refuse(model, "moves_once", "这一事项刚刚由别人办理过，请刷新后再看。")}
            END IF;
            RETURN NULL;
        """


class Brings(CaseGuard):
    """What comes into being with a decision is there when the transaction ends."""

    name, operation, when, timing = "brings", pgtrigger.Insert, pgtrigger.After, pgtrigger.Deferred

    def get_func(self, model: Any) -> str:
        asked = " ".join(
            f"IF NEW.verb IN ({_listed(one.verbs)}) AND ({one.sql}) IS NOT TRUE THEN"
            f" {self.refuse(model, one.guard, one.sentence)} END IF;"
            for one in model.case.field.related_model.brings
        )
        return f"{asked} RETURN NULL;"


CASE_GUARDS = (Begins, Moves, Content, Identity, NeverDeleted)
DECISION_GUARDS = (OneStep, MovesCase, AppendOnly)
