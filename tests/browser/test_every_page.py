"""Every page of the access table in a real browser: it fits the office's screen, throws nothing and axe is content."""

import pytest
from django.urls import reverse

from apps.accounts.roles import Role
from apps.budget.models import Edition
from tests.access_table import (
    ACCOUNTS,
    BUDGET,
    CORE,
    EXAMS,
    HOME,
    HONOURS,
    PEOPLE,
    PUBLIC,
    RELIEF,
    Row,
    World,
)

ZOOMED = {"width": 683, "height": 384}
BESIDES_HTML = {
    "budget:print_job_progress",
    "budget:grid_explanation",
    "budget:grid_history",
    "budget:edition_actions",
    "budget:edition_brief",
    "budget:line_source",
    "people:person_photo",
    "people:unit_options",
    "people:roster_template",
    "people:roster_progress",
}
"""Fragments, which only stand inside a page, and files."""

MAY_OPEN = (
    Role.MODEL_WORKER_CLERK,
    Role.FINANCE_CLERK,
    Role.FINANCE_HEAD,
    Role.MODEL_WORKER_HEAD,
    Role.CHAIR,
    Role.VICE_CHAIR,
    Role.SYSTEM_ADMIN,
    Role.SECURITY_ADMIN,
    Role.AUDITOR,
)
"""Who opens a page in this walk: the first of them it is open to."""

pytestmark = pytest.mark.django_db(transaction=True)


def pages(rows: list[Row]) -> list[Row]:
    return [
        row
        for row in rows
        if row.method == "GET" and row.expected == 200 and row.url_name not in BESIDES_HTML
    ]


def halves(rows: list[Row]) -> dict[str, list[Row]]:
    found = pages(rows)
    middle = len(found) // 2
    return {"first": found[:middle], "second": found[middle:]}


GROUPS = {
    "core, accounts and home": pages([*CORE, *ACCOUNTS, *HOME]),
    "first half of the budget": halves(BUDGET)["first"],
    "second half of the budget": halves(BUDGET)["second"],
    "people": pages(PEOPLE),
    "honours and files": pages(HONOURS),
    "exams and relief": pages([*EXAMS, *RELIEF]),
}


def reader_of(row: Row) -> Role:
    return next(role for role in MAY_OPEN if role in row.roles)


@pytest.mark.parametrize("group", GROUPS)
def test_every_page_fits_the_office_screen_and_axe_is_content(
    another_page, sign_in_as, sideways, violations, group
):
    world, browsers, wrong = World(), {}, []
    assert GROUPS[group]
    for row in GROUPS[group]:
        role = reader_of(row)
        if role not in browsers:
            browsers[role] = another_page()
            sign_in_as(browsers[role], world.people[role])
        page = browsers[role]
        address = reverse(row.url_name, kwargs=row.kwargs(world))
        answer = page.goto(address)
        assert answer.headers["content-type"].startswith("text/html"), row.label
        assert page.url.endswith(address), f"{row.label} led to {page.url}"
        wrong += [f"{address} scrolls sideways by {sideways(page)}"] if sideways(page) > 0 else []
        wrong += [f"{address} {found}" for found in violations(page)]
    assert not wrong, "\n".join(wrong)


def test_the_sign_in_page_fits_and_axe_is_content(page, sideways, violations):
    assert any(row.anonymous == PUBLIC for row in ACCOUNTS)
    page.goto(reverse("accounts:sign_in"))
    assert sideways(page) <= 0
    assert violations(page) == []


def main_pages(edition: Edition) -> dict[str, str]:
    return {
        "workbench": reverse("home:workbench"),
        "grid": reverse("budget:edition_grid", args=[edition.pk]),
        "item": reverse("budget:item_detail", args=[edition.items.first().pk]),
        "findings": reverse("budget:edition_findings", args=[edition.pk]),
        "print": reverse("budget:edition_print", args=[edition.pk]),
        "text-check": reverse("budget:text_check"),
    }


@pytest.mark.parametrize("look", ["light at 200 %", "dark at 100 %"])
def test_the_main_pages_with_the_budget_of_2016_read_well(
    page, edition, sign_in_as, sideways, violations, photograph, look
):
    theme, _, size, _ = look.split()
    if size == "200":
        page.set_viewport_size(ZOOMED)
    sign_in_as(page, edition.created_by, theme=theme)
    wrong = []
    for name, address in main_pages(edition).items():
        page.goto(address)
        assert page.locator("html").get_attribute("data-theme") == theme
        photograph(page, f"main-{name}-{theme}-{size}")
        wrong += [f"{name} scrolls sideways by {sideways(page)}"] if sideways(page) > 0 else []
        wrong += [f"{name} {found}" for found in violations(page)]
    assert not wrong, "\n".join(wrong)
