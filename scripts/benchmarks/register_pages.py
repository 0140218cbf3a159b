"""How long the pages of a long register take: `python scripts/benchmarks/register_pages.py [people]`.

In a database of its own that is removed afterwards; the people come in by the roster of roster_import.py, the same made-up
ones. Every page is answered whole, with session, rights, scope, masks and template, one after the other in one process:
the median of nine, warm. The opponent, on the same rows, is the list of Django's own administration.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import roster_import as bench

HONOURED = 600
TIMES = 9


def honour(path: str, count: int) -> None:
    """Some hundreds of them are model workers; the planner's figures are as after a night."""
    from datetime import date

    from django.db import connection

    from apps.model_workers.models import Honour
    from apps.people.models import Person
    from tests.factories import CountingRuleFactory, HonourTitleFactory

    bench.use_own_database()
    CountingRuleFactory()
    title = HonourTitleFactory()
    people = Person.objects.order_by("public_id")[:HONOURED]
    Honour.objects.bulk_create(
        Honour(
            person=person,
            title=title,
            awarded_on=date(1990, 5, 1),
            awarding_body="示例市人民政府",
            document_number=f"示例政字〔1990〕{order}号",
            certificate_number=f"示例{order:05}",
            created_by_id=person.created_by_id,
        )
        for order, person in enumerate(people, start=1)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def median(work: Callable[[], Any]) -> float:
    """Milliseconds; the first two are not counted."""
    found = []
    for turn in range(TIMES + 2):
        begun = time.perf_counter()
        work()
        if turn >= 2:
            found.append((time.perf_counter() - begun) * 1000)
    return statistics.median(found)


def pages(path: str, count: int) -> None:
    from django.test import Client

    from apps.accounts.models import User
    from apps.people.models import Person
    from tests.factories import UserFactory

    bench.use_own_database()
    clerk = UserFactory(union=User.objects.get(username=bench.CLERK).union, model_worker_clerk=True)
    client = Client(SERVER_NAME="localhost")
    client.force_login(clerk)
    somebody = Person.objects.order_by("public_id").first()
    if somebody is None or somebody.id_number is None:
        raise SystemExit("nobody is there")
    number = somebody.id_number.reveal()
    deep = Person.objects.order_by("-id")[count * 9 // 10].pk

    def shown(address: str) -> Callable[[], None]:
        def get() -> None:
            if client.get(address).status_code != 200:
                raise SystemExit(address)

        return get

    def found() -> None:
        if client.post("/people/find/", {"q": number}).status_code != 302:
            raise SystemExit("nobody was found")

    for label, work in (
        ("people, first page", shown("/people/")),
        ("people, nine tenths down", shown(f"/people/?after={deep}")),
        ("people, by initials", shown("/people/?q=wyd")),
        ("people, by part of a name", shown(f"/people/?q={somebody.name[1:]}")),
        ("people, by last four", shown(f"/people/?q={somebody.id_last_four}")),
        ("people, retired", shown("/people/?work=retired")),
        ("a person by the whole number", found),
        ("one person's page", shown(f"/people/{somebody.public_id}/")),
        ("model workers, first page", shown("/model-workers/")),
        ("model workers, of class one", shown("/model-workers/?class=1")),
    ):
        bench.say(f"{label:40} {median(work):8.1f} ms")
    for label, is_counted in (("administration, as it comes", True), ("administration, not counting", False)):
        asked = administration(clerk, client.session, is_counted=is_counted)
        for what, address in (("first page", "/"), ("search", f"/?q={somebody.name[1:]}")):
            bench.say(f"{label}, {what:20} {median(partial(asked, address)):8.1f} ms")


def administration(user: Any, session: Any, *, is_counted: bool) -> Callable[[str], None]:
    """The same columns in Django's administration, asked by address."""
    from django.contrib.admin import AdminSite, ModelAdmin
    from django.core.paginator import Paginator
    from django.test import RequestFactory
    from django.urls import path, set_urlconf
    from django.utils.functional import cached_property

    from apps.people.models import Person
    from langfang_union import urls

    class Uncounted(Paginator):  # type: ignore[type-arg]
        @cached_property
        def count(self) -> int:
            return 9_999_999

    class People(ModelAdmin):  # type: ignore[type-arg]
        list_display = ("name", "sex", "birth_on", "id_number", "unit", "union", "phone")
        list_select_related = ("unit", "union")
        list_per_page = 50
        search_fields = ("name", "search_text")
        show_full_result_count = is_counted
        paginator = Paginator if is_counted else Uncounted

        def has_view_permission(self, request: Any, obj: Any = None) -> bool:
            return True

    site = AdminSite()
    site.register(Person, People)
    admin = site.get_model_admin(Person)
    own = [one for one in urls.urlpatterns if getattr(one, "app_name", "") != "admin"]
    addresses = ModuleType("addresses")
    vars(addresses)["urlpatterns"] = [path("administration/", site.urls), *own]
    set_urlconf(addresses)

    def asked(address: str) -> None:
        request = RequestFactory(SERVER_NAME="localhost").get(address)
        request.user, request.session = user, session
        answer = admin.changelist_view(request)
        answer.render()

    return asked


STEPS: dict[str, Callable[[str, int], None]] = {
    name: bench.STEPS[name] for name in ("build", "prepare", "machine", "upload", "work")
} | {"honour": honour, "pages": pages, "remove": bench.STEPS["remove"]}


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "langfang_union.settings_test"
    os.environ.setdefault("TEST_DATABASE_NAME", "test_register_benchmark")
    sys.path.insert(0, str(bench.ROOT))
    step = sys.argv[1] if len(sys.argv) > 1 else "100000"
    if step in STEPS:
        import django

        django.setup()
        STEPS[step](sys.argv[2], int(sys.argv[3]))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "roster.xlsx")
        try:
            for each in tuple(STEPS)[:-1]:
                subprocess.run([sys.executable, __file__, each, path, step], check=True)
        finally:
            subprocess.run([sys.executable, __file__, "remove", path, step], check=True)


if __name__ == "__main__":
    main()
