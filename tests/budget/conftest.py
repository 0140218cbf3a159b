"""What the tests of the budget share: a connection as the role under which the site runs."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

from langfang_union.embedded_database import RUNTIME


@pytest.fixture
def runtime() -> Iterator[psycopg.Connection]:
    """A connection of its own, as the role under which the site runs."""
    facts = connection.settings_dict
    with psycopg.connect(
        host=facts["HOST"], port=facts["PORT"], dbname=facts["NAME"], user=RUNTIME
    ) as second:
        yield second
