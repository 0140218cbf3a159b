"""Answers when something went wrong, and the page that shows every component."""

import sys
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from apps.core import samples
from apps.core.connections import is_database_away

_RETRY_SECONDS = 5
_SENTENCES = {
    400: "提交的内容不完整，或者超过了大小限制。",
    403: "您的角色不能做这件事。",
    404: "没有这个页面，或不在您的权限范围内。",
    500: "系统出错了，这一步没有完成。",
    503: "数据库暂时连不上，这一步没有完成。请稍等几秒再试。",
}


def components(request: HttpRequest) -> HttpResponse:
    """Every component of templates/components/ on one page; docs/design.md says when to use which."""
    return render(request, "core/components.html", samples.gallery(request))


def components_page(request: HttpRequest) -> HttpResponse:
    """A whole page set from the components, with example figures."""
    return render(request, "core/components_page.html", samples.page())


@login_not_required
@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Pages name their icon in the head; this is for those who ask without reading a page."""
    return redirect(static("img/mark.svg"))


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(request, 400, reason=str(exception) if isinstance(exception, BadRequest) else "")


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    reason = str(exception) if exception else ""
    return _error(request, 403, reason=reason)


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(request, 404)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if _wants_sentence(request):
        return _sentence("这个页面已过期，内容没有保存。请刷新后再提交。", 403)
    return render(request, "errors/csrf.html", status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without the request: whatever broke may break again in the session or the frame."""
    if is_database_away(sys.exc_info()[1]):
        return _database_away(request)
    if _wants_sentence(request):
        return _sentence(_SENTENCES[500], 500)
    try:
        page = render_to_string("errors/500.html")
    except Exception:  # the page itself is broken; a plain sentence is still an answer
        return _sentence(_SENTENCES[500], 500)
    return HttpResponse(page, status=500)


def _database_away(request: HttpRequest) -> HttpResponse:
    """Here and not in a middleware of its own: every error ends here, also one in a middleware or in the session."""
    if _wants_sentence(request):
        response = _sentence(_SENTENCES[503], 503)
    elif request.headers.get("Accept", "").startswith("application/json"):
        response = JsonResponse({"message": _SENTENCES[503]}, status=503)
    else:
        page = render_to_string("errors/503.html", {"was_sent": request.method == "POST"})
        response = HttpResponse(page, status=503)
    response["Retry-After"] = str(_RETRY_SECONDS)
    return response


def _error(request: HttpRequest, status: int, **context: Any) -> HttpResponse:
    if _wants_sentence(request):
        return _sentence(context.get("reason") or _SENTENCES[status], status)
    return render(request, f"errors/{status}.html", context, status=status)


def _wants_sentence(request: HttpRequest) -> bool:
    """A part of a page asked for by htmx gets one sentence, shown as a message, never a whole page in its place."""
    return request.headers.get("HX-Request") == "true"


def _sentence(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
