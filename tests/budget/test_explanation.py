"""The explanation of the office's own 2016 budget, read from the printed PDF."""

import io
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pikepdf
import pytest
from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string

from apps.budget import documents, printing
from apps.budget.documents import IssueFacts
from apps.budget.documents.parts import Piece
from apps.budget.models import CalcLine, Edition, Plan
from apps.budget.rules.stages import Book
from apps.budget.selectors.sheet import edition_sheet
from apps.budget.services.items import remove_item
from apps.budget.services.lines import change_line
from apps.budget.services.outline import add_entry
from apps.budget.services.plans import copy_last_year, create_plan
from apps.core import pdf
from apps.core.errors import Refused
from tests.budget.office import MINUTES, Office
from tests.budget.paper import Paper, example_edition, words

# Without the mark a single test of this file, run alone, would find no test database to read its example from.
pytestmark = pytest.mark.django_db
FIGURES = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?(?:万元|元)")


@dataclass
class Example:
    """The demo budget printed once in each style, then 245 became 251 and it was printed again."""

    edition_id: int
    gongwen: Paper
    again: bytes
    draft: Paper
    book: Paper
    changed: Paper
    html: str
    document: documents.Explanation


def show(edition: Edition, style: str = "gongwen", **options) -> Paper:
    edition = Edition.objects.for_detail().get(pk=edition.pk)
    return Paper(printing.set_copy(printing.prepare(edition, style=style, **options)).data)


@pytest.fixture(scope="module")
def example(django_db_setup, django_db_blocker) -> Example:
    with django_db_blocker.unblock(), transaction.atomic():
        office = Office()
        edition = example_edition(office)
        copy = printing.prepare(edition, style="gongwen")
        first = printing.set_copy(copy).data
        html = render_to_string(
            "budget/pdf/explanation.html", {"document": copy.document, "style": "gongwen"}
        )
        again = show(edition).data
        draft = show(edition, is_draft=True)
        book = show(edition, "book")
        line = CalcLine.objects.get(item__edition=edition, people=245)
        change_line(
            line_id=line.pk,
            actor=office.clerk,
            values={"people": 251},
            seen_version=line.version,
            now=office.now,
        )
        changed = show(edition)
        transaction.set_rollback(True)
    return Example(edition.pk, Paper(first), again, draft, book, changed, html, copy.document)


# --- what it says ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["gongwen", "book"])
@pytest.mark.parametrize(
    "said",
    [
        "项目1：2016年劳模体检费22.28万元",
        "项目2：厂务公开经费20万元",
        "项目3：工会经费550万元",
        "项目1：市级劳模生活困难救助金75万元",
        "项目2：乡镇招聘专职工会主席经费30万元",
        "项目3：困难职工帮扶中心注入资金45万元",
        "项目4：市级离退休劳模津贴43.65万元",
        "单位专项公用经费项目小计592.28万元",
        "单位专项项目小计193.65万元",
        "2016年项目支出合计785.93万元（人民币柒佰捌拾伍万玖仟叁佰元整）",
        "557人，每人400元",
        "涉及离退休市级劳模277人",
        "245人（含破产或撤销企业劳模6人）（每人1500元）",
        "22人（每人2000元）",
        "10人（每人2500元）",
        "廊坊市人民政府令〔2011〕第3号",
        "245×1,500＝367,500元",
        "22×2,000＝44,000元",
        "10×2,500＝25,000元",
        "557×400＝222,800元",
        "没有登记2015年预算数，不作增减比较",
        "本说明只反映财政部门预算",
    ],
)
def test_each_figure_of_the_office_is_printed(example, style, said):
    paper = example.gongwen if style == "gongwen" else example.book
    # The mark of the appendix stands between the amount of an item and what follows.
    assert said in re.sub(r"［测[0-9]+-[0-9]+］", "", paper.text)


@pytest.mark.parametrize("style", ["gongwen", "book"])
def test_the_sheet_of_income_and_expenditure_says_itself_that_it_holds_projects_only(example, style):
    paper = example.gongwen if style == "gongwen" else example.book
    said = "注：本表仅列项目支出及其资金来源，未列基本支出及其资金来源，总计不是部门的全部收支。"
    (sheet,) = [page for page in map(words, paper.pages) if "收入总计785.93" in page]
    assert sheet.count(said) == 1
    assert sheet.index("收入总计785.93") < sheet.index(said)
    assert paper.text.count("本表仅列项目支出") == 1


def test_the_sections_stand_in_order_and_their_numbers_never_skip(example):
    headings = [section.heading for section in example.document.sections]
    assert headings == [
        "一、廊坊市总工会主要职责",
        "二、2016年主要任务和目标",
        "三、单位专项公用经费项目说明",
        "四、单位专项项目说明",
        "五、预算收支和项目汇总表",
        "六、增减变化说明",
        "七、绩效目标表",
        "八、测算明细表",
        "九、依据文件目录",
        "十、名词解释",
    ]
    places = [example.gongwen.text.index(words(heading)) for heading in headings]
    assert places == sorted(places)
    for mark in (
        "（一）坚持以党的",
        "（四）坚持以全心全意",
        "一是职工服务保障工程",
        "六是职工子女",
        "（八）承担市委",
        "其主要职责是：（一）根据党的基本理论",
    ):
        assert mark in example.gongwen.text


def test_245_to_251_moves_the_line_the_sentence_the_subtotal_and_the_total(example):
    text = re.sub(r"［测[0-9]+-[0-9]+］", "", example.changed.text)
    for said in (
        "251人（含破产或撤销企业劳模6人）",
        "涉及离退休市级劳模283人",
        "251×1,500＝376,500元",
        "市级离退休劳模津贴44.55万元",
        "单位专项项目小计194.55万元",
        "合计786.83万元",
        "单位专项公用经费项目小计592.28万元",
    ):
        assert said in text
    for gone in ("245人", "43.65", "193.65", "785.93"):
        assert gone not in text


def test_only_terms_that_occur_are_explained(example):
    explained = next(section for section in example.document.sections if section.kind == "terms")
    named = {entry.lead.rstrip("：") for entry in explained.entries}
    assert {"厂务公开", "工会经费", "集体合同", "安康杯"} <= named
    assert "政府性基金预算" not in named


def test_a_book_never_shows_the_amounts_of_another(office):
    fiscal = office.plan(book=Book.FISCAL)
    dues = office.plan(book=Book.UNION)
    office.add_item(dues.editions.get(), name="职工活动费", people=100, rate="10")
    text = documents.plain_text(edition_sheet(Edition.objects.for_detail().get(plan=dues)))
    assert text.startswith("廊坊市总工会2016年工会经费预算编制说明")
    assert "本说明只反映工会经费预算，财政部门预算和代管资金另行编列，互不相加。" in text
    assert "合计36.85万元" in text
    other = documents.plain_text(edition_sheet(Edition.objects.for_detail().get(plan=fiscal)))
    assert other.startswith("廊坊市总工会2016年部门预算编制说明")
    assert "合计36.75万元" in other


def test_tables_separate_thousands_in_yuan_and_in_wan_and_sentences_do_not(office):
    edition = office.plan().editions.get()
    line = CalcLine.objects.get(item__edition=edition)
    change_line(
        line_id=line.pk,
        actor=office.clerk,
        values={"people": 1_234_567},
        seen_version=line.version,
        now=office.now,
    )
    sheet = edition_sheet(Edition.objects.for_detail().get(pk=edition.pk))
    printed = {
        cell.text
        for section in documents.explanation(sheet, figures_url="").sections
        for table in section.tables
        for row in table.rows
        for cell in row.cells
        if isinstance(cell, Piece)
    }
    assert {"185,185.05", "1,851,850,500.00"} <= printed
    assert "共计1851850500元" in documents.plain_text(sheet)


# --- last year ---------------------------------------------------------------------------------------------


def copied(office: Office, before: Plan) -> Edition:
    """2016 as a copy of an approved 2015."""
    office.ratify(before)
    plan = create_plan(
        union_id=office.union.pk, year=2016, book=Book.FISCAL, actor=office.clerk, now=office.now
    )
    edition = plan.editions.get()
    copy_last_year(edition_id=edition.pk, actor=office.clerk, now=office.now)
    return edition


def second_year(office: Office, *, people: int, rate: str = "1500") -> Edition:
    """2016 copied from an approved 2015 of one item (245 × 1,500), then changed."""
    edition = copied(office, office.plan(year=2015))
    line = CalcLine.objects.get(item__edition=edition)
    change_line(
        line_id=line.pk,
        actor=office.clerk,
        values={"people": people, "rate": Decimal(rate)},
        seen_version=line.version,
        now=office.now,
    )
    office.explain_changes(edition)
    return Edition.objects.for_detail().get(pk=edition.pk)


def test_the_change_against_last_year_is_split_into_people_and_standard(office):
    edition = second_year(office, people=251, rate="1600")
    text = documents.plain_text(edition_sheet(edition))
    assert (
        "示例项目甲40.16万元，比上年增加3.41万元，增长9.3%，其中人数因素增加0.9万元，标准因素增加2.51万元，主要原因是人数变化。"
        in text
    )
    assert (
        "2016年项目支出合计40.16万元，比上年增加3.41万元，增长9.3%，主要原因是示例项目甲增加3.41万元。"
        in text
    )


def test_a_project_that_is_gone_is_told_and_counted_in_last_years_total(office):
    edition = copied(office, office.plan(year=2015, items=2))
    gone = edition.items.order_by("ordinal").last()
    remove_item(item_id=gone.pk, actor=office.clerk, seen_version=gone.version)
    text = documents.plain_text(edition_sheet(Edition.objects.for_detail().get(pk=edition.pk)))
    assert "2015年安排、本年不再安排的项目：示例项目乙（36.75万元）。" in text
    assert "比上年减少36.75万元，下降50%，主要原因是示例项目乙减少36.75万元。" in text


# --- every figure leads to its rows ------------------------------------------------------------------------


def test_every_printed_amount_is_a_link(example):
    without_links = re.sub(r'<a class="figure"[^>]*>.*?</a>', "", example.html, flags=re.DOTALL)
    body = re.sub(r"<[^>]+>", "", without_links.split("</head>")[1])
    assert FIGURES.findall(body) == []
    for row in re.findall(r"<tr class=\"row.*?</tr>", without_links, flags=re.DOTALL):
        for cell in re.findall(r'<td class="number"[^>]*>(.*?)</td>', row, flags=re.DOTALL):
            # What is left in number columns are weights (points) alone.
            assert re.fullmatch(r"\s*|[0-9]{1,3}", cell), cell


def test_the_links_of_the_file_are_those_of_the_figures(example):
    base = f"{settings.SITE_URL}/budget/editions/{example.edition_id}/figures/"
    links = example.gongwen.links()
    assert all(link.startswith(base) for link in links)
    keys = {link.removeprefix(base).rstrip("/") for link in links}
    assert {"total", "group-public", "group-special", "source-general", "function-2012906"} <= keys
    assert sum(key.startswith("item-") for key in keys) == 7
    assert sum(key.startswith("line-") for key in keys) == 9
    assert {link.removeprefix(base).rstrip("/") for link in example.book.links()} == keys


def test_text_and_appendix_refer_to_each_other(example):
    assert "［测2-4］" in example.gongwen.text
    assert "2-4-1市级劳模荣誉获得一次（含破产或撤销企业劳模6人）" in example.gongwen.text
    with pikepdf.open(io.BytesIO(example.gongwen.data)) as file:
        inner = [
            note
            for page in file.pages
            for note in page.get("/Annots", [])
            if "/Dest" in note or ("/A" in note and note.A.get("/S") == "/GoTo")
        ]
    # One mark beside each item and one way back from the appendix.
    assert len(inner) >= 14


# --- the file ----------------------------------------------------------------------------------------------


def test_the_file_is_a_tagged_archive_document_that_names_itself(example):
    with pikepdf.open(io.BytesIO(example.gongwen.data)) as file:
        with file.open_metadata() as meta:
            assert meta["pdfaid:part"] == "3"
            assert meta["pdfaid:conformance"] == "A"
            assert meta["dc:title"] == "廊坊市总工会2016年部门预算编制说明"
            assert list(meta["dc:creator"]) == ["廊坊市总工会"]
            assert "2016年财政部门预算（一上）编制说明" in str(meta["dc:description"])
        assert bool(file.Root.MarkInfo.Marked)
        assert str(file.Root.Lang) == "zh-Hans"
        assert "/StructTreeRoot" in file.Root
        with file.open_outline() as outline:
            titles = [entry.title for entry in outline.root]
            assert titles[0] == "一、廊坊市总工会主要职责"
            assert any(child.title == "2016年劳模体检费" for child in outline.root[2].children)


def test_the_data_travel_inside_the_file(example):
    with pikepdf.open(io.BytesIO(example.gongwen.data)) as file:
        files = {name: spec.get_file().read_bytes() for name, spec in file.attachments.items()}
    assert set(files) == {"budget-2016.json", "budget-2016.xlsx"}
    data = json.loads(files["budget-2016.json"])
    assert data["amount"] == "7859300.00"
    assert [group["amount"] for group in data["groups"]] == ["5922800.00", "1936500.00"]
    lines = [line for group in data["groups"] for item in group["items"] for line in item["lines"]]
    assert {"people": 245, "of_which_people": 6, "amount": "367500.00"}.items() <= next(
        line for line in lines if line["people"] == 245
    ).items()
    assert "source_rows" not in lines[0]
    assert files["budget-2016.xlsx"].startswith(b"PK")


def test_printing_twice_gives_the_same_bytes(example):
    assert example.again == example.gongwen.data


def test_drafts_carry_the_watermark_on_every_page_and_others_nowhere(example):
    assert all(re.search(r"草\s*稿", page) for page in example.draft.pages)
    assert "本件是草稿，未经签发" in example.draft.text
    assert "草稿" not in example.gongwen.text


# --- the page ----------------------------------------------------------------------------------------------


def full_page_of_text(office: Office) -> Paper:
    edition = office.plan().editions.get()
    for _ in range(2):
        add_entry(edition_id=edition.pk, section="duties", text="工会" * 900, actor=office.clerk)
    return show(edition)


def test_a_page_of_the_official_layout_holds_22_lines_of_28_characters(office):
    paper = full_page_of_text(office)
    lines = paper.lines(1)[:-1]
    assert len(lines) == 22
    assert {len(line) for line in lines} == {28}
    glyphs = [glyph for glyph in paper.glyphs(1) if glyph.char in "工会"]
    # Page 2: the binding edge is on its right, so the type area begins 26 mm from the left edge.
    assert min(glyph.left for glyph in glyphs) == pytest.approx(26, abs=0.6)
    assert max(glyph.right for glyph in glyphs) == pytest.approx(26 + 156, abs=0.6)
    assert max(glyph.top for glyph in glyphs) <= 297 - 37 + 0.5
    assert min(glyph.bottom for glyph in glyphs) >= 35 - 0.5


def test_page_numbers_stand_outside(example):
    for page, text in enumerate(example.gongwen.pages, start=1):
        assert re.search(rf"—\s*{page}\s*—", text)
        dashes = [
            glyph for glyph in example.gongwen.glyphs(page - 1) if glyph.char == "—" and glyph.bottom < 35
        ]
        outside = (
            max(glyph.right for glyph in dashes) if page % 2 else 210 - min(glyph.left for glyph in dashes)
        )
        # One character (14 pt) inside the type area on the outer side, some 7 mm below it.
        assert outside == pytest.approx(210 - 26 - 14 / 72 * 25.4, abs=1.5)
        assert 35 - 16 < dashes[0].bottom < 35 - 7


def test_everything_stands_inside_the_type_area(example):
    for page in range(len(example.gongwen.pages)):
        left = 28 if page % 2 == 0 else 26
        for glyph in example.gongwen.glyphs(page):
            assert left - 1 < glyph.left
            assert glyph.right < left + 156 + 1


def test_the_book_has_cover_contents_and_landscape_tables(example):
    book = example.book
    assert "2016年部门预算编制说明" in words(book.pages[0])
    contents = words(book.pages[2])
    assert "目录" in contents
    for section in example.document.sections:
        found = re.search(re.escape(words(section.heading)) + r"[.…·]*([0-9]+)", contents)
        assert found, section.heading
        # Cover, blank, contents and blank come before page 1.
        assert words(section.heading) in words(book.pages[3 + int(found[1])])
    sizes = {book.size(page) for page in range(len(book.pages))}
    assert sizes == {(210, 297), (297, 210)}
    table_page = next(page for page, text in enumerate(book.pages) if "测算式" in text)
    assert book.size(table_page) == (297, 210)


def first_mark(number: int) -> str:
    """One rare character that stands nowhere else, so that no line end can cut it."""
    return chr(0x3400 + number)


def last_mark(number: int) -> str:
    return chr(0x3500 + number)


def sixty_items(office: Office) -> Edition:
    edition = office.plan(items=0).editions.get()
    for number in range(60):
        name = f"{first_mark(number)}示例项目名称写得很长很长直到要折成两三行才放得下{last_mark(number)}"
        office.add_item(edition, name=name, label=f"人员{number:02}")
    return edition


@pytest.mark.parametrize("style", ["gongwen", "book"])
def test_sixty_items_repeat_the_heads_and_split_no_row(office, style):
    paper = show(sixty_items(office), style)
    pages = [words(page) for page in paper.pages]
    first = next(page for page, text in enumerate(pages) if "2016年项目测算明细表" in text)
    table = [page for page in range(first, len(pages)) if re.search(r"人员[0-9]{2}", pages[page])]
    assert len(table) >= 3
    for page in table:
        assert "测算内容" in pages[page]
    for number in range(60):
        starts = [page for page in table if first_mark(number) in pages[page]]
        ends = [page for page in table if last_mark(number) in pages[page]]
        assert starts == ends
        assert len(starts) == 1
        # An item's heading row never stands alone at the foot of a page.
        assert f"人员{number:02}" in pages[starts[0]]


def test_a_very_long_union_name_stays_inside_the_type_area(office):
    office.union.name = "示例市某某高新技术产业开发区先进制造业和现代服务业企业联合工会委员会（筹备）"
    office.union.save()
    edition = office.plan().editions.get()
    for style in ("gongwen", "book"):
        paper = show(edition, style)
        for page in range(min(3, len(paper.pages))):
            width, height = paper.size(page)
            for glyph in paper.glyphs(page):
                assert glyph.left > 20
                assert glyph.right < width - 20
                assert glyph.bottom > 5
                assert glyph.top < height - 5
    assert (
        "示例市某某高新技术产业开发区先进制造业和现代服务业企业联合工会委员会（筹备）2016年部门预算编制说明"
        in show(edition).text
    )


# --- characters --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rare", ["䶮", "㛃"])
def test_a_rare_character_of_a_name_is_drawn(office, rare):
    edition = office.plan(items=0).editions.get()
    office.add_item(edition, name=f"示例{rare}同志慰问金")
    paper = show(edition)
    assert f"示例{rare}同志慰问金" in paper.text


def test_a_character_no_font_can_draw_stops_with_the_item_and_the_character(office):
    edition = office.plan(items=0).editions.get()
    office.add_item(edition, name="示例\U000323af同志慰问金")
    with pytest.raises(Refused) as refused:
        show(edition)
    assert refused.value.message.startswith("“示例\U000323af同志慰问金”里有字体中没有的字")
    assert "U+323AF" in refused.value.message


# --- signatures --------------------------------------------------------------------------------------------


def test_the_signature_block_is_filled_by_decisions_alone(office):
    edition = office.plan().editions.get()
    blank = printing.prepare(Edition.objects.for_detail().get(pk=edition.pk), style="gongwen").document
    assert [(place.label, place.name) for place in blank.signatures] == [
        ("制表", ""),
        ("审核", ""),
        ("单位负责人", ""),
    ]
    assert blank.dated is None
    office.submit(edition)
    half = printing.prepare(Edition.objects.for_detail().get(pk=edition.pk), style="gongwen").document
    assert [place.name for place in half.signatures] == [office.clerk.full_name, "", ""]
    office.answer_findings(edition)
    office.decide(edition, office.head, "check")
    office.decide(edition, office.vice, "approve")
    office.decide(edition, office.chair, "approve", minutes=MINUTES)
    paper = show(edition)
    for name in (office.clerk.full_name, office.head.full_name, office.chair.full_name, MINUTES):
        assert words(name) in paper.text
    assert words(office.vice.full_name) not in paper.text


def test_a_returned_edition_shows_no_signature(office):
    edition = office.plan().editions.get()
    office.submit(edition)
    office.decide(edition, office.head, "return", opinion="请补充")
    document = printing.prepare(Edition.objects.for_detail().get(pk=edition.pk), style="gongwen").document
    assert [place.name for place in document.signatures] == ["", "", ""]


def test_the_signature_page_carries_the_issue_and_where_to_verify_it(office):
    edition = office.plan().editions.get()
    issue = IssueFacts(
        number="2016-LF-CS1-W02",
        sequence=2,
        reason="更正人数",
        issued_by="示例负责人",
        issued_at=datetime(2016, 1, 5, 2, 0, tzinfo=UTC),
        verify_url=f"{settings.SITE_URL}/budget/verify/",
    )
    text = show(edition, issue=issue).text
    assert "签发编号：2016-LF-CS1-W02（第2次签发）签发人：示例负责人签发时间：2016-01-0510:00" in text
    assert "更正理由：更正人数" in text
    assert words(issue.verify_url) in text
    assert "2016年1月5日" in text


def test_an_edition_without_items_is_not_printed(office):
    edition = office.plan(items=0).editions.get()
    with pytest.raises(Refused, match="还没有项目"):
        show(edition)


def test_no_style_rule_is_lost_on_the_way_to_paper(example):
    """A rule the printing library does not know is dropped silently: then the page would not be what was meant."""
    for sheets in printing.STYLE_SHEETS.values():
        done = pdf.render(
            "<!DOCTYPE html><html lang='zh-Hans'><title>页</title><p>页</p></html>",
            base=pdf.PdfOptions(title="页", created=datetime(2016, 1, 1, tzinfo=UTC), stylesheets=sheets),
        )
        assert done.notes == ()
