"""The administration site: reference tables may be edited there, business tables only read."""

from collections.abc import Callable
from typing import Any

import psycopg
from django.contrib import admin, messages
from django.contrib.admin import AdminSite
from django.db import DatabaseError, models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from apps.accounts.access import deny
from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.core import audit, once


class HouseAdminSite(AdminSite):
    """Signing in, out and changing the password happen on the site's own pages only."""

    site_header = "基础资料"
    site_title = "基础资料"
    index_title = "基础资料与只读台账"
    site_url = "/"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return user.is_authenticated and user.is_active and user.is_staff

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if request.user.is_authenticated and not self.has_permission(request):
                deny(request, "您的角色不能查看基础资料。")
            return inner(request, *args, **kwargs)

        return guarded

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        query = urlencode({"next": request.GET.get("next", reverse("admin:index"))})
        return redirect(f"{reverse('accounts:sign_in')}?{query}")

    login.login_required = False

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("accounts:sign_out"), status=307)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("accounts:password_change")

    def password_change_done(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("accounts:password_change")


admin_site = HouseAdminSite(name="admin")


class _ScopedAdmin(admin.ModelAdmin):
    """Rows outside the person's own branch of the union tree do not exist, here as on every other page."""

    is_shared = False
    """Whether the table belongs to all unions alike; a table that is neither shared nor scoped stays empty below
    the city federation."""

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request)
        visible_to = getattr(rows, "visible_to", None)
        if visible_to:
            return visible_to(request.user)
        sees_all = self.is_shared or request.user.union.parent_id is None  # type: ignore[union-attr]
        return rows if sees_all else rows.none()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


class ReferenceAdmin(_ScopedAdmin):
    """A reference table: kept by holders of `edit_permission`, read by auditors."""

    edit_permission = "reference.edit"
    is_shared = True
    actions = None

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return _may(request, self.edit_permission) or _audits(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _may(request, self.edit_permission)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return _may(request, self.edit_permission)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Only rows nobody refers to; a row in use is taken out of use instead."""
        return _may(request, self.edit_permission) and obj is not None and not _is_used(obj)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        name = self.model._meta.verbose_name
        try:
            with audit.because(actor_id=request.user.pk, action=f"维护{name}"):
                return super().changeform_view(request, object_id, form_url, extra_context)
        except DatabaseError as error:
            if not isinstance(error.__cause__, psycopg.errors.IntegrityError | psycopg.errors.RaiseException):
                raise
            # A rule that only the database can check: a trigger, or a row written meanwhile.
            self.message_user(request, f"数据库拒绝了这次修改：{_first_line(error)}", messages.ERROR)
            return redirect(request.path)

    def save_model(self, request: HttpRequest, obj: models.Model, form: Any, change: bool) -> None:
        once.take()
        super().save_model(request, obj, form, change)


class ReadOnlyAdmin(_ScopedAdmin):
    """A business table: auditors and those who keep the reference tables may look, nobody may change anything."""

    actions = None

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return _audits(request) or (_may(request, "reference.edit") and _may(request, "history.read"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class AccountAdmin(ReadOnlyAdmin):
    """A table of accounts: shown to those who manage accounts and to auditors; changed on its own pages only."""

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return _may(request, "account.manage") or _audits(request)


def _may(request: HttpRequest, permission: str) -> bool:
    return isinstance(request.user, User) and request.user.may(permission)


def _audits(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and Role.AUDITOR in request.user.roles


def _is_used(row: models.Model) -> bool:
    """Whether another table refers to the row; its own history (which the database does not tie to it) is no use."""
    return any(
        relation.related_model._base_manager.filter(**{relation.field.name: row}).exists()
        for relation in row._meta.related_objects
        if not relation.field.many_to_many and relation.field.db_constraint
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else "违反了数据规则"
