"""Loads the demo: reference data, fictional accounts, the example budget and the register it counts from."""

import json
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.accounts.services.demo import ensure_demo_accounts
from apps.budget import demo as demo_budget
from apps.core.errors import Refused
from apps.model_workers import demo as demo_register


class Command(BaseCommand):
    help = "建立演示账号、示例预算和示例劳模名册。数据库里已有真实用户时拒绝执行；已有的内容不改动。"

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("load_reference", verbosity=0)
        folder, now = settings.BASE_DIR / "fixtures", timezone.now()
        unions = json.loads((folder / "demo_unions.json").read_text("utf-8"))
        try:
            people = ensure_demo_accounts(unions=unions)
        except Refused as error:
            raise CommandError(error.message) from error
        city = Union.objects.get(kind=Union.Kind.CITY)
        clerk = User.objects.get(username="demo-finance-clerk")
        demo_budget.load(folder=folder, union=city, actor=clerk, now=now)
        keeper = User.objects.get(username="demo-model-worker-clerk")
        head = User.objects.get(username="demo-model-worker-head")
        if demo_register.load(folder=folder, union=city, actor=keeper, head=head, now=now):
            demo_register.pay_last_year(
                union=city,
                year=2015,
                preparer=keeper,
                checker=head,
                approver=User.objects.get(username="demo-vice-chair"),
                now=now,
            )
            demo_register.examine_last_year(union=city, year=2015, clerk=keeper, now=now)
        demo_register.bind(folder=folder, actor=clerk, now=now)
        if options["verbosity"]:
            self.stdout.write(f"演示账号 {len(people)} 个，在登录页一键登录。")
