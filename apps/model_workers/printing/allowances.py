"""Setting the allowance roster on paper, and writing it as a spreadsheet."""

from collections.abc import Iterator
from dataclasses import asdict

from apps.core import papers, pdf
from apps.core.sheets import Column, Sheet, write_sheets
from apps.model_workers.documents.allowance_roll import Roll


def set_allowance_roll(document: Roll) -> pdf.RenderedPdf:
    """The PDF, one page a sheet; its time is that of the approval, so that equal data give equal bytes. Raises Refused."""
    return papers.set_roster(
        "model_workers/pdf/allowance_roll.html",
        document,
        title=f"{document.union}{document.full_title}",
        created=document.created,
        style_sheet="css/allowance_print.css",
    )


# --- as a spreadsheet --------------------------------------------------------------------------------------

_COLUMNS = (
    Column("序号", "number", "identifier", width=7),
    Column("姓名", "name", width=12),
    Column("证件末四位", "id_last_four", "identifier", width=12),
    Column("管理工会", "union", width=22),
    Column("单位", "unit", width=30),
    Column("档次", "award", width=12),
    Column("月数", "months", "count", width=7),
    Column("金额（元）", "amount", "amount"),
    Column("开户银行", "bank", width=20),
    Column("银行账号", "account", "identifier", width=24),
    Column("备注", "remark", width=20),
    Column("单位审核章", "seal", width=14),
)
_BANK_COLUMNS = (
    Column("序号", "number", "identifier", width=7),
    Column("户名", "name", width=12),
    Column("账号", "account", "identifier", width=26),
    Column("开户银行", "bank", width=30),
    Column("金额（元）", "amount", "amount"),
)


def allowance_workbook(document: Roll, *, for_bank: bool) -> bytes:
    """The roster as it stands on paper; `for_bank` adds a sheet of bare rows for the bank to take over."""
    pages = [
        Sheet(
            name="发放名册",
            columns=_COLUMNS,
            rows=list(_paper_rows(document)),
            title=f"{document.union}{document.full_title}{'（未审批）' if document.is_draft else ''}",
        )
    ]
    if for_bank:
        bare = [
            {"number": str(row.number), "name": row.name, "account": row.account, "bank": row.bank}
            | {"amount": row.amount}
            for row in document.rows
        ]
        totals = {"name": "合计", "amount": document.sheet.amount}
        pages.append(Sheet(name="银行发放", columns=_BANK_COLUMNS, rows=bare, totals=totals))
    return write_sheets(pages, created=document.created)


def _paper_rows(document: Roll) -> Iterator[dict[str, object]]:
    for folio, sealed, amount in document.sheets:
        for seal in sealed:
            yield {**asdict(seal.row), "number": str(seal.row.number)}
        yield {"name": "本页小计", "unit": f"{folio.count} 人", "amount": amount}
    sheet = document.sheet
    yield {"name": "合计", "unit": f"{sheet.people} 人", "amount": sheet.amount}
    yield {"name": "大写", "unit": document.capital}
    yield {"name": "测算", "unit": sheet.whole_sentence}
    for one in document.signatures:
        yield {"name": one.label, "union": one.name, "unit": f"{one.on:%Y-%m-%d}" if one.on else ""}
    if document.notice:
        yield {"name": "说明", "unit": document.notice}
