"""A request that happens once: a form sent twice has one effect, and the second is answered as the first was.

Every form that is posted carries a key (`{% csrf_token %}` draws it), every creating request of a script a header.
The first service that writes takes the key inside its own transaction (`audit.because` does it for all of them), so a
key is used up together with the effect or not at all: what was refused may be sent again, what was written may not,
even where the process died before it could answer.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.contrib import messages
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString

from apps.core.errors import Refused
from apps.core.models import OnceKey

FIELD = "once"
HEADER = "X-Once"
KEPT = timedelta(days=1)
REPEATED = "这一步刚才已经办好，没有重复办理。"


@dataclass
class Sent:
    """A request with a key, and whether one of its services has taken it."""

    user_id: int
    key: UUID
    path: str
    digest: str
    attempt: UUID = field(default_factory=uuid4)
    is_taken: bool = False


_sent: ContextVar[Sent | None] = ContextVar("once", default=None)


def hidden_field() -> SafeString:
    """A new key for a form."""
    return format_html('<input type="hidden" name="{}" value="{}">', FIELD, uuid4())


def take() -> None:
    """Use the present request's key up, with the transaction around; taken again in the same request it stays taken.

    Raises Refused where another request used it up meanwhile. Outside of a transaction it could not stand or fall
    with the effect, so nothing is taken there; outside of a request there is nothing to take.
    """
    sent = _sent.get()
    if sent is None or not connection.in_atomic_block:
        return
    own = OnceKey.objects.filter(user_id=sent.user_id, key=sent.key)
    if own.filter(attempt=sent.attempt).exists():
        return
    # The same page sent with other content (back, corrected, sent again) is a request of its own.
    own.exclude(digest=sent.digest).delete()
    try:
        with transaction.atomic():
            OnceKey.objects.create(
                user_id=sent.user_id,
                key=sent.key,
                digest=sent.digest,
                attempt=sent.attempt,
                path=sent.path,
                at=timezone.now(),
            )
    except IntegrityError as error:
        raise Refused(REPEATED, code="repeated") from error
    sent.is_taken = True


class OnceMiddleware:
    """Requests with one key run one after the other; where the first had its effect, the others get its answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sent = _read(request)
        if sent is None:
            return self.get_response(request)
        with _one_at_a_time(sent):
            done = OnceKey.objects.filter(user_id=sent.user_id, key=sent.key, digest=sent.digest).first()
            if done is not None:
                return _answer_again(request, done)
            token = _sent.set(sent)
            try:
                response = self.get_response(request)
            finally:
                _sent.reset(token)
            if sent.is_taken:
                _keep(request, response, sent)
        return response


def _read(request: HttpRequest) -> Sent | None:
    """The key of a signed-in person's request. A script's key names the deed, a form's key its content too."""
    if request.method != "POST" or not request.user.is_authenticated:
        return None
    typed = request.headers.get(HEADER)
    mac = salted_hmac(__name__, request.get_full_path(), algorithm="sha256")
    if typed is None:
        typed = request.POST.get(FIELD, "")
        for name in sorted(set(request.POST) - {FIELD, "csrfmiddlewaretoken"}):
            mac.update(repr((name, request.POST.getlist(name))).encode())
        for name in sorted(request.FILES):
            for file in request.FILES.getlist(name):
                mac.update(repr((name, file.name)).encode())
                for piece in file.chunks():
                    mac.update(piece)
                file.seek(0)
    try:
        key = UUID(typed)
    except ValueError:
        return None
    return Sent(user_id=request.user.pk, key=key, path=request.path, digest=mac.hexdigest())


@contextmanager
def _one_at_a_time(sent: Sent) -> Iterator[None]:
    """Whoever comes second waits for the whole answer of the first, not only for its transaction."""
    name = f"once:{sent.user_id}:{sent.key}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [name])
    try:
        yield
    finally:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])
        except DatabaseError:  # the lock ends with its connection
            connection.close()


def _keep(request: HttpRequest, response: HttpResponse, sent: Sent) -> None:
    """Write the answer down for whoever sends the same again; keys of yesterday go on this occasion.

    A refusal after a part was written (a view of two services) was told to the person: the key is free again.
    """
    own = OnceKey.objects.filter(user_id=sent.user_id, key=sent.key, attempt=sent.attempt)
    OnceKey.objects.filter(at__lt=timezone.now() - KEPT).delete()
    if 400 <= response.status_code < 500:
        own.delete()
        return
    headers = (response.headers.get(name, "") for name in ("Location", "HX-Redirect", "Content-Location"))
    own.update(
        status=response.status_code,
        location=next(filter(None, headers), ""),
        body=response.content.decode() if isinstance(response, JsonResponse) else "",
        told=_told(request),
    )


def _told(request: HttpRequest) -> list[list[Any]]:
    """The messages on their way to the next page; read without counting as shown."""
    storage = messages.get_messages(request)
    if isinstance(storage, list):  # a request without messages
        return []
    was_used = storage.used
    told = [] if was_used else [[one.level, str(one.message), one.extra_tags] for one in storage]
    storage.used = was_used
    return told


def _answer_again(request: HttpRequest, done: OnceKey) -> HttpResponse:
    """The first answer; where it was a page that cannot be given again, a sentence and the page it came from."""
    if done.body:
        return HttpResponse(done.body, status=done.status, content_type="application/json")
    by_htmx = "HX-Request" in request.headers
    if not by_htmx and request.headers.get(HEADER):
        return JsonResponse({"message": REPEATED, "code": "repeated", "errors": {}}, status=422)
    toast = {"toast": {"text": REPEATED, "level": "info"}}
    if by_htmx and not done.location:  # a part of the page, which took its place when it was first answered
        return HttpResponse(status=204, headers={"HX-Trigger": json.dumps(toast)})
    for level, text, tags in done.told or [[messages.INFO, REPEATED, ""]]:
        messages.add_message(request, level, text, extra_tags=tags)
    target = done.location or _page_of(request)
    return HttpResponse(status=204, headers={"HX-Redirect": target}) if by_htmx else redirect(target)


def _page_of(request: HttpRequest) -> str:
    page = request.headers.get("Referer", "")
    same_site = url_has_allowed_host_and_scheme(
        page, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return urlsplit(page).path if page and same_site else "/"
