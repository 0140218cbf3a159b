"""Loads the reference data of all apps; what is there already is left alone."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.accounts import services
from apps.basis.services.calendar import load_calendars
from apps.budget.services.reference import load_reference
from apps.model_workers.services.reference import load_titles


class Command(BaseCommand):
    help = "载入基础资料：工会组织、项目分组、资金来源、收支分类科目、荣誉称号、放假安排。已有的不改动。"

    def handle(self, *args: Any, **options: Any) -> None:
        rows = json.loads((settings.BASE_DIR / "fixtures" / "unions.json").read_text("utf-8"))
        added = services.load_unions(rows=rows)
        codes = load_reference(settings.BASE_DIR / "fixtures")
        titles = load_titles(settings.BASE_DIR / "fixtures")
        years = load_calendars(settings.BASE_DIR / "fixtures")
        if options["verbosity"]:
            self.stdout.write(
                f"工会组织：新增 {added} 个；收支分类科目：新增 {codes} 个；荣誉称号：新增 {titles} 个；"
                f"放假安排：新增 {years} 年。"
            )
