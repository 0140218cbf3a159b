"""Whatever is posted to the grid's addresses gets a sentence; two people at the same moment lose nothing."""

import contextlib
import json
import threading
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.budget.forms.blocks import split_block
from apps.budget.models import CalcLine
from apps.budget.rules.columns import LINE_COLUMNS, item_columns
from apps.budget.rules.stages import Stage
from apps.core.errors import Refused
from tests.budget.office import Office
from tests.budget.test_grid_cells import post
from tests.clients import signed_in
from tests.factories import ItemGroupFactory, UserFactory

QUIET = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NAMES = [
    column.name for column in (*LINE_COLUMNS, *item_columns(Stage.FIRST_UP), *item_columns(Stage.FIRST_DOWN))
]
words = st.text(st.characters(codec=None), max_size=30)  # lone surrogates and controls included
numbers = st.one_of(
    st.integers(),
    st.decimals(allow_nan=True).map(str),
    st.from_regex(r"[-+￥¥]?[0-9０-９,，.．]{0,20}[%％元万]{0,2}"),
)
values = st.one_of(words, numbers, st.none(), st.booleans(), st.floats(), st.lists(words, max_size=2))
cells = st.dictionaries(st.one_of(st.sampled_from(NAMES), words), values, max_size=6)
anything = st.recursive(
    values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3)
)


@pytest.fixture
def line(edition) -> CalcLine:
    return CalcLine.objects.select_related("item").get(item__edition=edition)


def dumped(payload: Any) -> str:
    """JSON as a hostile script would send it: not escaped, NaN and all."""
    return json.dumps(payload)


@QUIET
@given(cells=cells, version=st.one_of(st.just(1), values))
def test_any_cells_get_an_answer(office, edition, line, cells, version):
    client = signed_in(office.clerk)
    body = dumped({"version": version, "cells": cells})
    group = ItemGroupFactory()
    for name, kwargs in (
        ("grid_line_save", {"pk": line.pk}),
        ("grid_line_add", {"pk": line.item_id}),
        ("grid_item_save", {"pk": line.item_id}),
        ("grid_item_add", {"pk": edition.pk, "group_id": group.pk}),
    ):
        answer = post(client, name, body, **kwargs)
        assert answer.status_code in (200, 409, 422), (name, body)
        if answer.status_code == 422:
            assert answer.json()["message"]


@QUIET
@given(
    body=st.one_of(
        anything.map(dumped),
        words.map(lambda text: text.encode("utf-8", "surrogatepass").decode("utf-8", "ignore")),
    )
)
def test_any_body_gets_an_answer(office, edition, line, body):
    client = signed_in(office.clerk)
    for name, kwargs in (
        ("grid_line_save", {"pk": line.pk}),
        ("grid_line_move", {"pk": line.pk}),
        ("grid_item_move", {"pk": line.item_id}),
        ("grid_paste_try", {"pk": edition.pk}),
        ("grid_paste", {"pk": edition.pk}),
    ):
        assert post(client, name, body, **kwargs).status_code == 422, name


@QUIET
@given(
    rows=st.lists(st.lists(st.one_of(words, numbers.map(str)), max_size=6), max_size=5),
    column=st.sampled_from(NAMES),
    table=st.sampled_from(["line", "item"]),
    at_row=st.booleans(),
    seen=st.dictionaries(words, values, max_size=2),
)
def test_any_block_gets_an_answer(office, edition, line, rows, column, table, at_row, seen):
    client = signed_in(office.clerk)
    text = "\n".join("\t".join(row) for row in rows)
    start = (line.pk if table == "line" else line.item_id) if at_row else None
    parent = line.item_id if table == "line" else line.item.group_id
    payload = {"table": table, "parent": parent, "start": start, "column": column, "text": text, "seen": seen}
    for name in ("grid_paste_try", "grid_paste"):
        assert post(client, name, dumped(payload), pk=edition.pk).status_code in (200, 422)


@given(words)
def test_a_copied_block_is_cells_or_a_sentence(text):
    rows: tuple[tuple[str, ...], ...] = ()
    with contextlib.suppress(Refused):
        rows = split_block(text)
    assert all(isinstance(cell, str) for row in rows for cell in row)


@pytest.mark.parametrize(
    "body", ["[" * 100_000, '{"version":' + "9" * 5000 + "}", '{"version": 1e400}', "\x00", ""]
)
def test_bodies_made_to_break_a_parser_get_a_sentence(office, line, body):
    assert post(signed_in(office.clerk), "grid_line_save", body, pk=line.pk).status_code == 422


def test_a_key_beyond_every_row_is_not_found(office, edition):
    client = signed_in(office.clerk)
    assert post(client, "grid_line_save", {"version": 1, "cells": {}}, pk=10**30).status_code == 404
    assert client.get(reverse("budget:grid_items", args=[edition.pk]), {"item": "9" * 40}).status_code == 422


# ---- at the same moment --------------------------------------------------------------------------------------


def at_once(*actions: Any) -> list[Any]:
    """Run the actions in threads with connections of their own, released together."""
    barrier = threading.Barrier(len(actions))
    answers: list[Any] = [None] * len(actions)

    def run(place: int, action: Any) -> None:
        try:
            barrier.wait(10)
            answers[place] = action()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place, action)) for place, action in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


@pytest.mark.django_db(transaction=True)
def test_of_two_saves_at_the_same_moment_the_second_is_told_and_nothing_is_lost():
    assert connection.features.has_select_for_update
    office = Office()
    line = CalcLine.objects.get(item__edition=office.plan().editions.get())
    people: dict[int, Client] = {
        251: signed_in(office.clerk),
        260: signed_in(UserFactory(full_name="示例·王会计", finance_clerk=True)),
    }
    answers = at_once(
        *(
            lambda count=count, client=client: post(
                client, "grid_line_save", {"version": 1, "cells": {"people": str(count)}}, pk=line.pk
            )
            for count, client in people.items()
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    line.refresh_from_db()
    assert line.version == 2
    winner = next(count for count, answer in zip(people, answers, strict=True) if answer.status_code == 200)
    assert line.people == winner
    told = next(answer.json() for answer in answers if answer.status_code == 409)
    assert (told["cells"]["people"], told["version"]) == (str(winner), 2)


@pytest.mark.django_db(transaction=True)
def test_of_two_pastes_over_the_same_rows_only_one_is_taken_over():
    office = Office()
    edition = office.plan().editions.get()
    line = CalcLine.objects.get(item__edition=edition)
    clients = [signed_in(office.clerk), signed_in(UserFactory(finance_clerk=True))]
    answers = at_once(
        *(
            lambda client=client, place=place: post(
                client,
                "grid_paste",
                {
                    "table": "line", "parent": line.item_id, "start": line.pk, "column": "people",
                    "text": f"{300 + place}\n{400 + place}", "seen": {f"line:{line.pk}": 1},
                },
                pk=edition.pk,
            )
            for place, client in enumerate(clients)
        )
    )  # fmt: skip
    assert sorted(answer.status_code for answer in answers) == [200, 422]
    assert line.item.lines.count() == 2


@pytest.mark.django_db(transaction=True)
def test_lines_added_at_the_same_moment_all_stay_each_in_its_place():
    office = Office()
    line = CalcLine.objects.get(item__edition=office.plan().editions.get())
    clients = [signed_in(office.clerk) for _ in range(4)]
    answers = at_once(
        *(
            lambda client=client, place=place: post(
                client, "grid_line_add", {"cells": {"label": f"第{place}人"}}, pk=line.item_id
            )
            for place, client in enumerate(clients)
        )
    )
    assert [answer.status_code for answer in answers] == [200] * 4
    assert list(line.item.lines.order_by("ordinal").values_list("ordinal", flat=True)) == [1, 2, 3, 4, 5]
