"""Browsers of the tests that need no screen."""

from django.test import Client

from apps.accounts.models import User


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
