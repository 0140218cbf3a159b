"""A table of steps: the one declaration behind buttons, services, triggers, tests and documentation."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.db import models

from apps.accounts.roles import PERMISSIONS
from apps.core.errors import Refused

May = Callable[[str], bool]


@dataclass(frozen=True)
class Step:
    """One arrow: `verb` leads from any of `sources` to `target` for holders of `permission`.

    Whoever took a step of one `duty` takes none of another in the same case, in any round; by default a permission is
    a duty.
    """

    verb: str
    label: str
    sources: tuple[str, ...]
    target: str
    permission: str
    duty: str = ""
    routes: tuple[str, ...] = ()
    """Routes the step belongs to (bands of the amount, stages); empty means all."""
    needs_opinion: bool = False
    needs_minutes: bool = False
    opens_round: bool = False
    """A submission: the round counts on, the route is found anew, and what the papers print is kept."""
    keeps_facts: bool = False
    """Besides a submission: what the papers print of other rows is kept with this step too."""
    takes_back: bool = False
    """The step leads back or ends the matter: nobody waits for it, and its button warns."""
    same_as: str = ""
    """Only whoever took this verb last may take the step: a submission is withdrawn by its submitter."""
    consequence: str = ""
    """What follows, said in the dialog before the button is pressed."""

    @property
    def duty_code(self) -> str:
        return self.duty or self.permission

    def applies(self, status: str, route: str) -> bool:
        return status in self.sources and (not self.routes or not route or route in self.routes)


class Flow:
    """The steps of one kind of case, and what the kernel needs besides: who enters, where content may still change."""

    def __init__(
        self,
        key: str,
        steps: Iterable[Step],
        *,
        statuses: type[models.TextChoices],
        enters: str,
        way: Iterable[str],
        tones: Mapping[str, str],
        first: str = "draft",
        open: Iterable[str] = ("draft", "returned"),
        routes: Mapping[str, str] | None = None,
    ) -> None:
        """`way`: the statuses of a case that goes well, as the stepper shows them. Raises ValueError for a table that
        does not hold together."""
        self.key, self.steps, self.enters, self.first = key, tuple(steps), enters, first
        self.open, self.way, self.routes = tuple(open), tuple(way), dict(routes or {})
        self.labels: dict[str, str] = {str(value): str(label) for value, label in statuses.choices}
        self.tones = {str(status): tone for status, tone in tones.items()}
        self._judge()

    def _judge(self) -> None:
        unknown = {self.first, *self.open, *self.way} - set(self.labels) | set(self.tones) ^ set(self.labels)
        for step in self.steps:
            unknown |= {*step.sources, step.target} - set(self.labels)
            unknown |= set(step.routes) - set(self.routes)
            unknown |= {step.same_as} - {"", *self.verbs}
        unknown |= set(self.permissions) - set(PERMISSIONS)
        if unknown:
            raise ValueError(f"{self.key}: not in the table: {', '.join(sorted(unknown))}")
        arrows = [
            (step.verb, source, route)
            for step in self.steps
            for source in step.sources
            for route in step.routes or self.routes or ("",)
        ]
        twice = {arrow for arrow in arrows if arrows.count(arrow) > 1}
        if twice:
            raise ValueError(f"{self.key}: one verb leads two ways: {sorted(twice)}")

    @property
    def verbs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(step.verb for step in self.steps))

    @property
    def permissions(self) -> tuple[str, ...]:
        """Of everybody who takes part, whoever enters first."""
        return tuple(dict.fromkeys((self.enters, *(step.permission for step in self.steps))))

    @property
    def ended(self) -> tuple[str, ...]:
        """Statuses that no step leaves."""
        sources = {source for step in self.steps for source in step.sources}
        return tuple(status for status in self.labels if status not in sources)

    def available(self, *, status: str, route: str, may: May) -> list[Step]:
        """Steps that a person with these permissions may take now, in the order of the table."""
        return [step for step in self.steps if step.applies(status, route) and may(step.permission)]

    def forward(self, *, status: str, route: str) -> list[Step]:
        """The steps that take a case further from here: whoever may take one of them is waited for."""
        return [step for step in self.steps if step.applies(status, route) and not step.takes_back]

    def named(self, verb: str) -> list[Step]:
        return [step for step in self.steps if step.verb == verb]

    def step(
        self, *, verb: str, status: str, route: str, may: May, opinion: str = "", minutes: str = ""
    ) -> Step:
        """The step to take. Raises Refused when the state, the permission or missing words forbid it."""
        named = self.named(verb)
        found = next((step for step in named if step.applies(status, route)), None)
        if found is None:
            label = named[0].label if named else verb
            raise Refused(f"当前状态为“{self.labels.get(status, status)}”，不能{label}。", code="state")
        if not may(found.permission):
            raise Refused(f"您没有“{found.label}”的权限。", code="permission")
        if found.needs_opinion and not opinion.strip():
            raise Refused(f"{found.label}必须填写意见。", field="opinion", code="opinion")
        if found.needs_minutes and not minutes.strip():
            raise Refused(f"{found.label}必须填写会议纪要文号。", field="minutes", code="minutes")
        return found

    def label(self, verb: str, source: str, route: str = "") -> str:
        """The word on the button of a step that was taken."""
        return next((step.label for step in self.named(verb) if step.applies(source, route)), verb)
