"""check_text: run the text checks over a txt, docx or pdf file from the command line."""

import argparse
import json
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from apps.budget.rules.findings import Finding, Severity, stops_issue
from apps.budget.rules.text import BY_CODE, check_text, guess_year
from apps.core.errors import Refused
from apps.core.texts import SourceText, read_text, too_large

NO_HARD_FINDING, HARD_FINDING, UNREADABLE = 0, 1, 2


class Command(BaseCommand):
    """Exit status: 0 no hard finding, 1 at least one hard finding, 2 the file or an option cannot be read."""

    help = "校验一份编制说明（txt、docx、pdf），列出问题及位置。退出码：0 没有必须改正的问题；1 有；2 文件读不了。"
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="要校验的文件")
        parser.add_argument("--year", type=_year, help="预算年度，如 2016；不写时按标题和项目名称推断")
        parser.add_argument("--json", action="store_true", help="输出 JSON 列表，供程序读取")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        try:
            source = read_text(path.name, _bytes(path))
        except Refused as refused:
            self.stderr.write(refused.message, ending="\n")
            sys.exit(UNREADABLE)
        year = options["year"] or guess_year(source.text)
        findings = check_text(source.text, year=year, line_labels=source.labels)
        if options["json"]:
            for note in source.notes:
                self.stderr.write(f"注意：{note}")
            self.stdout.write(json.dumps([_as_json(one) for one in findings], ensure_ascii=False, indent=2))
        else:
            self._print(path.name, source, year, findings, is_guessed=options["year"] is None)
        sys.exit(HARD_FINDING if stops_issue(findings) else NO_HARD_FINDING)

    def _print(
        self, name: str, source: SourceText, year: int | None, findings: list[Finding], *, is_guessed: bool
    ) -> None:
        spoken = (
            "年度未能推断，不检查年份" if year is None else f"{year} 年预算{'（推断）' if is_guessed else ''}"
        )
        self.stdout.write(f"{name}：{len(source.text)} 个字符，{spoken}。")
        for note in source.notes:
            self.stdout.write(f"注意：{note}")
        ranked = sorted(findings, key=lambda finding: finding.severity.rank)
        for severity, group in groupby(ranked, key=lambda finding: finding.severity):
            listed = list(group)
            self.stdout.write(f"\n【{severity.label}】{len(listed)} 条")
            for number, finding in enumerate(listed, 1):
                self._print_one(number, finding)
        counts = {severity: sum(one.severity == severity for one in findings) for severity in Severity}
        told = "，".join(f"{severity.label} {count} 条" for severity, count in counts.items())
        self.stdout.write(f"\n共 {len(findings)} 条：{told}。")

    def _print_one(self, number: int, finding: Finding) -> None:
        self.stdout.write(f"{number}. 〔{BY_CODE[finding.code].title}〕{finding.message}")
        self.stdout.write(f"   位置：{finding.place}")
        if finding.excerpt:
            self.stdout.write(f"   原文：{finding.excerpt}")
        if finding.hint:
            self.stdout.write(f"   建议：{finding.hint}")


def _year(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1990 <= int(text) <= 2100):
        raise argparse.ArgumentTypeError(f"年度应是 1990 到 2100 的四位数，写的是“{text}”。")
    return int(text)


def _bytes(path: Path) -> bytes:
    """The file, but never more than one byte beyond the limit. Raises Refused."""
    try:
        if path.stat().st_size > settings.UPLOAD_MAX_BYTES:
            raise too_large(path.stat().st_size)
        with path.open("rb") as file:
            return file.read(settings.UPLOAD_MAX_BYTES + 1)
    except FileNotFoundError:
        raise Refused(f"找不到文件“{path}”。") from None
    except OSError as error:
        raise Refused(f"打不开文件“{path}”：{error.strerror}。") from error


def _as_json(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "title": BY_CODE[finding.code].title,
        "severity": str(finding.severity),
        "severity_label": str(finding.severity.label),
        "message": finding.message,
        "place": finding.place,
        "excerpt": finding.excerpt,
        "start": finding.start,
        "end": finding.end,
        "spans": [list(span) for span in finding.spans],
        "hint": finding.hint,
        "fingerprint": finding.fingerprint,
    }
