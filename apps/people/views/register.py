"""The register as a list: filtered by the address, searched by a number through a form, taken out as a spreadsheet."""

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.access import SignedInRequest, client_address, require
from apps.core.downloads import XLSX, download
from apps.core.errors import Refused
from apps.core.tables import PER_PAGE
from apps.people.forms.filters import NUMBER_IN_ADDRESS, PersonFilterForm
from apps.people.forms.persons import FullExportForm
from apps.people.rules.identity import holds_number
from apps.people.selectors.search import PeoplePage, filtered_people, people_by_number, people_page
from apps.people.services.exports import MOST_FULL_ROWS, export_people
from apps.people.tables import PersonTable


@require("person.read")
@require_safe
def person_list(request: SignedInRequest) -> HttpResponse:
    """A whole number in the address is not searched for and not repeated: it is taken out of the address."""
    filters = PersonFilterForm(request.GET, user=request.user)
    filters.is_valid()
    if filters.holds_number:
        messages.error(request, NUMBER_IN_ADDRESS)
        return redirect(reverse("people:person_list") + filters.address(without=("q",)))
    people = filtered_people(viewer=request.user, filters=filters.values, as_of=timezone.localdate())
    page = people_page(
        people if filters.is_valid() else people.none(),
        viewer=request.user,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        size=PER_PAGE,
    )
    return _list(request, filters, page)


@require("person.read")
@sensitive_post_parameters("q")
@require_POST
def person_find(request: SignedInRequest) -> HttpResponse:
    """The search box as a form: a number leads to its person without ever standing in an address."""
    text = request.POST.get("q", "").replace("\0", "").strip()[:60]
    if not holds_number(text):
        return redirect(
            reverse("people:person_list") + PersonFilterForm(request.POST, user=request.user).address()
        )
    found = people_by_number(viewer=request.user, text=text)
    if len(found) == 1:
        return redirect("people:person_detail", public_id=found[0].public_id)
    nothing = PersonFilterForm(QueryDict(), user=request.user)
    return _list(request, nothing, PeoplePage(found), by_number=True)


def _list(
    request: SignedInRequest, filters: PersonFilterForm, page: PeoplePage, *, by_number: bool = False
) -> HttpResponse:
    user = request.user
    context = {
        "table": PersonTable(page.rows),
        "pages": {
            "previous_url": page.before and filters.address(before=page.before),
            "next_url": page.after and filters.address(after=page.after),
        },
        "filters": filters,
        "units": filters.unit_options(),
        "by_number": by_number,
        "may_edit": user.may("person.edit"),
        "may_export": user.may("person.export") and not by_number,
        "may_reveal": user.may("person.reveal"),
        "most_full_rows": MOST_FULL_ROWS,
    }
    return render(request, "people/person_list.html", context, status=422 if filters.errors else 200)


@require("person.export")
@require_POST
def person_export(request: SignedInRequest) -> HttpResponse:
    """The filtered rows as xlsx, masked; with `full` and a reason the whole numbers, for those who may."""
    filters = PersonFilterForm(request.POST, user=request.user)
    back = redirect(
        reverse("people:person_list") + filters.address(without=("q",) if filters.holds_number else ())
    )
    if not filters.is_valid():
        messages.error(request, "".join(filters.sentences))
        return back
    is_full, reason = request.POST.get("full") == "1", request.POST.get("reason", "").replace("\0", "")[:200]
    try:
        exported = export_people(
            filters=filters.values,
            described=filters.described,
            is_full=is_full,
            reason=reason,
            actor=request.user,
            now=timezone.now(),
            address=client_address(request),
        )
    except Refused as refused:
        if is_full and refused.field == "reason":
            form = FullExportForm({"reason": reason})
            form.add_error("reason", refused.message)
            context = {"form": form, "filters": filters, "back": back.url, "most_full_rows": MOST_FULL_ROWS}
            return render(request, "people/export_full.html", context, status=422)
        messages.error(request, refused.message)
        return back
    return download(exported.data, exported.name, XLSX)
