"""Makes the first two administrators of a new site: one who manages the accounts, one who confirms."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from apps.accounts import services
from apps.accounts.models import RoleGrant, Union
from apps.accounts.roles import Role
from apps.core.errors import Refused


class Command(BaseCommand):
    help = "建立系统管理员和安全管理员各一个，并显示各自的一次性密码（首次登录必须修改）。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", required=True, help="系统管理员的用户名：小写字母、数字和 . _ -")
        parser.add_argument("--full-name", required=True, help="系统管理员的姓名")
        parser.add_argument("--security-username", required=True, help="安全管理员的用户名")
        parser.add_argument("--security-full-name", required=True, help="安全管理员的姓名")
        parser.add_argument(
            "--another", action="store_true", help="已有启用的系统管理员时仍要再建（须用属主连接数据库）"
        )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        services.load_unions(
            rows=json.loads((settings.BASE_DIR / "fixtures" / "unions.json").read_text("utf-8"))
        )
        administrators = RoleGrant.objects.in_force().filter(role=Role.SYSTEM_ADMIN, user__is_active=True)
        if administrators.exists() and not options["another"]:
            raise CommandError("已有启用的系统管理员，请由其在页面上建立账号；确需再建请加 --another。")
        # The one who confirms comes first: once there is an administrator, roles are given by one.
        self._create(Role.SECURITY_ADMIN, options["security_username"], options["security_full_name"])
        self._create(Role.SYSTEM_ADMIN, options["username"], options["full_name"])
        self.stdout.write("密码只显示这一次，请分别交给两个人，首次登录必须修改。")

    def _create(self, role: Role, username: str, full_name: str) -> None:
        root = Union.objects.get(kind=Union.Kind.CITY)
        try:
            user, password = services.create_user(
                actor=None, username=username, full_name=full_name, union=root, roles=[role]
            )
        except Refused as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"已建立{role.label} {user.username}（{user.full_name}）。")
        self.stdout.write(f"一次性密码：{password}")
