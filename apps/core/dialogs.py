"""Answers of what stands in the dialog, or on a page of its own for those who follow the link."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render


def in_dialog(request: HttpRequest) -> bool:
    return "HX-Request" in request.headers


def dialog_or_page(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """`template` is the page; what the dialog gets stands beside it, its name begun with an underscore."""
    bare = in_dialog(request)
    if bare:
        folder, _, name = template.rpartition("/")
        template = f"{folder}/_{name}"
    return render(request, template, {**context, "in_dialog": bare}, status=status)


def leave_dialog(request: HttpRequest, url: str) -> HttpResponse:
    """To a page, as a whole; from inside the dialog too."""
    if in_dialog(request):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return redirect(url)


@dataclass(frozen=True)
class DialogForm:
    """What stands around a form in the dialog. `about`: whom or what it concerns, in a line; `shows`: the same as a
    fragment of HTML where a line is not enough; `back`: the page it was opened from."""

    title: str
    submit: str
    back: str
    about: str = ""
    shows: str = ""
    lead: str = ""
    consequence: str = ""
    is_danger: bool = False
    is_closed: bool = False
    """Nothing can be sent: `lead` says why."""


def show_form(request: HttpRequest, form: forms.Form, dialog: DialogForm) -> HttpResponse:
    """The form in the dialog, or as a page for those who followed the link."""
    context = {"form": form, "dialog": dialog, "action": request.get_full_path()}
    status = 422 if form.errors else 200
    return dialog_or_page(request, "components/form_dialog.html", context, status=status)


def form_done(request: HttpRequest, url: str, told: str) -> HttpResponse:
    """Back to the page, anew as a whole, with a sentence."""
    messages.success(request, told)
    return leave_dialog(request, url)
