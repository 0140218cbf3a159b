"""Makes the first system administrator of a new site."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from apps.accounts import services
from apps.accounts.models import Union, User
from apps.accounts.roles import Role
from apps.core.errors import Refused


class Command(BaseCommand):
    help = "建立系统管理员账号，并显示一次性密码（首次登录必须修改）。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", required=True, help="用户名：小写字母、数字和 . _ -")
        parser.add_argument("--full-name", required=True, help="姓名")
        parser.add_argument("--post", default="", help="职务")
        parser.add_argument("--another", action="store_true", help="已有启用的系统管理员时仍要再建一个")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        services.load_unions(
            rows=json.loads((settings.BASE_DIR / "fixtures" / "unions.json").read_text("utf-8"))
        )
        root = Union.objects.get(kind=Union.Kind.CITY)
        administrators = User.objects.enabled().filter(role_grants__role=Role.SYSTEM_ADMIN)
        if administrators.exists() and not options["another"]:
            raise CommandError("已有启用的系统管理员，请由其在页面上建立账号；确需再建请加 --another。")
        try:
            user, password = services.create_user(
                actor=None,
                username=options["username"],
                full_name=options["full_name"],
                union=root,
                post=options["post"],
                roles=[Role.SYSTEM_ADMIN],
            )
        except Refused as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"已建立系统管理员 {user.username}（{user.full_name}）。")
        self.stdout.write(f"一次性密码：{password}")
        self.stdout.write("密码只显示这一次，首次登录必须修改。")
