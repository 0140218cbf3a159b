"""What every approval is made of."""

from apps.cases.models.cases import Case, CaseQuerySet, CaseRow, Decision, decision_of, of_case
from apps.cases.models.guards import Requirement
from apps.cases.models.notices import (
    Notice,
    NoticeAnswer,
    NoticeObjection,
    notice_brought,
    notice_requirements,
    notices_of,
)

__all__ = [
    "Case",
    "CaseQuerySet",
    "CaseRow",
    "Decision",
    "Notice",
    "NoticeAnswer",
    "NoticeObjection",
    "Requirement",
    "decision_of",
    "notice_brought",
    "notice_requirements",
    "notices_of",
    "of_case",
]
