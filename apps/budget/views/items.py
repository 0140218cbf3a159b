"""An item on its own page: fields, basis documents, indicators; adding and removing it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from apps.accounts.access import SignedInRequest, require, scoped
from apps.budget.forms.items import CitationFormSet, IndicatorFormSet, ItemForm
from apps.budget.models import Edition, Item, PolicyDocument
from apps.budget.selectors.grid import item_marks, mark_waivers
from apps.budget.selectors.sheet import item_row
from apps.budget.services.items import change_item_with_parts, create_item, remove_item
from apps.core.errors import Refused
from apps.core.forms import add_refusal


@require("budget.enter")
def item_create(request: SignedInRequest, edition_id: int) -> HttpResponse:
    """A new item; afterwards its calculation is entered in the grid."""
    edition = scoped(Edition, request, pk=edition_id)
    request.working_year = edition.plan.year
    form = ItemForm(request.POST or None, year=edition.plan.year, book=edition.plan.book)
    if request.method == "POST" and form.is_valid():
        try:
            item = create_item(
                edition_id=edition.pk, actor=request.user, values=form.values, now=timezone.now()
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, f"已新增“{item}”，请在表格里录入测算。")
            return redirect(f"{reverse('budget:edition_grid', args=[edition.pk])}#item-{item.pk}")
    return render(request, "budget/item_form.html", {"edition": edition, "form": form})


@require("budget.read")
def item_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """Read an item, or change it while its edition is open and the person may enter."""
    item = scoped(Item, request, pk=pk)
    edition = Edition.objects.for_detail().get(pk=item.edition_id)
    request.working_year = edition.plan.year
    row = item_row(item)
    marks = item_marks(row, edition.stage, mark_waivers(edition.pk))
    if not (request.user.may("budget.enter") and edition.is_open):
        return render(request, "budget/item_detail.html", {"edition": edition, "row": row, "marks": marks})
    form = ItemForm(
        request.POST or None,
        year=edition.plan.year,
        book=edition.plan.book,
        initial=ItemForm.initial_of(item),
    )
    citations = CitationFormSet(
        request.POST or None,
        prefix="citations",
        initial=[{"document": citation.document, "article": citation.article} for citation in row.citations],
    )
    indicators = IndicatorFormSet(
        request.POST or None,
        prefix="indicators",
        initial=[
            {name: getattr(indicator, name) for name in _INDICATOR_FIELDS} for indicator in row.indicators
        ],
    )
    if request.method == "POST" and all([form.is_valid(), citations.is_valid(), indicators.is_valid()]):
        try:
            change_item_with_parts(
                item_id=item.pk,
                actor=request.user,
                values=form.values,
                citations=citations.citations(),
                indicators=indicators.indicators(),
                seen_version=form.cleaned_data["version"] or 0,
                now=timezone.now(),
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, "已保存。")
            return redirect("budget:item_detail", pk=item.pk)
    context = {
        "edition": edition,
        "item": item,
        "row": row,
        "marks": marks,
        "form": form,
        "citations": citations,
        "indicators": indicators,
        "documents": PolicyDocument.objects.count(),
    }
    return render(request, "budget/item_form.html", context)


_INDICATOR_FIELDS = ("level", "second_level", "name", "direction", "target", "unit", "weight", "data_source")


@require("budget.enter")
@require_POST
def item_remove(request: SignedInRequest, pk: int) -> HttpResponse:
    item = scoped(Item, request, pk=pk)
    try:
        remove_item(item_id=item.pk, actor=request.user, seen_version=int(request.POST.get("version") or 0))
    except (Refused, ValueError) as error:
        messages.error(
            request, error.message if isinstance(error, Refused) else "版本号不对，请刷新页面后重试。"
        )
        return redirect("budget:item_detail", pk=pk)
    messages.success(request, f"已删除“{item}”，在本版本的修改历史里仍可查到。")
    return redirect("budget:edition_grid", pk=item.edition_id)
