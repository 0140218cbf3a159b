"""Keeping the filters of a list under a name, and taking them away again."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from apps.accounts import services
from apps.accounts.access import SignedInRequest, scoped, signed_in
from apps.accounts.forms import SavedViewForm
from apps.accounts.models import SavedView
from apps.accounts.rules import SAVABLE_PAGES
from apps.core.errors import Refused


@signed_in
@require_POST
def view_save(request: SignedInRequest) -> HttpResponse:
    """Back to the list as it stood, with the new name among the kept ones; a refused name is asked for again."""
    page, query = request.POST.get("page", ""), request.POST.get("query", "").replace("\0", "")
    if page not in SAVABLE_PAGES:
        raise Http404
    form = SavedViewForm(request.POST)
    try:
        view = services.save_view(
            actor=request.user,
            page=page,
            name=request.POST.get("name", "").replace("\0", "")[:100],
            query=query,
            now=timezone.now(),
        )
    except Refused as refused:
        if refused.code == "number":  # it stands in the filters, and does not go back into the address
            messages.error(request, refused.message)
            return redirect(reverse(page))
        form.add_error("name", refused.message)
        context = {"form": form, "page": page, "query": query, "back": f"{reverse(page)}?{query}"}
        return render(request, "accounts/view_form.html", context, status=422)
    messages.success(request, f"已保存常用筛选“{view.name}”。")
    return redirect(reverse(page) + (f"?{query}" if query else ""))


@signed_in
@require_POST
def view_delete(request: SignedInRequest, pk: int) -> HttpResponse:
    view = services.delete_view(actor=request.user, view_id=scoped(SavedView, request, pk=pk).pk)
    messages.success(request, f"已删去常用筛选“{view.name}”。")
    return redirect(view.page)
