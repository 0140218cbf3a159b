"""The trigger that keeps the content of a submitted edition or a closed year as it is, whoever asks."""

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
