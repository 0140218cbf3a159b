"""The command check_text: what it prints and how it ends."""

import io
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import docx
import pytest
from django.core.management import CommandError, call_command

from tests.budget.clean_text import CLEAN

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "fixtures" / "source-2016.txt"


def run(*args: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("check_text", *args, stdout=out, stderr=err)
    return int(str(ended.value.code)), out.getvalue(), err.getvalue()


def test_findings_are_printed_by_severity_with_place_and_words():
    status, out, _ = run(str(SOURCE), "--year", "2016")

    assert status == 1
    assert out.index("【必须改正】1 条") < out.index("【改正或说明理由】32 条") < out.index("【提示】1 条")
    assert "位置：第28行" in out
    assert "原文：（五）坚持以改革创新为动力" in out
    assert "共 34 条" in out


def test_a_text_without_hard_finding_ends_with_zero(tmp_path):
    path = tmp_path / "说明.txt"
    path.write_text(CLEAN, encoding="gb18030")

    status, out, _ = run(str(path), "--year", "2016")

    assert status == 0
    assert "共 0 条" in out


def test_json_is_a_list_of_objects():
    status, out, _ = run(str(SOURCE), "--year", "2016", "--json")

    rows = json.loads(out)
    assert status == 1
    assert Counter(row["severity"] for row in rows) == {"hard": 1, "soft": 32, "info": 1}
    assert {"code", "title", "message", "place", "excerpt", "start", "end", "hint", "fingerprint"} <= set(
        rows[0]
    )
    text = SOURCE.read_text(encoding="utf-8")
    gap = next(row for row in rows if row["code"] == "structure.gap")
    assert text[gap["start"] : gap["end"]].startswith("（五）")


def test_without_a_year_it_is_inferred_and_said():
    _, out, _ = run(str(SOURCE))

    assert "2016 年预算（推断）" in out


def test_a_word_file_names_paragraphs_and_what_was_not_read(tmp_path):
    document = docx.Document()
    document.add_paragraph("约20万元用于慰问。", style="List Number")
    path = tmp_path / "说明.docx"
    document.save(path)

    status, out, _ = run(str(path))

    assert status == 0
    assert "位置：第1段" in out
    assert "年度未能推断" in out


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("缺.txt", None, "找不到文件"),
        ("空.txt", b"", "空的"),
        ("假.docx", "文字".encode(), "内容却是 txt"),
        ("扫描.pdf", b"%PDF-1.4\n", "已损坏"),
        ("大.txt", b"a" * (40 * 1024 * 1024), "40.0 MB，超过 20 MB"),
    ],
)
def test_a_file_that_cannot_be_read_ends_with_two_and_a_sentence(tmp_path, name, data, sentence):
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)

    status, out, err = run(str(path))

    assert status == 2
    assert out == ""
    assert sentence in err
    assert err.strip().endswith("。")


def test_a_folder_is_no_file(tmp_path):
    status, _, err = run(str(tmp_path))

    assert status == 2
    assert "打不开文件" in err


@pytest.mark.parametrize("year", ["abc", "16", "20166", "-1", "²⁰¹⁶"])
def test_a_wrong_year_is_refused_with_the_rule(year):
    with pytest.raises(CommandError, match="四位数"):
        call_command("check_text", str(SOURCE), f"--year={year}")


def test_from_a_shell_the_exit_status_tells_of_hard_findings():
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "langfang_union.settings_test"}

    ended = subprocess.run(
        [sys.executable, "manage.py", "check_text", str(SOURCE), "--year", "2016"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=False,
    )

    assert ended.returncode == 1
    assert "共 34 条" in ended.stdout.decode()
