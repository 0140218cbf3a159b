"""The register of basis documents and their scans."""

from hashlib import sha256
from pathlib import Path

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from apps.accounts.access import SignedInRequest, require
from apps.budget.forms.policies import CorrectionForm, PolicyDocumentForm
from apps.budget.models import PolicyDocument
from apps.budget.selectors.policies import citing_items, is_printed, policy_warnings
from apps.budget.services.policies import change_document, correct_document, register_document
from apps.core import text as typed
from apps.core.downloads import download
from apps.core.errors import Refused
from apps.core.forms import add_refusal


@require("document.read")
def policy_list(request: SignedInRequest) -> HttpResponse:
    """All documents with how often each is cited and what speaks against it; filtered by the address."""
    documents = PolicyDocument.objects.for_list()
    term, kind = typed.asked(request.GET.get("q", "")), request.GET.get("kind", "")
    shown = documents.matching(term) if term else documents
    if kind in PolicyDocument.Kind.values:
        shown = shown.filter(kind=kind)
    rows = list(shown)
    warnings = policy_warnings(today=timezone.localdate())
    context = {
        "rows": [(document, warnings.get(document.pk, [])) for document in rows],
        "kinds": PolicyDocument.Kind.choices,
        "q": term,
        "kind": kind,
        "may_edit": request.user.may("document.edit"),
    }
    return render(request, "budget/policy_list.html", context)


@require("document.edit")
def policy_create(request: SignedInRequest) -> HttpResponse:
    form = PolicyDocumentForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            document = register_document(
                actor=request.user, values=form.values, now=timezone.now(), scan=form.cleaned_data["scan"]
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, f"已登记{document.citation()}。")
            return redirect("budget:policy_detail", pk=document.pk)
    return render(request, "budget/policy_form.html", {"form": form})


@require("document.read")
def policy_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """The document, who cites it, what speaks against it; changed here by those who may."""
    document = get_object_or_404(PolicyDocument.objects.with_corrections(), pk=pk)
    form = None
    may_edit = request.user.may("document.edit") and document.corrected_at is None
    printed = may_edit and is_printed(document)
    if may_edit:
        form = PolicyDocumentForm(
            request.POST or None, request.FILES or None, initial=PolicyDocumentForm.initial_of(document)
        )
        if request.method == "POST" and form.is_valid():
            try:
                change_document(
                    document_id=document.pk,
                    actor=request.user,
                    values=form.values,
                    seen_version=form.cleaned_data["version"] or 0,
                    scan=form.cleaned_data["scan"],
                )
            except Refused as refused:
                add_refusal(form, refused)
            else:
                messages.success(request, "已保存。")
                return redirect("budget:policy_detail", pk=document.pk)
    context = {
        "document": document,
        "form": form,
        "warnings": policy_warnings(today=timezone.localdate()).get(document.pk, []),
        "citing": citing_items(document, request.user),
        "may_correct": printed,
    }
    return render(request, "budget/policy_form.html", context)


@require("document.edit")
def policy_correct(request: SignedInRequest, pk: int) -> HttpResponse:
    """What a printed entry should have said, as a new entry; what was submitted keeps the old one."""
    document = get_object_or_404(PolicyDocument.objects.current(), pk=pk)
    form = CorrectionForm(
        request.POST or None, request.FILES or None, initial=PolicyDocumentForm.initial_of(document)
    )
    if request.method == "POST" and form.is_valid():
        try:
            corrected = correct_document(
                document_id=document.pk,
                actor=request.user,
                values=form.values,
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
                scan=form.cleaned_data["scan"],
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, f"已更正为{corrected.citation()}；编制中的版本已改引这一条。")
            return redirect("budget:policy_detail", pk=corrected.pk)
    return render(request, "budget/policy_correct.html", {"form": form, "document": document})


@require("document.read")
def policy_scan(request: SignedInRequest, pk: int) -> HttpResponse:
    """The scan as a download, never shown inside the site."""
    document = get_object_or_404(PolicyDocument, pk=pk)
    if not document.scan:
        raise Http404
    try:
        content = document.scan.read()
    except OSError:
        messages.error(request, "扫描件的文件不在了，请重新上传。")
        return redirect("budget:policy_detail", pk=document.pk)
    if sha256(content).hexdigest() != document.scan_sha256:
        messages.error(request, "扫描件与登记时的 SHA-256 不符，没有给出，请联系系统管理员。")
        return redirect("budget:policy_detail", pk=document.pk)
    return download(content, Path(document.scan.name or "").name, "application/octet-stream")
