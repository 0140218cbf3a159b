"""The portrait: shown to those who may see the person, changed by those who keep the register."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.access import SignedInRequest, require
from apps.core.dialogs import dialog_or_page, leave_dialog
from apps.core.errors import Refused
from apps.core.forms import add_refusal
from apps.people.forms.standing import PhotoForm
from apps.people.models import Photo
from apps.people.services.photos import change_photo, remove_photo
from apps.people.views.standing import FORM_METHODS, living_person

_TYPES = {"png": "image/png", "jpg": "image/jpeg"}


@require("person.read")
@require_safe
def person_photo(request: SignedInRequest, public_id: Any) -> HttpResponse:
    """The picture for a page. Opened by itself it is a download, and nothing in it could run."""
    photo = get_object_or_404(Photo.objects.visible_to(request.user), person__public_id=public_id)
    return HttpResponse(
        bytes(photo.content),
        content_type=_TYPES[photo.kind],
        headers={
            "Content-Disposition": f'attachment; filename="photo.{photo.kind}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "private, no-store",
        },
    )


@require("person.edit")
@require_http_methods(FORM_METHODS)
def photo_change(request: SignedInRequest, public_id: Any) -> HttpResponse:
    person = living_person(request, public_id)
    is_sent = request.method == "POST"
    form = PhotoForm(request.POST if is_sent else None, request.FILES if is_sent else None)
    if is_sent and form.is_valid():
        try:
            change_photo(
                person_id=person.pk,
                upload=form.cleaned_data["photo"],
                actor=request.user,
                now=timezone.now(),
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, "照片已更换。")
            return leave_dialog(request, reverse("people:person_detail", args=[person.public_id]))
    context = {"person": person, "form": form}
    return dialog_or_page(request, "people/photo_form.html", context, status=422 if form.errors else 200)


@require("person.edit")
@require_POST
def photo_remove(request: SignedInRequest, public_id: Any) -> HttpResponse:
    person = living_person(request, public_id)
    try:
        remove_photo(person_id=person.pk, actor=request.user, now=timezone.now())
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, "照片已删除。")
    return redirect("people:person_detail", public_id=person.public_id)
