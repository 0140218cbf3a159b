"""The stages of a way, as the stepper on a page shows them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StageStep:
    """One stage of the way through the hands, as the stepper on a page takes it."""

    label: str
    state: str
    note: str = ""
    url: str = ""
