"""The address of the person behind our own proxies."""

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpResponse

from apps.core.proxies import ProxyAddressMiddleware


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (2, "198.51.100.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        (2, "203.0.113.7", "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (1, "谁知道", "127.0.0.1"),
    ],
)
def test_only_what_our_own_proxies_saw_is_believed(rf, settings, proxies, forwarded, address):
    settings.PROXY_COUNT = proxies
    request = rf.get("/", HTTP_X_FORWARDED_FOR=forwarded)
    ProxyAddressMiddleware(lambda request: HttpResponse())(request)
    assert request.META["REMOTE_ADDR"] == address


def test_without_a_proxy_nobody_can_choose_an_address(settings):
    settings.PROXY_COUNT = 0
    with pytest.raises(MiddlewareNotUsed):
        ProxyAddressMiddleware(lambda request: HttpResponse())
