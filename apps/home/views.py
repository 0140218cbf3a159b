"""The workbench and the search."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from apps.accounts.access import SignedInRequest, signed_in
from apps.budget.selectors.plans import edition_amounts
from apps.budget.selectors.waiting import waiting_for
from apps.core import text as typed
from apps.home.selectors import (
    editions_in_work,
    errands_of,
    latest_issues,
    search_by_number,
    search_everything,
)
from apps.people.rules.identity import holds_number

NUMBER_REFUSED = (
    "证件号码、电话和银行账号不写进地址栏，这次没有搜索。请在上面的搜索框里输入整个号码后按回车。"
)

_STEPS = (
    ("budget.enter", "修改"),
    ("budget.check", "审核"),
    ("budget.approve_vice", "审批"),
    ("budget.approve_chair", "审定"),
)


@signed_in
def workbench(request: SignedInRequest) -> HttpResponse:
    """What waits for me, what is being written, what was issued last; nothing of the budget for those without the right."""
    errands = errands_of(request.user)
    if not request.user.may("budget.read"):
        return render(request, "home/workbench.html", {"errands": errands})
    editions = editions_in_work(request.user)
    steps = "、".join(word for permission, word in _STEPS if request.user.may(permission))
    amounts = edition_amounts({edition.plan_id for edition in editions})
    context = {
        "reads_budget": True,
        "may_enter": request.user.may("budget.enter"),
        "own_steps": steps,
        "errands": errands,
        "waiting": waiting_for(request.user),
        "in_work": [(edition, amounts[edition.pk].total) for edition in editions],
        "issues": latest_issues(request.user),
    }
    return render(request, "home/workbench.html", context)


@signed_in
@sensitive_post_parameters("q")
@require_http_methods(["GET", "HEAD", "POST"])
def search(request: SignedInRequest) -> HttpResponse:
    """One word over everything, which stays in the address; a whole number of a person comes as a form and stays nowhere."""
    asked = request.POST if request.method == "POST" else request.GET
    term = typed.asked(asked.get("q", ""))[:100]
    context: dict[str, Any]
    if not holds_number(term):
        context = {"search_query": term, "groups": search_everything(request.user, term)}
        return render(request, "home/search.html", context)
    if request.method != "POST":
        messages.error(request, NUMBER_REFUSED)
        return redirect("home:search")
    context = {"by_number": True, "groups": search_by_number(request.user, term)}
    return render(request, "home/search.html", context)
