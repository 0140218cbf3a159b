"""One deed with its form: the same answer for the dialog and for a page of its own."""

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpResponse

from apps.accounts.access import SignedInRequest
from apps.core.dialogs import dialog_or_page, leave_dialog


@dataclass(frozen=True)
class Deed:
    """What stands around the form. `about` is whom or what it concerns, `back` the page it was opened from."""

    title: str
    submit: str
    back: str
    about: str = ""
    lead: str = ""
    consequence: str = ""
    is_danger: bool = False


def show_deed(request: SignedInRequest, form: forms.Form, deed: Deed) -> HttpResponse:
    """The form in the dialog, or as a page for those who followed the link."""
    context = {"form": form, "deed": deed, "action": request.get_full_path()}
    return dialog_or_page(request, "model_workers/deed.html", context, status=422 if form.errors else 200)


def deed_done(request: SignedInRequest, url: str, told: str) -> HttpResponse:
    """Back to the page, anew as a whole."""
    messages.success(request, told)
    return leave_dialog(request, url)
