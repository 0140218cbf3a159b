"""The demo register counts what the office's published explanation prints, and nobody in it exists."""

import json
from datetime import date
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.accounts.services import load_unions
from apps.budget import demo as budget_demo
from apps.model_workers import demo
from apps.model_workers.models import AllowanceStandard, Honour
from apps.model_workers.rules.honours import AwardClass, Level
from apps.model_workers.selectors.counting import Counting, entitled, exam_eligible, model_workers, rule_on
from apps.people.models import Person
from apps.people.rules.identity import parse_resident_number
from tests.factories import UserFactory

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
DAY = date(2015, 12, 31)


@pytest.fixture
def clerk(db) -> User:
    call_command("load_reference", verbosity=0)
    load_unions(rows=json.loads((FIXTURES / "demo_unions.json").read_text("utf-8")))
    return UserFactory(finance_clerk=True, model_worker_clerk=True)


@pytest.fixture
def head() -> User:
    return UserFactory(model_worker_head=True)


@pytest.fixture
def register(clerk, head) -> Union:
    city = Union.objects.get(kind=Union.Kind.CITY)
    now = timezone.now()
    budget_demo.load(folder=FIXTURES, union=city, actor=clerk, now=now)
    assert demo.load(folder=FIXTURES, union=city, actor=clerk, head=head, now=now) > 557
    return city


def workers(city: Union):
    return model_workers(union_path=city.path, as_of=DAY, counting=Counting.of(rule_on(DAY)))


def test_the_counts_are_those_of_the_source_document(register):
    retired = list(entitled(workers(register)).values_list("award_class", "is_bankrupt"))
    by_class = {value: sum(1 for award, _ in retired if award == value) for value in AwardClass}
    assert by_class == {1: 245, 2: 22, 3: 10}
    assert sum(1 for award, bankrupt in retired if bankrupt and award == 1) == 6
    assert sum(1 for _, bankrupt in retired if bankrupt) == 6
    assert len(exam_eligible(workers(register), levels=list(Level), minimum_age=None, as_of=DAY)) == 557
    rates = dict(AllowanceStandard.objects.values_list("award_class", "amount"))
    assert sum(rates[award] for award, _ in retired) == 436_500


def test_nobody_in_it_can_exist(register):
    today = date(2016, 1, 1)
    for person in Person.objects.all():
        number = person.id_number.reveal()
        assert number.startswith("131099")
        assert parse_resident_number(number, today=today).birth_on == person.birth_on
        assert person.account.reveal().startswith("999900")
        assert person.phone.reveal().startswith("03160")
        assert person.note == "示例"


def test_no_honour_came_before_its_holder_was_grown_up(register):
    for honour in Honour.objects.select_related("person"):
        assert honour.awarded_on.year - honour.person.birth_on.year >= 18


def test_it_is_loaded_once_and_never_over_what_was_entered(register, clerk, head):
    assert demo.load(folder=FIXTURES, union=register, actor=clerk, head=head, now=timezone.now()) == 0
