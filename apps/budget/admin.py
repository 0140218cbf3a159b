"""The budget in the administration site: dictionaries may be kept there, everything else only read."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.accounts.admin_site import ReadOnlyAdmin, ReferenceAdmin, admin_site
from apps.budget.models import (
    CalcLine,
    ClassificationCode,
    Edition,
    EditionDecision,
    FiscalYear,
    FundingSource,
    IssuedDocument,
    Item,
    ItemGroup,
    Plan,
    PolicyDocument,
    Waiver,
)


@admin.register(ItemGroup, FundingSource, site=admin_site)
class NamedReferenceAdmin(ReferenceAdmin):
    list_display = ("name", "code", "ordinal", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "code")


@admin.register(ClassificationCode, site=admin_site)
class ClassificationCodeAdmin(ReferenceAdmin):
    list_display = ("code", "name", "kind", "first_year", "last_year")
    list_filter = ("kind",)
    search_fields = ("code", "name")


@admin.register(FiscalYear, site=admin_site)
class FiscalYearAdmin(ReadOnlyAdmin):
    """Years are closed by two people on pages of their own, never here."""

    list_display = ("year", "closed_at")


@admin.register(PolicyDocument, site=admin_site)
class PolicyDocumentAdmin(ReadOnlyAdmin):
    """Entered on its own pages, where the number is normalised and the scan guarded."""

    is_shared = True
    list_display = ("title", "number", "issuer", "kind", "issued_on", "in_force_until")
    list_filter = ("kind",)
    search_fields = ("title", "number")


@admin.register(Plan, site=admin_site)
class PlanAdmin(ReadOnlyAdmin):
    list_display = ("union", "fiscal_year", "book", "created_by", "created_at")
    list_select_related = ("union", "fiscal_year", "created_by")


@admin.register(Edition, site=admin_site)
class EditionAdmin(ReadOnlyAdmin):
    list_display = ("plan", "label", "get_status_display", "round", "decided", "created_by", "created_at")
    list_filter = ("stage", "status")
    list_select_related = ("plan__union", "plan__fiscal_year", "created_by")


@admin.register(Item, site=admin_site)
class ItemAdmin(ReadOnlyAdmin):
    list_display = ("name", "edition", "group", "ordinal", "updated_by", "updated_at")
    list_select_related = ("edition__plan__union", "edition__plan__fiscal_year", "group", "updated_by")
    search_fields = ("name",)


@admin.register(CalcLine, site=admin_site)
class CalcLineAdmin(ReadOnlyAdmin):
    list_display = ("label", "item", "method", "people", "rate", "amount", "updated_by", "updated_at")
    list_filter = ("method",)
    list_select_related = ("item__edition__plan", "updated_by")


@admin.register(EditionDecision, site=admin_site)
class EditionDecisionAdmin(ReadOnlyAdmin):
    list_display = ("at", "case", "verb", "actor", "role", "opinion", "amount")
    list_select_related = ("case__plan__union", "case__plan__fiscal_year", "actor")


@admin.register(Waiver, site=admin_site)
class WaiverAdmin(ReadOnlyAdmin):
    list_display = ("waived_at", "edition", "message", "reason", "waived_by")
    list_select_related = ("edition__plan__union", "edition__plan__fiscal_year", "waived_by")


@admin.register(IssuedDocument, site=admin_site)
class IssuedDocumentAdmin(ReadOnlyAdmin):
    list_display = ("title", "style", "sequence", "sha256", "issued_by", "issued_at")
    exclude = ("pdf", "snapshot")
    list_select_related = ("issued_by",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("pdf", "snapshot")
