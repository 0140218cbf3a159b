"""Print the explanation of a budget to a file, with what the checks say of it."""

from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts.models import AccessRecord, Union
from apps.accounts.services import record_access
from apps.budget import printing
from apps.budget.checks import EditionFinding, edition_findings
from apps.budget.models import Edition
from apps.budget.models.issues import Style
from apps.budget.rules.findings import Severity
from apps.budget.rules.stages import Book, Status
from apps.core.errors import Refused
from apps.core.pdf import RenderedPdf

BAD_ARGUMENTS = 2
STOPPED = 1


class Command(BaseCommand):
    help = "打印年度预算编制说明（PDF/A-3a），列出页数、SHA-256 和校验结果。有必须改正的问题时不打印正式文稿，返回 1。"
    requires_migrations_checks = True

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.error = self._refuse_arguments  # type: ignore[method-assign]
        return parser

    def _refuse_arguments(self, message: str) -> NoReturn:
        self._stop(
            f"参数不对（{message}）。用法：explain_budget --year 2016 [--style gongwen|book] --output 文件.pdf "
            "[--draft] [--union 编码] [--book fiscal|union|entrusted]",
            BAD_ARGUMENTS,
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--year", type=int, required=True, help="预算年度，如 2016")
        parser.add_argument(
            "--style", choices=Style.values, default=Style.GONGWEN, help="gongwen 公文版式，book 预算文本版式"
        )
        parser.add_argument("--output", type=Path, required=True, help="写到哪个文件")
        parser.add_argument(
            "--draft", action="store_true", help="打印草稿，不因校验停下；未审定的版本总是印“草稿”水印"
        )
        parser.add_argument("--union", help="工会编码；不写时为市总工会")
        parser.add_argument(
            "--book", choices=Book.values, default=Book.FISCAL, help="预算体系，默认财政部门预算"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        edition = self._edition(options)
        findings = edition_findings(edition)
        hard = [found for found in findings if found.is_hard]
        if hard and not options["draft"]:
            self._list(findings)
            self._stop(
                f"{edition}有 {len(hard)} 个必须改正的问题，没有打印。改正后再打印，或者加 --draft 打印草稿。",
                STOPPED,
            )
        is_draft = options["draft"] or edition.status != Status.APPROVED
        rendered = self._print(edition, options, is_draft=is_draft)
        self.stdout.write(f"文件：{options['output']}")
        self.stdout.write(
            f"版本：{edition}（{edition.get_status_display()}）{'，印有“草稿”水印' if is_draft else ''}"
        )
        self.stdout.write(f"页数：{rendered.pages}")
        self.stdout.write(f"SHA-256：{rendered.sha256}")
        self.stdout.write(f"字体：{'、'.join(rendered.fonts)}")
        self._list(findings)

    def _edition(self, options: dict[str, Any]) -> Edition:
        """The newest edition of the plan. Ends with BAD_ARGUMENTS when there is none."""
        output: Path = options["output"]
        if not output.resolve().parent.is_dir():
            self._stop(f"“--output”的目录不存在：{output.parent}。", BAD_ARGUMENTS)
        if output.is_dir():
            self._stop(f"“--output”是一个目录，要写文件名：{output}。", BAD_ARGUMENTS)
        code = options["union"]
        union = (
            Union.objects.filter(code=code.upper()).first()
            if code
            else Union.objects.filter(kind=Union.Kind.CITY).first()
        )
        if union is None:
            self._stop(
                f"没有编码为“{code}”的工会。" if code else "还没有市总工会，请先装入基础数据。", BAD_ARGUMENTS
            )
        edition = (
            Edition.objects.for_detail()
            .filter(plan__union=union, plan__fiscal_year=options["year"], plan__book=options["book"])
            .order_by("-created_at", "-pk")
            .first()
        )
        if edition is None:
            book = Book(options["book"]).label
            self._stop(f"{union.name}没有 {options['year']} 年的{book}。", BAD_ARGUMENTS)
        return edition

    def _print(self, edition: Edition, options: dict[str, Any], *, is_draft: bool) -> RenderedPdf:
        try:
            copy = printing.prepare(edition, style=options["style"], is_draft=is_draft)
            rendered = printing.set_copy(copy)
            options["output"].write_bytes(rendered.data)
        except Refused as refused:
            self._stop(refused.message, STOPPED)
        except OSError as error:
            self._stop(f"写不了文件“{options['output']}”：{error.strerror}。", BAD_ARGUMENTS)
        record_access(
            kind=AccessRecord.Kind.PRINT,
            actor=None,
            subject=f"{edition}编制说明（命令行）",
            detail=str(options["output"]),
            sha256=rendered.sha256,
        )
        return rendered

    def _list(self, findings: list[EditionFinding]) -> None:
        if not findings:
            self.stdout.write("校验：没有发现问题。")
            return
        self.stdout.write(f"校验：{len(findings)} 条")
        for found in findings:
            label = Severity(found.finding.severity).label
            answered = f"（已说明：{found.waiver.reason}）" if found.waiver else ""
            self.stdout.write(f"  [{label}] {found.message}{answered}")

    def _stop(self, sentence: str, code: int) -> NoReturn:
        raise CommandError(sentence, returncode=code)
