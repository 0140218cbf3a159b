"""The rows of a case: content of it, whether they carry its key themselves or hang on a row that does."""

from typing import Any, ClassVar

import pgtrigger
from django.db import models

from apps.cases.models.cases import Case, Guarded
from apps.cases.models.guards import EDITING, CaseGuard, editor_check

ROW_OPERATIONS = (pgtrigger.Insert, pgtrigger.Update, pgtrigger.Delete)


class RowsOfCase(CaseGuard):
    """Rows that belong to a case are content of it, judged once a statement; a row that moves touches both cases."""

    when, level = pgtrigger.After, pgtrigger.Statement
    declare = [("own", "RECORD"), *EDITING]

    def __init__(self, operation: Any) -> None:
        old = "old_rows" if operation in (pgtrigger.Update, pgtrigger.Delete) else None
        new = "new_rows" if operation in (pgtrigger.Update, pgtrigger.Insert) else None
        self.written = [name for name in (old, new) if name]
        super().__init__(
            name=f"of_case_{str(operation).lower()}",
            operation=operation,
            referencing=pgtrigger.Referencing(old=old, new=new),
        )

    def get_func(self, model: Any) -> str:
        case = case_of(model)
        table, written = case._meta.db_table, self.written
        if model.lets_through and self.operation == pgtrigger.Update:
            pairs = "FROM old_rows before FULL JOIN new_rows after ON after.id = before.id"
            changed = f"{pairs} WHERE ({model.lets_through}) IS NOT TRUE"
            written = [f"(SELECT before.* {changed})", f"(SELECT after.* {changed})"]
        touched = " UNION ".join(_case_keys(model, rows) for rows in written)
        return f"""
            FOR own IN SELECT c.id, c.status, c.union_id, c.editors FROM public."{table}" c
                WHERE c.id IN ({touched}) ORDER BY c.id FOR NO KEY UPDATE LOOP
                actor := public.house_actor();
                {editor_check(self, model, case, "own")}
                IF NOT own.editors @> hands THEN
                    UPDATE public."{table}" SET editors = editors || actor WHERE id = own.id;
                END IF;
            END LOOP;
            RETURN NULL;
        """


class CaseRow(models.Model, metaclass=Guarded):
    """A row of a case: it declares `case = of_case(…)`, or by `case_path` over which rows it hangs on one."""

    case_path: ClassVar[str] = "case"
    """The fields that lead to the case: "case", or "item__edition" for a row of an item of an edition."""
    lets_through: ClassVar[str] = ""
    """SQL over `before` and `after`, one row as it was and as it shall be: changes that are no change of content."""

    class Meta:
        abstract = True

    @classmethod
    def guards(cls) -> list[CaseGuard]:
        return [RowsOfCase(operation) for operation in ROW_OPERATIONS]


def of_case(model: str | type[Case], *, related_name: str = "lines") -> Any:
    """The key of a row that belongs to a case."""
    return models.ForeignKey(model, verbose_name="事项", on_delete=models.PROTECT, related_name=related_name)


def case_of(row: Any) -> Any:
    """The kind of case that a row belongs to."""
    model = row
    for name in row.case_path.split("__"):
        model = model._meta.get_field(name).related_model
    return model


def _case_keys(model: Any, rows: str) -> str:
    """The keys of the cases of these rows, as a query.

    What a row hangs on is read as the statement left it. That is enough: a row between that comes, goes or moves is a
    row of the case too, and its own guard judges where it was and where it is.
    """
    first, *others = model.case_path.split("__")
    between, joined, field = "t", "", model._meta.get_field(first)
    for place, name in enumerate(others):
        parent = field.related_model
        joined += (
            f' JOIN public."{parent._meta.db_table}" p{place} ON p{place}.id = {between}."{field.column}"'
        )
        between, field = f"p{place}", parent._meta.get_field(name)
    return f'SELECT {between}."{field.column}" FROM {rows} t{joined}'
