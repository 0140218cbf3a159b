"""What every approval is made of."""

from apps.cases.models.cases import Case, CaseQuerySet, Decision, decision_of
from apps.cases.models.guards import Requirement
from apps.cases.models.notices import (
    Notice,
    NoticeAnswer,
    NoticeObjection,
    notice_brought,
    notice_requirements,
    notices_of,
)
from apps.cases.models.rows import CaseRow, case_of, of_case

__all__ = [
    "Case",
    "CaseQuerySet",
    "CaseRow",
    "Decision",
    "Notice",
    "NoticeAnswer",
    "NoticeObjection",
    "Requirement",
    "case_of",
    "decision_of",
    "notice_brought",
    "notice_requirements",
    "notices_of",
    "of_case",
]
