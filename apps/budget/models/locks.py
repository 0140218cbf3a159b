"""The triggers that keep printed names and calculations as they are once they are decided upon, whoever asks."""

import pgtrigger

from apps.core.triggers import Trigger


def printed_lock(*fields: str, used: str) -> Trigger:
    """What a submitted edition prints of a reference row stays; `used` tells the items (i) that print the row.

    A correction is a new row, which the editions to come use.
    """
    return Trigger(
        name="printed_fixed",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.AnyChange(*fields),
        func=f"""
            PERFORM 1 FROM public.budget_item i JOIN public.budget_edition e ON e.id = i.edition_id
                WHERE e.status NOT IN ('draft', 'returned') AND {used};
            IF FOUND THEN
                RAISE EXCEPTION '已提交的预算版本印有这一项，名称等内容不能再改；更正请另建一条。'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_printed_fixed';
            END IF;
            RETURN NEW;
        """,
    )


# What may differ between a line and its copy in the next edition.
_OWN_OF_COPY = "ARRAY['id', 'item_id', 'version', 'updated_by_id', 'updated_at', 'amount']"
_ONLY_COPIES = """
    FOR own IN
        SELECT e.based_on_id, i.lineage
            FROM public.budget_item i JOIN public.budget_edition e ON e.id = i.edition_id
            WHERE i.id IN (OLD.item_id, NEW.item_id) AND e.stage = 'adjustment'
    LOOP
        IF TG_OP = 'INSERT' THEN
            PERFORM 1 FROM public.budget_calcline l JOIN public.budget_item i ON i.id = l.item_id
                WHERE i.edition_id = own.based_on_id AND i.lineage = own.lineage
                AND to_jsonb(l) - {own_of_copy} = to_jsonb(NEW) - {own_of_copy};
            CONTINUE WHEN FOUND;
        END IF;
        RAISE EXCEPTION '调剂版本不改测算，请用调剂、追加、追减登记变动。'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_calcline_fixed_after_ratification';
    END LOOP;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
"""


def calculation_lock() -> Trigger:
    """In an adjustment edition lines come in only as copies of the edition before, and never change."""
    return Trigger(
        name="fixed_after_ratification",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        declare=[("own", "RECORD")],
        func=_ONLY_COPIES.format(own_of_copy=_OWN_OF_COPY),
    )
