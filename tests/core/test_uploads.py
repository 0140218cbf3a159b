import hashlib
import io
import zipfile

import pikepdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from apps.core.errors import Refused
from apps.core.uploads import KINDS, decode_text, harmless_name, require_upload, sniff

MEGABYTE = 1024 * 1024


def picture(
    kind: str = "JPEG", *, size: tuple[int, int] = (40, 20), exif: bool = False, mode: str = "RGB"
) -> bytes:
    image = Image.new(mode, size, "red" if mode == "RGB" else 1)
    output = io.BytesIO()
    if exif:
        notes = Image.Exif()
        notes[0x010F] = "CAMERA-MAKER"
        notes[0x0112] = 6
        image.save(output, kind, exif=notes)
    else:
        image.save(output, kind)
    return output.getvalue()


def document(**root: object) -> bytes:
    pdf = pikepdf.new()
    pdf.add_blank_page()
    for key, value in root.items():
        pdf.Root[f"/{key}"] = value
    output = io.BytesIO()
    pdf.save(output)
    return output.getvalue()


def office(part: str) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(part, "<a/>")
    return output.getvalue()


def upload(name: str, data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("扫描件.pdf", document(), "pdf"),
        ("照片.JPEG", picture(), "jpg"),
        ("截图.png", picture("PNG"), "png"),
        ("表.xlsx", office("xl/workbook.xml"), "xlsx"),
        ("文.docx", office("word/document.xml"), "docx"),
        ("说明.txt", "项目1：体检费".encode("gb18030"), "txt"),
    ],
)
def test_each_kind_is_recognised_by_its_content(name, data, kind):
    content = require_upload(upload(name, data), kinds=KINDS)
    assert content.kind == kind
    assert content.sha256 == hashlib.sha256(content.data).hexdigest()
    assert content.name.endswith(KINDS[kind][1][0])


@pytest.mark.parametrize(
    ("name", "data", "code", "words"),
    [
        ("a.pdf", b"", "empty", "0 字节"),
        ("a.pdf", b"%PDF-" + b"\0" * 40 * MEGABYTE, "too_large", "上传的文件有 40.0 MB，超过 20 MB 的上限。"),
        ("a.jpg", b"<html><script>alert(1)</script></html>", "kind", "网页或矢量图"),
        ("a.png", b"<?xml version='1.0'?><svg onload='alert(1)'/>", "kind", "网页或矢量图"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "kind", "网页或矢量图"),
        ("a.txt", b"  <!DOCTYPE html><p>", "kind", "网页或矢量图"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "kind", "旧版 Office"),
        ("a.exe", b"MZ\x90\x00\x03" + bytes(100), "kind", "不是能识别的类型"),
        ("a.gif", b"GIF89a" + bytes(30), "kind", "不是能识别的类型"),
        ("a.zip", office("a.txt"), "kind", "不是能识别的类型"),
        ("a.jpg", document(), "ending", "“.jpg”，内容却是PDF"),
        ("a.pdf.exe", document(), "ending", "“.exe”"),
        ("noending", document(), "ending", "（无）"),
        ("a.jpg", picture()[:300], "broken", "图片已损坏"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(50), "broken", "图片已损坏"),
        ("a.pdf", b"%PDF-1.7 nothing else", "broken", "PDF 已损坏"),
        ("a.png", picture("PNG", size=(8000, 7000), mode="1"), "pixels", "8000×7000 像素，超过 5,000 万像素"),
        ("a.docx", office("word/vbaProject.bin"), "macro", "宏"),
    ],
)
def test_what_may_not_be_uploaded_is_refused_with_what_it_is_and_what_is_allowed(name, data, code, words):
    with pytest.raises(Refused) as refusal:
        require_upload(upload(name, data), kinds=KINDS, field="scan")
    assert refusal.value.code == code
    assert words in refusal.value.message
    assert refusal.value.field == "scan"


def test_a_known_kind_that_is_not_wanted_here_names_the_wanted_ones():
    with pytest.raises(Refused) as refusal:
        require_upload(upload("a.xlsx", office("xl/workbook.xml")), kinds=["pdf", "jpg", "png"])
    assert refusal.value.message == "上传的文件是xlsx 表格，这里只接受：PDF、PNG 图片、JPG 图片。"


def test_a_file_longer_than_it_says_is_still_refused():
    file = upload("a.pdf", b"%PDF-" + bytes(2000))
    file.size = 10
    with pytest.raises(Refused) as refusal:
        require_upload(file, kinds=["pdf"], max_bytes=1000)
    assert refusal.value.code == "too_large"


def test_a_photo_loses_its_notes_and_hidden_tail_but_keeps_its_way_up():
    data = picture(exif=True) + b"PK\x03\x04<script>hidden</script>"
    content = require_upload(upload("照片.jpg", data), kinds=["jpg"])
    assert b"CAMERA-MAKER" in data
    assert b"CAMERA-MAKER" not in content.data
    assert b"<script>" not in content.data
    with Image.open(io.BytesIO(content.data)) as image:
        assert image.size == (20, 40)
        assert not image.getexif()


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "RGBA", "LA", "I;16"])
def test_png_pictures_of_every_mode_are_drawn_anew(mode):
    image = Image.new(mode, (3, 2))
    output = io.BytesIO()
    image.save(output, "PNG")
    content = require_upload(upload("a.png", output.getvalue()), kinds=["png"])
    with Image.open(io.BytesIO(content.data)) as cleaned:
        assert cleaned.size == (3, 2)


def test_scripts_and_actions_are_taken_out_of_a_pdf_and_its_pages_stay():
    pdf = pikepdf.new()
    page = pdf.add_blank_page()
    script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert('RUN-ME')")
    pdf.Root.OpenAction = pdf.make_indirect(script)
    pdf.Root.Names = pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=pikepdf.Array(["a", script])))
    page.obj.AA = pikepdf.Dictionary(O=script)
    page.obj.Annots = pikepdf.Array(
        [
            pikepdf.Dictionary(
                Subtype=pikepdf.Name.Link, A=pikepdf.Dictionary(S=pikepdf.Name.Launch, F="RUN-ME.exe")
            ),
            pikepdf.Dictionary(
                Subtype=pikepdf.Name.Link, A=pikepdf.Dictionary(S=pikepdf.Name.URI, URI="https://a/")
            ),
        ]
    )
    output = io.BytesIO()
    pdf.save(output)
    content = require_upload(upload("a.pdf", output.getvalue()), kinds=["pdf"])
    with pikepdf.open(io.BytesIO(content.data)) as cleaned:
        assert len(cleaned.pages) == 1
        whole = b"".join(thing.unparse(resolved=True) for thing in cleaned.objects)
        assert "/OpenAction" not in cleaned.Root
        assert "/JavaScript" not in cleaned.Root.Names
        assert str(cleaned.pages[0].Annots[1].A.URI) == "https://a/"
    assert b"RUN-ME" in output.getvalue()
    assert b"RUN-ME" not in whole
    again = require_upload(upload("a.pdf", output.getvalue()), kinds=["pdf"])
    assert again.sha256 == content.sha256


def test_a_harmless_pdf_keeps_its_very_bytes():
    data = document()
    assert require_upload(upload("a.pdf", data), kinds=["pdf"]).data == data


def test_a_pdf_with_a_password_is_refused():
    pdf = pikepdf.new()
    pdf.add_blank_page()
    output = io.BytesIO()
    pdf.save(output, encryption=pikepdf.Encryption(owner="a", user="b"))
    with pytest.raises(Refused, match="设有密码"):
        require_upload(upload("a.pdf", output.getvalue()), kinds=["pdf"])


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\用户\\文件\\依据.pdf", "依据.pdf"),
        ("a\u202egnp.exe.pdf", "agnp.exe.pdf"),
        ("a\x00\n<b>|?.pdf", "a_b___.pdf"),
        (".pdf", "未命名.pdf"),
        ("...", "未命名.pdf"),
        ("长" * 300 + ".pdf", "长" * 80 + ".pdf"),
        ("扫描件.PDF", "扫描件.pdf"),
    ],
)
def test_names_are_made_harmless(given, kept):
    assert harmless_name(given, kind="pdf") == kept


def test_text_is_kept_as_utf8_whatever_it_came_in():
    for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16"):
        content = require_upload(upload("a.txt", "项目：䶮㛃".encode(encoding)), kinds=["txt"])
        assert content.data.decode() == "项目：䶮㛃"
    assert decode_text(b"\x00\x01") is None


@given(st.binary(max_size=200))
def test_no_bytes_whatever_break_the_recognition(data):
    assert sniff(data) in {*KINDS, None}


@given(st.text(max_size=120))
def test_no_name_whatever_leaves_its_folder(name):
    kept = harmless_name(name, kind="pdf")
    assert "/" not in kept
    assert "\\" not in kept
    assert kept.isprintable()
    assert not kept.startswith(".")
    assert kept.endswith(".pdf")
