"""Relief cases going out, each written down: the approval form of one, the list as a spreadsheet."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.services import Copy, record_print
from apps.cases.selectors import decisions_of
from apps.core.errors import Refused
from apps.model_workers.documents.relief import relief_form, told_facts
from apps.model_workers.models import ReliefCase
from apps.model_workers.printing.relief import set_relief_form
from apps.model_workers.selectors.relief import filtered_cases
from apps.model_workers.services.copies import table_copy
from apps.model_workers.tables.relief import cases_workbook


def print_case(*, case_id: int, actor: User, now: datetime, address: str | None = None) -> Copy:
    """The approval form of a case, with what was decided so far; numbers masked. Raises Refused."""
    case = ReliefCase.objects.visible_to(actor).for_detail().get(pk=case_id)
    facts = told_facts(case, today=timezone.localdate(now))
    document = relief_form(case, facts=facts, decisions=decisions_of(case), user=actor, now=now)
    rendered = set_relief_form(document)
    with transaction.atomic():
        record_print(
            actor=actor,
            subject=f"{document.title}：{document.name}（{case.union}）{case.year}年",
            sha256=rendered.sha256,
            address=address,
        )
    return Copy(f"{document.title} {document.name} {case.year}年.pdf", rendered.data, rendered.sha256)


@transaction.atomic
def export_cases(
    *, filters: Mapping[str, Any], described: str, actor: User, now: datetime, address: str | None = None
) -> Copy:
    """The filtered list as xlsx, numbers masked. Raises Refused."""
    if not actor.may("person.export"):
        raise Refused("您没有导出名册的权限。", code="permission")
    title = "劳模困难救助名册"
    data, count = cases_workbook(filtered_cases(viewer=actor, filters=filters), title=title, created=now)
    name = f"{title}{timezone.localdate(now):%Y%m%d}.xlsx"
    return table_copy(
        name, data, title=title, described=described, row_count=count, actor=actor, address=address
    )
