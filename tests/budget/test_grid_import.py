"""A whole edition as xlsx: out, changed in a spreadsheet, previewed by row and column, in again as one."""

import io
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from apps.accounts.models import AccessRecord
from apps.budget.models import CalcLine, Edition, GridChange, ImportFile
from apps.budget.rules.calculation import Method
from apps.budget.rules.stages import Stage
from apps.budget.services.lines import change_line
from tests.budget.test_grid_cells import post
from tests.clients import signed_in
from tests.factories import CalcLineFactory, ItemFactory, ItemGroupFactory


@pytest.fixture
def clerk(office) -> Client:
    return signed_in(office.clerk)


@pytest.fixture
def edition(office) -> Edition:
    edition = office.plan().editions.get()
    item = ItemFactory(edition=edition, name="{年度}年工会经费", ordinal=2)
    CalcLineFactory(item=item, ordinal=1, label="{年度}年工资总额", base_ratio=True)
    CalcLineFactory(item=item, ordinal=2, label="其他", quota=True, note="每年市财政拨付")
    return edition


SHORT = {"金额": "金额（元）", "标准": "标准/基数（元）", "上年": "上年预算数（元）"}


class Book:
    """A spreadsheet under its headings, as a person would change it."""

    def __init__(self, content: bytes) -> None:
        self.book = openpyxl.load_workbook(io.BytesIO(content))
        self.page: Any = self.book.active
        self.headings = [cell.value for cell in self.page[1]]

    def row(self, number: int) -> dict[str, Any]:
        return {name: cell.value for name, cell in zip(self.headings, self.page[number], strict=True)}

    def set(self, number: int, **cells: Any) -> "Book":
        for name, value in cells.items():
            place = self.headings.index(SHORT.get(name, name)) + 1
            self.page.cell(number, place).value = value
        return self

    def add(self, **cells: Any) -> "Book":
        return self.set(self.page.max_row + 1, **cells)

    @property
    def content(self) -> bytes:
        output = io.BytesIO()
        self.book.save(output)
        return output.getvalue()


def exported(client: Client, edition: Edition) -> Book:
    return Book(client.post(reverse("budget:edition_export", args=[edition.pk])).content)


def sheet(*rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


def upload(client: Client, edition: Edition, content: bytes, name: str = "底稿.xlsx") -> HttpResponse:
    file = SimpleUploadedFile(name, content)
    return client.post(reverse("budget:edition_import", args=[edition.pk]), {"file": file}, follow=True)


def confirm(client: Client, page: HttpResponse) -> HttpResponse:
    address = reverse("budget:import_preview", args=[page.context["file"].pk])
    return client.post(address, {"digest": page.context["digest"]})


def problems(page: HttpResponse) -> list[str]:
    return [str(problem) for problem in page.context["trial"].faults]


def test_the_export_holds_every_line_with_its_item_and_is_recorded(clerk, office, edition):
    book = exported(clerk, edition)
    assert book.row(3)["项目名称"] == "2016年工会经费"
    assert book.row(3)["测算内容"] == "2016年工资总额"
    assert (book.row(3)["测算方式"], book.row(3)["比例"], book.row(3)["分成口径"]) == (
        "基数×比例×分成",
        "2%",
        "市总工会分成数",
    )
    assert book.row(3)["金额（元）"] == 5500000
    assert book.page.max_row == 4
    record = AccessRecord.objects.get(kind=AccessRecord.Kind.EXPORT)
    assert (record.actor, record.row_count, len(record.sha256)) == (office.clerk, 3, 64)


def test_an_unchanged_export_comes_back_without_any_change(clerk, edition):
    page = upload(clerk, edition, exported(clerk, edition).content)
    trial = page.context["trial"]
    assert (trial.changed, trial.problems, trial.unchanged_count) == ((), (), 5)
    assert "没有要改的内容" in page.content.decode()
    edition.items.get(name="{年度}年工会经费")  # the placeholder is still there


def test_changes_are_previewed_and_taken_over_as_one(clerk, edition):
    book = exported(clerk, edition)
    book.set(2, 数量=251, 金额=376500, 上年=300000)
    book.add(
        分组="单位专项项目",
        项目名称="金秋助学",
        测算内容="大学新生",
        测算方式="人数×标准",
        数量=30,
        标准=3000,
    )
    book.add(测算内容="高中新生", 测算方式="人数×标准", 数量=10, 标准=1000)
    page = upload(clerk, edition, book.content)
    text = page.content.decode()
    assert "<del>" in text
    assert "245" in text
    assert problems(page) == []
    assert CalcLine.objects.filter(item__edition=edition).count() == 3
    confirm(clerk, page)
    assert edition.items.get(name="金秋助学").lines.count() == 2
    line = CalcLine.objects.get(item__edition=edition, label="示例人员")
    assert (line.people, line.item.prior_amount) == (251, Decimal("300000.00"))
    file = ImportFile.objects.get()
    assert file.taken_at is not None
    assert file.change == GridChange.objects.get(kind="import")


def test_an_import_is_taken_back_as_one(clerk, edition):
    book = exported(clerk, edition).set(2, 数量=251, 金额=None)
    book.add(分组="单位专项项目", 项目名称="金秋助学", 测算内容="大学新生", 测算方式="定额", 金额=1000)
    confirm(clerk, upload(clerk, edition, book.content))
    change = GridChange.objects.get()
    assert post(clerk, "grid_undo", {}, pk=edition.pk, change_id=change.pk).status_code == 200
    assert not edition.items.filter(name="金秋助学").exists()
    assert CalcLine.objects.get(item__edition=edition, label="示例人员").people == 245


def test_wrong_cells_are_named_by_row_and_column_and_stop_the_whole_file(clerk, edition):
    book = exported(clerk, edition)
    book.set(2, 数量="二十").set(3, 金额=1).set(4, 行标识="999999")
    page = upload(clerk, edition, book.content)
    assert problems(page) == [
        "第2行“数量”：应填写数字，例如 557；“二十”不是数字。",
        "第3行“金额（元）”：按本行测算为 5,500,000.00，给出的是 1.00。",
        "第4行“行标识”：这个项目没有标识为“999999”的测算行，或它在表格里出现了两次；新增的行请把标识留空。",
    ]
    answer = confirm(clerk, page)
    assert answer.status_code == 422
    assert not GridChange.objects.exists()
    assert ImportFile.objects.get().taken_at is None


def test_rows_are_found_by_name_where_the_marks_are_missing(clerk, edition):
    content = sheet(
        ["2016年预算底稿", None, None, None],
        ["项目名称", "测算内容", "数量", "标准/基数(元)"],
        ["示例项目甲", "示例人员", 250, 1600],
        ["小计", None, None, 400000],
    )
    page = upload(clerk, edition, content)
    assert problems(page) == []
    assert [row.place for row in page.context["trial"].changed] == [3]
    assert page.context["skipped_sums"] == 1
    assert (page.context["untouched_items"], page.context["untouched_lines"]) == (1, 2)
    confirm(clerk, page)
    line = CalcLine.objects.get(item__edition=edition, label="示例人员")
    assert (line.people, line.rate, line.method) == (250, Decimal("1600.00"), Method.HEADCOUNT)


def test_a_new_item_needs_a_group_that_exists(clerk, edition):
    content = sheet(["分组", "项目名称"], [None, "无分组"], ["没有的分组", "错分组"])
    assert problems(upload(clerk, edition, content)) == [
        "第2行“分组”：新增的项目必须写明分组。",
        "第3行“分组”：没有“没有的分组”这个分组；现有：单位专项项目。",
    ]


def test_an_item_moves_to_the_group_the_file_names_and_back(clerk, edition):
    group = ItemGroupFactory(code="public", name="单位专项公用经费项目", ordinal=10)
    content = sheet(["分组", "项目名称"], [group.name, "示例项目甲"])
    page = upload(clerk, edition, content)
    assert [(cell.label, cell.old, cell.new) for cell in page.context["trial"].changed[0].cells] == [
        ("分组", "单位专项项目", group.name)
    ]
    confirm(clerk, page)
    item = edition.items.get(name="示例项目甲")
    assert (item.group, item.ordinal) == (group, 1)
    post(clerk, "grid_undo", {}, pk=edition.pk, change_id=GridChange.objects.get().pk)
    item.refresh_from_db()
    assert item.group.code == "special"


def test_a_control_figure_that_the_stage_fixes_is_named_when_the_file_has_another(office):
    edition = office.reach(office.plan(), Stage.SECOND_UP)
    client = signed_in(office.clerk)
    book = exported(client, edition)
    unchanged = upload(client, edition, book.content)
    assert "没有地方放" not in unchanged.content.decode()
    page = upload(client, edition, book.set(2, **{"控制数（元）": 1}).content)
    assert problems(page) == ["“控制数”这一列不能录入，第2行“1.00” 1 格没有地方放。"]


def test_rows_of_one_item_that_contradict_each_other_are_told(clerk, edition):
    book = exported(clerk, edition).set(3, 上年=100).set(4, 上年=200)
    assert problems(upload(clerk, edition, book.content)) == [
        "第4行“上年预算数”：与第3行同一项目写的不一致。"
    ]


def test_the_same_file_a_second_time_is_told(clerk, edition):
    content = exported(clerk, edition).set(2, 数量=251, 金额=None).content
    confirm(clerk, upload(clerk, edition, content))
    text = upload(clerk, edition, content).content.decode()
    assert "同一份文件已由" in text


def test_a_file_is_taken_over_once(clerk, edition):
    page = upload(clerk, edition, exported(clerk, edition).set(2, 数量=251, 金额=None).content)
    confirm(clerk, page)
    again = confirm(clerk, page)
    assert "这份文件已由" in again.content.decode()
    assert GridChange.objects.count() == 1


def test_rows_changed_since_the_preview_stop_the_take_over_and_are_shown_anew(office, clerk, edition):
    page = upload(clerk, edition, exported(clerk, edition).set(2, 数量=251, 金额=None).content)
    line = CalcLine.objects.get(item__edition=edition, label="示例人员")
    change_line(line_id=line.pk, actor=office.clerk, values={"people": 246}, seen_version=1, now=office.now)
    answer = confirm(clerk, page)
    assert answer.status_code == 422
    assert "又有人改过" in answer.content.decode()
    assert [
        cell.old for row in answer.context["trial"].changed for cell in row.cells if cell.label == "数量"
    ] == ["246"]
    confirm(clerk, answer)
    line.refresh_from_db()
    assert line.people == 251


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "上传的文件是空的（0 字节）。"),
        (b"PK\x03\x04broken", "这里只接受"),
        (b"<html></html>", "这里只接受：xlsx 表格"),
        (b"x" * (21 * 1024 * 1024), "20 MB"),
        (sheet(["别的", "表头"], [1, 2]), "表头"),
    ],
)
def test_a_file_that_is_no_such_spreadsheet_gets_a_sentence(clerk, edition, content, sentence):
    page = upload(clerk, edition, content)
    assert page.status_code == 422
    assert sentence in page.content.decode()
    assert not ImportFile.objects.exists()


def test_a_submitted_edition_takes_no_file(office, clerk, edition):
    content = exported(clerk, edition).set(2, 数量=251, 金额=None).content
    page = upload(clerk, edition, content)
    edition.items.filter(name="{年度}年工会经费").delete()
    office.submit(edition)
    assert confirm(clerk, page).status_code == 422
    assert upload(clerk, edition, content).status_code == 422
    assert CalcLine.objects.get(item__edition=edition, label="示例人员").people == 245


def test_names_with_markup_stay_text_and_a_formula_stays_inert(clerk, edition):
    content = sheet(["分组", "项目名称"], ["单位专项项目", "<b>粗</b>"])
    assert "<b>粗</b>" not in upload(clerk, edition, content).content.decode()
    edition.items.filter(name="示例项目甲").update(name="=1+1")
    assert exported(clerk, edition).page.cell(2, 3).data_type == "s"


def test_a_merged_item_counts_for_all_its_lines_and_the_preview_says_so(clerk, edition):
    book = sheet(
        ["分组", "项目名称", "测算内容", "测算方式", "数量", "标准"],
        ["单位专项项目", "金秋助学", "大学新生", "人数×标准", 30, 3000],
        [None, None, "高中新生", None, 10, 1000],
    )
    page = upload(clerk, edition, merged(book, "A2:A3", "B2:B3", "D2:D3"))
    assert problems(page) == []
    assert "合并单元格 A2:A3、B2:B3、D2:D3 的内容，算作其中每一行的内容。" in page.content.decode()
    confirm(clerk, page)
    lines = edition.items.get(name="金秋助学").lines.order_by("ordinal")
    assert [(line.label, line.method) for line in lines] == [
        ("大学新生", Method.HEADCOUNT),
        ("高中新生", Method.HEADCOUNT),
    ]


def test_a_figure_merged_over_several_rows_is_refused_with_its_range(clerk, edition):
    book = exported(clerk, edition)
    place = book.headings.index(SHORT["上年"]) + 1
    book.page.merge_cells(start_row=2, end_row=3, start_column=place, end_column=place)
    answer = upload(clerk, edition, book.content)
    assert answer.status_code == 422
    assert "几行共用一个数" in answer.content.decode()
    assert f"{openpyxl.utils.get_column_letter(place)}2:" in answer.content.decode()
    assert not ImportFile.objects.exists()


def test_hidden_rows_and_columns_of_the_file_are_named_and_not_taken(clerk, edition):
    book = exported(clerk, edition)
    book.page.row_dimensions[3].hidden = True
    book.page.column_dimensions["C"].hidden = True
    answer = upload(clerk, edition, book.content)
    assert answer.status_code == 422
    assert "隐藏的第 3 行和 C 列" in answer.content.decode()
    assert not ImportFile.objects.exists()


def merged(content: bytes, *areas: str) -> bytes:
    book = Book(content)
    for area in areas:
        book.page.merge_cells(area)
    return book.content
