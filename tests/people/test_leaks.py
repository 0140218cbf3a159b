"""No full number of a person in any answer, file, dump, history, log or error: only where it was asked for on purpose."""

import io
import logging
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.http import HttpResponse
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import path, reverse
from django.utils import timezone
from pghistory.models import Event
from python_calamine import CalamineWorkbook

from apps.accounts.models import AccessRecord
from apps.accounts.roles import Role
from apps.core.encryption import new_key
from apps.core.errors import Refused
from apps.core.rotation import rotate
from apps.people.models import DuplicatePair, Person
from apps.people.rules.drafts import CheckedPerson, PersonDraft, check_person
from apps.people.services.merging import merge_people, undo_merge
from apps.people.services.persons import edit_person, register_person
from apps.people.services.secrets import reveal_secret
from tests.access_table import TABLE, Row, World
from tests.factories import PersonFactory, StandingEventFactory, UnionFactory, UserFactory
from tests.model_workers.register import AllowanceOffice
from tests.people.canaries import (
    LogWatch,
    body_of,
    digest_hits,
    formulas_in,
    hits,
    numbers_in,
    secrets_of,
    texts_in,
    words_of,
)
from tests.people.identity import account_number, resident_number
from tests.people.roster_files import roster_file, somebody, staged, take

ROOT = Path(__file__).resolve().parents[2]
NUMBER = resident_number(61, birth_on=date(1948, 8, 8))
ACCOUNT = account_number(610_001)
PHONE = "13912340061"
CANARIES = {NUMBER, ACCOUNT, PHONE}


# --- the looking itself can fail --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        NUMBER,
        f"{NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]}",
        f"x{ACCOUNT}y",
        f"{ACCOUNT[:4]} {ACCOUNT[4:8]} {ACCOUNT[8:]}",
        f"\\x{PHONE.encode().hex()}",
        f"0086{PHONE}",
    ],
)
def test_the_guard_finds_a_number_however_it_is_written(text):
    found = hits(f"<td>{text}</td>", CANARIES)
    assert len(found) == 1
    assert not {canary for canary in CANARIES if canary in found[0]}, "what is found is not told in full"


@pytest.mark.parametrize("text", [f"{NUMBER[:6]}********{NUMBER[-4:]}", f"****{ACCOUNT[-4:]}", "139****0061"])
def test_the_guard_lets_a_masked_number_pass(text):
    assert hits(text, CANARIES) == []
    assert numbers_in(text) == []


def test_the_guard_finds_a_digest_anybody_can_compute():
    from hashlib import md5, sha256

    for digest in (sha256(NUMBER.encode()).hexdigest(), md5(ACCOUNT.encode()).hexdigest()):  # noqa: S324
        assert digest_hits(f"\\x{digest}", CANARIES)
    assert digest_hits(sha256(b"1").hexdigest(), CANARIES) == []


def test_the_guard_reads_spreadsheets_and_pdf():
    table = roster_file(somebody(1))
    assert hits("\n".join(texts_in(table)), {str(somebody(1)["证件号码"])})
    from weasyprint import HTML

    printed = HTML(string=f"<p>{NUMBER}</p>").write_pdf()
    assert hits("\n".join(texts_in(printed)), CANARIES)


def test_the_guard_of_the_logs_notices_a_number_and_does_not_repeat_it():
    watch = LogWatch()
    for text in (
        f"saved {NUMBER}",
        f"paid to {ACCOUNT}",
        "saved 131099********0011",
        "id 131099194808080000",
    ):
        watch.handle(logging.LogRecord("sample", logging.INFO, "x.py", 1, text, None, None))
    assert (watch.count, len(watch.found)) == (4, 2)
    assert not hits("\n".join(watch.found), CANARIES)


# --- pages and files --------------------------------------------------------------------------------------------


class Reader:
    """Reads every answer as each of the standing people, who stay signed in; what a request changes is undone."""

    def __init__(self) -> None:
        self.people = World().people
        self.clients = {role: Client(raise_request_exception=False) for role in self.people}
        for role, client in self.clients.items():
            client.force_login(self.people[role])

    def leaks(self, row: Row) -> list[str]:
        """Who gets a full number from this address."""
        found = []
        with transaction.atomic():
            world = World()
            world.__dict__["people"] = self.people
            kwargs = row.kwargs(world)
            for role in sorted(row.roles, key=lambda role: role.value):
                for one in self._in_answer(row, world, kwargs, role):
                    found.append(f"{row.label}, {Role(role).label}: {one}")
            transaction.set_rollback(True)
        return found

    def _in_answer(self, row: Row, world: World, kwargs: dict[str, Any], role: Role) -> list[str]:
        client = self.clients[role]
        cookies = client.cookies.copy()
        with transaction.atomic():
            send = client.get if row.method == "GET" else client.post
            answer = send(reverse(row.url_name, kwargs=kwargs), row.data(world))
            body = body_of(answer)
            text = "\n".join([str(answer.headers), answer.cookies.output(), *texts_in(body)])
            canaries = secrets_of(Person.objects.all())
            transaction.set_rollback(True)
        client.cookies = cookies  # signing out and the like are undone in the browser, too
        return hits(text, canaries) + numbers_in(text) + formulas_in(body)


@pytest.mark.django_db
@pytest.mark.parametrize("app", sorted({row.url_name.split(":")[0] for row in TABLE}))
def test_no_answer_to_any_role_holds_a_full_number(app):
    reader = Reader()
    rows = [row for row in TABLE if row.url_name.startswith(f"{app}:")]
    found = [leak for row in rows for leak in reader.leaks(row)]
    assert not found, "\n".join(found)


def show_openly(request):
    """A page that forgets to mask."""
    return HttpResponse(f"<td>{Person.objects.get().account.reveal()}</td>")


@pytest.mark.django_db
def test_the_reader_finds_a_page_that_forgets_to_mask():
    PersonFactory()
    reader = Reader()
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=_QUIET):
        (found, *_) = reader.leaks(Row("open", frozenset({Role.AUDITOR})))
    assert found.startswith("GET open, 经审: a number of 19 characters")


@pytest.mark.django_db
def test_a_whole_number_that_is_searched_for_is_neither_answered_nor_put_into_an_address():
    person = PersonFactory(id_number=NUMBER, account=ACCOUNT, phone=PHONE)
    PersonFactory(phone=PHONE)
    client = Client()
    client.force_login(UserFactory(model_worker_clerk=True))
    for name in ("people:person_find", "home:search"):
        for number in CANARIES:
            response = client.post(reverse(name), {"q": number}, follow=True)
            assert response.status_code == 200
            assert person.name in response.content.decode()
            assert hits(words_of(response), CANARIES) == []
            assert hits(str(response.redirect_chain), CANARIES) == []


@pytest.mark.django_db
def test_an_export_is_masked_and_says_so_cell_by_cell():
    PersonFactory(id_number=NUMBER, account=ACCOUNT, phone=PHONE)
    client = Client()
    client.force_login(UserFactory(auditor=True))
    text = words_of(client.post(reverse("people:person_export")))
    assert hits(text, CANARIES) == []
    assert f"131099********{NUMBER[-4:]}" in text


STARTS = ("=", "==", "+", "-", "@", "＝", "＋", "－", "＠", "|", "'=", '"=', "%", ";=")
ENDS = ("1+1", "HYPERLINK(A1)", "cmd|' /C calc'!A0")


@pytest.mark.django_db
def test_what_looks_like_a_formula_goes_out_as_text_and_comes_back_unchanged():
    payloads = [f"{start}{end}" for start in STARTS for end in ENDS]
    assert len(payloads) >= 40
    for payload in payloads:
        PersonFactory(residence=payload, post=payload, note=payload, bank_branch=payload)
    client = Client()
    client.force_login(UserFactory(model_worker_clerk=True))
    exports = [
        client.post(reverse("people:person_export")),
        client.post(reverse("people:person_export"), {"full": "1", "reason": "核对示例资料"}),
    ]
    for answer in exports:
        body = body_of(answer)
        assert formulas_in(body) == []
        book = CalamineWorkbook.from_filelike(io.BytesIO(body))
        cells = {cell for row in book.get_sheet_by_index(0).to_python() for cell in row}
        assert {" ".join(payload.split()) for payload in payloads} <= cells


@pytest.mark.django_db
def test_the_comparison_of_two_people_and_the_merges_show_masks_only():
    union = UnionFactory()
    one, two = (
        PersonFactory(union=union, name="示例同名"),
        PersonFactory(bare=True, union=union, name="示例同名"),
    )
    pair = DuplicatePair.objects.create(first=one, second=two)
    canaries = secrets_of([one])
    clerk = UserFactory(model_worker_clerk=True)
    client = Client()
    client.force_login(clerk)
    page = client.get(reverse("people:duplicate_detail", args=[pair.pk]), {"keep": "second"})
    assert f"****{one.account_last_four}" in page.content.decode()
    done = merge_people(kept_id=two.pk, merged_id=one.pk, reason="同一人", actor=clerk, now=timezone.now())
    pages = [
        page,
        client.get(reverse("people:merge_list")),
        client.get(reverse("people:merge_undo", args=[done.pk])),
    ]
    assert [hits(words_of(answer), canaries) for answer in pages] == [[], [], []]


# --- what is stored ---------------------------------------------------------------------------------------------


def dump() -> str:
    """The whole test database as its server's own pg_dump writes it."""
    where = connection.get_connection_params()
    arguments = ["--no-owner", "-h", where["host"], "-p", str(where.get("port", 5432)), "-U", where["user"]]
    result = subprocess.run(
        [sys.executable, "-m", "langfang_union.embedded_database", "pg_dump", *arguments, where["dbname"]],
        cwd=ROOT,
        env=dict(os.environ) | {"PGPASSWORD": where.get("password", "")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.django_db(transaction=True)
def test_a_dump_of_a_register_in_use_holds_no_number_and_no_digest_of_one(settings, tmp_path):
    now = timezone.now()
    union = UnionFactory()
    clerk = UserFactory(county_clerk=True, union=union)
    people = [PersonFactory(union=union) for _ in range(60)]
    draft = PersonDraft(name="示例甲", id_number=NUMBER, phone=PHONE, account=ACCOUNT, bank_name="示例银行")
    person = register_person(draft=draft, union=union, unit=None, actor=clerk, now=now)
    other = PersonDraft(name="示例甲", id_number=NUMBER, phone="13912340062")
    edit_person(
        person_id=person.pk, seen_version=1, draft=other, unit=None, actor=clerk, now=now, reason="销户"
    )
    with pytest.raises(Refused):
        register_person(draft=draft, union=union, unit=None, actor=clerk, now=now)
    StandingEventFactory(person=people[1])
    merge_people(kept_id=people[0].pk, merged_id=people[1].pk, reason="同一人", actor=clerk, now=now)
    bare = PersonFactory(bare=True, union=union)
    taken = merge_people(kept_id=bare.pk, merged_id=people[2].pk, reason="同一人", actor=clerk, now=now)
    undo_merge(merge_id=taken.pk, reason="不是", actor=clerk, now=now)
    take(
        staged(union=union, actor=clerk, content=roster_file(*(somebody(order) for order in range(20)))),
        clerk,
    )
    waiting = staged(
        union=union,
        actor=clerk,
        content=roster_file(somebody(30), somebody(31) | {"证件号码": NUMBER[:-1] + "A"}),
    )
    assert waiting.error_count == 1
    reveal_secret(person_id=person.pk, field="id_number", reason="核对示例资料", actor=clerk, now=now)
    office = AllowanceOffice()
    office.parameters()
    office.people({1: 2})
    office.approve(office.run())
    settings.FIELD_KEYS = [f"9:{new_key()}", *settings.FIELD_KEYS]
    rotate()
    client = Client()
    client.force_login(clerk)
    client.post(reverse("people:person_find"), {"q": NUMBER})
    client.get(reverse("home:search"), {"q": NUMBER})
    client.get(f"/accounts/users/?q={NUMBER}")  # refused, and the refusal is recorded

    canaries = secrets_of(Person.objects.all()) | CANARIES | {"13912340062"}
    canaries |= {
        str(somebody(order)[key])
        for order in (*range(20), 30, 31)
        for key in ("证件号码", "联系电话", "银行账号")
    }
    assert len(canaries) > 250
    stored = dump()
    assert "示例甲" in stored, "the dump holds the register"
    assert hits(stored, canaries) == []
    assert digest_hits(stored, canaries) == []
    assert "COPY public.model_workers_allowanceline" in stored
    histories = [model for model in apps.get_models() if issubclass(model, Event)]
    with connection.cursor() as cursor:
        texts = []
        for model in histories:
            cursor.execute(f"SELECT string_agg(e::text, E'\\n') FROM {model._meta.db_table} e")
            texts.append(cursor.fetchone()[0] or "")
    assert sum(map(bool, texts)) >= 3
    assert hits("\n".join(texts), canaries) == []

    written = tmp_path / "people.json"
    call_command("dumpdata", "people", output=str(written))
    assert hits(written.read_text(), canaries) == []

    AccessRecord.objects.create(kind="export", actor=clerk, subject="示例", detail=f"{NUMBER}")
    assert hits(dump(), canaries), "a number that does stand in the database is found"


# --- errors -----------------------------------------------------------------------------------------------------


def break_down(request, kind: str):
    """A page that fails in the middle of its work, with everything about a person in hand."""
    draft = PersonDraft(name="示例", id_number=NUMBER, phone=PHONE, account=ACCOUNT, bank_name="示例银行")
    checked, _ = check_person(draft, today=date(2016, 1, 1))
    person = PersonFactory(id_number=NUMBER, phone=PHONE, account=ACCOUNT)
    if kind == "twice":
        PersonFactory(id_number=NUMBER)
    if kind == "denied":
        raise PermissionDenied("示例")
    raise RuntimeError(
        f"{draft!r} {checked!r} {person!r} {person.id_number!r} {[person.account]} {person.phone}"
    )


urlpatterns = [
    path("break/<slug:kind>/", break_down, name="break"),
    path("open/", show_openly, name="open"),
]


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["error", "twice", "denied"])
def test_an_error_page_and_what_it_leaves_in_the_log_hold_no_number(kind, caplog):
    assert not settings.DEBUG
    client = Client(raise_request_exception=False)
    client.force_login(UserFactory())
    with caplog.at_level(logging.DEBUG), override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=_QUIET):
        response = client.post(f"/break/{kind}/", {"id_number": NUMBER, "account": ACCOUNT})
    assert response.status_code == (403 if kind == "denied" else 500)
    assert hits(words_of(response), CANARIES) == []
    assert caplog.records
    assert hits(caplog.text, CANARIES) == []


@pytest.mark.django_db
def test_the_logs_hold_no_number_even_when_they_tell_everything(caplog):
    clerk = UserFactory(model_worker_clerk=True)
    client = Client(raise_request_exception=False)
    facts = {
        "name": "示例甲",
        "id_kind": "resident",
        "id_number": NUMBER,
        "phone": PHONE,
        "account": ACCOUNT,
        "bank_name": "示例银行",
        "union": clerk.union_id,
    }
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="django")
    with CaptureQueriesContext(connection):  # every statement is logged
        client.force_login(clerk)
        for _ in range(2):  # the second time the number is taken
            client.post(reverse("people:person_create"), facts)
        person = Person.objects.get()
        client.post(reverse("people:person_find"), {"q": NUMBER})
        client.post(
            reverse("people:person_reveal", args=[person.public_id, "account"]), {"reason": "核对示例资料"}
        )
        client.post(reverse("people:person_create"), facts | {"id_number": f"{NUMBER[:-1]}A"})
    assert any(record.name == "django.db.backends" for record in caplog.records)
    assert hits(caplog.text, CANARIES) == []


# The frame around the page reverses addresses that this test's two lines do not have.
_QUIET = [name for name in settings.MIDDLEWARE if "accounts" not in name and "LoginRequired" not in name]


@pytest.mark.django_db
def test_nothing_about_a_person_prints_its_numbers_by_itself():
    draft = PersonDraft(name="示例", id_number=NUMBER, phone=PHONE, account=ACCOUNT, bank_name="示例银行")
    checked, problems = check_person(draft, today=date(2016, 1, 1))
    assert isinstance(checked, CheckedPerson)
    person = PersonFactory(id_number=NUMBER, phone=PHONE, account=ACCOUNT)
    loaded = Person.objects.get(pk=person.pk)
    printed = [draft, checked, problems, person, loaded, loaded.__dict__, loaded.id_number, [loaded.account]]
    printed.append(Person.objects.filter(pk=person.pk).values())
    text = "\n".join(f"{one!r} {one!s}" for one in printed)
    assert hits(text, CANARIES) == []


@pytest.mark.django_db
def test_what_the_database_says_of_a_refused_row_holds_no_number():
    PersonFactory(id_number=NUMBER)
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        PersonFactory(id_number=NUMBER, phone=PHONE, account=ACCOUNT)
    assert hits(f"{refused.value!r} {refused.value.__cause__!r}", CANARIES) == []
