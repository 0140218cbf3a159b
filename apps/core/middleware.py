"""What holds for every request and every answer, whatever page it is about."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, QueryDict

_NULL = "\0"
_SENTENCE = "地址里有不能使用的空字符（NUL）。"


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
    """Takes the one character out that PostgreSQL keeps in no text and nobody types; an address with one is none.

    What scripts send as JSON is cleaned where its cells are read.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _NULL in request.path_info + "".join(request.COOKIES.values()):
            raise BadRequest(_SENTENCE)
        request.GET = _without_null(request.GET)  # type: ignore[assignment]
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        request.POST = _without_null(request.POST)  # type: ignore[assignment]


def _without_null(typed: QueryDict) -> QueryDict:
    if not any(_NULL in name + "".join(values) for name, values in typed.lists()):
        return typed
    cleaned = QueryDict(mutable=True, encoding=typed.encoding)
    for name, values in typed.lists():
        cleaned.setlist(name.replace(_NULL, ""), [value.replace(_NULL, "") for value in values])
    cleaned._mutable = False
    return cleaned
