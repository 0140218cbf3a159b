"""上年衔接: who came to a run and who went since last year's, with the reasons as the register tells them."""

from collections.abc import Collection, Iterable
from datetime import date

from apps.model_workers.models import AllowanceLine, AllowanceRun
from apps.model_workers.rules import bridge as rules
from apps.model_workers.rules.allowances import Facts
from apps.model_workers.rules.bridge import Bridge, Mover, Reclassed
from apps.model_workers.selectors.counting import Counting, described
from apps.model_workers.selectors.runs import paid_elsewhere
from apps.model_workers.selectors.stops import facts_of
from apps.people.models import Person, StandingEvent
from apps.people.rules.standing import Kind


def bridge_of(run: AllowanceRun) -> Bridge:
    """The bridge of a run: as it was approved, or as the register gives it now."""
    return rules.from_json(run.approval.facts["bridge"]) if run.approval is not None else built_bridge(run)


def built_bridge(run: AllowanceRun) -> Bridge:
    """From the lines of the run and of its predecessor; somebody whose row was merged stands for both of them."""
    now = _lines(run)
    before = _lines(run.previous) if run.previous is not None else []
    kept = kept_rows(line.person_id for line in before)
    here = {line.person_id: line for line in now}
    known: dict[int, AllowanceLine] = {}
    gone: list[AllowanceLine] = []
    # The row that stayed is the one that goes on; the merged one is who went.
    for line in sorted(before, key=lambda line: line.person_id in kept):
        person = kept.get(line.person_id, line.person_id)
        if person in known or person not in here:
            gone.append(line)
        else:
            known[person] = line
    came = [line for line in now if line.person_id not in known]
    return Bridge(
        before=len(before),
        came=_came(run, came),
        went=_went(run, gone, kept, set(known)),
        listed=len(now),
        reclassed=tuple(
            Reclassed(
                str(line.person.public_id), line.name, line.union_name, old.award_class, line.award_class
            )
            for line in now
            if (old := known.get(line.person_id)) is not None and old.award_class != line.award_class
        ),
    )


def _lines(run: AllowanceRun) -> list[AllowanceLine]:
    lines = AllowanceLine.objects.filter(case=run).select_related("person").order_by("id")
    return list(lines.only("person_id", "name", "union_name", "award_class", "person__public_id", "case_id"))


def kept_rows(people: Iterable[int]) -> dict[int, int]:
    """For rows that were merged, the row that stands for them today."""
    found: dict[int, int] = {}
    asked = set(people)
    while asked:
        rows = Person.objects.filter(pk__in=asked).values_list("pk", "merged_into")
        merged = {row: kept for row, kept in rows if kept is not None}
        found = {row: merged.get(kept, kept) for row, kept in found.items()}
        found |= {row: kept for row, kept in merged.items() if row not in found}
        asked = set(merged.values())
    return found


def facts_on(people: Collection[int], *, day: date, counting: Counting) -> dict[int, Facts]:
    """What decided about these people on that day, wherever they belong; who had no honour is not in it."""
    told = described(Person.objects.filter(pk__in=people), as_of=day, counting=counting)
    return {person.pk: facts_of(person) for person in told.only("pk")}


def _came(run: AllowanceRun, lines: list[AllowanceLine]) -> tuple[Mover, ...]:
    previous = run.previous
    if previous is None:
        return tuple(_mover(line, rules.FIRST_RUN) for line in lines)
    counting = Counting.of(run.rule)
    people = [line.person_id for line in lines]
    facts = facts_on(people, day=previous.snapshot_on, counting=counting)
    paths = _paths_on(people, day=previous.snapshot_on)
    return tuple(
        _mover(
            line,
            rules.came_reason(
                facts.get(line.person_id),
                was_in_tree=paths[line.person_id].startswith(run.union.path),
                rule_changed=Counting.of(previous.rule) != counting,
            ),
        )
        for line in lines
    )


def _went(
    run: AllowanceRun, lines: list[AllowanceLine], kept: dict[int, int], known: set[int]
) -> tuple[Mover, ...]:
    people = {kept.get(line.person_id, line.person_id) for line in lines}
    facts = facts_on(people, day=run.snapshot_on, counting=Counting.of(run.rule))
    paths = dict(Person.objects.filter(pk__in=people).values_list("pk", "union__path"))
    elsewhere = paid_elsewhere(people, year=run.year, run=run)
    movers, seen = [], set(known)
    for line in lines:
        person = kept.get(line.person_id, line.person_id)
        reason = rules.went_reason(
            facts.get(person),
            is_merged=person in seen,
            is_in_tree=paths[person].startswith(run.union.path),
            is_elsewhere=person in elsewhere,
        )
        seen.add(person)
        movers.append(_mover(line, reason))
    return tuple(movers)


def _paths_on(people: Collection[int], *, day: date) -> dict[int, str]:
    """Where these people belonged on that day."""
    moves: dict[int, list[tuple[date, str]]] = {}
    left = StandingEvent.objects.valid().filter(person__in=people, kind=Kind.MOVED, effective_on__gt=day)
    for person, on, path in left.values_list("person", "effective_on", "from_union__path"):
        moves.setdefault(person, []).append((on, path))
    present = Person.objects.filter(pk__in=people).values_list("pk", "union__path")
    return {
        person: rules.union_path_on(day, present=path, moves=moves.get(person, []))
        for person, path in present
    }


def _mover(line: AllowanceLine, reason: str) -> Mover:
    return Mover(str(line.person.public_id), line.name, line.union_name, reason, line.award_class)
