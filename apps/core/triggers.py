"""The triggers of the house: fixed search path, no switch to ignore them, nobody may hang them on another table."""

from typing import Any

import pgtrigger
from django.apps import apps
from pgtrigger import compiler

PATH = "pg_catalog, public, pg_temp"


class HouseTriggerSql(compiler.UpsertTriggerSql):
    """How a trigger is installed. Never edited: migrations name this class; a change is a new class."""

    security = ""

    def get_template(self) -> str:
        return (
            """
            CREATE OR REPLACE FUNCTION public.{pgid}()
            RETURNS TRIGGER LANGUAGE plpgsql """
            + self.security
            + f"""SET search_path = {PATH} AS $$
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
        )


class HouseTrigger(pgtrigger.Trigger):
    sql_class: type[compiler.UpsertTriggerSql] = HouseTriggerSql

    def compile(self, model: Any) -> compiler.Trigger:
        # makemigrations compiles with the historical model, which has columns but not what the class declares.
        plain = super().compile(apps.get_model(model._meta.label))  # type: ignore[arg-type]
        return compiler.Trigger(name=plain.name, sql=self.sql_class(**plain.sql.kwargs))

    def render_func(self, model: Any) -> str:
        return str(self.format_sql(super().render_func(model)))
