"""What the tests of the budget share: the people of the office, an edition, a connection as the site's own role."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

from apps.budget.models import Edition
from langfang_union.embedded_database import RUNTIME
from tests.budget.office import Office


@pytest.fixture
def office(db) -> Office:
    return Office()


@pytest.fixture
def edition(office) -> Edition:
    """The first edition, open, with one item of one line."""
    return office.plan().editions.get()


@pytest.fixture
def runtime() -> Iterator[psycopg.Connection]:
    """A connection of its own, as the role under which the site runs."""
    facts = connection.settings_dict
    with psycopg.connect(
        host=facts["HOST"], port=facts["PORT"], dbname=facts["NAME"], user=RUNTIME
    ) as second:
        yield second
