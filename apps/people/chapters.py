"""Registry of chapters: programmes tell what they know of a person, the person's page shows it, nobody is imported."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import Protocol

from apps.accounts.models import User
from apps.accounts.roles import PERMISSIONS
from apps.people.models import Person


@dataclass(frozen=True)
class ChapterRow:
    """One thing a programme knows of a person. `year` is None where it belongs to no year; `amount` in yuan."""

    year: int | None
    title: str
    detail: str = ""
    amount: Decimal | None = None
    state: str = ""
    tone: str = "grey"
    url: str = ""


@dataclass(frozen=True)
class Chapter:
    """What one programme knows: rows, and sentences about what does not fit together.

    `action` is what may be begun here: the words of the button and its address.
    """

    rows: tuple[ChapterRow, ...] = ()
    contradictions: tuple[str, ...] = ()
    action: tuple[str, str] | None = None


class ChapterProvider(Protocol):
    """A programme's part of the person's page. `key` is never renamed; `permission` is one of roles.PERMISSIONS.

    `read` is asked only for people in reach and by those who hold the permission; its number of queries must not
    grow with its rows.
    """

    key: str
    title: str
    permission: str

    def read(self, *, person: Person, user: User) -> Chapter: ...


@dataclass(frozen=True)
class Year:
    """Rows of one year, in the order of the programme."""

    year: int | None
    rows: tuple[ChapterRow, ...]

    @property
    def label(self) -> str:
        return f"{self.year}年" if self.year is not None else "不分年度"


@dataclass(frozen=True)
class ShownChapter:
    """A chapter as it is printed: the latest year first."""

    key: str
    title: str
    years: tuple[Year, ...]
    contradictions: tuple[str, ...]
    row_count: int = field(default=0)
    action: tuple[str, str] | None = None


_providers: dict[str, ChapterProvider] = {}


def register(provider: ChapterProvider) -> ChapterProvider:
    """Publish a chapter. Raises ValueError when another provider holds the key or the permission does not exist."""
    known = _providers.get(provider.key)
    if known is not None and type(known) is not type(provider):
        raise ValueError(f"chapter {provider.key} is registered twice")
    if provider.permission not in PERMISSIONS:
        raise ValueError(f"chapter {provider.key}: {provider.permission} is not in roles.PERMISSIONS")
    _providers[provider.key] = provider
    return provider


def unregister(key: str) -> None:
    """Take a chapter back; one that is not there is no mistake."""
    _providers.pop(key, None)


def chapters_of(person: Person, user: User) -> list[ShownChapter]:
    """Every chapter the user may read, also those that know nothing of the person."""
    return [
        _shown(provider, provider.read(person=person, user=user))
        for provider in _providers.values()
        if user.may(provider.permission)
    ]


def _shown(provider: ChapterProvider, chapter: Chapter) -> ShownChapter:
    return ShownChapter(
        key=provider.key,
        title=provider.title,
        years=tuple(_by_year(chapter.rows)),
        contradictions=chapter.contradictions,
        row_count=len(chapter.rows),
        action=chapter.action,
    )


def _by_year(rows: Iterable[ChapterRow]) -> Iterable[Year]:
    """Years downwards; what belongs to no year stands first."""

    def key(row: ChapterRow) -> int:
        return -row.year if row.year is not None else -10_000

    for _, group in groupby(sorted(rows, key=key), key=key):
        found = tuple(group)
        yield Year(found[0].year, found)
