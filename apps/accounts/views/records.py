"""What left the system or was refused, for those who supervise."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts.access import SignedInRequest, require
from apps.accounts.models import AccessRecord


@require("history.read")
@require_safe
def access_record_list(request: SignedInRequest) -> HttpResponse:
    records = AccessRecord.objects.visible_to(request.user).for_list()
    kind = request.GET.get("kind", "")
    if kind in AccessRecord.Kind.values:
        records = records.filter(kind=kind)
    page = Paginator(records, 50).get_page(request.GET.get("page"))
    context = {"page": page, "kinds": AccessRecord.Kind.choices, "kind": kind}
    return render(request, "accounts/access_record_list.html", context)
