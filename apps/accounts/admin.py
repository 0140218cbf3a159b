"""Accounts in the administration site: to look at; changes are made on the pages of accounts."""

from datetime import date

from django.contrib import admin

from apps.accounts.admin_site import AccountAdmin, ReadOnlyAdmin, admin_site
from apps.accounts.models import AccessRecord, RoleGrant, Union, User


@admin.register(Union, site=admin_site)
class UnionAdmin(AccountAdmin):
    list_display = ("name", "code", "kind", "area_code", "is_active")
    list_filter = ("kind", "is_active")
    search_fields = ("name", "code")


@admin.register(User, site=admin_site)
class UserAdmin(AccountAdmin):
    list_display = ("username", "full_name", "union", "post", "is_active")
    list_filter = ("is_active",)
    search_fields = ("username", "full_name")
    exclude = ("password",)


@admin.register(RoleGrant, site=admin_site)
class RoleGrantAdmin(AccountAdmin):
    list_display = (
        "user",
        "role",
        "stands_in_for",
        "union",
        "granted_by",
        "confirmed_by",
        "valid_from",
        "last_day",
    )
    list_filter = ("role",)
    exclude = ("valid_until",)
    readonly_fields = ("last_day",)

    @admin.display(description="最后一天", ordering="valid_until")
    def last_day(self, grant: RoleGrant) -> date | None:
        return grant.last_day


@admin.register(AccessRecord, site=admin_site)
class AccessRecordAdmin(ReadOnlyAdmin):
    list_display = ("at", "kind", "actor", "subject", "row_count", "address")
    list_filter = ("kind",)
    list_select_related = ("actor",)
