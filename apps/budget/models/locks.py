"""The triggers that keep content, printed names and calculations as they are once they are decided upon, whoever asks."""

import pgtrigger

_FUNC = """
    IF TG_OP = 'DELETE' THEN touched := OLD; ELSE touched := NEW; END IF;
    -- FOR SHARE: submitting the edition waits for this row and this row waits for a submission under way.
    SELECT e.status, y.closed_at INTO edition_status, year_closed_at
        FROM budget_edition e
        JOIN budget_plan p ON p.id = e.plan_id
        JOIN budget_fiscalyear y ON y.year = p.fiscal_year_id
        WHERE e.id = {edition}
        FOR SHARE OF e;
    IF edition_status NOT IN ('draft', 'returned') THEN
        RAISE EXCEPTION '该版本已提交，内容不能修改。'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_edition_content_locked';
    END IF;
    IF year_closed_at IS NOT NULL THEN
        RAISE EXCEPTION '该年度已关闭，不能再修改。'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_edition_year_open';
    END IF;
    RETURN touched;
"""
_DECLARE = [("touched", "RECORD"), ("edition_status", "TEXT"), ("year_closed_at", "TIMESTAMPTZ")]


def content_lock(edition: str = "touched.edition_id") -> pgtrigger.Trigger:
    """Refuses every write unless the edition is a draft or returned and its year is open."""
    return pgtrigger.Trigger(
        name="content_lock",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        declare=_DECLARE,
        func=_FUNC.format(edition=edition),
    )


def content_lock_through_item() -> pgtrigger.Trigger:
    """The same for rows that hang on an item."""
    return content_lock("(SELECT i.edition_id FROM budget_item i WHERE i.id = touched.item_id)")


def printed_lock(*fields: str, used: str) -> pgtrigger.Trigger:
    """What a submitted edition prints of a reference row stays; `used` tells the items (i) that print the row.

    A correction is a new row, which the editions to come use.
    """
    return pgtrigger.Trigger(
        name="printed_fixed",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.AnyChange(*fields),
        func=f"""
            PERFORM 1 FROM budget_item i JOIN budget_edition e ON e.id = i.edition_id
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
    IF TG_OP = 'DELETE' THEN touched := OLD; ELSE touched := NEW; END IF;
    SELECT e.stage, e.based_on_id, i.lineage INTO own
        FROM budget_item i JOIN budget_edition e ON e.id = i.edition_id WHERE i.id = touched.item_id;
    IF own.stage = 'adjustment' THEN
        IF TG_OP = 'INSERT' THEN
            PERFORM 1 FROM budget_calcline l JOIN budget_item i ON i.id = l.item_id
                WHERE i.edition_id = own.based_on_id AND i.lineage = own.lineage
                AND to_jsonb(l) - {own_of_copy} = to_jsonb(touched) - {own_of_copy};
            IF FOUND THEN
                RETURN NEW;
            END IF;
        END IF;
        RAISE EXCEPTION '调剂版本不改测算，请用调剂、追加、追减登记变动。'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_calcline_fixed_after_ratification';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
"""


def calculation_lock() -> pgtrigger.Trigger:
    """In an adjustment edition lines come in only as copies of the edition before, and never change."""
    return pgtrigger.Trigger(
        name="fixed_after_ratification",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        declare=[("touched", "budget_calcline%ROWTYPE"), ("own", "RECORD")],
        func=_ONLY_COPIES.format(own_of_copy=_OWN_OF_COPY),
    )
