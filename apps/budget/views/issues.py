"""Issued explanations: the list, one of them, its file, and whether a file is one of them."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.access import SignedInRequest, client_address, require, signed_in
from apps.budget.forms.printing import VerifyForm
from apps.budget.models import IssuedDocument
from apps.budget.selectors.printing import issue_number, issued_facts
from apps.budget.services import printing as services
from apps.core.downloads import PDF, download

PER_PAGE = 50


@require("budget.read")
@require_GET
def issued_list(request: SignedInRequest) -> HttpResponse:
    documents = IssuedDocument.objects.visible_to(request.user).for_list()
    page = Paginator(documents, PER_PAGE).get_page(request.GET.get("page"))
    rows = [(document, issue_number(document)) for document in page]
    return render(request, "budget/issued_list.html", {"page": page, "rows": rows})


@require("budget.read")
@require_GET
def issued_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    document = get_object_or_404(IssuedDocument.objects.visible_to(request.user).for_list(), pk=pk)
    request.working_year = document.edition.plan.year
    context = {"document": document, "facts": issued_facts(document), "plan": document.edition.plan}
    return render(request, "budget/issued_detail.html", context)


@require("budget.read")
@require_POST
def issued_file(request: SignedInRequest, pk: int) -> HttpResponse:
    """The stored bytes, always the same. Taking them leaves a record, so it is no GET."""
    known = get_object_or_404(IssuedDocument.objects.visible_to(request.user).only("pk"), pk=pk)
    document = services.hand_out_issue(
        document_id=known.pk, actor=request.user, address=client_address(request)
    )
    return download(document.pdf, f"{document.title}（{issue_number(document)}）.pdf", PDF)


@signed_in
def verify(request: SignedInRequest) -> HttpResponse:
    """Whether a file or a hash is that of an issued document."""
    sent = request.method == "POST"
    form = VerifyForm(request.POST if sent else None, request.FILES if sent else None)
    context: dict[str, object] = {"form": form}
    if sent and form.is_valid():
        context["sha256"] = form.cleaned_data["sha256"]
        context["name"] = form.cleaned_data["name"]
        context["found"] = services.verify_file(
            actor=request.user,
            sha256=form.cleaned_data["sha256"],
            name=form.cleaned_data["name"],
            address=client_address(request),
        )
        context["asked"] = True
    return render(request, "budget/verify.html", context, status=422 if form.errors else 200)
