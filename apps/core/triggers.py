"""The triggers of the house. No model uses those of the libraries: these cannot be led to another table.

A function that looks its names up on the caller's path can be shown a temporary table of the same name, in which an
approved edition is a draft. So each function brings its own path with the temporary schema last, and its body names
every table as `public.…`; either alone would hold. Nobody but the owner may hang such a function on a table, and
nobody may ask it to look away.
"""

from collections.abc import Iterable
from typing import Any

import pghistory
import pgtrigger
from django.apps import apps
from pghistory.trigger import Event
from pgtrigger import compiler

SEARCH_PATH = "pg_catalog, public, pg_temp"
LONGEST_NAME = 63


def refuse(name: str, sentence: str) -> str:
    """The statement by which a guard refuses: the sentence for the person, the name for tests and code. Raises
    ValueError for a name that PostgreSQL would cut off."""
    if len(name) > LONGEST_NAME:
        raise ValueError(f"{name}: longer than {LONGEST_NAME} characters")
    said = sentence.replace("'", "''").replace("%", "%%")
    return f"RAISE EXCEPTION '{said}' USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';"


def text_array(values: Iterable[str]) -> str:
    """Codes of our own as an array in SQL."""
    return "ARRAY[" + ", ".join(f"'{value}'" for value in values) + "]::text[]"


class HouseTriggerSql(compiler.UpsertTriggerSql):
    """How a trigger is installed. Migrations compute their SQL from this class: a change is a new class, never an edit.

    The path belongs into the statement that makes the function: `CREATE OR REPLACE` forgets one set afterwards.
    """

    security = "SECURITY INVOKER"

    def get_template(self) -> str:
        return f"""
            CREATE OR REPLACE FUNCTION public.{{pgid}}() RETURNS TRIGGER
            LANGUAGE plpgsql {self.security} SET search_path = {SEARCH_PATH} AS $$
                {{declare}}
                BEGIN
                    {{func}}
                END;
            $$;
            REVOKE ALL ON FUNCTION public.{{pgid}}() FROM PUBLIC;

            DROP TRIGGER IF EXISTS {{pgid}} ON public.{{table}};
            CREATE {{constraint}} TRIGGER {{pgid}}
                {{when}} {{operation}} ON public.{{table}}
                {{timing}}
                {{referencing}}
                FOR EACH {{level}} {{condition}}
                EXECUTE FUNCTION public.{{execute}};

            COMMENT ON TRIGGER {{pgid}} ON public.{{table}} IS '{{hash}}';
        """


class DefinerTriggerSql(HouseTriggerSql):
    """The same with the rights of the owner, for rows that the role at work may not write itself."""

    security = "SECURITY DEFINER"


class _House:
    sql_class: type[HouseTriggerSql] = HouseTriggerSql

    def compile(self, model: Any) -> compiler.Trigger:
        # makemigrations compiles with the historical model, which has the columns and nothing else of ours.
        plain = super().compile(apps.get_model(model._meta.label))  # type: ignore[misc]
        return compiler.Trigger(name=plain.name, sql=self.sql_class(**plain.sql.kwargs))


class Trigger(_House, pgtrigger.Trigger):
    """A trigger with a body of its own. It names tables as `public.…`."""


class Protect(_House, pgtrigger.Protect):
    """Refuses the operation."""


class ReadOnly(_House, pgtrigger.ReadOnly):
    """Refuses a change of the fields."""


class FSM(_House, pgtrigger.FSM):
    """Refuses a change of the field that is not one of the transitions."""


class ParentsLock(Trigger):
    """Rows are written only while what they hang on is open: the parent of the row as it was and as it shall be.

    `parents` selects both (`IN (OLD.…, NEW.…)`; one of them is null when a row comes or goes), in a fixed order and
    `FOR SHARE`: closing the parent waits for this row and this row for a closing under way. `refusals` tell what of a
    parent (`own`) refuses the row, by which constraint and with which sentence; `unless` lets a row pass without asking.
    """

    when = pgtrigger.Before
    operation = pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete
    declare = [("own", "RECORD")]

    def __init__(
        self, *, name: str, parents: str, refusals: dict[str, tuple[str, str]], unless: str = ""
    ) -> None:
        self.parents, self.refusals, self.unless = parents, refusals, unless
        super().__init__(name=name)

    def get_func(self, model: Any) -> str:
        refusals = "".join(
            f"""
                IF {condition} THEN
                    {refuse(constraint, sentence)}
                END IF;"""
            for condition, (constraint, sentence) in self.refusals.items()
        )
        passing = f"IF {self.unless} THEN RETURN NEW; END IF;" if self.unless else ""
        return f"""{passing}
            FOR own IN {self.parents} LOOP {refusals}
            END LOOP;
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
            RETURN NEW;
        """


class HistoryTrigger(_House, Event):
    """Writes the event row, with the rights of the owner: no other hand can write one."""

    sql_class = DefinerTriggerSql
    event_model: Any

    def get_func(self, model: Any) -> Any:
        table = f'INTO "{self.event_model._meta.db_table}"'
        body: str = super().get_func(model).func  # type: ignore[no-untyped-call]
        if table not in body:
            raise LookupError(f"{body}: where is the event table named?")
        body = body.replace(table, table.replace("INTO ", "INTO public."))
        body = body.replace("_pgh_attach_context()", "public._pgh_attach_context()")
        return pgtrigger.Func(body)  # type: ignore[no-untyped-call]


class _Tracker:
    def add_event_trigger(self: Any, event_model: Any) -> None:
        pgtrigger.register(
            HistoryTrigger(  # type: ignore[no-untyped-call]
                event_model=event_model,
                label=self.label,
                name=self.trigger_name,
                row=self.row,
                operation=self.operation,
                condition=self.condition,
                level=self.level,
            )
        )(event_model.pgh_tracked_model)


class InsertEvent(_Tracker, pghistory.InsertEvent):
    """An event for each row that comes."""


class UpdateEvent(_Tracker, pghistory.UpdateEvent):
    """An event for each row that changes."""


class DeleteEvent(_Tracker, pghistory.DeleteEvent):
    """An event for each row that goes."""
