"""The menu of kept filters that stands at the head of a list."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.template.context import Context
from django.urls import reverse

from apps.accounts import rules, selectors
from apps.core.errors import Refused

register = template.Library()


@dataclass(frozen=True)
class KeptView:
    pk: int
    name: str
    url: str
    is_current: bool


@register.inclusion_tag("accounts/_saved_views.html", takes_context=True)
def saved_views(context: Context, page: str) -> dict[str, Any]:
    """The person's kept filters of `page`, and the way to keep the present ones."""
    request = context["request"]
    try:
        present = rules.clean_query(request.GET.urlencode())
    except Refused:
        present = ""
    address = reverse(page)
    views = [
        KeptView(view.pk, view.name, f"{address}?{view.query}", view.query == present)
        for view in selectors.saved_views(user=request.user, page=page)
    ]
    return {"request": request, "page": page, "views": views, "present": present}
