"""Tables of the budget, one module per noun."""

from apps.budget.models.adjustments import Adjustment
from apps.budget.models.closings import YearClosing, YearClosingDecision
from apps.budget.models.documents import PolicyDocument
from apps.budget.models.imports import ImportFile
from apps.budget.models.issues import IssuedDocument, PrintJob
from apps.budget.models.items import Indicator, Item, ItemBasis
from apps.budget.models.lines import CalcLine
from apps.budget.models.outline import OutlineEntry
from apps.budget.models.plans import Edition, EditionDecision, GridChange, Plan
from apps.budget.models.reference import ClassificationCode, FiscalYear, FundingSource, ItemGroup
from apps.budget.models.waivers import Waiver

__all__ = [
    "Adjustment",
    "CalcLine",
    "ClassificationCode",
    "Edition",
    "EditionDecision",
    "FiscalYear",
    "FundingSource",
    "GridChange",
    "ImportFile",
    "Indicator",
    "IssuedDocument",
    "Item",
    "ItemBasis",
    "ItemGroup",
    "OutlineEntry",
    "Plan",
    "PolicyDocument",
    "PrintJob",
    "Waiver",
    "YearClosing",
    "YearClosingDecision",
]
