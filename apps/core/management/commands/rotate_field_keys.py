"""Seals the secret columns anew under the first key of FIELD_KEYS, beside people at work."""

import time
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.encryption import keyring
from apps.core.rotation import Progress, keys_in_use, rotate


class Command(BaseCommand):
    help = "把加密列全部改用 FIELD_KEYS 的第一把密钥；可随时中断、重新运行。--check 只数每把密钥还有多少。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="只列出每一列、每把密钥下的数量，不改动")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["check"]:
            self._rotate()
        self._report()

    def _rotate(self) -> None:
        start = time.monotonic()

        def tell(progress: Progress) -> None:
            seconds = max(1, int(time.monotonic() - start))
            self.stdout.write(f"{progress.table}：已改 {progress.written:,} 行（{seconds} 秒）")
            self.stdout.flush()

        done = rotate(on_batch=tell)
        broken = sum(progress.broken for progress in done)
        if broken:
            self._report()  # says so itself when a key is missing
            raise CommandError(f"有 {broken:,} 个值用现有的密钥打不开，没有改动：数据已损坏。")

    def _report(self) -> None:
        ring, uses = keyring(), keys_in_use()
        for use in uses:
            counts = "，".join(f"密钥 {number}：{count:,}" for number, count in use.counts.items())
            self.stdout.write(f"{use.table}·{use.table.column_label(use.column)}　{counts or '没有内容'}")
        total: Counter[int] = Counter()
        for use in uses:
            total.update(use.counts)
        unknown = sorted(total.keys() - ring.keys.keys())
        if unknown:
            numbers = "、".join(map(str, unknown))
            raise CommandError(
                f"FIELD_KEYS 里没有密钥 {numbers}，它加密的 {sum(total[one] for one in unknown):,} 个值打不开。"
            )
        left = total.total() - total[ring.active]
        if left:
            self.stdout.write(
                f"还有 {left:,} 个值不在现用的密钥 {ring.active} 下，请再运行一次 rotate_field_keys。"
            )
        else:
            self.stdout.write(f"全部 {total.total():,} 个值都在现用的密钥 {ring.active} 下。")
