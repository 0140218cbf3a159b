"""`manage.py explain_budget`: what it prints, what it writes and how it ends."""

import hashlib
import io

import pytest
from django.core.management import CommandError, call_command

from apps.budget.models import CalcLine
from apps.budget.rules.stages import Book
from apps.budget.services.lines import change_line
from tests.budget.paper import Paper


def explain(*arguments: object) -> str:
    out = io.StringIO()
    call_command("explain_budget", *[str(argument) for argument in arguments], stdout=out)
    return out.getvalue()


def refusal(*arguments: object) -> CommandError:
    with pytest.raises(CommandError) as stopped:
        explain(*arguments)
    return stopped.value


def test_it_prints_pages_hash_and_findings_and_writes_the_file(office, tmp_path):
    office.plan()
    output = tmp_path / "说明.pdf"
    said = explain("--year", 2016, "--output", output)
    data = output.read_bytes()
    assert f"页数：{len(Paper(data).pages)}" in said
    assert f"SHA-256：{hashlib.sha256(data).hexdigest()}" in said
    assert "[改正或说明理由] “示例项目甲”没有依据文件。" in said
    assert "本件是草稿，未经签发" in Paper(data).text  # it was never approved


def test_a_hard_finding_stops_it_with_1_and_writes_nothing(office, tmp_path):
    edition = office.plan().editions.get()
    line = CalcLine.objects.get(item__edition=edition)
    change_line(
        line_id=line.pk, actor=office.clerk, values={"rate": None}, seen_version=line.version, now=office.now
    )
    output = tmp_path / "a.pdf"
    stopped = refusal("--year", 2016, "--output", output)
    assert stopped.returncode == 1
    assert "必须改正的问题，没有打印" in str(stopped)
    assert not output.exists()


def test_a_draft_is_printed_all_the_same_and_marked(office, tmp_path):
    edition = office.plan().editions.get()
    line = CalcLine.objects.get(item__edition=edition)
    change_line(
        line_id=line.pk, actor=office.clerk, values={"rate": None}, seen_version=line.version, now=office.now
    )
    output = tmp_path / "a.pdf"
    said = explain("--year", 2016, "--output", output, "--draft", "--style", "book")
    assert "[必须改正]" in said
    assert "草" in Paper(output.read_bytes()).pages[0]


def test_another_book_is_named(office, tmp_path):
    office.plan(book=Book.UNION)
    output = tmp_path / "a.pdf"
    explain("--year", 2016, "--output", output, "--book", "union", "--union", office.union.code.lower())
    assert "工会经费预算编制说明" in Paper(output.read_bytes()).text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--year", "2015"], "没有 2015 年的财政部门预算"),
        (["--year", "2016", "--union", "NOWHERE"], "没有编码为“NOWHERE”的工会"),
        (["--year", "2016", "--style", "poster"], "参数不对"),
        (["--year", "二零一六"], "参数不对"),
        (["--year", "2016", "--output", "/nowhere/at/all.pdf"], "目录不存在"),
    ],
)
def test_bad_arguments_end_with_2_and_a_sentence(office, tmp_path, arguments, said):
    office.plan()
    if "--output" not in arguments:
        arguments = [*arguments, "--output", str(tmp_path / "a.pdf")]
    stopped = refusal(*arguments)
    assert stopped.returncode == 2
    assert said in str(stopped)


def test_without_an_output_it_says_how_it_is_used(db):
    stopped = refusal("--year", 2016)
    assert stopped.returncode == 2
    assert "用法：explain_budget" in str(stopped)


def test_a_character_that_cannot_be_drawn_stops_it_with_1(office, tmp_path):
    edition = office.plan(items=0).editions.get()
    office.add_item(edition, name="示例\U000323af慰问金")
    stopped = refusal("--year", 2016, "--output", tmp_path / "a.pdf")
    assert stopped.returncode == 1
    assert "U+323AF" in str(stopped)
