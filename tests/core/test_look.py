"""The look can be read: contrast, one place for colours, old browsers, and what each component prints."""

import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Paginator
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django_tables2.paginators import LazyPaginator

from apps.core import samples, views
from apps.core.forms import HouseForm
from apps.core.tables import BadgeColumn, CountColumn, HouseTable, MoneyColumn, WanColumn
from apps.core.templatetags import components

ROOT = Path(__file__).resolve().parents[2]
SHEETS = sorted((ROOT / "static" / "css").glob("*.css"))
OWN_SHEETS = ("tokens.css", "base.css", "forms.css", "components.css", "tables.css", "frame.css")
TOKENS = (ROOT / "static" / "css" / "tokens.css").read_text()
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
DECLARATION = re.compile(r"(--[a-z0-9-]+):\s*(#[0-9a-f]{6});")
DARK_SELECTOR = r":root(?::not\(\[data-theme=\"light\"\]\)|\[data-theme=\"dark\"\])"
DARK_BLOCKS = re.findall(DARK_SELECTOR + r" \{(.*?)\n  \}", TOKENS, re.DOTALL)


def _light() -> dict[str, str]:
    return dict(DECLARATION.findall(TOKENS[: TOKENS.index("@media screen")]))


def _dark() -> dict[str, str]:
    return _light() | dict(DECLARATION.findall(DARK_BLOCKS[0]))


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


WORDS_ON_GROUNDS = [
    *[(ink, ground) for ink in ("--ink", "--ink-2", "--ink-3") for ground in
      ("--paper", "--canvas", "--rail", "--sunken", "--hover")],
    ("--ink-2", "--selected"),
    *[(f"--{hue}-ink", ground) for hue in ("red", "green", "amber", "blue") for ground in
      ("--paper", "--canvas", f"--{hue}-wash")],
    ("--ink", "--red-wash"), ("--ink", "--amber-wash"), ("--ink", "--blue-wash"), ("--ink", "--mark"),
    ("--on-solid", "--red"), ("--on-solid", "--red-strong"), ("--on-solid", "--green-solid"),
]  # fmt: skip
SHAPES_ON_GROUNDS = [("--line-control", "--paper"), ("--focus", "--paper"), ("--focus", "--canvas"),
                     ("--focus", "--rail"), ("--ink-2", "--paper")]  # fmt: skip


@pytest.mark.parametrize("scheme", [_light, _dark], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), WORDS_ON_GROUNDS)
def test_words_can_be_read_on_every_ground_they_stand_on(scheme, ink, ground):
    assert _contrast(scheme()[ink], scheme()[ground]) >= 4.5


@pytest.mark.parametrize("scheme", [_light, _dark], ids=["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPES_ON_GROUNDS)
def test_edges_of_controls_and_the_focus_can_be_seen(scheme, shape, ground):
    assert _contrast(scheme()[shape], scheme()[ground]) >= 3


def test_the_chosen_dark_scheme_is_the_systems_dark_scheme():
    assert len(DARK_BLOCKS) == 2
    one, other = ([line.strip() for line in block.splitlines() if line.strip()] for block in DARK_BLOCKS)
    assert one == other


def test_colours_stand_in_the_tokens_alone():
    sheets = [ROOT / "static" / "css" / name for name in OWN_SHEETS if name != "tokens.css"]
    assert _found_in(sheets, r"#[0-9a-fA-F]{3,8}\b") == {}


def test_the_admin_takes_its_colours_from_the_same_palette():
    palette = set(re.findall(r"#[0-9a-f]{6}", TOKENS))
    assert set(re.findall(r"#[0-9a-fA-F]{6}", (ROOT / "static/css/admin.css").read_text())) <= palette


def test_every_variable_used_is_defined():
    defined = set(re.findall(r"(--[a-z0-9-]+):", TOKENS))
    used = _found_in([ROOT / "static" / "css" / name for name in OWN_SHEETS], r"var\((--[a-z0-9-]+)\)")
    assert used
    assert {name: set(names) - defined for name, names in used.items() if set(names) - defined} == {}


def test_style_sheets_use_nothing_younger_than_chromium_86():
    young = (
        r":(?:is|where|has)\(|color-mix\(|\binset:|(?:margin|padding|inset|border)-(?:inline|block)"
        r"|aspect-ratio|\d(?:dvh|svh|lvh)|:not\([^()]*,|overflow:\s*clip|:user-valid|@layer|@container|\blch\("
    )
    assert _found_in(SHEETS, young) == {}


def _found_in(sheets: list[Path], pattern: str) -> dict[str, list[str]]:
    """What the pattern finds outside of comments, by the name of the sheet; sheets without it are left out."""
    assert sheets
    found = {path.name: re.findall(pattern, COMMENT.sub("", path.read_text())) for path in sheets}
    return {name: places for name, places in found.items() if places}


def test_the_whole_style_stays_small():
    assert sum((ROOT / "static" / "css" / name).stat().st_size for name in OWN_SHEETS) < 64_000


# --- every component is shown and explained ------------------------------------------------------------------


@pytest.mark.parametrize("tag", sorted(components.register.tags))
def test_each_component_is_explained_and_shown(tag):
    gallery = "".join((ROOT / "templates" / "core" / name).read_text()
                      for name in ("components.html", "components_page.html"))  # fmt: skip
    assert f"{{% {tag}" in (ROOT / "docs" / "design.md").read_text()
    # A list's pager also stands in the table's own template; breadcrumbs and icons are everywhere.
    assert f"{{% {tag}" in gallery


# --- what components print -----------------------------------------------------------------------------------


def _render(text: str, **context: object) -> str:
    return Template("{% load components %}" + text).render(Context(context))


class WageForm(HouseForm):
    count = forms.IntegerField(label="人数", min_value=0, help_text="整数。")
    rate = forms.DecimalField(label="标准", max_digits=8, decimal_places=2)
    kind = forms.ChoiceField(label="方式", choices=[("a", "甲")], widget=forms.RadioSelect)
    note = forms.CharField(label="说明", required=False, max_length=4)
    agreed = forms.BooleanField(label="已核对", error_messages={"required": "请先核对原件。"})
    rate.unit = "元/人"


def test_an_error_and_the_rule_are_bound_to_the_field():
    form = WageForm({"count": "-1", "rate": "10", "kind": "a"})
    html = form["count"].as_field_group()
    assert 'aria-describedby="id_count_helptext id_count_error"' in html
    assert 'id="id_count_error"' in html
    assert 'id="id_count_helptext"' in html
    assert 'aria-invalid="true"' in html
    assert '<label class="field__label" for="id_count">' in html


def test_a_group_of_choices_is_named_by_its_label():
    html = WageForm()["kind"].as_field_group()
    assert 'role="group" aria-labelledby="id_kind_label"' in html
    assert 'id="id_kind_label"' in html


def test_the_unit_stands_behind_the_control():
    assert "<span>元/人</span>" in WageForm()["rate"].as_field_group()
    assert "<span>人</span>" in _render('{% field f unit="人" %}', f=WageForm()["count"])


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({}, "count", "“人数”没有填写。"),
        ({"count": "-1"}, "count", "“人数”不能小于 0。"),
        ({"count": "三"}, "count", "“人数”应填写整数，例如 557。"),
        ({"rate": "四百"}, "rate", "“标准”应填写数字，例如 1500 或 1500.50。"),
        ({"rate": "1.234"}, "rate", "“标准”最多 2 位小数。"),
        ({"kind": "乙"}, "kind", "“方式”请从列表中选择。"),
        ({"note": "一二三四五"}, "note", "“说明”最多 4 个字，现在是 5 个字。"),
        ({}, "agreed", "请先核对原件。"),
    ],
)
def test_each_message_names_the_field_and_the_rule(values, field, sentence):
    assert WageForm(values).errors[field] == [sentence]


def test_the_summary_leads_to_each_wrong_field_and_is_silent_otherwise():
    html = _render(
        "{% error_summary form %}", form=WageForm({"count": "-1", "rate": "1", "kind": "a", "agreed": "1"})
    )
    assert '<a href="#id_count">“人数”不能小于 0。</a>' in html
    assert "有 1 处需要改正" in html
    assert _render("{% error_summary form %}", form=WageForm()).strip() == ""


def test_a_badge_refuses_a_tone_that_does_not_exist():
    assert 'class="badge badge--solid"' in _render('{% badge "已签发" "solid" %}')
    with pytest.raises(ValueError, match="no tone"):
        _render('{% badge "已签发" "gold" %}')


def test_what_people_wrote_is_escaped_in_components():
    item = SimpleNamespace(level="hard", text="<b>", place="<i>", excerpt="<u>", hint="<s>")
    html = _render("{% finding item %}{% endfinding %}", item=item)
    assert not re.search(r"<[bius]>", html)
    event = SimpleNamespace(at=datetime(2016, 1, 1), who="<b>", action="<i>", note="<u>")  # noqa: DTZ001
    assert not re.search(r"<[iu]>", _render("{% timeline events %}", events=[event]))


def test_a_waived_finding_shows_who_and_why_and_no_form():
    item = SimpleNamespace(level="soft", text="无测算依据", waived_by="周敏", waived_reason="沿用上年。")
    html = _render("{% finding item %}<form></form>{% endfinding %}", item=item)
    assert "周敏：沿用上年。" in html
    assert "<form>" not in html


def test_a_sheet_head_prints_yuan_and_wan():
    html = _render('{% sheet_head title="预算" amount=amount %}', amount=Decimal("7859300.00"))
    assert "7,859,300.00" in html
    assert "785.93" in html


# --- lists ---------------------------------------------------------------------------------------------------


class PlanTable(HouseTable):
    name = BadgeColumn(
        tones={"d": "grey", "s": "solid"}, labels={"d": "草稿", "s": "已签发"}, verbose_name="状态"
    )
    count = CountColumn(verbose_name="人数")
    amount = MoneyColumn(verbose_name="金额")
    wan = WanColumn(accessor="amount", verbose_name="万元")

    class Meta(HouseTable.Meta):
        pass


def _rows(number: int) -> list[dict[str, object]]:
    return [{"name": "s", "count": 1234, "amount": Decimal("12480000.5")} for _ in range(number)]


def _request(query: str = "", **cookies: str):
    request = RequestFactory().get(f"/{query}")
    request.COOKIES.update(cookies)
    request.user = AnonymousUser()
    return request


def test_amounts_and_counts_are_separated_and_right_aligned():
    html = PlanTable(_rows(1)).as_html(_request())
    assert re.search(r'<td class="num">\s*1,234</td>', html)
    assert re.search(r'<td class="num">\s*12,480,000.50</td>', html)
    assert re.search(r'<td class="num">\s*1,248.00</td>', html)
    assert 'badge--solid">已签发' in html


def test_an_empty_list_says_what_to_do():
    class Empty(PlanTable):
        empty_title = "还没有预算"
        empty_hint = "先新建一个年度。"

        class Meta(HouseTable.Meta):
            pass

    html = Empty([]).as_html(_request())
    assert "还没有预算" in html
    assert "先新建一个年度。" in html
    assert "<table" not in html


def test_a_list_can_be_sorted_and_says_so():
    html = PlanTable(_rows(2), order_by="-count").as_html(_request("?year=2016"))
    assert 'aria-sort="descending"' in html
    assert "year=2016&amp;sort=count" in html


def test_a_page_beyond_the_end_is_the_first_page():
    assert PlanTable(_rows(60)).paged("99").page.number == 1
    assert PlanTable(_rows(60)).paged("x").page.number == 1
    assert PlanTable(_rows(60)).paged("2").page.number == 2


def test_the_pager_keeps_the_filters_of_the_address():
    page = Paginator(range(90), 40).page(2)
    html = Template("{% load components %}{% pager page %}").render(
        Context({"page": page, "request": _request("?status=draft&page=2")})
    )
    assert "共 90 条，第 2 / 3 页" in html
    assert "status=draft&amp;page=3" in html


class _Uncountable(list):
    def count(self, *args):
        raise AssertionError("counted")


def test_a_long_list_is_paged_without_being_counted():
    page = LazyPaginator(_Uncountable(range(90)), 40).page(2)
    html = Template("{% load components %}{% pager page %}").render(
        Context({"page": page, "request": _request()})
    )
    assert "共" not in html
    assert "第 2 页" in html


def test_a_list_paged_by_key_shows_only_where_to_go():
    html = Template("{% load components %}{% pager page %}").render(
        Context(
            {
                "page": SimpleNamespace(previous_url="", next_url="?after=9", note="最近"),
                "request": _request(),
            }
        )
    )
    assert 'href="?after=9"' in html
    assert html.count("aria-disabled") == 1


# --- the frame and the answers to mistakes -------------------------------------------------------------------


def test_the_frame_renders_for_a_stranger():
    html = render_to_string("base.html", request=_request())
    assert "跳到正文" in html
    assert "退出登录" not in html


@pytest.mark.parametrize(
    ("cookie", "theme"), [("dark", "dark"), ("light", "light"), ('"><script>', "auto"), ("", "auto")]
)
def test_only_known_themes_reach_the_page(cookie, theme):
    html = render_to_string("base_plain.html", request=_request(theme=cookie))
    assert f'data-theme="{theme}"' in html
    assert "><script>" not in html


@pytest.mark.parametrize(
    ("view", "status", "word"),
    [
        (views.bad_request, 400, "读不懂"),
        (views.permission_denied, 403, "不能做这件事"),
        (views.page_not_found, 404, "没有这个页面"),
        (views.csrf_failure, 403, "已过期"),
    ],
)
def test_a_mistake_is_answered_in_chinese_with_a_way_back(view, status, word):
    response = view(_request())
    assert response.status_code == status
    assert word in response.content.decode()
    assert "回工作台" in response.content.decode()


def test_a_failure_is_answered_without_looking_at_the_request():
    response = views.server_error(SimpleNamespace(headers={}))
    assert response.status_code == 500
    assert "系统出错了" in response.content.decode()


def test_a_refusal_inside_a_page_is_one_sentence():
    request = RequestFactory().get("/", headers={"HX-Request": "true"})
    for view, status in (
        (views.permission_denied, 403),
        (views.page_not_found, 404),
        (views.server_error, 500),
    ):
        response = view(request)
        assert response.status_code == status
        assert response["Content-Type"].startswith("text/plain")
        assert "<" not in response.content.decode()


def test_the_example_figures_add_up():
    words = samples.page()
    for group in words["items"]:
        assert sum(Decimal(row["amount"]) for row in group["rows"]) == Decimal(group["amount"])
    assert sum(Decimal(group["amount"]) for group in words["items"]) == Decimal("7859300.00")
