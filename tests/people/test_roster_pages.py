"""Uploading a roster, waiting for it, looking at it, and what other counties see of it: nothing."""

import io
import resource
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.accounts.models import AccessRecord
from apps.core.sheets import read_cells
from apps.people.models import Person, RosterImport, RosterPiece, RosterRow
from apps.people.selectors import rosters as selectors
from apps.people.services import roster_reading
from tests.core.test_sheets import BOMBS, raw_workbook, workbook, zipped
from tests.factories import PersonFactory, UnionFactory, UserFactory
from tests.people.roster_files import (
    HEADINGS,
    account_of,
    number_of,
    roster_file,
    somebody,
    staged,
    take,
    uploaded,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def union():
    return UnionFactory()


@pytest.fixture
def clerk(client, union):
    user = UserFactory(union=union, county_clerk=True)
    client.force_login(user)
    return user


@pytest.fixture
def stage(union, clerk):
    def run(*rows, **more):
        return staged(union=union, actor=clerk, content=roster_file(*rows, **more))

    return run


def address(name: str, roster: RosterImport) -> str:
    return reverse(f"people:roster_{name}", kwargs={"public_id": roster.public_id})


def send(client, union, content: bytes, name: str = "名册.xlsx"):
    return client.post(
        reverse("people:roster_create"), {"union": union.pk, "file": SimpleUploadedFile(name, content)}
    )


def test_an_upload_waits_for_the_background_and_then_shows_what_it_would_change(client, union, clerk):
    answer = send(client, union, roster_file(somebody(1), somebody(2, 联系电话="abc")), "示例 名册.xlsx")
    roster = RosterImport.objects.get()
    assert (answer.status_code, answer.url) == (302, address("detail", roster))
    assert (roster.name, roster.union, roster.uploaded_by) == ("示例 名册.xlsx", union, clerk)
    page = client.get(answer.url).content.decode()
    assert "排队中" in page
    assert address("progress", roster) in page
    assert client.get(address("progress", roster)).status_code == 200
    job = ProcrastinateJob.objects.get(args={"roster_id": roster.pk})
    assert job.task_name == "apps.people.tasks.read_roster"
    roster_reading.read_roster(roster_id=roster.pk)
    assert client.get(address("progress", roster)).headers["HX-Refresh"] == "true"
    page = client.get(answer.url).content.decode()
    assert "有 1 行不对，一行也没有导入" in page
    assert "只能填写一个电话号码" in page
    assert "导入这" not in page


def test_the_wait_says_when_nobody_works_and_when_the_worker_died(client, union, clerk):
    roster = uploaded(union=union, actor=clerk, content=roster_file(somebody(1)))
    RosterImport.objects.update(queued_at=timezone.now() - timedelta(seconds=10))
    assert "没有后台程序在运行" in client.get(address("progress", roster)).content.decode()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now()) RETURNING id")
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s", [cursor.fetchone()[0]]
        )
    RosterImport.objects.update(stage="已核对 2,000 行", percent=40)
    assert "已核对 2,000 行" in client.get(address("progress", roster)).content.decode()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
    page = client.get(address("progress", roster)).content.decode()
    assert "已核对" not in page
    assert "hx-get" in page
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed'")
    page = client.get(address("progress", roster)).content.decode()
    assert "后台程序中断，没有读完。" in page
    assert "hx-get" not in page
    client.post(address("restart", roster))
    assert ProcrastinateJob.objects.filter(status="todo", args={"roster_id": roster.pk}).count() == 1
    roster_reading.read_roster(roster_id=roster.pk)
    roster.refresh_from_db()
    assert roster.new_count == 1


def test_what_is_no_roster_at_all_is_told_on_the_form(client, union, clerk):
    answer = client.post(reverse("people:roster_create"), {"union": union.pk})
    assert answer.status_code == 422
    assert "没有收到文件" in answer.content.decode() or "没有填写" in answer.content.decode()


NOT_FOR_OPENING = {
    "a page of the web": (b"<html><table><tr><td>1</td></tr></table></html>", "网页"),
    "an old workbook or one with a password": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        "旧版 Office 文件或设有密码",
    ),
    "a document": (zipped({"word/document.xml": "<a/>"}), "docx"),
    "a zip": (zipped({"a.txt": "x"}), "不是能识别的类型"),
    "half a file": (workbook(["姓名"], ["示例甲"])[:-100], "不是能识别的类型"),
    "nothing": (b"", "0 字节"),
    "too much": (b"\0" * (20 * 1024 * 1024 + 1), "超过 20 MB"),
}


def processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def judged(client, union, content: bytes) -> tuple[str, float]:
    """The sentence a file is refused with, at once or by the background, and what that cost."""
    before = processor_seconds()
    answer = send(client, union, content)
    if answer.status_code == 422:
        text = answer.content.decode()
    else:
        roster = RosterImport.objects.get()
        roster_reading.read_roster(roster_id=roster.pk)
        roster.refresh_from_db()
        assert roster.status == RosterImport.Status.REFUSED
        text = roster.message
    return text, processor_seconds() - before


@pytest.mark.parametrize("what", NOT_FOR_OPENING)
def test_what_is_no_xlsx_is_refused_on_the_form_with_the_reason(client, union, clerk, what):
    content, words = NOT_FOR_OPENING[what]
    text, took = judged(client, union, content)
    assert words in text
    assert took <= 1
    assert not RosterImport.objects.exists()


WORDS = {
    "too_large_inside": "超过 200 MB 的上限",
    "ratio": "压缩炸弹",
    "too_many_parts": "部件超过",
    "nested": "还嵌着",
    "symlink": "链接",
    "columns": "256 列的上限",
    "too_wide": "范围太大",
    "doctype": "实体定义",
    "external_link": "外部链接",
    "macro": "带有宏",
    "path": "指向别处",
    "dishonest_size": "压缩炸弹",
    "encrypted": "密码",
    "compression": "压缩方式",
    "duplicate_part": "同名的部件",
}


@pytest.mark.parametrize("bomb", [bomb for bomb in BOMBS if bomb != "more than 100 MB inside"])
def test_bombs_macros_and_links_are_refused_in_a_second_and_stage_nothing(client, union, clerk, bomb):
    make, code = BOMBS[bomb]
    content = make()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    text, took = judged(client, union, content)
    assert WORDS[code] in text
    assert took <= 1.5, f"{took:.2f} s"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory <= 80 * 1024
    assert not RosterRow.objects.exists()
    assert not RosterPiece.objects.exists()


def test_more_than_a_long_roster_holds_is_refused(client, union, clerk):
    data = raw_workbook("", extra={f"xl/{n}.bin": bytes(range(256)) * 81920 for n in range(11)})
    text, _ = judged(client, union, data)
    assert WORDS["too_large_inside"] in text


def test_two_people_see_the_rows_by_outcome_page_by_page(client, union, stage):
    PersonFactory(union=union, name="示例旧人", id_number=number_of(900), nation="满族")
    roster = stage(
        *(somebody(order) for order in range(60)),
        {"姓名": "示例旧人", "证件号码": number_of(900), "民族": "汉族"},
    )
    page = client.get(address("detail", roster))
    assert page.context["tab"] == "new"
    assert [row.number for row in page.context["page"]["rows"]] == list(range(2, 52))
    assert page.context["page"]["previous_url"] == ""
    following = client.get(page.context["page"]["next_url"])
    assert [row.number for row in following.context["page"]["rows"]] == list(range(52, 62))
    assert following.context["page"]["next_url"] == ""
    back = client.get(following.context["page"]["previous_url"])
    assert [row.number for row in back.context["page"]["rows"]] == list(range(2, 52))
    changed = client.get(address("detail", roster) + "?tab=changed").content.decode()
    assert "<del>满族</del>" in changed or "满族" in changed
    assert "汉族" in changed
    assert client.get(address("detail", roster) + "?tab=nothing&after=x&before=-1").status_code == 200


def test_no_page_shows_more_of_a_number_than_its_last_four(client, stage):
    roster = stage(somebody(1), somebody(2, 性别="公"))
    for query in ("?tab=new", "?tab=error", ""):
        text = client.get(address("detail", roster) + query).content.decode()
        for order in (1, 2):
            for value in (number_of(order), account_of(order), somebody(order)["联系电话"]):
                assert value[:-4] not in text


def test_the_page_names_the_columns_read_and_those_left_out(client, stage):
    roster = stage(
        somebody(1) | {"工号": "7"}, headings=(*HEADINGS[:4], "联系电话", "银行账号", "开户银行", "工号")
    )
    text = client.get(address("detail", roster)).content.decode()
    assert "没有导入的列：“工号”" in text
    assert "没有的列和空着的格不改" in text


def test_a_roster_is_taken_over_from_its_page(client, stage):
    roster = stage(somebody(1))
    answer = client.post(address("take", roster), follow=True)
    assert "排队中" in answer.content.decode()
    take_job = ProcrastinateJob.objects.order_by("-id").first()
    assert take_job.task_name == "apps.people.tasks.take_roster"
    RosterImport.objects.update(status="staged", taken_by=None)
    take(RosterImport.objects.get(), roster.uploaded_by)
    text = client.get(address("detail", roster)).content.decode()
    assert "新增 1 人，变更 0 人" in text
    assert reverse("people:person_detail", args=[Person.objects.get().public_id]) in text
    assert "已导入" in client.get(reverse("people:roster_list")).content.decode()


def test_a_refusal_is_told_on_the_page(client, stage):
    roster = stage(somebody(1, 联系电话="abc"))
    text = client.post(address("take", roster), follow=True).content.decode()
    assert "有 1 行不对，一行也不能导入" in text


def test_a_discarded_roster_says_by_whom(client, stage, clerk):
    roster = stage(somebody(1))
    text = client.post(address("discard", roster), follow=True).content.decode()
    assert f"{clerk}放弃。" in text
    assert not RosterRow.objects.exists()


def test_the_wrong_rows_come_back_as_they_were_typed_with_their_reasons(client, stage, clerk):
    headings = ("备注", "姓名", "证件号码", "银行账号", "开户银行", "出生日期")
    roster = stage(
        {"姓名": "示例甲", "证件号码": number_of(1)},
        {
            "姓名": "示例乙",
            "证件号码": number_of(2),
            "银行账号": 9999000000000000000,
            "开户银行": "示例银行",
            "备注": "=1+1",
            "出生日期": "昨天",
        },
        {"姓名": "示例丙", "证件号码": number_of(1)},
        headings=headings,
    )
    answer = client.post(address("wrong_rows", roster), REMOTE_ADDR="192.0.2.7")
    assert answer.headers["Cache-Control"] == "private, no-store"
    content = b"".join(answer.streaming_content)
    _, rows = read_cells(content)
    assert rows[0][1] == [*headings, "错误说明"]
    first, second, third = (cells for _, cells in rows[1:])
    assert first[1:3] == ["示例甲", number_of(1)]
    assert first[-1] == "第2行：“证件号码”第2行与第4行证件号码相同，请核对后只留一行。"
    assert second[:3] == ["=1+1", "示例乙", number_of(2)]
    assert second[3] == 9999000000000000000
    assert second[5] == "昨天"
    assert second[-1].startswith("第3行：“银行账号”是数字格式")
    assert third[-1].startswith("第4行：“证件号码”第4行与第2行")
    record = AccessRecord.objects.get(kind="export")
    assert (record.actor, record.row_count, record.address) == (clerk, 3, "192.0.2.7")
    assert record.subject == "名册“示例名册.xlsx”的错误行"
    assert len(record.sha256) == 64
    again = staged(union=roster.union, actor=clerk, content=content)
    assert again.ignored_headings == []
    assert again.error_count == 3


def test_a_long_roster_with_thirty_seven_wrong_rows_gives_just_these_back_and_changes_nothing(client, stage):
    wrong = {order: "证件号码" if order % 2 else "联系电话" for order in range(5, 300, 8)}
    assert len(wrong) == 37
    roster = stage(
        *(somebody(order, **({wrong[order]: "12"} if order in wrong else {})) for order in range(300))
    )
    page = client.get(address("detail", roster)).content.decode()
    assert "有 37 行不对，一行也没有导入" in page
    assert (
        "有 37 行不对，一行也不能导入" in client.post(address("take", roster), follow=True).content.decode()
    )
    assert not Person.objects.exists()
    answer = client.post(address("wrong_rows", roster))
    _, (heading, *rows) = read_cells(b"".join(answer.streaming_content))
    assert heading[1] == [*HEADINGS, "错误说明"]
    told = {cells[heading[1].index("姓名")]: cells[-1] for _, cells in rows}
    assert len(rows) == 37
    for order, column in wrong.items():
        assert told[somebody(order)["姓名"]].startswith(f"第{order + 2}行：“{column}”")


def test_only_the_person_who_brought_the_numbers_gets_them_back(client, union, stage):
    roster = stage(somebody(1, 联系电话="abc"))
    colleague = UserFactory(union=union, county_clerk=True)
    client.force_login(colleague)
    text = client.get(address("detail", roster)).content.decode()
    assert address("wrong_rows", roster) not in text
    answer = client.post(address("wrong_rows", roster), follow=True)
    assert "只能由上传人下载" in answer.content.decode()
    assert not AccessRecord.objects.filter(kind="export").exists()


def test_the_template_holds_the_headings_and_what_goes_under_them(client, clerk, union):
    answer = client.get(reverse("people:roster_template"))
    _, rows = read_cells(answer.content)
    assert rows[0][1] == list(HEADINGS)
    assert rows[1][1][0].startswith("填写说明")
    roster = staged(union=union, actor=clerk, content=answer.content)
    assert roster.message == "工作表“名册”只有表头，没有数据行。"


def test_another_county_sees_nothing_of_a_roster(client, union, stage):
    canary = PersonFactory(union=union, name="示例金丝雀", id_number=number_of(901))
    roster = stage(somebody(1), {"姓名": canary.name, "证件号码": number_of(901), "民族": "汉族"})
    other = UnionFactory()
    stranger = UserFactory(union=other, county_clerk=True)
    client.force_login(stranger)
    assert roster.name not in client.get(reverse("people:roster_list")).content.decode()
    for name in ("detail", "progress"):
        assert client.get(address(name, roster)).status_code == 404
    for name in ("take", "discard", "restart", "wrong_rows"):
        assert client.post(address(name, roster)).status_code == 404
    form = client.get(reverse("people:roster_create")).content.decode()
    assert union.name not in form
    answer = send(client, union, roster_file(somebody(3)))
    assert answer.status_code == 422
    assert RosterImport.objects.count() == 1
    # Somebody of county A in a file of county B: neither the name nor the union is told, on no page and in no file.
    mine = staged(union=other, actor=stranger, content=roster_file(somebody(901, 姓名="示例乙")))
    text = client.get(address("detail", mine)).content.decode()
    text += str(b"".join(client.post(address("wrong_rows", mine)).streaming_content))
    assert "请联系市总工会" in text
    for secret in (canary.name, union.name, union.short_name, str(canary.public_id)):
        assert secret not in text
    assert Person.objects.get().version == 1


def test_the_city_sees_the_rosters_of_its_counties(client, union, stage):
    roster = stage(somebody(1))
    client.force_login(UserFactory(model_worker_clerk=True))
    assert roster.name in client.get(reverse("people:roster_list")).content.decode()
    assert client.get(address("detail", roster)).status_code == 200


def test_who_may_not_import_is_not_let_in(client, union, stage):
    roster = stage(somebody(1))
    client.force_login(UserFactory(union=union, county_reviewer=True))
    assert client.get(reverse("people:roster_list")).status_code == 403
    assert client.get(address("detail", roster)).status_code == 403
    assert client.post(address("take", roster)).status_code == 403


def test_the_lists_take_as_many_queries_for_twelve_rows_as_for_two(client, union, clerk):
    def queries(url: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert client.get(url).status_code == 200
        return len(found)

    def world(count: int) -> RosterImport:
        for order in range(count):
            RosterImport.objects.create(
                union=union, name=f"{order}.xlsx", sha256="0" * 64, uploaded_by=UserFactory()
            )
        return staged(
            union=union,
            actor=clerk,
            content=roster_file(*(somebody(100 * count + order) for order in range(count))),
        )

    queries(reverse("people:roster_list"))
    two = world(2)
    few = (queries(reverse("people:roster_list")), queries(address("detail", two)))
    twelve = world(12)
    assert (queries(reverse("people:roster_list")), queries(address("detail", twelve))) == few


def test_the_page_reads_no_sealed_value(stage, django_assert_max_num_queries):
    roster = stage(somebody(1))
    with CaptureQueriesContext(connection) as found:
        page = selectors.row_page(roster, outcome="new")
    assert len(page.rows) == 1
    assert all('"values"' not in query["sql"] for query in found)


def test_a_workbook_with_a_formula_never_calculated_is_refused(client, union, clerk):
    output = io.BytesIO(
        raw_workbook(
            '<row r="1"><c r="A1" t="inlineStr"><is><t>姓名</t></is></c></row><row r="2"><c r="A2"><f>1+1</f></c></row>'
        )
    )
    text, _ = judged(client, union, output.getvalue())
    assert "单元格 A2 的公式出错" in text


COLUMNS_WITH_UNIT = ("姓名", "证件号码", "单位名称", "单位性质", "联系电话", "银行账号", "开户银行")


def test_a_merged_unit_counts_for_all_its_rows_and_the_preview_says_so(client, clerk, stage):
    first = somebody(1, 单位名称="示例合并机械厂", 单位性质="国有企业")
    roster = stage(first, somebody(2), somebody(3), headings=COLUMNS_WITH_UNIT, merged=("C2:C4", "D2:D4"))
    assert (roster.new_count, roster.error_count) == (3, 0)
    page = client.get(address("detail", roster)).content.decode()
    assert "合并单元格 C2:C4、D2:D4 的内容，算作其中每一行的内容。" in page
    assert page.count("示例合并机械厂") == 3
    take(roster, clerk)
    assert set(Person.objects.values_list("unit__name", flat=True)) == {"示例合并机械厂"}


def test_cells_merged_across_columns_are_refused_with_their_range(client, stage):
    roster = stage(
        somebody(1, 单位名称="示例甲厂", 单位性质="国有企业"),
        somebody(2),
        headings=COLUMNS_WITH_UNIT,
        merged=("C2:D3",),
    )
    assert roster.status == RosterImport.Status.REFUSED
    assert "合并单元格 C2:D3 横跨几列" in client.get(address("detail", roster)).content.decode()
    assert not RosterRow.objects.exists()


def test_hidden_rows_and_columns_are_named_and_not_taken(client, stage):
    rows = [somebody(order) for order in range(1, 8)]
    roster = stage(*rows, headings=COLUMNS_WITH_UNIT, hidden_rows=(3, 5, 6), hidden_columns="E:E")
    assert roster.status == RosterImport.Status.REFUSED
    page = client.get(address("detail", roster)).content.decode()
    assert "隐藏的第 3、5—6 行和 E 列，看不见的内容不能导入。" in page
    assert "请取消隐藏" in page
    assert not RosterRow.objects.exists()
    assert not RosterPiece.objects.exists()


def test_a_hidden_sheet_is_named_without_the_number_in_its_name(client, stage):
    roster = stage(somebody(1), hidden_sheet="旧名册")
    page = client.get(address("detail", roster)).content.decode()
    assert "只读了工作表“名册”，没有读：“旧名册”（隐藏）。" in page
    number = number_of(2)
    roster = stage(somebody(3), hidden_sheet=number)
    page = client.get(address("detail", roster)).content.decode()
    assert "没有读：" in page
    assert number not in page
    assert number not in str(roster.notes)
