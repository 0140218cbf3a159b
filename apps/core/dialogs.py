"""Answers of what stands in the dialog, or on a page of its own for those who follow the link."""

from collections.abc import Mapping
from typing import Any

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
