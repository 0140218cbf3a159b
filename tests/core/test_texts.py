"""Reading a foreign text: what comes out of txt, docx and pdf, and the sentence a broken file gets."""

import io
import zipfile

import docx
import pikepdf
import pytest
from weasyprint import HTML

from apps.core.errors import Refused
from apps.core.texts import MAX_CHARACTERS, from_pasted, read_text

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SENTENCE = "每年对市级及其以上劳模进行体检，参加体检劳模共计557人，每人体检费用400元，共计222800元。"


def word_file(*paragraphs: str) -> bytes:
    document = docx.Document()
    for words in paragraphs:
        document.add_paragraph(words)
    return saved(document)


def saved(document) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def word_body(body: str) -> bytes:
    """A docx with this WordprocessingML between <w:body> and </w:body>."""
    source = zipfile.ZipFile(io.BytesIO(word_file("甲")))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "word/document.xml":
                data = f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'.encode()
            target.writestr(name, data)
    return buffer.getvalue()


def pdf_file(html: str) -> bytes:
    style = (
        "@page { size: A4; margin: 37mm 26mm 35mm 28mm; @bottom-center { content: '— ' counter(page) ' —' } }"
        "body { font-size: 15.75pt; line-height: 10.227mm } p { margin: 0; text-indent: 2em }"
    )
    return HTML(string=f"<style>{style}</style>{html}").write_pdf()


def blank_pdf(**save) -> bytes:
    document = pikepdf.new()
    document.add_blank_page()
    buffer = io.BytesIO()
    document.save(buffer, **save)
    return buffer.getvalue()


def refusal(name: str, data: bytes) -> str:
    with pytest.raises(Refused) as caught:
        read_text(name, data)
    assert caught.value.field == "file"
    assert caught.value.message.endswith("。")
    return caught.value.message


# --- plain text --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_plain_text_is_read_in_the_encodings_offices_use(encoding):
    source = read_text("说明.txt", "第一行䶮\r\n第二行".encode(encoding))

    assert source.text == "第一行䶮\n第二行"
    assert source.labels == ("第1行", "第2行")


def test_every_line_end_makes_one_line_and_one_label():
    source = from_pasted("一\r\n二\r三\n四\u2028五")

    assert source.text.split("\n") == ["一", "二", "三", "四", "五"]
    assert source.labels[-1] == "第5行"


def test_invisible_characters_do_not_split_words():
    assert from_pasted("指\u200b导\ufeff").text == "指导"


def test_a_paste_without_words_is_refused():
    with pytest.raises(Refused, match="没有文字"):
        from_pasted(" \n。。\n")


# --- Word --------------------------------------------------------------------------------------------------


def test_paragraphs_and_tables_of_word_are_read_in_order():
    document = docx.Document()
    document.add_paragraph("第一段")
    table = document.add_table(rows=2, cols=3)
    for row, cells in enumerate([("项目", "人数", "金额"), ("体检", "", "22.28")]):
        for column, words in enumerate(cells):
            table.cell(row, column).text = words
    document.add_paragraph("第二段")

    source = read_text("说明.docx", saved(document))

    lines = dict(zip(source.labels, source.text.split("\n"), strict=True))
    assert lines["第1段"] == "第一段"
    assert lines["表1第1行"] == "项目 | 人数 | 金额"
    assert lines["表1第2行"] == "体检 |  | 22.28"
    assert lines["第2段"] == "第二段"


def test_insertions_are_read_and_deletions_are_not():
    source = read_text(
        "说明.docx",
        word_body(
            "<w:p><w:r><w:t>共计</w:t></w:r><w:ins><w:r><w:t>557</w:t></w:r></w:ins>"
            "<w:del><w:r><w:delText>500</w:delText></w:r></w:del><w:r><w:t>人</w:t></w:r></w:p>"
        ),
    )

    assert source.text == "共计557人"
    assert "修订" in source.notes[0]


def test_content_controls_tabs_and_breaks_are_read():
    source = read_text(
        "说明.docx",
        word_body(
            "<w:sdt><w:sdtContent><w:p><w:r><w:t>甲</w:t><w:tab/><w:t>乙</w:t><w:br/><w:t>丙</w:t></w:r></w:p>"
            "</w:sdtContent></w:sdt>"
        ),
    )

    assert source.text == "甲\t乙\n丙"
    assert source.labels == ("第1段", "第1段")


def test_a_table_within_a_table_is_read_once():
    inner = "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>内</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    source = read_text(
        "说明.docx",
        word_body(
            f"<w:tbl><w:tr><w:tc>{inner}<w:p/></w:tc><w:tc><w:p><w:r><w:t>外</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
        ),
    )

    assert source.text.strip() == "内 | 外"


def test_automatic_numbers_are_named_as_not_checked():
    source = read_text(
        "说明.docx",
        word_body(
            '<w:p><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>甲</w:t></w:r></w:p>'
        ),
    )

    assert "自动编号" in source.notes[0]


def test_a_fake_docx_is_refused():
    assert "内容却是 txt" in refusal("说明.docx", "只是文字".encode())
    assert "内容却不是Word 文档" in refusal("说明.docx", b"\x89PNG\r\n\x1a\n\0\0")


def test_another_zip_is_no_docx():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")

    assert "内容却不是Word 文档" in refusal("说明.docx", buffer.getvalue())


def test_a_docx_that_unfolds_to_a_bomb_is_refused():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * 30_000_000)

    assert "压缩" in refusal("说明.docx", buffer.getvalue())


def test_a_docx_with_broken_xml_is_refused():
    assert "已损坏" in refusal("说明.docx", word_body("<w:p>"))


def test_a_cut_docx_is_refused():
    assert "已损坏" in refusal("说明.docx", word_file("甲")[:-400])


def test_an_old_or_locked_office_file_is_refused_with_the_way_out():
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600

    assert "另存为 docx" in refusal("说明.docx", data)
    assert "不是 txt、docx 或 pdf" in refusal("说明.doc", data)


def test_an_empty_word_file_is_refused():
    assert "没有文字" in refusal("说明.docx", word_file("", " "))


# --- PDF ---------------------------------------------------------------------------------------------------


def test_lines_of_a_pdf_are_joined_to_paragraphs_without_page_numbers():
    paragraphs = [
        "一、主要职责",
        *[f"（{number}）{SENTENCE}" for number in "一二三四五六七八九"] * 2,
        "二、主要任务",
    ]

    source = read_text("说明.pdf", pdf_file("".join(f"<p>{words}</p>" for words in paragraphs)))

    assert source.text.split("\n") == paragraphs
    assert source.labels[0] == "第1页第1行"
    assert source.labels[-1].startswith("第2页")
    assert source.notes == ()


def test_running_heads_and_watermarks_are_left_out():
    pages = "".join(
        f"<p style='page-break-after: always'>第{n}段的文字。</p><div>草 稿</div>" for n in "一二三四"
    )

    source = read_text("说明.pdf", pdf_file(pages))

    assert source.text.split("\n") == [f"第{n}段的文字。" for n in "一二三四"]


def test_a_title_and_a_full_stop_are_never_torn_from_their_line():
    source = read_text(
        "说明.pdf", pdf_file("<p>根据《廊坊市</p><p>劳动模范管理规定》执行</p><p>。</p><p>另起一段。</p>")
    )

    assert source.text.split("\n") == ["根据《廊坊市劳动模范管理规定》执行。", "另起一段。"]


def test_a_page_without_text_is_named():
    with pikepdf.open(io.BytesIO(pdf_file(f"<p>{SENTENCE}</p>"))) as document:
        document.add_blank_page()
        buffer = io.BytesIO()
        document.save(buffer)

    source = read_text("说明.pdf", buffer.getvalue())

    assert source.notes == ("第2页没有可读的文字，没有检查。",)


def test_a_scanned_pdf_is_refused():
    assert "没有可读的文字" in refusal("扫描件.pdf", blank_pdf())


def test_a_locked_pdf_is_refused():
    locked = blank_pdf(encryption=pikepdf.Encryption(owner="示例", user="示例"))

    assert "设有密码" in refusal("说明.pdf", locked)


def test_a_broken_pdf_is_refused():
    assert "已损坏" in refusal("说明.pdf", b"%PDF-1.7\n" + b"\0" * 200)


# --- whatever the kind -------------------------------------------------------------------------------------


def test_an_empty_file_is_refused():
    assert "空的" in refusal("说明.txt", b"")


def test_forty_megabytes_are_refused_before_they_are_read():
    assert "40.0 MB，超过 20 MB" in refusal("说明.txt", b"a" * (40 * 1024 * 1024))


def test_a_text_longer_than_anyone_checks_is_refused():
    assert "300,000" in refusal("说明.txt", ("长" * (MAX_CHARACTERS + 1)).encode())


def test_binary_data_under_txt_are_refused():
    assert "不是纯文本" in refusal("说明.txt", bytes(range(256)) * 4)


def test_another_kind_under_a_wrong_ending_is_refused():
    assert "扩展名是“.txt”，内容却是 pdf" in refusal("说明.txt", blank_pdf())
    assert "扩展名是“.pdf”，内容却是 docx" in refusal("说明.pdf", word_file("甲"))


@pytest.mark.parametrize("name", ["说明.exe", "说明", "说明.xlsx", "", "x" * 300])
def test_other_endings_are_refused(name):
    assert "不是 txt、docx 或 pdf" in refusal(name, "文字".encode())
