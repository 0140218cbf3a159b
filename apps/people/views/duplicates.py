"""The queue of pairs that may be one person: comparing, deciding, and merges that can be taken back."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.access import SignedInRequest, require
from apps.core.errors import Refused
from apps.core.forms import add_refusal
from apps.people.forms.duplicates import ApartForm, DecisionForm, MergeFilterForm, PairFilterForm, UndoForm
from apps.people.models import DuplicatePair, Merge, Person
from apps.people.rules.merging import UNDO_DAYS
from apps.people.selectors import duplicates as selectors
from apps.people.services.duplicates import tell_apart
from apps.people.services.merging import merge_people, undo_merge


@require("person.merge")
@require_safe
def duplicate_list(request: SignedInRequest) -> HttpResponse:
    form = PairFilterForm(request.GET, viewer=request.user)
    pairs = selectors.filtered_pairs(viewer=request.user, filters=form.filters)
    status = form.filters.get("status") or DuplicatePair.Status.OPEN
    context = {
        "slice": selectors.sliced(pairs, query=request.GET),
        "filters": form,
        "status": status,
        "is_open": status == DuplicatePair.Status.OPEN,
        "statuses": DuplicatePair.Status.choices,
    }
    return render(request, "people/duplicate_list.html", context)


@require("person.merge")
@require_http_methods(["GET", "HEAD", "POST"])
def duplicate_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """The two side by side. A POST decides nothing: it shows what keeping the other row comes to, the reason still typed."""
    asked = request.POST if request.method == "POST" else request.GET
    reason = request.POST.get("reason", "")
    return _pair_page(request, _pair(request, pk), kept=asked.get("keep", ""), reason=reason)


@require("person.merge")
@require_POST
def duplicate_decide(request: SignedInRequest, pk: int) -> HttpResponse:
    pair = _pair(request, pk)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _pair_page(request, pair, kept=request.POST.get("kept", ""), form=form)
    try:
        done = _decide(request, pair, form.cleaned_data)
    except Refused as refused:
        add_refusal(form, refused)
        return _pair_page(request, pair, kept=form.cleaned_data["kept"], form=form)
    messages.success(request, done)
    following = selectors.next_pair(viewer=request.user, after_id=pair.pk)
    if following is None:
        return redirect("people:duplicate_list")
    return redirect("people:duplicate_detail", pk=following.pk)


@require("person.merge")
@require_http_methods(["GET", "HEAD", "POST"])
def duplicate_apart(request: SignedInRequest) -> HttpResponse:
    """Several chosen pairs: shown with their number and asked for a reason, then told apart together."""
    asked = request.POST if request.method == "POST" else request.GET
    keys = {int(key) for key in asked.getlist("pair") if key.isascii() and key.isdigit() and len(key) < 19}
    pairs = list(
        DuplicatePair.objects.visible_to(request.user).open().for_list().filter(pk__in=keys)
        [: selectors.PER_PAGE]
    )  # fmt: skip
    if not pairs:
        messages.warning(request, "请先在清单里勾选待核对的对子。")
        return redirect("people:duplicate_list")
    form = ApartForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            count = tell_apart(
                pair_ids=keys, reason=form.cleaned_data["reason"], actor=request.user, now=timezone.now()
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, f"已把 {count} 对核对为不是同一人，以后不再提示。")
            return redirect("people:duplicate_list")
    context = {"pairs": pairs, "form": form}
    return render(request, "people/duplicate_apart.html", context, status=422 if form.errors else 200)


@require("person.merge")
@require_safe
def merge_list(request: SignedInRequest) -> HttpResponse:
    filters = MergeFilterForm(request.GET, viewer=request.user)
    merges = selectors.filtered_merges(viewer=request.user, filters=filters.filters)
    found = selectors.sliced(merges, query=request.GET)
    context = {
        "slice": found,
        "lines": selectors.merge_lines(found.rows, now=timezone.now()),
        "filters": filters,
        "undo_days": UNDO_DAYS,
    }
    return render(request, "people/merge_list.html", context)


@require("person.merge")
@require_http_methods(["GET", "HEAD", "POST"])
def merge_undo(request: SignedInRequest, pk: int) -> HttpResponse:
    merge = get_object_or_404(Merge.objects.visible_to(request.user).for_list(), pk=pk)
    now = timezone.now()
    form = UndoForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            undo_merge(merge_id=merge.pk, reason=reason, actor=request.user, now=now)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, "合并已撤销，两条记录恢复原样，这一对回到待核对。")
            return redirect("people:merge_list")
    context = {"line": selectors.merge_lines([merge], now=now)[0], "form": form}
    return render(request, "people/merge_undo.html", context, status=422 if form.errors else 200)


def _pair(request: SignedInRequest, pk: int) -> DuplicatePair:
    return get_object_or_404(DuplicatePair.objects.visible_to(request.user).for_list(), pk=pk)


def _decide(request: SignedInRequest, pair: DuplicatePair, values: dict[str, object]) -> str:
    """The one service that was asked for; what was done, in a sentence."""
    common = {"reason": str(values["reason"]), "actor": request.user, "now": timezone.now()}
    if values["decision"] == "distinct":
        tell_apart(pair_ids=[pair.pk], **common)  # type: ignore[arg-type]
        return f"{pair.first.name}：已记为不是同一人，以后不再提示。"
    sides = [
        (pair.first_id, int(str(values["first_version"] or 0))),
        (pair.second_id, int(str(values["second_version"] or 0))),
    ]
    (kept, kept_version), (merged, merged_version) = sides if values["kept"] != "second" else sides[::-1]
    merge_people(kept_id=kept, merged_id=merged, seen_versions=(kept_version, merged_version), **common)  # type: ignore[arg-type]
    return f"{pair.first.name}：已合并，{UNDO_DAYS} 天内可在“合并记录”里撤销。"


def _pair_page(
    request: SignedInRequest,
    pair: DuplicatePair,
    *,
    kept: str,
    reason: str = "",
    form: DecisionForm | None = None,
) -> HttpResponse:
    first, second = selectors.compared_people(pair, as_of=timezone.localdate())
    chosen: Person = {"first": first, "second": second}.get(kept) or selectors.suggested_kept(first, second)
    following = selectors.next_pair(viewer=request.user, after_id=pair.pk)
    seen = {"first_version": first.version, "second_version": second.version}
    context = {
        "pair": pair,
        "first": first,
        "second": second,
        "sides": selectors.side_by_side(first, second, kept=chosen),
        "keeps_first": chosen.pk == first.pk,
        "may_decide": pair.status == DuplicatePair.Status.OPEN
        and not (first.merged_into or second.merged_into),
        "may_merge": pair.status != DuplicatePair.Status.MERGED
        and not (first.merged_into or second.merged_into),
        "next_pair": following,
        "undo_days": UNDO_DAYS,
        "form": form or DecisionForm(initial=seen | {"reason": reason}),
    }
    return render(request, "people/duplicate_detail.html", context, status=422 if form else 200)
