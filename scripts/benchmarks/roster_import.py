"""How long a long roster takes and how much memory: `python scripts/benchmarks/roster_import.py [rows]`.

Works in a database of its own on the server of the tests and removes it. People, units and numbers are made up.
Each step runs in a process of its own. The opponents, in the same run and on fewer rows, are django-import-export row
by row, the same in bulk, and the application's own service for one person.
"""

import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SEED = 2016
OPPONENT_ROWS = 2_000
FEW_ROWS = 10
OTHERS = 1_000_000
"""People from this order on are not in the long roster."""
CLERK = "benchmark"
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗郑梁谢宋唐许邓韩冯曹"
GIVEN = "".join(chr(code) for code in range(0x4E00, 0x4E00 + 3_000))


def people(count: int, *, first: int = 1) -> Iterator[list[Any]]:
    """Rows in the order of the template; every number is valid and belongs to nobody."""
    from tests.people.identity import account_number, resident_number

    chance = random.Random(SEED + first)  # noqa: S311 - the same people in every run
    for order in range(first, first + count):
        number = resident_number(order % 1000, birth_on=date(1930, 1, 1) + timedelta(order // 1000))
        name = chance.choice(SURNAMES) + chance.choice(GIVEN) + chance.choice(GIVEN)
        yield [
            name,
            chance.choice(SURNAMES) + chance.choice(GIVEN) if order % 10 == 0 else "",
            "居民身份证",
            number,
            "",
            "",
            "汉族",
            "群众",
            "高中",
            "示例工种",
            f"示例单位{order % 800}",
            "",
            "国有企业",
            "退休",
            date(2005, 1, 1) + timedelta(order % 3000),
            f"示例市示例区示例路{order}号",
            f"139{order:08}",
            account_number(order),
            "示例银行",
            "示例支行",
            "示例人员",
        ]


def build(path: str, count: int, *, first: int = 1) -> None:
    import xlsxwriter

    from apps.people.rules.roster_cells import COLUMNS

    book = xlsxwriter.Workbook(path)
    page = book.add_worksheet("名册")
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    text = book.add_format({"num_format": "@"})
    page.write_row(0, 0, [column.name for column in COLUMNS])
    for line, row in enumerate(people(count, first=first), start=1):
        for place, value in enumerate(row):
            if isinstance(value, date):
                page.write_datetime(line, place, value, day)
            elif value:
                page.write_string(line, place, value, text)
    book.close()


class Clock:
    """Seconds on the clock, and seconds that this process, its children and the database's backend computed."""

    def __init__(self) -> None:
        self.begun, self.computed = time.perf_counter(), processor_seconds()

    def say(self, label: str, *, rows: int = 0, scaled_to: int = 0) -> None:
        clock, computed = time.perf_counter() - self.begun, processor_seconds() - self.computed
        line = f"{label:28} {clock:7.1f} s {computed:7.1f} s"
        if scaled_to:
            line += f"; {rows:,} rows, so {scaled_to:,}: {clock * scaled_to / rows:,.0f} s"
            line += f" and {computed * scaled_to / rows:,.0f} s"
        say(line)


def processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used) + backend_seconds()


def backend_seconds() -> float:
    """Of the embedded server's process for this connection; 0 where it is not on this machine."""
    from django.db import connection

    if connection.connection is None:
        return 0
    stat = Path(f"/proc/{connection.connection.info.backend_pid}/stat")
    try:
        fields = stat.read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(process: str, command: str = "") -> int:
    try:
        if command not in Path(f"/proc/{process}/cmdline").read_text():
            return 0  # forked and still a copy of this process
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20
    except (OSError, IndexError):  # it just ended
        return 0


class Memory:
    """Largest resident memory seen, of this process and of it together with its children, twenty looks a second."""

    def __init__(self) -> None:
        self.alone = self.together = 0
        self.done = threading.Event()

    def look(self) -> None:
        while not self.done.wait(0.05):
            own = resident_mb("self")
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            self.alone = max(self.alone, own)
            self.together = max(
                self.together, own + sum(resident_mb(child, "process.py") for child in children)
            )


@contextmanager
def watched(label: str) -> Iterator[None]:
    memory = Memory()
    base = resident_mb("self")
    thread = threading.Thread(target=memory.look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        memory.done.set()
        thread.join()
        say(
            f"{label:28} from {base} MB to {memory.alone} MB; with the process that opens the file {memory.together} MB"
        )


def use_own_database() -> None:
    from django.db import connection

    connection.settings_dict["NAME"] = connection.settings_dict["TEST"]["NAME"]


def upload(path: str) -> Any:
    """What the web process does. Each upload counts as another file, whatever is in it."""
    from django.core.files.uploadedfile import TemporaryUploadedFile
    from django.utils import timezone

    from apps.accounts.models import User
    from apps.core.uploads import require_upload
    from apps.people.services import roster_reading, rosters

    clerk = User.objects.get(username=CLERK)
    with open(path, "rb") as source:
        file = TemporaryUploadedFile("名册.xlsx", "", os.path.getsize(path), None)
        file.file = source
        content = require_upload(file, kinds=("xlsx",), max_total_bytes=roster_reading.MAX_INSIDE_BYTES)
    return rosters.upload_roster(
        union=clerk.union,
        actor=clerk,
        name=content.name,
        content=content.data,
        sha256=sha256(content.data + os.urandom(8)).hexdigest(),
        now=timezone.now(),
    )


def uploading(path: str) -> None:
    use_own_database()
    clock = Clock()
    upload(path)
    clock.say("upload and guard")


def working(path: str, count: int) -> None:
    """What the background does with the uploaded file: the process a worker is."""
    from django.utils import timezone

    from apps.people import tasks
    from apps.people.models import Person, RosterImport
    from apps.people.services import rosters

    use_own_database()
    roster = RosterImport.objects.select_related("uploaded_by").get()
    whole = Clock()
    with watched("memory, reading"):
        clock = Clock()
        tasks.read_roster(roster_id=roster.pk)
        clock.say("read, judge, stage")
    roster.refresh_from_db()
    if roster.new_count != count:
        raise SystemExit(f"{roster.get_status_display()} {roster.message} {roster.error_count} wrong rows")
    with watched("memory, taking over"):
        clock = Clock()
        rosters.request_taking(roster_id=roster.pk, actor=roster.uploaded_by, now=timezone.now())
        tasks.take_roster(roster_id=roster.pk)
        clock.say("take over")
    whole.say("both")
    roster.refresh_from_db()
    if Person.objects.count() != count:
        raise SystemExit(roster.message)


def again(path: str, count: int) -> None:
    """The same people once more: a hundred thousand comparisons that find nothing."""
    from apps.people import tasks

    use_own_database()
    roster = upload(path)
    clock = Clock()
    tasks.read_roster(roster_id=roster.pk)
    clock.say("the same people again")
    roster.refresh_from_db()
    if roster.same_count != count:
        raise SystemExit(f"{roster.message} {roster.new_count} {roster.changed_count} {roster.error_count}")


def few(path: str) -> None:
    """A short roster, where the staging is a price and no gain."""
    from django.utils import timezone

    from apps.people import tasks
    from apps.people.services import rosters

    use_own_database()
    short = f"{path}.few.xlsx"
    build(short, FEW_ROWS, first=OTHERS)
    roster = upload(short)
    clock = Clock()
    tasks.read_roster(roster_id=roster.pk)
    roster.refresh_from_db()
    rosters.request_taking(roster_id=roster.pk, actor=roster.uploaded_by, now=timezone.now())
    tasks.take_roster(roster_id=roster.pk)
    clock.say(f"a roster of {FEW_ROWS} rows")


def drafts(first: int, count: int) -> Iterator[tuple[Any, list[Any]]]:
    from apps.people.rules.drafts import PersonDraft

    for row in people(count, first=first):
        yield (
            PersonDraft(
                name=row[0],
                former_name=row[1],
                id_number=row[3],
                nation=row[6],
                politics=row[7],
                education=row[8],
                post=row[9],
                residence=row[15],
                phone=row[16],
                account=row[17],
                bank_name=row[18],
                bank_branch=row[19],
                note=row[20],
            ),
            row,
        )


def opponents(count: int) -> None:
    """Other ways to write the same rows, by people who are not in the register yet."""
    import tablib
    from django.db import transaction
    from django.utils import timezone
    from import_export import resources
    from import_export.fields import Field
    from import_export.widgets import Widget

    from apps.accounts.models import User
    from apps.core.encryption import search_hash
    from apps.people.models import Person, StandingEvent, Unit
    from apps.people.models.persons import NUMBER_COLUMN
    from apps.people.rules.standing import Kind
    from apps.people.services.persons import fill, register_person, require_person
    from apps.people.services.standing import record_standing

    use_own_database()
    now = timezone.now()
    clerk = User.objects.select_related("union").get(username=CLERK)
    units = {unit.name: unit for unit in Unit.objects.all()}

    class People(resources.ModelResource):
        """One SELECT by the number's hash and one INSERT a row, as the package does it; then the work status."""

        number = Field(attribute="id_hash", column_name="number", widget=Widget())

        class Meta:
            model = Person
            fields = ("number",)
            import_id_fields = ("number",)
            skip_diff = True
            use_transactions = True

        def import_instance(self, instance: Any, row: Any, **more: Any) -> None:
            instance.union, instance.unit, instance.created_at = clerk.union, units[row["row"][10]], now
            instance.created_by = instance.updated_by = clerk
            fill(instance, require_person(row["draft"], now=now))

        def after_save_instance(self, instance: Any, row: Any, **more: Any) -> None:
            if not self._meta.use_bulk:
                StandingEvent(
                    person=instance,
                    track="work",
                    kind="retired",
                    effective_on=row["row"][14],
                    created_by=clerk,
                ).save()

    class PeopleInBulk(People):
        class Meta(People.Meta):
            use_bulk = True
            batch_size = 1_000

    def import_with(resource_class: type[People], first: int) -> None:
        data = tablib.Dataset(headers=("number", "draft", "row"))
        for draft, row in drafts(first, OPPONENT_ROWS):
            data.append((search_hash(draft.id_number, column=NUMBER_COLUMN), draft, row))
        result = resource_class().import_data(data, raise_errors=True)
        if result.totals["new"] != OPPONENT_ROWS:
            raise SystemExit(f"{result.totals}")

    def by_hand(first: int) -> None:
        with transaction.atomic():
            for draft, row in drafts(first, OPPONENT_ROWS):
                person = register_person(
                    draft=draft, union=clerk.union, unit=units[row[10]], actor=clerk, now=now
                )
                record_standing(
                    person_id=person.pk,
                    kind=Kind.RETIRED,
                    effective_on=row[14],
                    document="",
                    note="",
                    actor=clerk,
                    now=now,
                )

    for label, work in (
        ("import-export, row by row", lambda: import_with(People, OTHERS + 100_000)),
        ("import-export, in bulk", lambda: import_with(PeopleInBulk, OTHERS + 200_000)),
        ("the service, one by one", lambda: by_hand(OTHERS + 300_000)),
    ):
        clock = Clock()
        work()
        clock.say(label, rows=OPPONENT_ROWS, scaled_to=count)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def prepare() -> None:
    """The database, a union and its clerk, in a process of its own: the migrations take more memory than the import."""
    from django.db import connection

    from tests.factories import UnionFactory, UserFactory

    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    UserFactory(union=UnionFactory(), county_clerk=True, username=CLERK)


def remove() -> None:
    from django.db import connection

    main, own = connection.settings_dict["NAME"], connection.settings_dict["TEST"]["NAME"]
    if not own.startswith("test_"):
        raise SystemExit(f"{own} is no database of a test")
    connection.settings_dict["NAME"] = own  # what destroy_test_db drops; its argument is what it goes back to
    connection.creation.destroy_test_db(main, verbosity=0)


def machine(path: str, count: int) -> None:
    from importlib.metadata import version

    from django.db import connection

    use_own_database()
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        database = cursor.fetchone()[0]
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 30
    say(f"{platform.machine()}, {os.cpu_count()} cores, {memory} GB; load {os.getloadavg()[0]:.1f}")
    say(
        f"Python {platform.python_version()}, PostgreSQL {database}, Django {version('django')},"
        f" python-calamine {version('python-calamine')}, django-import-export {version('django-import-export')}"
    )
    say(f"{count:,} rows, seed {SEED}, file {os.path.getsize(path) / 1024 / 1024:.1f} MB")
    say(f"{'':28}   clock    computed")


STEPS: dict[str, Callable[[str, int], None]] = {
    "build": lambda path, count: build(path, count),
    "prepare": lambda path, count: prepare(),
    "machine": machine,
    "upload": lambda path, count: uploading(path),
    "work": working,
    "again": again,
    "few": lambda path, count: few(path),
    "opponents": lambda path, count: opponents(count),
    "remove": lambda path, count: remove(),
}


def main() -> None:
    """Each step in a process of its own, so that the memory of one is not counted with another."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "langfang_union.settings_test"
    os.environ.setdefault("TEST_DATABASE_NAME", "test_roster_benchmark")
    sys.path.insert(0, str(ROOT))
    step = sys.argv[1] if len(sys.argv) > 1 else "100000"
    if step in STEPS:
        import django

        django.setup()
        STEPS[step](sys.argv[2], int(sys.argv[3]))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/roster.xlsx"
        try:
            for each in tuple(STEPS)[:-1]:
                subprocess.run([sys.executable, __file__, each, path, step], check=True)
        finally:
            subprocess.run([sys.executable, __file__, "remove", path, step], check=True)


if __name__ == "__main__":
    main()
