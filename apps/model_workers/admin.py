"""Model workers in the administration site: the titles may be kept there, everything else only read."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.accounts.admin_site import ReadOnlyAdmin, ReferenceAdmin, admin_site
from apps.core.errors import Refused
from apps.model_workers.models import FileEvent, Honour, HonourTitle, Nomination, Review, WorkerFile
from apps.people.rules.identity import require_no_number


class HonourTitleForm(forms.ModelForm):
    def clean_name(self) -> str:
        try:
            return require_no_number(self.cleaned_data["name"], label="荣誉称号")
        except Refused as refused:
            raise forms.ValidationError(refused.message) from refused


@admin.register(HonourTitle, site=admin_site)
class HonourTitleAdmin(ReferenceAdmin):
    """Which honours there are. Who keeps the parameters of the model workers keeps these too."""

    edit_permission = "parameter.edit"
    form = HonourTitleForm
    list_display = ("name", "level", "category", "is_model_worker", "is_active")
    list_filter = ("level", "category", "is_model_worker", "is_active")
    search_fields = ("name",)


@admin.register(Honour, site=admin_site)
class HonourAdmin(ReadOnlyAdmin):
    list_display = (
        "person",
        "title",
        "awarded_on",
        "awarding_body",
        "document_number",
        "revoked_on",
        "voided_at",
    )
    list_filter = ("title__level",)
    list_select_related = ("person", "title")
    search_fields = ("person__name", "document_number")
    exclude = ("scan",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("scan")


@admin.register(WorkerFile, site=admin_site)
class WorkerFileAdmin(ReadOnlyAdmin):
    list_display = ("person", "number", "managed_by", "treatment_level", "treatment_document")
    list_select_related = ("person", "treatment_document")
    search_fields = ("person__name", "number")


@admin.register(FileEvent, site=admin_site)
class FileEventAdmin(ReadOnlyAdmin):
    list_display = ("person", "action", "effective_on", "document", "decision", "void_decision")
    list_select_related = ("person", "decision", "void_decision")


@admin.register(Review, site=admin_site)
class ReviewAdmin(ReadOnlyAdmin):
    list_display = ("person", "year", "union", "due_on", "outcome", "done_by")
    list_filter = ("year", "outcome")
    list_select_related = ("person", "union", "done_by")


@admin.register(Nomination, site=admin_site)
class NominationAdmin(ReadOnlyAdmin):
    list_display = ("person", "title", "year", "status", "created_by", "created_at")
    list_filter = ("year", "status")
    list_select_related = ("person", "title", "created_by")
