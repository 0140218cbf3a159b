"""The workbench and the search."""

from django.http import HttpResponse
from django.shortcuts import render

from apps.accounts.access import SignedInRequest, signed_in
from apps.budget.selectors.plans import edition_amounts
from apps.budget.selectors.waiting import waiting_for
from apps.home.selectors import editions_in_work, latest_issues, search_everything

_STEPS = (
    ("budget.enter", "修改"),
    ("budget.check", "审核"),
    ("budget.approve_vice", "审批"),
    ("budget.approve_chair", "审定"),
)


@signed_in
def workbench(request: SignedInRequest) -> HttpResponse:
    """What waits for me, what is being written, what was issued last; nothing of the budget for those without the right."""
    if not request.user.may("budget.read"):
        return render(request, "home/workbench.html", {})
    editions = editions_in_work(request.user)
    steps = "、".join(word for permission, word in _STEPS if request.user.may(permission))
    amounts = edition_amounts({edition.plan_id for edition in editions})
    context = {
        "reads_budget": True,
        "may_enter": request.user.may("budget.enter"),
        "may_plan": request.user.may("budget.plan"),
        "own_steps": steps,
        "waiting": waiting_for(request.user),
        "in_work": [(edition, amounts[edition.pk].total) for edition in editions],
        "issues": latest_issues(request.user),
    }
    return render(request, "home/workbench.html", context)


@signed_in
def search(request: SignedInRequest) -> HttpResponse:
    """One word over everything; the word stays in the address."""
    term = " ".join(request.GET.get("q", "").replace("\0", "").split())[:100]
    return render(
        request, "home/search.html", {"search_query": term, "groups": search_everything(request.user, term)}
    )
