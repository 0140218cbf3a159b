"""Whether a file is one that was issued: by its bytes or by its hash, for anyone signed in."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from apps.accounts.models import AccessRecord
from apps.budget.models import IssuedDocument
from tests.budget.test_issue import issue
from tests.clients import signed_in
from tests.factories import UserFactory

VERIFY = "budget:verify"


@pytest.fixture
def document(office) -> IssuedDocument:
    return issue(office.approve(office.plan().editions.get()), office.head)


def pdf_upload(data: bytes, name: str = "说明.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type="application/pdf")


def test_anyone_signed_in_verifies_a_file_by_its_bytes(office, document):
    stranger = UserFactory(grassroots=True)
    page = (
        signed_in(stranger).post(reverse(VERIFY), {"file": pdf_upload(bytes(document.pdf))}).content.decode()
    )
    assert "是签发的原件" in page
    assert "2016-LF-CS1-W01" in page
    assert office.head.full_name in page
    record = AccessRecord.objects.get(kind=AccessRecord.Kind.VERIFY)
    assert (record.actor, record.sha256, record.detail) == (stranger, document.sha256, "说明.pdf")


def test_one_byte_more_is_no_original(office, document):
    answer = signed_in(office.clerk).post(reverse(VERIFY), {"file": pdf_upload(bytes(document.pdf) + b" ")})
    assert "不是本系统签发的文件" in answer.content.decode()


def test_a_hash_is_verified_however_it_was_written(office, document):
    written = " ".join(document.sha256[at : at + 8] for at in range(0, 64, 8)).upper()
    answer = signed_in(office.clerk).post(reverse(VERIFY), {"sha256": written})
    assert "是签发的原件" in answer.content.decode()


def test_a_corrected_original_says_so(office, document):
    issue(document.edition, office.head, reason="首页日期有误。")
    page = signed_in(office.clerk).post(reverse(VERIFY), {"sha256": document.sha256}).content.decode()
    assert "是签发的原件" in page
    assert "又签发过更正件" in page


@pytest.mark.parametrize(
    ("hash_typed", "file_sent", "said"),
    [
        ("", None, "请上传 PDF 文件，或者填写 SHA-256。"),
        ("abc", None, "应是 64 位十六进制数字（0–9、a–f），填写的有 3 位"),
        ("g" * 64, None, "应是 64 位十六进制数字"),
        ("", b"not a pdf", "上传的文件不是 PDF"),
        ("", "too large", "超过 20 MB 的上限"),
    ],
    ids=["nothing", "short", "letters", "not-pdf", "too-large"],
)
def test_what_cannot_be_verified_is_answered_with_the_rule(office, hash_typed, file_sent, said):
    data: dict[str, object] = {"sha256": hash_typed}
    if file_sent == "too large":
        file_sent = b"%PDF-" + bytes(20 * 1024 * 1024)
    if file_sent:
        data["file"] = pdf_upload(file_sent, "a.pdf")
    answer = signed_in(office.clerk).post(reverse(VERIFY), data)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not AccessRecord.objects.filter(kind=AccessRecord.Kind.VERIFY).exists()


def test_nobody_verifies_without_signing_in(db):
    assert Client().get(reverse(VERIFY)).status_code == 302
