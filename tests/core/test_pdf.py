import base64
import hashlib
import http.server
import io
import json
import logging
import os
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from PIL import Image

from apps.core import fonts
from apps.core.errors import Refused
from apps.core.pdf import (
    Attachment,
    PdfOptions,
    PrintFault,
    pdf_text,
    render,
    require_drawable,
    require_print_system,
    visible_text,
)

STYLE = """
@page { size: A4; margin: 37mm 26mm 35mm 28mm;
        @bottom-center { content: "— " counter(page) " —"; font-family: var(--font-table) } }
body { font-family: var(--font-body); font-size: 15.75pt; line-height: 10.227mm }
h1 { font-family: var(--font-title); bookmark-level: 1 }
h2 { font-family: var(--font-heading); bookmark-level: 2; font-weight: normal }
h3 { font-family: var(--font-kai); bookmark-level: 3; font-weight: normal }
table { font-family: var(--font-table) }
section { break-before: page }
"""
BODY = """
<h1>2016年预算编制说明</h1><h2>一、项目说明</h2><h3>（一）津贴</h3>
<p>涉及<a href="https://localhost/budget/lines/1?year=2016">277人</a>，共计43.65万元。示例姓名：张䶮、李㛃。</p>
<section><h2>二、汇总表</h2><table><thead><tr><th>项目</th><th>金额（元）</th></tr></thead>
<tbody><tr><td>津贴</td><td>436,500.00</td></tr></tbody></table></section>
"""
OPTIONS = PdfOptions(
    title="2016年预算编制说明",
    created=datetime(2016, 1, 31, 8, tzinfo=UTC),
    author="示例市总工会",
    subject="预算编制说明",
    keywords=("预算", "说明"),
    attachments=(
        Attachment("测算明细.xlsx", b"first", "测算明细附表", "Data"),
        Attachment("data.json", b"{}", "数据快照", "Source"),
    ),
)


def page(body: str, style: str = STYLE) -> str:
    return (
        f'<!doctype html><html lang="zh-Hans"><head><style>{style}</style></head><body>{body}</body></html>'
    )


@pytest.fixture(scope="module")
def printed():
    return render(page(BODY), base=OPTIONS)


@pytest.fixture(scope="module")
def opened(printed):
    with pikepdf.open(io.BytesIO(printed.data)) as document:
        yield document


def test_the_text_copied_out_is_the_text_put_in(printed):
    first, second = pdf_text(printed.data)
    assert first.replace("\r\n", "") == (
        "2016年预算编制说明一、项目说明（一）津贴涉及277人，共计43.65万元。示例姓名：张䶮、李㛃。— 1 —"
    )
    assert second.split("\r\n") == ["二、汇总表", "项目 金额（元）", "津贴 436,500.00", "— 2 —"]
    assert printed.pages == 2


def test_the_file_says_that_it_is_an_accessible_archive_document(opened):
    with opened.open_metadata() as metadata:
        assert metadata["pdfaid:part"] == "3"
        assert metadata["pdfaid:conformance"] == "A"
        assert metadata["dc:title"] == "2016年预算编制说明"
        assert metadata["dc:creator"] == ["示例市总工会"]
        assert metadata["xmp:CreateDate"] == "2016-01-31T08:00:00Z"
    assert str(opened.Root.Lang) == "zh-Hans"
    assert bool(opened.Root.MarkInfo.Marked)
    assert "/StructTreeRoot" in opened.Root
    assert bool(opened.Root.ViewerPreferences.DisplayDocTitle)
    assert str(opened.docinfo.Title) == "2016年预算编制说明"
    assert str(opened.docinfo.Keywords) == "预算, 说明"


def test_headings_paragraphs_and_cells_are_tagged_for_screen_readers(opened):
    kinds = {
        str(thing.get("/S"))
        for thing in opened.objects
        if isinstance(thing, pikepdf.Dictionary) and "/S" in thing
    }
    assert {"/H1", "/H2", "/H3", "/P", "/Table", "/TR", "/TH", "/TD", "/Link"} <= kinds


def test_every_attachment_stands_once_with_its_relationship_and_its_bytes(opened):
    names = [bytes(name) for name in opened.Root.Names.EmbeddedFiles.Names[::2]]
    assert names == sorted(names)
    listed = [(str(one.UF), str(one.AFRelationship), str(one.Desc)) for one in opened.Root.AF]
    assert sorted(listed) == [
        ("data.json", "/Source", "数据快照"),
        ("测算明细.xlsx", "/Data", "测算明细附表"),
    ]
    assert {name: one.get_file().read_bytes() for name, one in opened.attachments.items()}[
        "data.json"
    ] == b"{}"


def test_headings_become_bookmarks_and_amounts_stay_links(opened):
    with opened.open_outline() as outline:
        (top,) = outline.root
        assert top.title == "2016年预算编制说明"
        assert [one.title for one in top.children] == ["一、项目说明", "二、汇总表"]
        assert [one.title for one in top.children[0].children] == ["（一）津贴"]
    (link,) = opened.pages[0].Annots
    assert str(link.A.URI) == "https://localhost/budget/lines/1?year=2016"


def test_only_subsets_of_the_fonts_in_use_are_embedded(printed, opened):
    assert set(printed.fonts) <= set(fonts.all_families())
    assert len(printed.data) < 1_000_000
    embedded = [
        thing for thing in opened.objects if isinstance(thing, pikepdf.Dictionary) and "/FontFile3" in thing
    ]
    assert embedded
    assert all("+" in str(font.FontName) for font in embedded)


def test_the_hash_is_of_the_bytes_and_printing_again_gives_the_same_bytes(printed):
    again = render(page(BODY), base=OPTIONS)
    assert again.data == printed.data
    assert again.sha256 == printed.sha256 == hashlib.sha256(printed.data).hexdigest()
    assert render(page(BODY.replace("277", "278")), base=OPTIONS).sha256 != printed.sha256


ANOTHER_PROCESS = """
import json, sys, django
from django.conf import settings
settings.configure(
    STATIC_ROOT='', INSTALLED_APPS=['django.contrib.staticfiles'], FONT_FOLDERS={folders!r}, FONT_CACHE={cache!r}
)
django.setup()
import datetime
from apps.core import fonts
from apps.core.errors import Refused
from apps.core.pdf import Attachment, PdfOptions, PrintFault, render, require_print_system
OPTIONS = {options!r}
{then}
"""


@pytest.fixture
def in_another_process(settings, tmp_path):
    """What another process prints when it does that; it finds no configuration of fonts written before."""

    def run(then: str, *, folders: list[str] | None = None, **environment: str) -> str:
        script = ANOTHER_PROCESS.format(
            folders=settings.FONT_FOLDERS if folders is None else folders,
            cache=str(tmp_path / "cache"),
            options=OPTIONS,
            then=then,
        )
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=settings.BASE_DIR,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


def test_another_process_in_another_time_zone_prints_the_same_bytes(printed, in_another_process):
    environment = {"PYTHONHASHSEED": "12345", "TZ": "Asia/Shanghai", "SOURCE_DATE_EPOCH": "1"}
    then = f"print(render({page(BODY)!r}, base=OPTIONS).sha256)"
    assert in_another_process(then, **environment) == printed.sha256


def make_font(path: Path, family: str, characters: str) -> None:
    """A font in which each of the characters is a black square."""
    pen = TTGlyphPen(None)
    for at, point in enumerate(((0, 0), (0, 900), (900, 900), (900, 0))):
        (pen.lineTo if at else pen.moveTo)(point)
    pen.closePath()
    square = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "square"])
    builder.setupCharacterMap(dict.fromkeys(map(ord, characters), "square"))
    builder.setupGlyf({".notdef": square, "square": square})
    builder.setupHorizontalMetrics({".notdef": (1000, 0), "square": (1000, 0)})
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupOS2()
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupPost()
    path.parent.mkdir(parents=True, exist_ok=True)
    builder.save(path)


def test_fonts_that_others_brought_to_the_machine_change_no_byte_and_no_answer(
    printed, in_another_process, tmp_path
):
    brought = {
        "home/.fonts/a.ttf": ("FangSong", BODY),
        "home/.local/share/fonts/b.ttf": ("Noto Serif CJK SC", BODY + "\ue001"),
        "data/fonts/c.ttf": ("Foreign", "A廊\ue001"),
    }
    for place, (family, characters) in brought.items():
        make_font(tmp_path / place, family, "".join(set(characters)))
    elsewhere = tmp_path / "elsewhere.conf"
    elsewhere.write_text(
        f"<fontconfig><include>/etc/fonts/fonts.conf</include><dir>{tmp_path / 'data'}</dir></fontconfig>"
    )
    environment = {
        "HOME": str(tmp_path / "home"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "FONTCONFIG_FILE": str(elsewhere),
    }
    brought_by_style = page("<p>甲</p>", STYLE + 'p::after { content: "\\e001" }')
    then = f"""
print(render({page(BODY)!r}, base=OPTIONS).sha256)
print(json.dumps([choice.used for choice in fonts.fonts_in_use()]))
print([one.codepoint for one in fonts.missing_glyphs("A廊\\ue001", [*fonts.all_families(), "Foreign"])])
try: render({brought_by_style!r}, base=OPTIONS); print("drawn")
except Refused as refusal: print(refusal.code)
"""
    assert in_another_process(then, **environment).splitlines() == [
        printed.sha256,
        json.dumps([choice.used for choice in fonts.fonts_in_use()]),
        "[57345]",
        "glyph",
    ]


def test_a_font_the_office_supplies_in_its_folder_is_used_under_the_name_the_rules_know(settings, tmp_path):
    make_font(tmp_path / "supplied/a.ttf", "FangSong", "仿宋体\ue001")
    make_font(tmp_path / "supplied/b.ttf", "Another", "仿宋体\ue002")
    settings.FONT_FOLDERS = [*settings.FONT_FOLDERS, tmp_path / "supplied"]
    settings.FONT_CACHE = tmp_path / "cache"
    body = fonts.fonts_in_use()[0]
    assert (body.used, body.substituted) == ("FangSong", False)
    assert fonts.missing_glyphs("\ue001", fonts.all_families()) == []
    printed = render(page("<p>仿宋体\ue001</p>"), base=OPTIONS)
    assert printed.fonts == ("FangSong", "Noto Serif CJK SC")
    with pytest.raises(Refused, match=r"U\+E002"):
        render(page("<p>\ue002</p>"), base=OPTIONS)


def test_progress_is_told_in_stages_up_to_a_hundred():
    told: list[tuple[str, int]] = []
    render(page(BODY), base=OPTIONS, progress=lambda stage, percent: told.append((stage, percent)))
    stages = [stage for stage, _ in told]
    assert stages[0] == "字形检查"
    assert stages[1] == "版面"
    assert "版面（第 2 页）" in stages
    assert stages[-2:] == ["写出", "完成"]
    percents = [percent for _, percent in told]
    assert percents == sorted(percents)
    assert percents[-1] == 100


@pytest.mark.parametrize(
    ("code", "drawn"), [(0x4DAE, True), (0x36C3, True), (0xE000, False), (0x0378, False)]
)
def test_a_rare_character_is_drawn_or_stops_the_printing_with_the_name(code, drawn):
    html = page(f"<table><tr><td>示例</td><td>张{chr(code)}明</td></tr></table>")
    if drawn:
        assert chr(code) in pdf_text(render(html, base=OPTIONS).data)[0]
    else:
        with pytest.raises(Refused) as refusal:
            render(html, base=OPTIONS)
        assert refusal.value.code == "glyph"
        assert f"U+{code:04X}，见“张{chr(code)}明”" in refusal.value.message


def test_a_character_that_only_the_style_sheet_brings_in_stops_the_printing_too():
    with pytest.raises(Refused) as refusal:
        render(page("<p>甲</p>", STYLE + 'p::after { content: "\\e001" }'), base=OPTIONS)
    assert refusal.value.code == "glyph"
    assert "U+E001" in refusal.value.message


def test_characters_without_a_shape_of_their_own_are_not_missed():
    require_drawable("甲　乙\t丙\u200b丁\n戊\ufe0f\u00ad")


def test_the_glyph_check_agrees_with_the_character_map_of_the_font_file():
    (choice, *_) = [one for one in fonts.fonts_in_use() if one.role == "table"]
    face = fonts._faces()[choice.used]
    with TTFont(face.file, fontNumber=face.index, lazy=True) as font:
        assert font["name"].getBestFamilyName() in (choice.used, font["name"].getBestFamilyName())
        known = font.getBestCmap()
    for character in "廊坊䶮㛃〔〕①":
        assert (ord(character) in known) != bool(fonts.missing_glyphs(character, [choice.used]))


def test_a_character_missing_in_one_font_of_a_chain_is_taken_from_the_next(settings, tmp_path):
    latin, chinese = "SimHei", "Noto Sans CJK SC"
    make_font(tmp_path / "supplied/a.ttf", latin, "A")
    settings.FONT_FOLDERS = [*settings.FONT_FOLDERS, tmp_path / "supplied"]
    assert [one.char for one in fonts.missing_glyphs("廊A", [latin])] == ["廊"]
    assert fonts.missing_glyphs("廊A", [latin, chinese]) == []
    assert fonts.missing_glyphs("廊", ["No Such Family"])[0].codepoint == ord("廊")


def test_every_role_has_a_font_and_says_whether_it_is_the_wanted_typeface():
    choices = fonts.fonts_in_use()
    assert [choice.role for choice in choices] == ["body", "heading", "kai", "title", "table"]
    for choice in choices:
        assert Path(choice.file).is_file()
        assert choice.substituted == (choice.used not in fonts.ROLES[choice.role].genuine)
    variables = fonts.css_variables()
    assert all(f'--font-{choice.role}: "{choice.used}"' in variables for choice in choices)


class Canary(http.server.BaseHTTPRequestHandler):
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(302)
        self.send_header("Location", "file:///etc/passwd")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server():
    running = http.server.HTTPServer(("127.0.0.1", 0), Canary)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.fixture
def canary(server):
    Canary.asked.clear()
    return server


SVG = (
    "%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 xmlns:xlink=%22http://www.w3.org/1999/xlink%22%3E"
    "%3Cimage xlink:href=%22{canary}/a.png%22/%3E%3C/svg%3E"
)


@pytest.mark.parametrize(
    "payload",
    [
        '<img src="{canary}/a.png">',
        '<img src="file:///etc/passwd">',
        '<img src="FILE:///etc/passwd">',
        '<link rel="stylesheet" href="{canary}/a.css">',
        '<link rel="stylesheet" href="file:///etc/passwd">',
        '<link rel="attachment" href="file:///etc/passwd">',
        '<a rel="attachment" href="{canary}/a">甲</a>',
        '<style>@import url("{canary}/a.css");</style>',
        '<style>@font-face {{ font-family: a; src: url("{canary}/a.ttf") }} p {{ font-family: a }}</style>',
        '<p style="background: url({canary}/a.png)">甲</p>',
        '<object data="{canary}/a.svg"></object>',
        '<embed src="{canary}/a.svg">',
        f'<img src="data:image/svg+xml,{SVG}">',
        '<img src="static:../langfang_union/settings.py">',
        '<img src="static:/etc/passwd">',
        '<img src="static:css/no-such-file.css">',
        '<img src="static:img/no-such-file.png">',
        '<img src="relative.png">',
        '<base href="{canary}/"><img src="relative.png">',
        '<img src="ftp://127.0.0.1/a.png">',
    ],
)
def test_a_document_reaches_no_network_and_no_file_and_says_what_it_wanted(payload, canary):
    with pytest.raises(PrintFault) as fault:
        render(page("<p>甲</p>" + payload.format(canary=canary)), base=OPTIONS)
    assert Canary.asked == []
    assert fault.value.message.endswith("。")
    assert "root:" not in fault.value.message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('<img src="data:image/png;base64,AAAA">', "Failed to load image"),
        ('<p>见<a href="#nowhere">附表</a></p>', "#nowhere"),
        ('<p><a href="/budget/lines/1">277人</a></p>', "/budget/lines/1"),
        ('<p><a href="javascript:alert(1)">277人</a></p>', "javascript:alert(1)"),
    ],
)
def test_a_missing_picture_or_a_link_to_nowhere_stops_the_printing(body, words):
    with pytest.raises(PrintFault) as fault:
        render(page(body), base=OPTIONS)
    assert words in fault.value.message


def test_a_picture_in_the_document_itself_is_printed():
    output = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(output, "PNG")
    source = "data:image/png;base64," + base64.b64encode(output.getvalue()).decode()
    printed = render(page(f'<p>甲</p><img alt="印章" src="{source}">'), base=OPTIONS)
    with pikepdf.open(io.BytesIO(printed.data)) as document:
        assert any(
            str(thing.get("/Subtype")) == "/Image"
            for thing in document.objects
            if isinstance(thing, pikepdf.Stream)
        )


def test_style_sheets_and_pictures_come_from_the_static_files(settings, tmp_path):
    settings.STATICFILES_DIRS = [tmp_path]
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "form.css").write_text("p::after { content: url(static:seal.png) '乙' }")
    Image.new("RGB", (8, 8), "red").save(tmp_path / "seal.png")
    printed = render(page("<p>甲</p>"), base=replace(OPTIONS, stylesheets=("css/form.css",)))
    assert "乙" in pdf_text(printed.data)[0]
    assert b"/Image" in printed.data
    linked = render(page('<link rel="stylesheet" href="static:css/form.css"><p>甲</p>'), base=OPTIONS)
    assert "乙" in pdf_text(linked.data)[0]


def test_a_style_that_is_not_understood_is_noted_and_does_not_stop_the_printing():
    printed = render(page("<p>甲</p>", STYLE + "p { no-such-property: 1 }"), base=OPTIONS)
    assert any("no-such-property" in note for note in printed.notes)
    assert render(page("<p>甲</p>"), base=OPTIONS).notes == ()


def test_what_the_library_says_during_printing_stays_out_of_the_log(caplog):
    with caplog.at_level(logging.WARNING):
        render(page("<p>甲</p>", STYLE + "p { no-such-property: 1 }"), base=OPTIONS)
        assert not [record for record in caplog.records if record.name.startswith("weasyprint")]
        logging.getLogger("weasyprint").warning("outside of a print")
        logging.getLogger("weasyprint").error("outside of a print, and grave")
    assert [record.message for record in caplog.records] == ["outside of a print, and grave"]


def test_two_prints_at_once_hear_only_their_own_warnings():
    results: dict[str, object] = {}

    def print_one(name: str, body: str) -> None:
        try:
            results[name] = render(page(body), base=OPTIONS)
        except PrintFault as fault:
            results[name] = fault

    bodies = {"good": "<p>甲</p>" * 40, "bad": '<p>甲</p><img src="data:image/png;base64,AAAA">'}
    threads = [threading.Thread(target=print_one, args=item) for item in bodies.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert isinstance(results["bad"], PrintFault)
    assert not isinstance(results["good"], PrintFault)


def test_a_machine_without_a_chinese_font_is_named_as_the_reason(in_another_process):
    then = "try: require_print_system()\nexcept PrintFault as fault: print(fault.message)"
    assert (
        in_another_process(then, folders=[])
        == "本机没有中文字体，不能打印；请系统管理员安装 fonts-noto-cjk。"
    )


def test_a_folder_that_cannot_be_written_is_named_as_the_reason(settings, tmp_path):
    (tmp_path / "file").touch()
    settings.FONT_CACHE = tmp_path / "file" / "fonts"
    with pytest.raises(PrintFault, match="字体配置写不进"):
        require_print_system()
    assert fonts.fonts_in_use() == []


def test_a_machine_without_the_subset_library_is_named_as_the_reason(monkeypatch):
    from weasyprint.text import ffi

    monkeypatch.setattr(ffi, "harfbuzz_subset", None)
    with pytest.raises(PrintFault, match="libharfbuzz-subset0"):
        require_print_system()


def test_the_visible_text_leaves_out_styles_and_the_title():
    head = "<head><title>标题</title><style>p { content: '样式' }</style></head>"
    html = f"<html>{head}<body><p>甲&amp;乙<b>丙</b></p></body></html>"
    assert visible_text(html) == "甲&乙\n丙"
