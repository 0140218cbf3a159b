"""State tables: one table of steps serves buttons, services, tests and the documentation."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from apps.core.errors import Refused

May = Callable[[str], bool]


@dataclass(frozen=True)
class Step:
    """One arrow of a state table: `action` leads from any of `sources` to `target` for holders of `permission`."""

    action: str
    label: str
    sources: tuple[str, ...]
    target: str
    permission: str
    needs_note: bool = False
    needs_minutes: bool = False
    tracks: tuple[str, ...] = ()
    """Kinds of object the step applies to; empty means all."""
    takes_back: bool = False
    """The step leads back or ends the matter: nobody waits for it, and its button warns."""

    def applies(self, *, status: str, track: str) -> bool:
        return status in self.sources and (not self.tracks or track in self.tracks)


class Flow:
    """A table of steps with the two questions everybody asks: what may be done, and may this be done."""

    def __init__(self, steps: Iterable[Step], *, labels: dict[str, str]) -> None:
        self.steps = tuple(steps)
        self.labels = labels

    def available(self, *, status: str, may: May, track: str = "") -> list[Step]:
        """Steps a person with these permissions may take now, in the order of the table."""
        return [
            step for step in self.steps if step.applies(status=status, track=track) and may(step.permission)
        ]

    def step(
        self, *, action: str, status: str, may: May, track: str = "", note: str = "", minutes: str = ""
    ) -> Step:
        """The step to take. Raises Refused when the state, the permission or a missing note forbids it."""
        named = [
            step for step in self.steps if step.action == action and (not step.tracks or track in step.tracks)
        ]
        found = next((step for step in named if status in step.sources), None)
        if found is None:
            label = named[0].label if named else action
            raise Refused(f"当前状态为“{self.labels.get(status, status)}”，不能{label}。", code="state")
        if not may(found.permission):
            raise Refused(f"您没有“{found.label}”的权限。", code="permission")
        if found.needs_note and not note.strip():
            raise Refused(f"{found.label}必须填写意见。", field="note", code="note")
        if found.needs_minutes and not minutes.strip():
            raise Refused(f"{found.label}必须填写会议纪要文号。", field="minutes_number", code="minutes")
        return found


@dataclass(frozen=True)
class Choice:
    """A step that a person's role allows now. `blocked` says why this person may not take it."""

    step: Step
    is_main: bool
    url: str
    blocked: str = ""

    @property
    def label(self) -> str:
        return self.step.label

    @property
    def takes_back(self) -> bool:
        return self.step.takes_back


@dataclass(frozen=True)
class StageStep:
    """One stage of the way through the hands, as the stepper on a page takes it."""

    label: str
    state: str
    note: str = ""
    url: str = ""
