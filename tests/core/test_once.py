"""A form sent twice has one effect: every creating address, the grid's included, two at the same moment too."""

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, connections, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.budget.models import ItemGroup, OutlineEntry
from apps.core import audit, once
from apps.core.errors import Refused
from apps.core.models import OnceKey
from apps.people.models import Person, StandingEvent
from tests.access_table import World
from tests.accounts.test_access_table import patterns
from tests.basis.test_calendar import NOTICE
from tests.clients import signed_in
from tests.factories import (
    AllowanceStandardFactory,
    CountingRuleFactory,
    ExamRuleFactory,
    HonourTitleFactory,
    ReliefStandardFactory,
    UserFactory,
    retired_worker,
)
from tests.model_workers.bureau import scan
from tests.people.roster_files import roster_file, somebody

CREATING = re.compile(r":(?!.*admin).*_(?:create|add|record)$")
NOT_COUNTED = {"OnceKey", "Session", "AccessRecord"}
KEY = re.compile(r'<input type="hidden" name="once" value="([0-9a-f-]{36})">')


@dataclass(frozen=True)
class Recipe:
    """How somebody creates something on this address."""

    role: Role
    data: Callable[[World], dict[str, Any]]
    kwargs: Callable[[World], dict[str, Any]] = lambda world: {}
    is_script: bool = False
    more: dict[str, Any] = field(default_factory=dict)


def of(name: str, **more: Any) -> Callable[[World], dict[str, Any]]:
    return lambda world: {"pk": getattr(world, name).pk} | more


def whose(name: str, **more: Any) -> Callable[[World], dict[str, Any]]:
    return lambda world: {"public_id": getattr(world, name).public_id} | more


def fixed(**data: Any) -> Callable[[World], dict[str, Any]]:
    return lambda world: data


def city(world: World) -> int:
    return world.unit.union_id


def attended(world: World) -> dict[str, Any]:
    return {"pk": world.exam.pk, "hospital_id": world.invitation.hospital_id}


def exam_facts(world: World) -> dict[str, Any]:
    retired_worker(unit=world.unit)
    ExamRuleFactory()
    days = {"snapshot_on": "2015-04-30", "starts_on": "2015-05-04", "ends_on": "2015-07-31"}
    return {"year": 2015, "union": city(world), "budget_amount": "22.28万"} | days


def relief_facts(world: World) -> dict[str, Any]:
    ReliefStandardFactory()
    return {
        "year": 2015,
        "kind": "living",
        "group": "retired",
        "monthly_income": "3,000",
        "months": 12,
        "circumstances": "示例：长期患病。",
    }


def run_facts(world: World) -> dict[str, Any]:
    CountingRuleFactory()
    AllowanceStandardFactory()
    retired_worker(unit=world.unit)
    return {"union": city(world), "year": "2016", "snapshot_on": "2015-12-31"}


CLERK, MODEL = Role.FINANCE_CLERK, Role.MODEL_WORKER_CLERK
RECIPES: dict[str, Recipe] = {
    "accounts:user_create": Recipe(
        Role.SYSTEM_ADMIN,
        lambda world: {"username": "new.one", "full_name": "示例·新", "union": city(world), "post": ""},
    ),
    "accounts:union_create": Recipe(
        Role.SYSTEM_ADMIN,
        lambda world: {
            "parent": city(world),
            "kind": "county",
            "code": "A9",
            "name": "示例县",
            "short_name": "示例",
        },
    ),
    "accounts:view_save": Recipe(
        MODEL, fixed(page="people:person_list", name="在职", query="work=in_service")
    ),
    "budget:plan_create": Recipe(
        CLERK, lambda world: {"year": "2018", "book": "fiscal", "union": city(world)}
    ),
    "budget:closing_create": Recipe(
        CLERK, lambda world: {"fiscal_year": str(world.plan.year), "basis": "示例：决算已批复"}
    ),
    "budget:item_create": Recipe(
        CLERK,
        lambda world: {"name": "甲项目", "group": world.item.group_id, "purpose": ""},
        lambda world: {"edition_id": world.edition.pk},
    ),
    "budget:outline_add": Recipe(
        CLERK,
        fixed(section="duties", text="承担交办的其他事项。"),
        lambda world: {"edition_id": world.edition.pk},
    ),
    "budget:policy_create": Recipe(
        CLERK, fixed(title="关于示例的通知", issuer="示例市总工会", kind="normative")
    ),
    "budget:adjustment_add": Recipe(
        CLERK,
        lambda world: {"item": world.movement.item_id, "amount": "1万", "reason": "检查增加。"},
        of("adjustment", kind="addition"),
    ),
    "budget:grid_item_add": Recipe(
        CLERK,
        fixed(version=0, cells={"name": "厂务公开经费"}),
        lambda world: {"pk": world.edition.pk, "group_id": world.item.group_id},
        is_script=True,
    ),
    "budget:grid_line_add": Recipe(
        CLERK, fixed(version=0, cells={"label": "获得二次"}), of("item"), is_script=True
    ),
    "basis:calendar_create": Recipe(
        Role.MODEL_WORKER_HEAD, fixed(year="2036", basis="示例发〔2035〕1号", text=NOTICE)
    ),
    "basis:day_create": Recipe(
        Role.MODEL_WORKER_HEAD,
        fixed(day="2016-09-30", is_working="False", note="示例", basis="示例发〔2016〕2号"),
        lambda world: {"year": world.day_off.year_id},
    ),
    "people:person_create": Recipe(
        MODEL, lambda world: {"union": city(world), "name": "示例丁", "id_kind": "none"}
    ),
    "people:unit_create": Recipe(
        MODEL, lambda world: {"union": city(world), "name": "示例厂", "nature": "other"}
    ),
    "people:roster_create": Recipe(
        MODEL,
        lambda world: {
            "union": city(world),
            "file": SimpleUploadedFile("名册.xlsx", ROSTER),
        },
    ),
    "people:standing_record": Recipe(
        MODEL,
        fixed(kind="retired", effective_on="2010-06-01", document="示例退休证", note=""),
        whose("person"),
    ),
    "model_workers:honour_create": Recipe(
        MODEL,
        lambda world: {
            "title": HonourTitleFactory().pk,
            "awarding_body": "示例省人民政府",
            "awarded_on": "2011-04-28",
            "document": "示政〔2011〕3号",
            "scan": scan(),
        },
        whose("worker"),
    ),
    "model_workers:nomination_create": Recipe(
        MODEL,
        lambda world: {
            "title": HonourTitleFactory().pk,
            "year": timezone.localdate().year,
            "recommended_by": world.worker.union_id,
            "merits": "示例：技术革新。",
        },
        whose("worker"),
    ),
    "model_workers:change_create": Recipe(
        MODEL,
        lambda world: {
            "effective_on": "2015-01-01",
            "document": "示例立案通知",
            "reason": "示例",
        },
        whose("worker", action="suspend"),
    ),
    "model_workers:run_create": Recipe(MODEL, run_facts),
    "model_workers:parameter_create": Recipe(
        Role.MODEL_WORKER_HEAD,
        lambda world: {
            "award_class": "2",
            "amount": "2,000",
            "is_sample": "on",
            "valid_from": f"{timezone.localdate().year + 1}-01-01",
        },
        fixed(kind="allowance-standard"),
    ),
    "model_workers:exam_create": Recipe(MODEL, exam_facts),
    "model_workers:hospital_create": Recipe(MODEL, fixed(name="示例二院", address="", phone="0316")),
    "model_workers:bill_create": Recipe(
        MODEL,
        fixed(people=1, rate="400", invoice_number="01234567", billed_on="2015-08-03"),
        attended,
    ),
    "model_workers:relief_create": Recipe(
        MODEL, relief_facts, lambda world: {"public_id": retired_worker(unit=world.unit).public_id}
    ),
}
ROSTER = roster_file(somebody(1))


def rows() -> dict[str, int]:
    """How many rows each table of the house has."""
    with connection.cursor() as cursor:
        found = {}
        for model in apps.get_models():
            if model.__module__.startswith("apps.") and model.__name__ not in NOT_COUNTED:
                cursor.execute(f'SELECT count(*) FROM "{model._meta.db_table}"')
                found[model._meta.label] = cursor.fetchone()[0]
    return found


def send(client: Client, recipe: Recipe, address: str, data: dict[str, Any], key: str) -> HttpResponse:
    if recipe.is_script:
        return client.post(
            address, json.dumps(data), content_type="application/json", headers={once.HEADER: key}
        )
    for value in data.values():
        if hasattr(value, "seek"):
            value.seek(0)
    return client.post(address, {**data, once.FIELD: key})


def _errors(answer: HttpResponse) -> object:
    form = (answer.context or {}).get("form")
    return dict(form.errors) if form is not None else answer.content.decode()[:300]


def told(answer: HttpResponse) -> list[str]:
    return [str(one) for one in get_messages(answer.wsgi_request)]


@pytest.fixture
def clerk(db) -> User:
    return UserFactory(model_worker_clerk=True)


def person_facts(clerk: User, **changes: Any) -> dict[str, Any]:
    return {"union": clerk.union_id, "name": "示例丁", "id_kind": "none"} | changes


def test_every_creating_address_has_a_recipe():
    missing = {name for name, _ in patterns() if CREATING.search(name)} - set(RECIPES)
    assert not {name for name in missing if not name.startswith("admin:")}


def test_what_is_created_by_a_form_sent_twice_stands_there_once_and_the_answer_is_the_same(db):
    people = World().people
    faults = []
    for name, recipe in RECIPES.items():
        with transaction.atomic():
            world = World()
            world.__dict__["people"] = people
            client = signed_in(people[recipe.role])
            address = reverse(name, kwargs=recipe.kwargs(world))
            data, key = recipe.data(world), str(uuid4())
            before = rows()
            first = send(client, recipe, address, data, key)
            between, message = rows(), told(first)
            client.cookies.pop("messages", None)  # shown meanwhile
            second = send(client, recipe, address, data, key)
            after = rows()
            if before == between:
                faults.append(f"{name}: the first made nothing ({first.status_code} {_errors(first)})")
            if after != between:
                faults.append(f"{name}: the second made {set(after.items()) - set(between.items())}")
            if first.status_code == 302 and second.headers.get("Location") != first.url:
                faults.append(f"{name}: {second.status_code} instead of {first.url}")
            if recipe.is_script and second.content != first.content:
                faults.append(f"{name}: another answer")
            if message and told(second) != message:
                faults.append(f"{name}: said {message}, then {told(second)}")
            other = send(client, recipe, address, data, str(uuid4()))
            assert other.status_code in (200, 302, 422), name
            transaction.set_rollback(True)
    assert not faults, "\n".join(faults)


def test_every_form_that_is_posted_carries_a_key_of_its_own(clerk):
    page = signed_in(clerk).get(reverse("people:person_create")).content.decode()
    keys = KEY.findall(page)
    assert len(keys) == len(set(keys)) == page.count('name="csrfmiddlewaretoken"') > 1


def test_a_refused_form_does_not_use_the_key_up(clerk):
    client, address, key = signed_in(clerk), reverse("people:person_create"), str(uuid4())
    assert client.post(address, person_facts(clerk, name="", once=key)).status_code == 422
    assert not OnceKey.objects.exists()
    assert client.post(address, person_facts(clerk, once=key)).status_code == 302
    assert Person.objects.count() == OnceKey.objects.count() == 1


def test_the_same_page_sent_again_with_other_words_is_another_form(clerk):
    client, address, key = signed_in(clerk), reverse("people:person_create"), str(uuid4())
    for name in ("示例甲", "示例乙", "示例乙", "示例甲"):
        assert client.post(address, person_facts(clerk, name=name, once=key)).status_code == 302
    assert list(Person.objects.order_by("id").values_list("name", flat=True)) == [
        "示例甲",
        "示例乙",
        "示例甲",
    ]


def test_a_key_belongs_to_the_person_who_got_it(clerk):
    address, key, other = reverse("people:person_create"), str(uuid4()), UserFactory(model_worker_clerk=True)
    answers = {signed_in(user).post(address, person_facts(clerk, once=key)).url for user in (clerk, other)}
    assert len(answers) == Person.objects.count() == 2


def test_no_key_and_a_key_that_is_none_hinder_nobody(clerk):
    client, address = signed_in(clerk), reverse("people:person_create")
    for more in ({}, {"once": "x"}, {"once": ""}, {"once": "\x00"}):
        assert client.post(address, person_facts(clerk, **more)).status_code == 302
    assert Person.objects.count() == 4
    assert not OnceKey.objects.exists()


def test_what_htmx_sends_twice_is_led_to_the_same_page_or_told_in_place(clerk):
    world = World()
    world.__dict__["people"] = {Role.MODEL_WORKER_CLERK: clerk}
    client, key = signed_in(clerk), str(uuid4())
    address = reverse("people:standing_record", args=[world.person.public_id])
    facts = {"kind": "retired", "effective_on": "2010-06-01", "document": "示例退休证", "once": key}
    first, second = (client.post(address, facts, headers={"HX-Request": "true"}) for _ in range(2))
    assert (first.status_code, first["HX-Redirect"]) == (second.status_code, second["HX-Redirect"])
    assert StandingEvent.objects.count() == 1
    finance = signed_in(UserFactory(finance_clerk=True))
    address = reverse("budget:outline_add", args=[world.edition.pk])
    entry = {"section": "duties", "text": "承担交办的其他事项。", "once": key}
    first, second = (finance.post(address, entry, headers={"HX-Request": "true"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 204)
    assert once.REPEATED in json.loads(second["HX-Trigger"])["toast"]["text"]
    assert OutlineEntry.objects.count() == 1


def test_a_page_shown_once_leads_to_what_came_of_it(db):
    administrator = UserFactory(system_admin=True)
    facts = {"username": "new.one", "full_name": "示例·新", "union": administrator.union_id, "post": ""}
    facts["once"] = str(uuid4())
    client = signed_in(administrator)
    assert "one-time-password" in client.post(reverse("accounts:user_create"), facts).text
    second = client.post(reverse("accounts:user_create"), facts)
    assert second.url == reverse("accounts:user_detail", args=[User.objects.get(username="new.one").pk])
    assert told(second) == [once.REPEATED]


def test_a_service_takes_the_key_in_its_own_transaction_or_not_at_all(clerk):
    request_key = once.Sent(user_id=clerk.pk, key=uuid4(), path="/", digest="a" * 64)
    token = once._sent.set(request_key)
    try:
        with transaction.atomic(), audit.because(actor_id=clerk.pk, action="示例"):
            assert OnceKey.objects.count() == 1
            transaction.set_rollback(True)
        assert OnceKey.objects.count() == 0
        with transaction.atomic(), audit.because(actor_id=clerk.pk, action="示例"):
            once.take()
        assert OnceKey.objects.count() == 1
    finally:
        once._sent.reset(token)
    late = once._sent.set(once.Sent(user_id=clerk.pk, key=request_key.key, path="/", digest="a" * 64))
    try:
        with pytest.raises(Refused, match="没有重复办理"), transaction.atomic():
            once.take()
    finally:
        once._sent.reset(late)


def test_the_database_holds_a_key_once(clerk):
    facts = {"user_id": clerk.pk, "key": uuid4(), "path": "/", "at": timezone.now()}
    OnceKey.objects.create(**facts, digest="a", attempt=uuid4())
    with pytest.raises(IntegrityError, match="core_oncekey_once"), transaction.atomic():
        OnceKey.objects.create(**facts, digest="b", attempt=uuid4())
    with pytest.raises(Exception, match="没有重复办理"):
        OnceKey(**facts, digest="b", attempt=uuid4()).validate_constraints()


def test_a_crash_after_the_effect_allows_no_second_one(clerk):
    OnceKey.objects.create(
        user_id=clerk.pk, key=(key := uuid4()), path="/", digest="", attempt=uuid4(), at=timezone.now()
    )
    client, address = signed_in(clerk), reverse("people:person_create")
    facts = person_facts(clerk, once=str(key))
    client.post(address, facts)
    client.cookies.pop("messages")
    OnceKey.objects.update(status=0, location="", told=[])
    second = client.post(address, facts, headers={"Referer": f"http://testserver{address}"})
    assert (second.url, told(second)) == (address, [once.REPEATED])
    assert Person.objects.count() == 1


def test_keys_of_yesterday_are_forgotten(clerk):
    client, address = signed_in(clerk), reverse("people:person_create")
    client.post(address, person_facts(clerk, once=str(uuid4())))
    OnceKey.objects.update(at=timezone.now() - timedelta(days=1, minutes=1))
    client.post(address, person_facts(clerk, once=str(uuid4())))
    assert OnceKey.objects.get().at > timezone.now() - timedelta(hours=1)


def test_what_was_typed_cannot_be_read_from_the_key(clerk):
    signed_in(clerk).post(reverse("people:person_create"), person_facts(clerk, once=str(uuid4())))
    kept = OnceKey.objects.values().get()
    assert "示例丁" not in repr({name: value for name, value in kept.items() if name != "told"})
    assert re.fullmatch(r"[0-9a-f]{64}", kept["digest"])


def test_the_same_row_of_reference_data_is_kept_once(db):
    keeper = UserFactory(finance_head=True)
    client, key = signed_in(keeper), str(uuid4())
    address = reverse("admin:budget_itemgroup_add")
    facts = {"code": "new", "name": "示例分组", "ordinal": "9", "book": "fiscal", "once": key}
    first, second = client.post(address, facts), client.post(address, facts)
    assert first.status_code == second.status_code == 302
    assert ItemGroup.objects.filter(code="new").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_moment_make_one_and_are_answered_alike():
    clerk = UserFactory(model_worker_clerk=True)
    address, key = reverse("people:person_create"), str(uuid4())
    clients = [signed_in(clerk) for _ in range(4)]
    start, answers = threading.Barrier(len(clients)), []

    def post(client: Client) -> None:
        try:
            start.wait()
            answers.append(client.post(address, person_facts(clerk, once=key)).headers["Location"])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=post, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4
    assert len(set(answers)) == Person.objects.count() == OnceKey.objects.count() == 1
