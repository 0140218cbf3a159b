"""People, their units and standing, pairs that may be one person, and rosters on their way in."""

from apps.people.models.duplicates import DuplicatePair, Merge
from apps.people.models.persons import Person, PersonQuerySet, Photo
from apps.people.models.rosters import RosterFacts, RosterImport, RosterPiece, RosterRow
from apps.people.models.standing import StandingEvent
from apps.people.models.units import Unit

__all__ = [
    "DuplicatePair",
    "Merge",
    "Person",
    "PersonQuerySet",
    "Photo",
    "RosterFacts",
    "RosterImport",
    "RosterPiece",
    "RosterRow",
    "StandingEvent",
    "Unit",
]
