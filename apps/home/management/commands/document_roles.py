"""Writes docs/roles.md from the tables of roles, permissions and steps."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.home.documents import roles_page


class Command(BaseCommand):
    help = "按角色、权限和办理步骤的表写出 docs/roles.md。"

    def handle(self, *args: Any, **options: Any) -> None:
        (settings.BASE_DIR / "docs" / "roles.md").write_text(roles_page(), encoding="utf-8")
        self.stdout.write("docs/roles.md")
