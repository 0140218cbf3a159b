"""What every approval is made of."""

from apps.cases.models.cases import Case, CaseQuerySet, CaseRow, Decision, decision_of, of_case
from apps.cases.models.guards import Requirement

__all__ = ["Case", "CaseQuerySet", "CaseRow", "Decision", "Requirement", "decision_of", "of_case"]
