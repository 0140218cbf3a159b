"""The text checks take time in proportion to the text, whatever stands in it, and never hold up the site."""

import time
from itertools import product

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from apps.budget import checks
from apps.budget.rules.text import KnownDocument
from apps.budget.rules.text.foreign import Checked, Known, check_foreign, checked_from_json, checked_to_json
from apps.core.processes import Limits
from apps.core.texts import MAX_CHARACTERS, SourceText
from tests.factories import UserFactory

KNOWN = Known(
    [KnownDocument("廊工发〔2007〕31号", "关于示例的通知")],
    [("20129", "群众团体事务", 2007, None), ("2012901", "行政运行", 2007, None)],
)
SHORT, TIMES = 1_000, 8
MOST = 3 * TIMES
"""What grows with the square costs 64 times as much for 8 times the length."""

RUNS = [
    "1", "１", "一", "a", "，", "。", "、", "（", "）", " ", "　", "\n", "元", "万元", "人", "×", "=", "%", "年", "第",
    "〔", "《", "》", "<", "·", "-", "—", "●", "●○", "_", "{", "【", "1 | ", "1\t", "百", "壹", "x",
    "1元", "1,111", "1人", "共1人", "其中", "其中：1元", "1元（其中", "小计1元\n", "增加小计1元\n", "合计1元\n", "每甲1元",
    "上年增加1元，", "增加1元增加1%", "2012901关于", "20129关于2012901", "根据", "送温暖", "一是甲乙丙，", "1、", "一、\n",
    "项目1：甲1元\n", "（一）甲乙丙丁\n项目1：甲1元\n", "（一）甲乙丙丁\n项目1：甲1元\n甲乙丙丁小计1元\n",
    "《关于示例甲乙丙丁的通知》（廊工发〔2007〕31号）", "2016年", "约1元", "讲话", "1+", "1×1=1",
]  # fmt: skip
AROUND = [("", ""), ("项目1：甲1元\n项目2：甲1元\n", "由于\n小计1元")]


def checked(text: str) -> Checked:
    labels = tuple(f"第{number}行" for number in range(1, text.count("\n") + 2))
    return check_foreign(SourceText(text, labels), year=2016, known=KNOWN)


def seconds(text: str) -> float:
    """Processor time, the better of two: what else runs on the machine does not count."""
    taken = []
    for _ in range(2):
        before = time.process_time()
        checked(text)
        taken.append(time.process_time() - before)
    return min(taken)


@pytest.mark.parametrize("unit", RUNS, ids=repr)
def test_eight_times_the_text_takes_about_eight_times_as_long(unit):
    for before, after in AROUND:
        short = seconds(before + unit * (SHORT // len(unit)) + after)
        long = seconds(before + unit * (SHORT * TIMES // len(unit)) + after)
        assert long < MOST * short, f"{before!r}…{after!r}: {short:.4f} s, then {long:.4f} s"


def test_many_different_titles_and_nouns_take_no_longer_than_many_equal_ones():
    letters = [chr(0x4E00 + 7 * number) for number in range(60)]
    pairs = ["".join(pair) for pair in product(letters, repeat=2)]

    def text(length: int) -> str:
        return "".join(f"《{pair}》（廊工发〔2007〕31号）每{pair}1元，1{pair}" for pair in pairs[:length])

    assert seconds(text(3_200)) < MOST * seconds(text(400))


def test_a_long_header_and_many_rows_of_a_table_are_read_once():
    def text(length: int) -> str:
        return f"项目\t人数\t标准{'甲' * length}\t金额\n" + "甲\t2\t3\t6\n" * (length // 8)

    assert seconds(text(SHORT * TIMES)) < MOST * seconds(text(SHORT))


def test_a_name_without_an_end_is_not_repeated_in_every_place():
    found = checked(f"项目1：{'甲' * 5_000}\n{'在在。' * 40}").findings

    assert found
    assert all(len(finding.place) < 400 for finding in found)


def test_what_was_found_leaves_the_process_as_it_is():
    text = "项目1：2016年劳模体检费22.38万元\n说明：根据讲话，参加体检劳模共计557人，每人体检费用400元。共计222800元。"
    told = checked(text)

    assert any(finding.gap is not None for finding in told.findings)
    assert checked_from_json(checked_to_json(told)) == told


# --- on the page -------------------------------------------------------------------------------------------


@pytest.fixture
def page(client, db):
    client.force_login(UserFactory(finance_clerk=True))
    return lambda **form: client.post(reverse("budget:text_check"), form)


def test_a_text_that_takes_too_long_is_given_up_and_what_was_typed_stays(page, monkeypatch):
    monkeypatch.setattr(checks, "_LIMITS", Limits(512 * 1024 * 1024, cpu_seconds=1, silent_seconds=60))
    text = "1元（其中" * (MAX_CHARACTERS // 6)

    answer = page(year=2016, text=text)

    assert answer.status_code == 422
    assert "没有在规定的时间和内存里校验完" in answer.content.decode()
    assert text in answer.content.decode()
    assert 'value="2016"' in answer.content.decode()


def test_a_text_that_wants_too_much_memory_is_given_up(page, monkeypatch):
    monkeypatch.setattr(checks, "_LIMITS", Limits(8 * 1024 * 1024, cpu_seconds=10, silent_seconds=60))

    answer = page(text="项目1：甲1元")

    assert answer.status_code == 422
    assert "没有在规定的时间和内存里校验完" in answer.content.decode()


def test_while_others_are_checked_the_next_is_told_to_wait(page):
    taken = 0
    try:
        while checks._places.acquire(blocking=False):
            taken += 1
        answer = page(text="项目1：甲1元")
    finally:
        for _ in range(taken):
            checks._places.release()

    assert taken < 4  # a web process has four threads
    assert answer.status_code == 422
    assert "正在校验的文稿较多" in answer.content.decode()
    assert "项目1：甲1元" in answer.content.decode()
    assert page(text="项目1：甲1元").status_code == 200


def test_a_text_that_is_refused_gives_its_place_back(page):
    for _ in range(5):
        answer = page(file=SimpleUploadedFile("a.pdf", b"%PDF-1.7 broken"))
        assert "PDF 已损坏" in answer.content.decode()


def test_a_text_that_is_too_long_is_refused_before_it_is_read(page):
    pasted = page(text="长" * (MAX_CHARACTERS + 1))
    assert pasted.status_code == 422
    assert "“文稿”最多 300000 个字，现在是 300001 个字" in pasted.content.decode()

    sent = page(file=SimpleUploadedFile("a.txt", ("长" * (MAX_CHARACTERS + 1)).encode()))
    assert sent.status_code == 422
    assert "文稿有 300,001 个字符，超过 300,000 的上限" in sent.content.decode()
