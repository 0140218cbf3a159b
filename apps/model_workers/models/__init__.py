"""Model workers: honours, files, nominations, allowances, exams, relief."""

from apps.model_workers.models.allowances import (
    AllowanceLine,
    AllowanceRun,
    AllowanceRunDecision,
    AllowanceStandard,
    CountingRule,
)
from apps.model_workers.models.bulk import BulkChange
from apps.model_workers.models.exams import (
    Exam,
    ExamBill,
    ExamDecision,
    ExamInvitation,
    ExamRule,
    Hospital,
)
from apps.model_workers.models.file_changes import FileChange, FileChangeDecision, FileChangeHonour
from apps.model_workers.models.files import FileEvent, Review, WorkerFile
from apps.model_workers.models.honours import Honour, HonourTitle
from apps.model_workers.models.nominations import (
    Nomination,
    NominationAnswer,
    NominationDecision,
    NominationNotice,
    NominationObjection,
)
from apps.model_workers.models.papers import AllowancePaper
from apps.model_workers.models.recoveries import Recovery
from apps.model_workers.models.relief import ReliefCase, ReliefDecision, ReliefStandard

__all__ = [
    "AllowanceLine",
    "AllowancePaper",
    "AllowanceRun",
    "AllowanceRunDecision",
    "AllowanceStandard",
    "BulkChange",
    "CountingRule",
    "Exam",
    "ExamBill",
    "ExamDecision",
    "ExamInvitation",
    "ExamRule",
    "FileChange",
    "FileChangeDecision",
    "FileChangeHonour",
    "FileEvent",
    "Honour",
    "HonourTitle",
    "Hospital",
    "Nomination",
    "NominationAnswer",
    "NominationDecision",
    "NominationNotice",
    "NominationObjection",
    "Recovery",
    "ReliefCase",
    "ReliefDecision",
    "ReliefStandard",
    "Review",
    "WorkerFile",
]
