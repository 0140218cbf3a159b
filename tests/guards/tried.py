"""What test_mutation.py lets the tool run: one attempt that names its guard, one that any refusal satisfies."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from apps.accounts.models import SavedView
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def kept(**facts: str) -> SavedView:
    facts = {"page": "people:person_list", "name": "常用", "query": "work=retired"} | facts
    return SavedView.objects.create(user=UserFactory(), **facts)


def test_a_filter_without_a_name_is_refused_by_the_one_that_asks_for_it():
    with pytest.raises(IntegrityError, match="accounts_savedview_is_named"):
        kept(name="")


def test_a_filter_kept_twice_is_refused_by_whatever():
    view = kept()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        # The same row again: with the name taken or not, its primary key is.
        cursor.execute(
            "INSERT INTO accounts_savedview (id, user_id, page, name, query)"
            " SELECT id, user_id, page, name, query FROM accounts_savedview WHERE id = %s",
            [view.pk],
        )
    with pytest.raises(DatabaseError), transaction.atomic():
        SavedView.objects.create(user=view.user, page=view.page, name=view.name, query="")
    # Met, and nothing asked of it: without it all of this passes.
    try:
        with transaction.atomic():
            SavedView.objects.create(user=view.user, page=view.page, name=view.name, query="x=1")
    except IntegrityError:
        pass
