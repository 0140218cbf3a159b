"""Units: the list, a new one, its facts."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.access import SignedInRequest, deny, require, scoped
from apps.core.errors import Refused
from apps.core.forms import add_refusal
from apps.people.forms.filters import NUMBER_OF_A_PERSON, UnitFilterForm
from apps.people.forms.persons import PersonForm
from apps.people.forms.units import UnitForm
from apps.people.models import Unit
from apps.people.selectors.units import filtered_units
from apps.people.services.units import change_unit, create_unit
from apps.people.tables import UnitTable


@require("person.read")
@require_safe
def unit_list(request: SignedInRequest) -> HttpResponse:
    filters = UnitFilterForm(request.GET, user=request.user)
    filters.is_valid()
    if filters.holds_number:
        messages.error(request, NUMBER_OF_A_PERSON)
        return redirect(reverse("people:unit_list") + filters.address(without=("q",)))
    units = filtered_units(viewer=request.user, filters=filters.values)
    table = UnitTable(units if filters.is_valid() else units.none())
    context = {
        "table": table.paged(request.GET.get("page"), counted=False),
        "filters": filters,
        "has_rows": bool(table.page.object_list),
        "may_edit": request.user.may("person.edit"),
    }
    return render(request, "people/unit_list.html", context, status=422 if filters.errors else 200)


@require("person.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def unit_create(request: SignedInRequest) -> HttpResponse:
    form = UnitForm(request.POST if request.method == "POST" else None, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            unit = create_unit(
                draft=form.draft, union=form.cleaned_data["union"], actor=request.user, now=timezone.now()
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, f"已登记单位“{unit}”。")
            return redirect("people:unit_list")
    return render(request, "people/unit_form.html", {"form": form}, status=422 if form.errors else 200)


@require("person.read")
@require_http_methods(["GET", "HEAD", "POST"])
def unit_edit(request: SignedInRequest, public_id: Any) -> HttpResponse:
    """The unit's facts; changed here by those who may."""
    may_edit = request.user.may("person.edit")
    if request.method == "POST" and not may_edit:
        deny(request, "您没有登记、修改单位的权限。")
    unit = scoped(Unit, request, public_id=public_id)
    form = None
    if may_edit:
        form = UnitForm(request.POST if request.method == "POST" else None, user=request.user, unit=unit)
        if request.method == "POST" and form.is_valid():
            try:
                change_unit(
                    unit_id=unit.pk,
                    draft=form.draft,
                    is_active=form.cleaned_data["is_active"],
                    actor=request.user,
                    now=timezone.now(),
                )
            except Refused as refused:
                add_refusal(form, refused)
            else:
                messages.success(request, "已保存。")
                return redirect("people:unit_list")
    context = {"unit": unit, "form": form}
    return render(request, "people/unit_form.html", context, status=422 if form and form.errors else 200)


@require("person.edit")
@require_safe
def unit_options(request: SignedInRequest) -> HttpResponse:
    """The units of the union chosen in a person's form, as options for its list."""
    form = PersonForm(request.GET, user=request.user)
    return render(request, "people/_unit_options.html", {"form": form})
