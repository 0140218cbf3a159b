"""Pairs to look at: the queue by key, and two people side by side."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import User
from apps.people.models import DuplicatePair, Merge, Person
from apps.people.models.duplicates import DuplicatePairQuerySet, MergeQuerySet
from apps.people.models.persons import IdKind, Sex
from apps.people.rules.merging import COMPARED_FACTS, UNDO_DAYS, facts_to_fill, undo_ends_at
from apps.people.rules.standing import Kind
from apps.people.selectors.relations import Hanging, hanging_on, relation

PER_PAGE = 50
_PAIRS_ON_PAGE = 3
_SECRETS = {"id_number": "id_hash", "phone": "phone_hash", "account": "account_hash"}


@dataclass(frozen=True)
class Slice:
    """A part of a list that is read by key and never counted; the addresses are for the pager."""

    rows: list[Any]
    previous_url: str = ""
    next_url: str = ""
    note: str = ""


@dataclass(frozen=True)
class Fact:
    """One fact of two people. `verdict`: same, differs, one (only one has it), or empty where it is not told."""

    label: str
    first: object
    second: object
    verdict: str
    result: object
    is_filled: bool = False

    @property
    def verdict_label(self) -> str:
        return {"same": "相同", "differs": "不同", "one": "一方没有"}.get(self.verdict, "")

    @property
    def tone(self) -> str:
        return {"same": "green", "differs": "amber"}.get(self.verdict, "outline")


@dataclass(frozen=True)
class SideBySide:
    """Two people compared, as they would be merged when `kept` stays."""

    kept: Person
    merged: Person
    facts: tuple[Fact, ...]
    hanging: tuple[Hanging, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class MergeLine:
    """One merge in words: what followed and what stayed, kind by kind, and the facts that were taken over."""

    merge: Merge
    moved_count: int
    moved: str
    stayed: str
    filled: str
    may_undo: bool

    @property
    def state(self) -> str:
        if self.merge.undone_at is not None:
            return "这次合并已经撤销"
        return "可撤销" if self.may_undo else f"合并已超过 {UNDO_DAYS} 天"

    @property
    def facts(self) -> list[tuple[str, object]]:
        """For the page that asks whether to take it back."""
        merge = self.merge
        return [
            ("保留", f"{merge.kept.name}（{merge.kept.union.short_name}）"),
            ("并入", f"{merge.merged.name}（{merge.merged.union.short_name}）"),
            ("转移的记录", self.moved),
            ("留在原处的记录", self.stayed),
            ("补入的项目", self.filled),
            ("理由", merge.reason),
            ("合并", f"{merge.made_by} {timezone.localtime(merge.made_at):%Y-%m-%d %H:%M}"),
        ]


def filtered_pairs(*, viewer: User, filters: Mapping[str, Any]) -> DuplicatePairQuerySet:
    """Pairs of which the viewer may see both, by state, union and person; the open ones by default."""
    pairs: DuplicatePairQuerySet = DuplicatePair.objects.visible_to(viewer).for_list()
    status = filters.get("status") or DuplicatePair.Status.OPEN
    pairs = pairs.open() if status == DuplicatePair.Status.OPEN else pairs.filter(status=status)
    if filters.get("person"):
        one = filters["person"]
        pairs = pairs.filter(Q(first__public_id=one) | Q(second__public_id=one))
    if filters.get("union"):
        path = filters["union"].path
        pairs = pairs.filter(Q(first__union__path__startswith=path) | Q(second__union__path__startswith=path))
    return pairs


def filtered_merges(*, viewer: User, filters: Mapping[str, Any]) -> MergeQuerySet:
    """Merges of which the viewer may see both people, by union and person."""
    merges: MergeQuerySet = Merge.objects.visible_to(viewer).for_list()
    if filters.get("person"):
        one = filters["person"]
        merges = merges.filter(Q(kept__public_id=one) | Q(merged__public_id=one))
    if filters.get("union"):
        merges = merges.filter(kept__union__path__startswith=filters["union"].path)
    return merges


def sliced(rows: Any, *, query: Mapping[str, str]) -> Slice:
    """The part of a list ordered by falling key that the address asks for: `before` or `after` a key."""
    filters = {name: value for name, value in query.items() if value and name not in ("before", "after")}

    def address(**position: int) -> str:
        return "?" + urlencode({**filters, **position})

    before, after = _key(query.get("before", "")), _key(query.get("after", ""))
    if after:
        found = list(rows.filter(pk__gt=after).order_by("id")[: PER_PAGE + 1])
        newer, older = len(found) > PER_PAGE, True
        found = found[:PER_PAGE][::-1]
    else:
        found = list((rows.filter(pk__lt=before) if before else rows)[: PER_PAGE + 1])
        newer, older = bool(before), len(found) > PER_PAGE
        found = found[:PER_PAGE]
    if not found:
        return Slice([], previous_url=address() if before or after else "")
    return Slice(
        found,
        previous_url=address(after=found[0].pk) if newer else "",
        next_url=address(before=found[-1].pk) if older else "",
    )


def next_pair(*, viewer: User, after_id: int) -> DuplicatePair | None:
    """The open pair that follows in the queue, or the first one of it."""
    pairs = DuplicatePair.objects.visible_to(viewer).open().order_by("-id")
    return pairs.filter(pk__lt=after_id).first() or pairs.exclude(pk=after_id).first()


def open_pairs_of(person: Person, *, viewer: User) -> list[tuple[DuplicatePair, Person]]:
    """The undecided pairs this person stands in, each with the other one; the latest few."""
    pairs = DuplicatePair.objects.visible_to(viewer).open().for_list()
    mine = pairs.filter(Q(first=person) | Q(second=person))[:_PAIRS_ON_PAGE]
    return [(pair, pair.second if pair.first_id == person.pk else pair.first) for pair in mine]


def compared_people(pair: DuplicatePair, *, as_of: date) -> tuple[Person, Person]:
    """Both people of a pair with everything the comparison prints."""
    rows = (
        Person.objects.select_related("union", "unit", "created_by", "merged_into__union")
        .with_standing(as_of)
        .in_bulk((pair.first_id, pair.second_id))
    )
    return rows[pair.first_id], rows[pair.second_id]


def suggested_kept(first: Person, second: Person) -> Person:
    """Which of two to keep when nobody says: the one with a number, the one with an account, the earlier one."""
    return max((first, second), key=lambda one: (one.id_hash is not None, one.account is not None, -one.pk))


def side_by_side(first: Person, second: Person, *, kept: Person) -> SideBySide:
    """Fact by fact what both have, and what would stand there after merging."""
    merged = second if kept.pk == first.pk else first
    filled = facts_to_fill(facts_of(kept), facts_of(merged))
    facts = []
    for name in COMPARED_FACTS:
        one, two = _shown(first, name), _shown(second, name)
        if not (one or two):
            continue
        source = merged if name in filled else kept
        facts.append(
            Fact(
                label=_label(name),
                first=one,
                second=two,
                verdict=_verdict(first, second, name),
                result=_shown(source, name),
                is_filled=name in filled,
            )
        )
    for column, label in (("work", "工作状态"), ("life", "生存与联系")):
        one, two = _standing(first, column), _standing(second, column)
        if one or two:
            facts.append(Fact(label, one, two, _compare(one, two), "按两人的状态记录"))
    facts.append(Fact("登记", _entered(first), _entered(second), "", ""))
    return SideBySide(
        kept=kept,
        merged=merged,
        facts=tuple(facts),
        hanging=tuple(hanging_on((first.pk, second.pk))),
        warnings=tuple(_warnings(first, second, kept)),
    )


def facts_of(person: Person) -> dict[str, Any]:
    """The facts as the rules compare them: keys for union and unit, a secret still sealed."""
    return {
        name: getattr(person, f"{name}_id" if name in ("union", "unit") else name) for name in COMPARED_FACTS
    }


def merge_lines(merges: Iterable[Merge], *, now: datetime) -> list[MergeLine]:
    return [_merge_line(merge, now) for merge in merges]


def _merge_line(merge: Merge, now: datetime) -> MergeLine:
    rows = merge.moved["rows"]
    return MergeLine(
        merge=merge,
        moved_count=sum(len(keys) for keys in rows.values()),
        moved=_kinds(rows),
        stayed=_kinds(merge.moved["stayed"]),
        filled="、".join(_filled_labels(merge)),
        may_undo=merge.undone_at is None and now <= undo_ends_at(merge.made_at),
    )


def _kinds(rows: Mapping[str, list[Any]]) -> str:
    found = ((relation(key), len(keys)) for key, keys in rows.items())
    return "、".join(f"{one.label if one else '其他记录'} {count} 条" for one, count in found)


def _key(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _shown(person: Person, name: str) -> object:
    """A fact as it is printed; a secret prints its mask."""
    value = getattr(person, name)
    if name == "id_kind":
        return IdKind(value).label
    if name == "sex":
        return Sex(value).label if value else ""
    return f"{value:%Y-%m-%d}" if isinstance(value, date) else value


def _verdict(first: Person, second: Person, name: str) -> str:
    """Secrets are compared by their hashes, never opened; an old number has none and is not judged."""
    if name == "old_id_number":
        return ""
    if name in _SECRETS:
        one, two = getattr(first, _SECRETS[name]), getattr(second, _SECRETS[name])
        return _compare(one and bytes(one), two and bytes(two))
    return _compare(_shown(first, name), _shown(second, name))


def _compare(one: object, two: object) -> str:
    if not (one and two):
        return "one" if one or two else ""
    return "same" if one == two else "differs"


def _standing(person: Person, column: str) -> str:
    kind = getattr(person, column)
    return str(Kind(kind).label) if kind else ""


def _entered(person: Person) -> str:
    return f"{person.created_at:%Y-%m-%d} {person.created_by}"


def _warnings(first: Person, second: Person, kept: Person) -> list[str]:
    found = []
    if _verdict(first, second, "id_number") == "differs":
        found.append(
            "两人的证件号码不同：多半不是同一人。如果其中一个号码登记有误，请保留号码正确的一条，"
            "另一个号码以后不能再登记。"
        )
    if first.sex and second.sex and first.sex != second.sex:
        found.append("两人的性别不同。")
    if _verdict(first, second, "account") == "differs":
        found.append("两人的银行账号不同：合并后用保留的一条上的账号，另一个不再使用。")
    if first.union_id != second.union_id:
        found.append(f"两人由不同的工会管理：合并后由{kept.union}管理。")
    return found


def _filled_labels(merge: Merge) -> list[str]:
    return [_label(entry["name"]) for entry in merge.filled]


def _label(name: str) -> str:
    """The name of a fact on the screen."""
    if name == "photo":
        return "照片"
    return next(str(one.verbose_name) for one in Person._meta.concrete_fields if one.name == name)
