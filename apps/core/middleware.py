"""What holds for every request and every answer, whatever page it is about."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, QueryDict

_NULL = "\0"
_SENTENCE = "提交的内容里有不能保存的空字符（NUL），请删去后再试。"


class NoStoreMiddleware:
    """An answer that says nothing of caching is kept nowhere: error pages and redirects too tell who asked for what."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "private, no-store"
        return response


class NullCharacterMiddleware:
    """Refuses the one character that PostgreSQL keeps in no text; nobody types it. What scripts send as JSON is cleaned
    where its cells are read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _NULL in request.path_info + "".join(request.COOKIES.values()) or _holds_null(request.GET):
            raise BadRequest(_SENTENCE)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        if _holds_null(request.POST):
            raise BadRequest(_SENTENCE)


def _holds_null(typed: QueryDict) -> bool:
    return any(_NULL in name + "".join(values) for name, values in typed.lists())
