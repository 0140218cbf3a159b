"""What waits on somebody's desk: one line a matter, which every app tells in the same words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Model, QuerySet

MOST = 99


@dataclass(frozen=True)
class Errand:
    """One matter waiting. `step` is the word on the button; `count` is empty where there is one thing alone."""

    area: str
    matter: str
    step: str
    url: str
    count: str = ""
    detail: str = ""
    due_on: date | None = None
    is_late: bool = False


def count_up_to(rows: QuerySet[Model], *, most: int = MOST) -> str:
    """How many rows, counted no further than anybody reads; empty for none."""
    found = len(rows.order_by().values_list("pk", flat=True)[: most + 1])
    if not found:
        return ""
    return f"{most}+" if found > most else str(found)


def counted(
    rows: QuerySet[Model], *, area: str, matter: str, step: str, url: str, **more: str
) -> Iterable[Errand]:
    """One errand for all these rows, none where there are none."""
    count = count_up_to(rows)
    if count:
        yield Errand(area=area, matter=matter, step=step, url=url, count=count, **more)  # type: ignore[arg-type]
