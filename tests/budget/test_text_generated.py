"""The explanation that this system makes itself: the same checks over it stop nothing and raise no false alarm."""

import pytest

from apps.budget import documents
from apps.budget.checks import known_documents
from apps.budget.models import Edition
from apps.budget.rules.findings import Finding, Severity
from apps.budget.rules.text import check_text
from apps.budget.selectors.sheet import edition_sheet
from tests.budget.office import Office
from tests.budget.paper import example_edition

pytestmark = pytest.mark.django_db


def findings(edition: Edition) -> list[Finding]:
    text = documents.plain_text(edition_sheet(Edition.objects.for_detail().get(pk=edition.pk)))
    return check_text(text, year=2016, known_documents=known_documents())


def test_a_complete_edition_gives_no_finding():
    edition = Office().plan(items=3).editions.get()

    assert findings(edition) == []


def test_the_example_keeps_only_the_flaws_of_its_own_documents():
    told = [(finding.code, finding.severity) for finding in findings(example_edition(Office()))]

    assert told == [
        ("funding.unstated", Severity.INFO),
        ("dues.ambiguous", Severity.SOFT),
        ("name.fund", Severity.SOFT),
        ("document.variants", Severity.SOFT),
        ("document.truncated", Severity.SOFT),
        ("name.post", Severity.SOFT),
        ("basis.speech", Severity.SOFT),
    ]


def test_amounts_with_fen_give_one_line_about_rounding():
    office = Office()
    edition = office.plan().editions.get()
    for name, people, rate in (("甲", 3, "33.33"), ("乙", 7, "1428.57"), ("丙", 1, "12345.67")):
        office.add_item(edition, name=f"示例经费{name}", people=people, rate=rate)

    assert [(finding.code, finding.severity) for finding in findings(edition)] == [
        ("amount.rounding", Severity.INFO)
    ]


def test_a_figure_that_is_missing_stops_the_issue():
    office = Office()
    edition = office.plan().editions.get()
    edition.items.get().lines.update(people=None)

    assert "placeholder.figure" in [finding.code for finding in findings(edition)]
