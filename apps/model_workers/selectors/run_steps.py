"""What the register says against a step of a run, and what papers keep of it."""

from decimal import Decimal
from typing import Any

from apps.core.errors import Refused
from apps.model_workers.models import AllowanceRun
from apps.model_workers.rules import bridge as bridges
from apps.model_workers.selectors.bridges import built_bridge
from apps.model_workers.selectors.counting import rule_on
from apps.model_workers.selectors.runs import previous_run, run_change


def objection_to(run: AllowanceRun) -> str:
    """The lines are what the register gives today, and last year's people lead to this year's by name; else why not."""
    way = "请重新计数后再提交" if run.is_open else "请退回，重新计数后再提交"
    try:
        if rule_on(run.snapshot_on) != run.rule:
            return f"计数以后计次规则有变。{way}。"
        if previous_run(union_id=run.union_id, year=run.year) != run.previous:
            return f"计数以后上年名册有变。{way}。"
        change = run_change(run)
    except Refused as refused:
        return refused.message
    if not change.is_none:
        return f"计数以后登记有变：{change.sentence}。{way}。"
    bridge = built_bridge(run)
    if bridge.balances:
        return ""
    names = "、".join(mover.name for mover in bridge.unexplained)
    told = f"，{names}的原因不明" if names else ""
    return (
        f"与上年衔接不平：按上年 {bridge.before} 人推算应为 {bridge.now} 人，名册 {bridge.listed} 人{told}。"
    )


def run_facts(run: AllowanceRun, *, verb: str, people: int, amount: Decimal) -> dict[str, Any]:
    """What papers and pages print of other rows: kept with the submission, with the bridge at the approval; and what a
    voided run came to before its people were set free."""
    facts: dict[str, Any] = {"union": run.union.name, "people": people, "amount": str(amount)}
    return facts | {"bridge": bridges.as_json(built_bridge(run))} if verb == "approve" else facts
