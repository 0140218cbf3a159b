"""A basis document that was printed with a mistake: corrected by a new entry, never under what was submitted."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from apps.budget.models import Edition, ItemBasis, PolicyDocument
from apps.budget.services.items import set_citations
from apps.budget.services.policies import EDITABLE, change_document, correct_document
from apps.core.errors import Refused
from tests.factories import PolicyDocumentFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def document() -> PolicyDocument:
    return PolicyDocumentFactory(title="关于做好示例工作的通知", number="廊工发〔2015〕9号")


@pytest.fixture
def submitted(office, document) -> Edition:
    """An edition under decision that prints the document."""
    edition = office.plan().editions.get()
    set_citations(item_id=edition.items.get().pk, actor=office.clerk, citations=[(document.pk, "第二条")])
    office.submit(edition)
    return edition


def correct(office, document, **changes) -> PolicyDocument:
    values = (
        {name: getattr(document, name) for name in EDITABLE} | {"title": "关于做好示例工作的意见"} | changes
    )
    return correct_document(
        document_id=document.pk, actor=office.clerk, values=values, reason="登记时抄错文种", now=office.now
    )


def cited(edition: Edition) -> PolicyDocument:
    return ItemBasis.objects.get(item__edition=edition).document


def test_a_printed_document_is_corrected_by_a_new_entry_under_the_same_number(office, document, submitted):
    new = correct(office, document)
    document.refresh_from_db()
    assert (new.number, new.corrects) == (document.number, document)
    assert document.corrected_at is not None
    assert cited(submitted) == document


def test_what_is_copied_later_cites_the_correction_of_the_correction(office, document, submitted):
    office.decide(submitted, office.head, "return", opinion="示例：请补充。")
    office.approve(submitted)
    second = correct(office, document)
    edition = office.next(submitted.plan)
    assert cited(edition) == second
    office.approve(edition)
    third = correct(office, second, title="关于做好示例工作的决定")
    assert cited(office.next(submitted.plan)) == third
    assert cited(edition) == second
    assert cited(submitted) == document


def test_an_open_edition_follows_the_correction_at_once(office, document, submitted):
    draft = office.plan(year=2017).editions.get()
    set_citations(item_id=draft.items.get().pk, actor=office.clerk, citations=[(document.pk, "第二条")])
    new = correct(office, document)
    assert cited(draft) == new


@pytest.mark.parametrize(
    ("changes", "reason", "sentence"),
    [
        ({}, " ", "请写明“更正理由”"),
        ({"title": "关于做好示例工作的通知"}, "笔误", "内容和原来一样"),
        ({"number": "冀工发〔2015〕1号"}, "笔误", "同一文号只登记一次"),
    ],
)
def test_a_correction_that_corrects_nothing_or_collides_is_refused(
    office, document, submitted, changes, reason, sentence
):
    PolicyDocumentFactory(number="冀工发〔2015〕1号")
    values = {name: getattr(document, name) for name in EDITABLE}
    values |= changes or {"title": "关于做好示例工作的意见"}
    with pytest.raises(Refused, match=sentence):
        correct_document(
            document_id=document.pk, actor=office.clerk, values=values, reason=reason, now=office.now
        )


def test_what_was_never_printed_is_changed_and_not_corrected(office, document):
    with pytest.raises(Refused, match="直接修改即可"):
        correct(office, document)


def test_a_corrected_entry_is_neither_changed_nor_corrected_again(office, document, submitted):
    correct(office, document)
    with pytest.raises(Refused, match="已被更正"):
        change_document(document_id=document.pk, actor=office.clerk, values={"note": "再改"}, seen_version=2)
    with pytest.raises(Refused, match="已被更正"):
        correct(office, document, title="第三种说法")


def test_who_may_not_keep_documents_corrects_none(office, document, submitted):
    with pytest.raises(Refused, match="没有维护依据文件的权限"):
        correct_document(
            document_id=document.pk,
            actor=office.chair,
            values={"title": "另一题"},
            reason="笔误",
            now=office.now,
        )


def test_the_database_keeps_a_corrected_entry_and_lets_nothing_new_cite_it(office, document, submitted):
    correct(office, document)
    draft = office.plan(year=2017).editions.get()
    with pytest.raises(IntegrityError, match="已被更正，不能再改"), transaction.atomic():
        PolicyDocument.objects.filter(pk=document.pk).update(note="悄悄改")
    with pytest.raises(IntegrityError, match="请引用更正后的那一条"), transaction.atomic():
        ItemBasis.objects.create(item=draft.items.get(), document=document, ordinal=1)


def test_the_page_offers_the_correction_and_keeps_what_was_typed(office, document, submitted, client):
    client.force_login(office.clerk)
    detail = client.get(reverse("budget:policy_detail", args=[document.pk])).content.decode()
    address = reverse("budget:policy_correct", args=[document.pk])
    assert address in detail
    typed = {
        "title": "关于做好示例工作的意见",
        "number": document.number,
        "issuer": document.issuer,
        "kind": document.kind,
    }
    refused = client.post(address, typed)
    assert refused.status_code == 200
    assert "更正理由" in refused.content.decode()
    assert "关于做好示例工作的意见" in refused.content.decode()
    answer = client.post(address, typed | {"reason": "抄错文种"}, follow=True)
    assert "更正自" in answer.content.decode()
    assert "抄错文种" in answer.content.decode()
    listed = client.get(reverse("budget:policy_list")).content.decode()
    assert "已更正" in listed
    assert client.get(address).status_code == 404
    assert address not in client.get(reverse("budget:policy_detail", args=[document.pk])).content.decode()
