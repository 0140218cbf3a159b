"""Decisions on an edition: the question with its consequences, and the answer."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.access import SignedInRequest, require
from apps.budget.checks import edition_findings, findings_objection, unanswered
from apps.budget.models import Edition
from apps.budget.rules.stages import FLOW
from apps.budget.selectors.frame import edition_frame, next_hands, step_label
from apps.budget.selectors.history import MOST_EVENTS, edition_history
from apps.budget.services.decisions import decide_edition
from apps.cases.selectors import role_in_words
from apps.cases.views import decide_case, require_verb

_SHOWN = 4


@require("history.read")
@require_safe
def edition_history_page(request: SignedInRequest, pk: int) -> HttpResponse:
    """Everything that happened to the content, also to rows that are gone."""
    edition = get_object_or_404(Edition.objects.visible_to(request.user).for_detail(), pk=pk)
    request.working_year = edition.plan.year
    context = {
        "edition": edition,
        "plan": edition.plan,
        "changes": edition_history(edition),
        "limit": MOST_EVENTS,
    }
    return render(request, "budget/history.html", context)


@require(*FLOW.permissions)
@require_http_methods(["GET", "HEAD", "POST"])
def edition_decide(request: SignedInRequest, pk: int, verb: str) -> HttpResponse:
    """The dialog of a step, with total, change and findings; a POST takes it."""
    require_verb(request, FLOW, verb)
    edition = get_object_or_404(Edition.objects.visible_to(request.user).for_detail(), pk=pk)
    request.working_year = edition.plan.year
    return decide_case(
        request,
        edition,
        verb,
        shows=lambda: _told(request, edition, verb),
        objection=findings_objection(edition),
        service=decide_edition,
    )


def _told(request: SignedInRequest, edition: Edition, verb: str) -> SafeString:
    """What somebody who takes a step should have before the eyes."""
    left = unanswered(edition_findings(edition))
    context = {
        "edition": edition,
        "edition_frame": edition_frame(edition, request.user),
        "hard_count": sum(1 for found in left if found.is_hard),
        "left_count": len(left),
        "first_findings": left[:_SHOWN],
        "more_findings": max(0, len(left) - _SHOWN),
        "acted": [(step, step_label(step), role_in_words(step)) for step in edition.acted],
        "next_hands": next_hands(edition, verb),
    }
    return render_to_string("budget/_edition_told.html", context)


@require("budget.read")
@require_safe
def edition_actions(request: SignedInRequest, pk: int) -> HttpResponse:
    """The steps as they stand after a cell was saved or a reason given: the head of the grid asks again."""
    edition = get_object_or_404(Edition.objects.visible_to(request.user).for_detail(), pk=pk)
    frame = edition_frame(edition, request.user, objection=findings_objection(edition))
    return render(request, "budget/_edition_actions.html", {"edition_frame": frame, "edition": edition})


@require("budget.read")
def edition_brief(request: SignedInRequest, pk: int) -> HttpResponse:
    """How many findings are left, for a card on the desk."""
    edition = get_object_or_404(Edition.objects.visible_to(request.user).for_detail(), pk=pk)
    left = unanswered(edition_findings(edition))
    hard = sum(1 for found in left if found.is_hard)
    return render(
        request, "budget/_edition_brief.html", {"edition": edition, "hard": hard, "soft": len(left) - hard}
    )
