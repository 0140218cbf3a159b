"""Loads the demo: reference data, fictional accounts, the example budget."""

from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.accounts.services.demo import ensure_demo_accounts
from apps.core.errors import Refused


class Command(BaseCommand):
    help = "建立演示账号和示例预算。数据库里已有真实用户时拒绝执行；已有的内容不改动。"

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("load_reference", verbosity=0)
        try:
            people = ensure_demo_accounts()
        except Refused as error:
            raise CommandError(error.message) from error
        import_module("apps.budget.demo").load(
            folder=settings.BASE_DIR / "fixtures",
            union=Union.objects.get(kind=Union.Kind.CITY),
            actor=User.objects.get(username="demo-finance-clerk"),
            now=timezone.now(),
        )
        if options["verbosity"]:
            self.stdout.write(f"演示账号 {len(people)} 个，在登录页一键登录。")
