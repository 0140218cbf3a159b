"""Decisions on an edition: the question with its consequences, and the answer."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.accounts.access import SignedInRequest, require, require_step
from apps.budget.checks import edition_findings, unanswered
from apps.budget.forms.plans import DecisionForm
from apps.budget.models import Edition
from apps.budget.rules.stages import FLOW, Status
from apps.budget.selectors.frame import edition_frame, next_hands
from apps.budget.selectors.history import MOST_EVENTS, edition_history
from apps.budget.services.decisions import decide_edition
from apps.core.dialogs import dialog_or_page, leave_dialog
from apps.core.errors import Refused
from apps.core.forms import add_refusal
from apps.core.workflow import Choice, Step

_SHOWN = 4
_DECIDES = ("budget.enter", "budget.check", "budget.approve_vice", "budget.approve_chair")


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


@require(*_DECIDES)
def edition_decide(request: SignedInRequest, pk: int, action: str) -> HttpResponse:
    """Shows total, change and findings; a POST takes the step. Loaded into the dialog by htmx, a page without."""
    step = require_step(request, FLOW, action)
    edition = get_object_or_404(Edition.objects.visible_to(request.user).for_detail(), pk=pk)
    request.working_year = edition.plan.year
    frame = edition_frame(edition, request.user)
    choice = next((choice for choice in frame.choices if choice.step.action == action), None)
    form = DecisionForm(
        request.POST if request.method == "POST" else None,
        needs_note=choice is not None and choice.step.needs_note,
        needs_minutes=choice is not None and choice.step.needs_minutes,
    )
    if request.method == "POST":
        try:
            if form.is_valid():
                decision = decide_edition(
                    edition_id=edition.pk,
                    actor=request.user,
                    action=action,
                    now=timezone.now(),
                    note=form.cleaned_data["note"],
                    minutes_number=form.cleaned_data.get("minutes_number", ""),
                )
                messages.success(
                    request,
                    f"“{edition.label}”已{decision.label}，现为“{decision.get_to_status_display()}”。",
                )
                return leave_dialog(request, reverse("budget:edition_grid", args=[edition.pk]))
        except Refused as refused:
            add_refusal(form, refused)
    return _answer(request, edition, step, choice, form, edition_frame=frame)


def _answer(
    request: SignedInRequest,
    edition: Edition,
    step: Step,
    choice: Choice | None,
    form: DecisionForm,
    **context: object,
) -> HttpResponse:
    left = unanswered(edition_findings(edition))
    context |= {
        "edition": edition,
        "plan": edition.plan,
        "choice": choice,
        "label": choice.label if choice is not None else step.label,
        "form": form,
        "hard": [found for found in left if found.is_hard],
        "soft": [found for found in left if not found.is_hard],
        "soft_count": sum(1 for found in left if not found.is_hard),
        "first_findings": left[:_SHOWN],
        "more_findings": max(0, len(left) - _SHOWN),
        "next_hands": next_hands(edition, choice.step.target) if choice is not None else "",
        "settles": choice is not None and choice.step.target == Status.APPROVED,
    }
    return dialog_or_page(request, "budget/edition_decide.html", context, status=422 if form.errors else 200)


@require("budget.read")
def edition_brief(request: SignedInRequest, pk: int) -> HttpResponse:
    """How many findings are left, for a card on the desk."""
    edition = get_object_or_404(Edition.objects.visible_to(request.user).for_detail(), pk=pk)
    left = unanswered(edition_findings(edition))
    hard = sum(1 for found in left if found.is_hard)
    return render(
        request, "budget/_edition_brief.html", {"edition": edition, "hard": hard, "soft": len(left) - hard}
    )
