"""The address a request came from when our own proxies stand in front of the site."""

from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse


class ProxyAddressMiddleware:
    """Sets REMOTE_ADDR to the address that the outermost of our PROXY_COUNT proxies saw; without proxies it is absent."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not settings.PROXY_COUNT:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        seen = [
            part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()
        ]
        if len(seen) >= settings.PROXY_COUNT:
            with suppress(ValueError):  # not an address: the proxy's own stays
                request.META["REMOTE_ADDR"] = str(ip_address(seen[-settings.PROXY_COUNT]))
        return self.get_response(request)
