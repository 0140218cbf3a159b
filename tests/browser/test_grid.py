"""The budget grid in a real browser: typed like a spreadsheet, told at once, nothing lost, by keyboard alone."""

import json
import os
import random
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from apps.accounts.models import Session, User
from apps.budget.forms.cells import parse_line
from apps.budget.models import CalcLine, Edition, Item
from apps.budget.rules.calculation import AMOUNT_LIMIT, Line, Method
from apps.budget.selectors.grid import change_rate, figure, signed
from apps.core import money
from apps.core.errors import Refused
from tests.browser.waiting import comes_true
from tests.budget.office import Office, as_clerk
from tests.factories import PASSWORD, CalcLineFactory, ItemFactory, ItemGroupFactory, UserFactory

PHOTOGRAPHS = Path(
    os.environ.get("PHOTOGRAPHS") or Path(__file__).resolve().parents[2] / "var" / "photographs"
)
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
LINE_CELLS = [
    "number", "label", "method", "people", "unit", "of_which_label", "of_which_people", "price", "ratio", "share",
    "share_basis", "note", "amount", "wan",
]  # fmt: skip
ITEM_CELLS = [
    "number",
    "name",
    "prior_amount",
    "change",
    "change_rate",
    "state",
    "change_reason",
    "amount",
    "wan",
]

pytestmark = pytest.mark.django_db(transaction=True)


class GridPage:
    """The grid as a person handles it."""

    def __init__(self, page: Page, edition: Edition, user: User) -> None:
        self.page = page
        self.keys = page.keyboard
        client = Client()
        client.force_login(user)
        name = settings.SESSION_COOKIE_NAME
        page.goto("/accounts/sign-in/")
        origin = page.evaluate("location.origin")
        page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": origin}])
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.address = f"/budget/editions/{edition.pk}/"
        page.goto(self.address)

    def line(self, line: CalcLine, name: str) -> Locator:
        return self.page.locator(f"#line-{line.pk} > *").nth(LINE_CELLS.index(name))

    def item(self, item: Item, name: str) -> Locator:
        return self.page.locator(f"#item-{item.pk} .r-item > *").nth(ITEM_CELLS.index(name))

    def sentence(self, item: Item) -> Locator:
        return self.page.locator(f"#item-{item.pk} .sentence")

    def expect_total(self, label: str, figures: str) -> None:
        row = self.page.locator("#grid tfoot tr", has_text=label)
        amount, wan = figures.split()
        expect(row.locator("[data-part=amount]")).to_have_text(amount)
        expect(row.locator("[data-part=wan]")).to_have_text(wan)

    @property
    def saved(self) -> Locator:
        return self.page.locator("#grid-state", has_text="已保存")

    @property
    def tip(self) -> Locator:
        return self.page.locator("#grid-tip")

    def expect_here(self, name: str) -> None:
        """The cell that has the focus, named as a screen reader says it."""
        expect(self.page.locator(":focus")).to_have_attribute("aria-label", name)

    def expect_stored(self, look: Callable[[], bool]) -> None:
        comes_true(self.page, look)

    def expect_copied(self, text: str) -> None:
        self.page.wait_for_function(
            "text => navigator.clipboard.readText().then(it => it === text)", arg=text
        )

    def paste(self, text: str) -> None:
        self.page.evaluate("text => navigator.clipboard.writeText(text)", text)
        self.keys.press("Control+v")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.keys.press(key)


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def edition(office) -> Edition:
    return office.plan(items=0).editions.get()


@pytest.fixture
def allowance(edition) -> Item:
    """市级离退休劳模津贴 with its three classes."""
    item = ItemFactory(
        edition=edition,
        name="市级离退休劳模津贴",
        counted_as="离退休市级劳模",
        ordinal=1,
        prior_amount=Decimal(400_000),
    )
    for ordinal, (label, people, rate) in enumerate(
        (("获得一次", 245, 1500), ("获得二次", 22, 2000), ("获得三次及其以上", 10, 2500)), start=1
    ):
        CalcLineFactory(
            item=item, ordinal=ordinal, label=label, method=Method.TIERED, people=people, rate=rate
        )
    with as_clerk(edition):
        item.lines.filter(ordinal=1).update(of_which_label="破产或撤销企业劳模", of_which_people=6)
    return item


def changed_meanwhile(line: CalcLine, **values: object) -> None:
    with as_clerk(line.item.edition):
        CalcLine.objects.filter(pk=line.pk).update(**values)


@pytest.fixture
def first(allowance) -> CalcLine:
    return allowance.lines.get(ordinal=1)


@pytest.fixture
def health(edition) -> Item:
    group = ItemGroupFactory(code="public", name="单位专项公用经费项目", ordinal=10)
    item = ItemFactory(edition=edition, group=group, name="{年度}年劳模体检费", ordinal=1)
    CalcLineFactory(item=item, ordinal=1, label="参加体检劳模", people=557, rate=400)
    return item


@pytest.fixture
def grid(page, office, edition, allowance, health) -> GridPage:
    return GridPage(page, edition, office.clerk)


def serious(page: Page) -> list[str]:
    found = Axe().run(page, options=AXE).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:160]}"
        for violation in found
        if violation["impact"] in ("serious", "critical", "moderate")
        for node in violation["nodes"]
    ]


def photograph(page: Page, name: str) -> None:
    PHOTOGRAPHS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PHOTOGRAPHS / f"{name}.png")


# ---- figures -------------------------------------------------------------------------------------------------


def test_everything_follows_a_changed_count_while_it_is_typed_and_after_it_is_saved(
    office, grid, allowance, first
):
    grid.line(first, "people").click()
    grid.keys.type("251")
    expect(grid.line(first, "amount")).to_have_text("376,500.00")
    expect(grid.item(allowance, "wan")).to_have_text("44.55")
    expect(grid.item(allowance, "change")).to_have_text("+45,500.00")
    expect(grid.item(allowance, "change_rate")).to_have_text("+11.4%")
    grid.expect_total("单位专项项目", "445,500.00 44.55")
    grid.expect_total("合计", "668,300.00 66.83")
    grid.press("Enter")
    expect(grid.saved).to_be_visible()
    expect(grid.sentence(allowance)).to_contain_text(
        "涉及离退休市级劳模283人，其中获得一次的251人（含破产或撤销企业劳模6人）"
    )
    first.refresh_from_db()
    assert (first.people, first.amount) == (251, Decimal("376500.00"))
    grid.line(first, "people").click()
    grid.press("Alt+h")
    panel = grid.page.locator("#grid-panel")
    expect(panel).to_contain_text(str(office.clerk))
    expect(panel.locator(".diff").first).to_contain_text("245")
    expect(panel.locator(".diff").first).to_contain_text("251")


def test_sums_are_compared_with_last_year_once_every_item_has_its_figure(grid, allowance, health):
    def expect_foot(base: list[str], change: list[str]) -> None:
        for part, figures in (("base", base), ("change", change)):
            expect(grid.page.locator(f"#grid tfoot [data-part={part}]")).to_have_text(figures)

    expect_foot(["", "400,000.00", "缺 1 项"], ["", "+36,500.00", ""])
    grid.item(health, "prior_amount").click()
    grid.keys.type("0")
    expect(grid.item(health, "change")).to_have_text("+222,800.00")
    expect(grid.item(health, "change_rate")).to_have_text("新增")
    typed = (["0.00", "400,000.00", "400,000.00"], ["+222,800.00", "+36,500.00", "+259,300.00"])
    expect_foot(*typed)
    grid.press("Enter")
    expect(grid.saved).to_be_visible()
    grid.page.reload()
    expect_foot(*typed)
    expect(grid.item(health, "change_rate")).to_have_text("新增")


def test_an_accepted_lack_of_calculation_becomes_a_quiet_mark_with_its_reason(
    page, office, edition, allowance, health
):
    with as_clerk(edition):
        allowance.lines.exclude(ordinal=1).delete()
        allowance.lines.update(
            method=Method.QUOTA,
            fixed_amount=30_000,
            people=None,
            of_which_people=None,
            of_which_label="",
            rate=None,
        )
    grid = GridPage(page, edition, office.head)
    marks = grid.item(allowance, "state").locator(".mark")
    expect(marks).to_have_text(["无测算依据", "无依据文件"])
    page.get_by_role("button", name="校验", exact=True).click()
    finding = page.locator("#grid-panel .finding", has_text="无测算依据")
    finding.get_by_text("说明理由", exact=True).click()
    finding.get_by_role("textbox").fill("示例：每年市财政定额拨付。")
    finding.get_by_role("button", name="记下理由").click()
    said = f"无测算依据：示例：每年市财政定额拨付。（{office.head}）"
    for _ in ("at once", "on reload"):
        expect(marks).to_have_text(["无依据文件", "已说明"])
        expect(marks.last).to_have_class("mark mark--quiet")
        expect(marks.last).to_have_attribute("title", said)
        expect(finding.locator(".finding__level")).to_have_text("已说明")
        expect(finding).to_contain_text(f"{office.head}：示例：每年市财政定额拨付。")
        page.reload()
        page.get_by_role("button", name="校验", exact=True).click()
    assert serious(page) == []


def test_of_which_beyond_its_class_is_refused_on_the_spot(grid, first):
    grid.line(first, "of_which_people").click()
    grid.keys.type("300")
    grid.press("Tab", "Shift+Tab")
    expect(grid.tip).to_have_text("“其中”的数量 300 超过本行的数量 245。")
    editor = grid.page.locator(".grid-editor")
    expect(editor).to_have_attribute("aria-invalid", "true")
    expect(editor).to_have_value("300")
    first.refresh_from_db()
    assert first.of_which_people == 6
    expect(grid.page.locator("#grid-state")).to_contain_text("1 行有错误，未保存")
    grid.keys.type("8")
    grid.press("Enter")
    expect(grid.saved).to_be_visible()
    first.refresh_from_db()
    assert first.of_which_people == 8


@pytest.mark.parametrize(
    ("column", "typed", "sentence"),
    [
        ("people", "-3", "“数量”不能是负数。"),
        ("people", "1000000000", "“数量”不能超过 100,000,000。"),
        ("price", "十元", "“标准”请用数字填写，例如 200000 或 20万。"),
    ],
)
def test_a_wrong_figure_is_told_in_its_cell_and_kept(grid, first, column, typed, sentence):
    grid.line(first, column).click()
    grid.page.keyboard.insert_text(typed)
    grid.press("Enter", "ArrowUp")
    expect(grid.tip).to_have_text(sentence)
    expect(grid.page.locator(".grid-editor")).to_have_value(typed)


@pytest.mark.allows_status(422)
def test_what_only_the_server_knows_is_told_in_the_cell_too(grid, first):
    grid.line(first, "label").click()
    grid.page.keyboard.insert_text("{未知}人")
    grid.press("Control+s")
    expect(grid.tip).to_contain_text("占位符 {未知} 不存在")


def test_the_page_computes_as_the_server_does(grid):
    """Amounts, shares, 万元, changes and rates over many values, edges and halves included."""
    chance = random.Random(2016)
    counts = [0, 1, 245, 99_999_999, *(chance.randrange(10**6) for _ in range(80))]
    rates = [Decimal(chance.randrange(10**7)) / 100 for _ in range(84)]
    ratios = [Decimal(chance.randrange(1, 10**6)) / 10**6 for _ in range(84)]
    amounts = [
        Decimal(chance.choice([0, 5, 50, 4_999, 5_000, 15_000, chance.randrange(10**12)])) / 100
        for _ in range(84)
    ]
    cases, wanted = [], []
    for count, rate, ratio, amount in zip(counts, rates, ratios, amounts, strict=True):
        share = ratios[count % 84]
        headcount = Line(method=Method.HEADCOUNT, people=count, rate=rate).amount or Decimal(0)
        shared = Line(
            method=Method.BASE_RATIO, base_amount=amount, ratio=ratio, share=share
        ).amount or Decimal(0)
        change = rate - amount
        cases.append(
            [str(count), str(rate), str(amount), money.format_ratio(ratio), money.format_ratio(share)]
        )
        wanted.append(
            [
                money.format_yuan(headcount),
                money.format_yuan(shared),
                money.format_wan_column(amount),
                figure(amount),
                signed(change),
                money.format_wan_column(change),
                change_rate(change, amount),
                money.format_ratio(ratio),
                money.format_count(count),
            ]
        )
    found = grid.page.evaluate(
        """cases => cases.map(([count, rate, amount, ratio, share]) => {
            const a = gridAmounts;
            const n = a.parseCount(count, "", 1e8).value, r = a.parseAmount(rate, "").value;
            const m = a.parseAmount(amount, "").value, p = a.parseRatio(ratio, "").value, s = a.parseRatio(share, "").value;
            const difference = r - m;
            return [a.format(a.product(n, r)), a.format(a.share(m, p, s)), a.formatWan(m), a.figure(m),
                a.signed(difference), a.formatWan(difference), a.rate(difference, m), a.formatRatio(p), a.formatCount(n)];
        })""",
        cases,
    )
    assert found == wanted


def test_the_page_reads_numbers_as_the_server_does(grid):
    """Every way of typing an amount, a count and a ratio: the same value or the same sentence."""
    typed = [
        "", " ", "1", "1,234", "12,34", "1，234", "￥436500", "¥1", "-5", "-￥5", "+7", "43.65万", "0.005", "0.005万",
        "22.28万元", "４３６５００元", "1e5", "abc", ".5", "5.", ".", "1.10", "10000000000", "9999999999.99",
        "0" * 30 + "5", "1" * 13, "1.0000000000001", "2%", "40％", "0.4", "1", "1.5", "100%", "101%", "0", "0%",
        "0.00001%", "12.3456%", "12.34567%", "5人", "1 234", " - ", "—", "--", "(1,234.50)", "（0）", "(-5)", "()", "5000分",
        "1.5分", "1。5", "10²",
    ]  # fmt: skip

    def told(read, *arguments, **options) -> list[str]:
        try:
            return ["", str(read(*arguments, **options))]
        except Refused as refused:
            return [refused.message, ""]

    def parse_ratio(text: str) -> Decimal:
        """As the cell of a line does, where an empty one is told elsewhere."""
        if not text.strip():
            return money.parse_ratio(text, field="比例")
        return parse_line({"ratio": text}, method=Method.BASE_RATIO).require_clean()["ratio"]

    wanted = [
        [
            told(money.parse_amount, text, field="标准", maximum=AMOUNT_LIMIT),
            told(money.parse_count, text, field="数量"),
            told(parse_ratio, text),
        ]
        for text in typed
    ]
    found = grid.page.evaluate(
        """typed => typed.map((text) => [
            gridAmounts.parseAmount(text, "标准", BigInt("10000000000")),
            gridAmounts.parseCount(text, "数量", 100000000),
            gridAmounts.parseRatio(text, "比例"),
        ].map((found) => [found.error || "", found.error ? "" : String(found.value)]))""",
        typed,
    )
    scales = (100, 1, 10**6)
    for text, wants, finds in zip(typed, wanted, found, strict=True):
        for (sentence, value), (said, number), scale in zip(wants, finds, scales, strict=True):
            assert said == sentence, text
            if not sentence:
                assert Decimal(number) == Decimal(value) * scale, text


# ---- the keyboard --------------------------------------------------------------------------------------------


def test_a_whole_item_is_entered_with_the_keyboard_alone(grid, edition):
    grid.press("F6")
    grid.expect_here("2016年劳模体检费 项目名称")
    grid.press("Control+End")
    grid.expect_here("新项目 项目名称")
    grid.keys.insert_text("厂务公开经费")
    grid.press("Enter")
    expect(grid.page.locator(".r-item", has_text="厂务公开经费")).to_be_visible()
    expect(grid.page.locator(".r-new > .is-active")).to_be_visible()
    grid.expect_here("厂务公开经费 新测算行 测算内容")
    for label, people, rate in (("检查组", "12", "350.5"), ("督导组", "3", "200")):
        grid.keys.insert_text(label)
        grid.press("Tab", "1", "Tab")
        grid.keys.type(people)
        grid.press("Tab", "Tab", "Tab", "Tab")
        grid.keys.type(rate)
        grid.press("Enter")  # back to where the next row begins
        grid.expect_here("厂务公开经费 新测算行 测算内容")
    grid.keys.insert_text("工作经费")
    grid.press("Tab", "4", "Tab")
    grid.expect_here("厂务公开经费 第3行 测算说明")
    grid.keys.insert_text("每年市财政拨付")
    grid.press("Tab")
    grid.keys.type("20万")
    grid.press("Control+s")
    expect(grid.saved).to_be_visible()
    item = edition.items.get(name="厂务公开经费")
    values = list(item.lines.order_by("ordinal").values_list("label", "method", "amount"))
    assert values == [
        ("检查组", "headcount", Decimal("4206.00")),
        ("督导组", "headcount", Decimal("600.00")),
        ("工作经费", "quota", Decimal("200000.00")),
    ]
    grid.expect_total("合计", "864,106.00 86.41")


def test_keys_move_as_in_a_spreadsheet(grid, first):
    grid.line(first, "people").click()
    grid.press("ArrowDown")
    grid.expect_here("市级离退休劳模津贴 第2行 数量")
    grid.press("ArrowRight")
    grid.expect_here("市级离退休劳模津贴 第2行 单位")
    grid.press("Home")
    grid.expect_here("市级离退休劳模津贴 第2行 测算内容")
    grid.press("End")
    grid.expect_here("市级离退休劳模津贴 第2行 测算说明")
    grid.press("Shift+Tab", "Shift+Tab")
    grid.expect_here("市级离退休劳模津贴 第2行 其中数")
    grid.press("Control+Home")
    grid.expect_here("2016年劳模体检费 项目名称")
    grid.press("Tab", "Tab", "Tab")
    grid.expect_here("2016年劳模体检费 第1行 测算内容")
    grid.press("Insert")
    grid.expect_here("2016年劳模体检费 新测算行 测算内容")


def test_escape_restores_delete_clears_and_undo_brings_back(grid, first):
    editor = grid.page.locator(".grid-editor")
    grid.line(first, "people").click()
    grid.keys.type("99")
    grid.press("Escape")
    expect(editor).to_have_value("245")
    expect(grid.line(first, "amount")).to_have_text("367,500.00")
    grid.line(first, "of_which_people").click()
    grid.press("Delete")
    expect(editor).to_have_value("")
    grid.press("Enter")
    expect(grid.saved).to_be_visible()
    first.refresh_from_db()
    assert first.of_which_people is None
    grid.press("Control+z")
    expect(editor).to_have_value("6")
    grid.press("Control+s")
    expect(grid.saved).to_be_visible()
    expect(grid.line(first, "of_which_people")).to_have_text("6")


def test_arrows_move_the_caret_while_editing_and_the_cell_at_its_edge(grid, first):
    grid.line(first, "label").click()
    grid.press("F2", "ArrowLeft", "ArrowLeft")
    grid.keys.insert_text("荣誉")
    grid.expect_here("市级离退休劳模津贴 第1行 测算内容")
    grid.press("Home", "ArrowLeft")
    expect(grid.page.locator(".grid-editor")).to_have_value("获得荣誉一次")
    grid.press("End", "ArrowRight")
    grid.expect_here("市级离退休劳模津贴 第1行 测算方式")


def test_a_block_is_selected_copied_filled_down_and_cleared(grid, allowance, first):
    grid.line(first, "price").click()
    grid.press("Shift+ArrowDown", "Shift+ArrowDown")
    grid.press("Control+c")
    grid.expect_copied("1500\n2000\n2500")
    grid.press("Control+d", "Control+s")
    expect(grid.saved).to_be_visible()
    assert set(allowance.lines.values_list("rate", flat=True)) == {Decimal("1500.00")}
    grid.press("Control+z", "Control+s")
    expect(grid.item(allowance, "amount")).to_have_text("436,500.00")
    grid.page.wait_for_function("() => !grid.dirtyRows().length")
    grid.expect_stored(lambda: allowance.lines.get(ordinal=3).rate == Decimal("2500.00"))


def test_a_method_is_chosen_from_a_list_or_by_its_number(grid, allowance, first):
    grid.line(first, "method").click()
    grid.press("F2")
    expect(grid.page.get_by_role("option", selected=True)).to_have_text("2分档人数×标准")
    grid.press("ArrowDown", "ArrowDown", "Enter")
    expect(grid.line(first, "method")).to_have_text("定额")
    expect(grid.line(first, "amount")).to_have_text("367,500.00")
    grid.press("2")
    expect(grid.line(first, "people")).to_have_text("245")
    expect(grid.line(first, "amount")).to_have_text("367,500.00")
    grid.press("Control+s")
    grid.expect_stored(lambda: allowance.lines.get(pk=first.pk).method == Method.TIERED)


def stored(line: CalcLine) -> tuple[str, int | None, Decimal | None, int]:
    line.refresh_from_db()
    return line.method, line.people, line.rate, line.version


def test_escape_takes_back_a_method_chosen_by_its_number_and_nothing_is_saved(grid, first):
    before = stored(first)
    grid.line(first, "method").click()
    grid.press("4", "5")
    expect(grid.page.locator(".grid-editor")).to_have_value("据实")
    grid.press("Escape")
    expect(grid.page.locator(".grid-editor")).to_have_value("分档人数×标准")
    grid.press("ArrowDown")
    expect(grid.line(first, "method")).to_have_text("分档人数×标准")
    grid.line(first, "people").click()
    expect(grid.page.locator(".grid-editor")).to_have_value("245")
    assert grid.page.evaluate("grid.dirtyRows().length") == 0
    assert stored(first) == before


def test_a_chosen_method_is_saved_when_its_cell_is_left_and_not_before(grid, first):
    before = stored(first)
    grid.page.clock.install()
    grid.page.goto(grid.address)
    grid.line(first, "method").click()
    grid.press("4")
    grid.page.clock.run_for(60_000)  # a typed cell would have been saved by itself
    assert grid.page.evaluate("grid.dirtyRows().length") == 1
    assert stored(first) == before
    grid.press("ArrowDown")
    expect(grid.saved).to_be_visible()
    assert stored(first)[0] == Method.QUOTA


def test_one_undo_brings_back_a_saved_method_with_every_figure_it_cleared_and_redo_clears_them_again(
    grid, allowance, first
):
    changed_meanwhile(
        first, source_key="accounts.county_unions", source_value=245, source_read_at=timezone.now()
    )
    before = stored(first)
    grid.line(first, "method").click()
    grid.press("5", "ArrowDown")
    expect(grid.saved).to_be_visible()
    grid.page.wait_for_function("() => !grid.dirtyRows().length")
    assert stored(first)[:3] == (Method.ACTUAL, None, None)
    assert first.source_key == ""
    for _ in range(2):
        grid.press("Control+z")
        expect(grid.line(first, "amount")).to_have_text("367,500.00")
        grid.press("Control+s")
        grid.page.wait_for_function("() => !grid.dirtyRows().length")
        assert stored(first)[:3] == before[:3]
        assert (first.of_which_label, first.of_which_people) == ("破产或撤销企业劳模", 6)
        assert (first.source_key, first.source_value) == ("accounts.county_unions", 245)
        expect(grid.item(allowance, "amount")).to_have_text("436,500.00")
        grid.press("Control+y", "Control+s")
        grid.page.wait_for_function("() => !grid.dirtyRows().length")
        assert stored(first)[:3] == (Method.ACTUAL, None, None)
        assert first.fixed_amount == Decimal("367500.00")


def test_a_method_filled_down_is_one_step_to_undo_with_what_it_cleared(grid, allowance, first):
    second = allowance.lines.get(ordinal=2)
    first.method, first.people, first.rate, first.of_which_label = Method.QUOTA, None, None, ""
    first.of_which_people, first.fixed_amount = None, Decimal(5)
    with as_clerk(first.item.edition):
        first.save()
    grid.page.reload()
    before = stored(second)
    grid.line(second, "method").click()
    grid.press("Control+d", "Control+s")
    expect(grid.saved).to_be_visible()
    grid.page.wait_for_function("() => !grid.dirtyRows().length")
    assert stored(second)[:3] == (Method.QUOTA, None, None)
    grid.press("Control+z", "Control+s")
    grid.page.wait_for_function("() => !grid.dirtyRows().length")
    assert stored(second)[:3] == before[:3]


def test_escape_after_a_refused_figure_gives_back_the_saved_one(grid, first):
    editor = grid.page.locator(".grid-editor")
    grid.line(first, "people").click()
    for typed in (["Enter", "ArrowUp"], ["Tab", "Shift+Tab"], ["Control+s"], ["Enter", "ArrowUp", "7"]):
        grid.page.keyboard.insert_text("1e9")
        grid.press(*typed)
        grid.press("Escape")
        expect(editor).to_have_value("245")
        expect(grid.tip).to_be_hidden()
        expect(grid.line(first, "amount")).to_have_text("367,500.00")
    assert grid.page.evaluate("grid.dirtyRows().length") == 0


def test_what_is_wrong_with_a_figure_stays_told_beside_it_until_it_is_mended(grid, first):
    grid.line(first, "people").click()
    grid.page.keyboard.insert_text("1e9")
    for key in ("Tab", "Tab", "Enter"):
        grid.press(key)
        expect(grid.tip).to_have_text("“数量”应填写数字，例如 557；“1e9”不是数字。")
        tip, wrong = grid.tip.bounding_box(), grid.line(first, "people").bounding_box()
        assert abs(tip["x"] - wrong["x"]) < 30
        # The active cell moves a moment after the sentence was written.
        grid.page.wait_for_function(
            """() => {
                const [tip, here] = ["#grid-tip", ".is-active"].map(
                    (one) => document.querySelector(one).getBoundingClientRect());
                return tip.bottom <= here.top || here.bottom <= tip.top;
            }"""
        )
    grid.line(first, "people").click()
    grid.keys.type("251")
    expect(grid.tip).to_be_hidden()


def test_words_typed_through_an_input_method_stay_whole_and_enter_only_accepts_them(grid, first):
    grid.line(first, "label").click()
    typing = grid.page.context.new_cdp_session(grid.page)
    typing.send("Input.imeSetComposition", {"text": "lao mo", "selectionStart": 6, "selectionEnd": 6})
    grid.page.evaluate(
        """() => document.activeElement.dispatchEvent(
            new KeyboardEvent("keydown", {key: "Enter", keyCode: 229, bubbles: true}))"""
    )
    grid.expect_here("市级离退休劳模津贴 第1行 测算内容")
    typing.send("Input.insertText", {"text": "劳模"})
    expect(grid.page.locator(".grid-editor")).to_have_value("劳模")
    grid.press("Enter")
    expect(grid.saved).to_be_visible()
    first.refresh_from_db()
    assert first.label == "劳模"


def test_rows_are_removed_and_moved_with_the_keyboard(grid, allowance, first):
    grid.line(first, "people").click()
    grid.press("Alt+ArrowDown")
    expect(grid.page.locator(f"#item-{allowance.pk} .r-line td:nth-child(2)")).to_have_text(
        ["获得二次", "获得一次", "获得三次及其以上"]
    )
    grid.press("Control+Delete")
    expect(grid.page.locator("#grid-remove-text")).to_have_text(
        "删除“市级离退休劳模津贴”的第2行“获得一次”，金额 367,500.00 元。"
    )
    grid.press("Enter")
    expect(grid.page.locator(f"#line-{first.pk}")).to_have_count(0)
    expect(grid.item(allowance, "amount")).to_have_text("69,000.00")
    left = ["获得二次", "获得三次及其以上"]
    grid.expect_stored(lambda: list(allowance.lines.values_list("label", flat=True)) == left)


def test_the_keys_are_listed_on_asking_and_the_grid_can_be_left(grid, first):
    grid.line(first, "people").click()
    grid.press("?")
    expect(grid.page.locator("#grid-keys")).to_be_visible()
    grid.press("Escape", "F6")
    expect(grid.page.locator(".grid-bar :focus")).to_have_count(1)
    grid.press("F6")
    grid.expect_here("市级离退休劳模津贴 第1行 数量")


# ---- nothing is lost -----------------------------------------------------------------------------------------


@pytest.mark.allows_status(409)
def test_a_clerk_who_saves_second_is_told_and_chooses_cell_by_cell(
    grid, another_page, edition, allowance, first
):
    colleague = UserFactory(full_name="示例·王会计", finance_clerk=True)
    other = GridPage(another_page(), edition, colleague)
    other.line(first, "people").click()
    other.keys.type("246")
    other.press("Tab", "Tab", "Tab", "Tab", "Tab")
    other.keys.insert_text("按名册")
    other.press("Control+s")
    expect(other.saved).to_be_visible()
    grid.line(first, "people").click()
    grid.keys.type("251")
    grid.press("Control+s")
    dialog = grid.page.locator("#grid-conflict")
    expect(dialog).to_contain_text("示例·王会计 在")
    expect(dialog.locator("#grid-conflict-rows tr")).to_have_text(
        ["数量246251", "测算说明按名册没有改，照对方的"]
    )
    photograph(grid.page, "grid_conflict")
    assert serious(grid.page) == []
    first.refresh_from_db()
    assert first.people == 246
    dialog.get_by_role("button", name="按所选保存").click()
    expect(grid.saved).to_be_visible()
    expect(grid.line(first, "note")).to_have_text("按名册")
    first.refresh_from_db()
    assert (first.people, first.note) == (251, "按名册")


@pytest.mark.allows_status(409)
@pytest.mark.parametrize(("button", "people"), [("都用我的", 251), ("保留对方的", 246)])
def test_one_side_may_win_in_every_cell_this_clerk_changed_and_in_no_other(
    grid, office, first, button, people
):
    changed_meanwhile(first, people=246, rate=1600, note="按名册", version=2, updated_by=office.head)
    grid.line(first, "people").click()
    grid.keys.type("251")
    with grid.page.expect_request("**/cells/"):
        grid.press("Control+s")
    expect(grid.page.locator("#grid-conflict")).to_be_visible()
    sent = []
    grid.page.on("request", lambda request: sent.append(request) if "/cells/" in request.url else None)
    grid.page.get_by_role("button", name=button).click()
    expect(grid.page.locator("#grid-conflict")).to_be_hidden()
    grid.page.wait_for_function("() => !grid.dirtyRows().length")
    for name, text in (("people", str(people)), ("price", "1,600"), ("note", "按名册")):
        expect(grid.line(first, name)).to_have_text(text)
    expect(grid.page.locator(".sentence", has_text=f"的{people}人")).to_have_count(1)
    assert [request.post_data_json["cells"] for request in sent] == (
        [{"people": "251"}] if people == 251 else []
    )
    first.refresh_from_db()
    assert (first.people, first.rate, first.note) == (people, Decimal(1600), "按名册")


@pytest.mark.allows_status(409)
def test_a_conflict_shows_both_sides_alike_leaves_out_what_agrees_and_starts_on_the_harmless_answer(
    grid, office, first
):
    changed_meanwhile(first, people=12_000, rate=1600, note="按名册", version=2, updated_by=office.head)
    for name, typed in (("people", "12,500"), ("price", "1600.00"), ("note", "按名册")):
        grid.line(first, name).click()
        grid.page.keyboard.insert_text(typed)
    now = timezone.now()
    grid.page.clock.set_fixed_time(now)
    grid.press("Control+s")
    rows = grid.page.locator("#grid-conflict-rows tr")
    expect(rows).to_have_text(["数量12,00012,500"])
    expect(grid.page.get_by_role("button", name="保留对方的")).to_be_focused()
    grid.press("Enter")  # still typing: too soon to be an answer
    expect(grid.page.locator("#grid-conflict")).to_be_visible()
    grid.page.clock.set_fixed_time(now + timedelta(seconds=1))
    grid.press("Enter")
    expect(grid.page.locator("#grid-conflict")).to_be_hidden()


@pytest.mark.allows_status(409)
def test_a_conflict_closed_with_escape_keeps_what_was_typed_and_asks_again_on_wish(grid, office, first):
    changed_meanwhile(first, people=246, version=2, updated_by=office.head)
    dialog = grid.page.locator("#grid-conflict")
    grid.line(first, "people").click()
    grid.keys.type("251")
    grid.press("Control+s")
    expect(dialog).to_be_visible()
    grid.press("Escape")
    expect(dialog).to_be_hidden()
    expect(grid.page.locator(".grid-editor")).to_have_value("251")
    expect(grid.page.locator("#grid-state")).to_contain_text("1 行有冲突，未保存")
    grid.press("ArrowDown")
    grid.expect_here("市级离退休劳模津贴 第2行 数量")
    expect(grid.line(first, "people")).to_have_text("251")
    grid.page.get_by_role("button", name="去处理").click()
    dialog.get_by_role("button", name="都用我的").click()
    expect(grid.saved).to_be_visible()
    first.refresh_from_db()
    assert first.people == 251


@pytest.mark.allows_status(409)
def test_an_answer_to_a_conflict_is_not_undone_by_the_cell_that_was_still_being_typed(grid, office, first):
    changed_meanwhile(first, people=246, version=2, updated_by=office.head)
    grid.line(first, "people").click()
    grid.keys.type("251")  # saved by itself after a while, the cell still open
    dialog = grid.page.locator("#grid-conflict")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="保留对方的").click()
    expect(grid.page.locator(".grid-editor")).to_have_value("246")
    grid.press("Enter")
    expect(grid.saved).to_be_visible()
    first.refresh_from_db()
    assert (first.people, first.version) == (246, 2)


@pytest.mark.allows_status(409, 422)
def test_rows_that_are_redrawn_keep_what_was_typed_in_them(grid, office, allowance, first):
    second = allowance.lines.get(ordinal=2)
    grid.line(second, "of_which_people").click()
    grid.keys.type("300")  # wrong, so it stays unsaved
    changed_meanwhile(first, people=246, version=2, updated_by=office.head)
    grid.line(first, "people").click()
    grid.keys.type("251")
    grid.press("Control+s")
    grid.page.locator("#grid-conflict").get_by_role("button", name="保留对方的").click()
    expect(grid.line(first, "people")).to_have_text("246")
    expect(grid.sentence(allowance)).to_contain_text("246人")
    expect(grid.line(second, "of_which_people")).to_have_text("300")
    expect(grid.page.locator("#grid-state")).to_contain_text("1 行有错误，未保存")


def test_what_was_typed_without_a_connection_survives_a_reload_and_is_saved_later(grid, first):
    grid.page.route("**/cells/", lambda route: route.abort())
    grid.line(first, "people").click()
    grid.keys.type("251")
    grid.press("Enter")
    expect(grid.page.locator("#grid-state")).to_contain_text("1 行未保存：连不上服务器，录入都还在")
    grid.page.on("dialog", lambda dialog: dialog.accept())
    grid.page.goto(grid.address)
    expect(grid.line(first, "people")).to_have_text("251")
    expect(grid.page.locator("#grid-state")).to_contain_text("未保存")
    grid.page.unroute("**/cells/")
    grid.page.get_by_role("button", name="立即重试").click()
    expect(grid.saved).to_be_visible()
    first.refresh_from_db()
    assert first.people == 251


def test_a_new_row_whose_answer_was_lost_is_not_entered_twice(grid, allowance):
    def lose_the_answer(route) -> None:
        route.fetch()
        route.abort()

    grid.page.route("**/lines/", lose_the_answer)
    grid.page.locator(f"#item-{allowance.pk} .r-new > *").nth(1).click()
    grid.keys.insert_text("获得四次")
    grid.press("Enter")
    expect(grid.page.locator("#grid-state")).to_contain_text("未保存")
    grid.page.unroute("**/lines/")
    grid.press("Control+s")
    expect(grid.saved).to_be_visible()
    assert allowance.lines.filter(label="获得四次").count() == 1


@pytest.mark.allows_status(401)
def test_a_sign_in_that_ran_out_is_renewed_in_place_and_the_row_saved(grid, office, first):
    grid.line(first, "people").click()
    Session.objects.all().delete()
    grid.keys.type("251")
    grid.press("Control+s")
    password = grid.page.locator("#session-dialog input[type=password]")
    password.fill(PASSWORD)
    password.press("Enter")
    expect(grid.saved).to_be_visible()
    first.refresh_from_db()
    assert first.people == 251


# ---- a pasted block ------------------------------------------------------------------------------------------


def block(bad: int = 0) -> str:
    return "\r\n".join(
        f"第{n}类\t人数×标准\t{'二十' if n == bad else n}\t人\t\t\t{n * 10}" for n in range(1, 201)
    )


def test_two_hundred_pasted_rows_with_one_bad_cell_change_nothing_and_name_it(grid, allowance):
    grid.page.locator(f"#item-{allowance.pk} .r-new > *").nth(1).click()
    grid.paste(block(bad=87))
    dialog = grid.page.locator("#grid-paste")
    expect(dialog.locator(".grid-problems")).to_contain_text(
        "第87行“数量”：应填写数字，例如 557；“二十”不是数字。"
    )
    expect(dialog.get_by_role("button", name="应用")).to_be_disabled()
    photograph(grid.page, "grid_paste")
    assert serious(grid.page) == []
    assert allowance.lines.count() == 3


def test_a_pasted_block_is_one_step_to_take_over_and_one_to_undo(grid, allowance):
    grid.page.locator(f"#item-{allowance.pk} .r-new > *").nth(1).click()
    grid.paste(block())
    dialog = grid.page.locator("#grid-paste")
    expect(dialog).to_contain_text("新增 200 行，这些行的金额 0.00 → 26,867,000.00 元")
    grid.press("Enter")
    expect(dialog).to_be_hidden()
    expect(grid.page.locator(f"#item-{allowance.pk} .r-line")).to_have_count(203)
    expect(grid.item(allowance, "amount")).to_have_text("27,303,500.00")
    grid.expect_stored(lambda: allowance.lines.count() == 203)
    grid.press("Control+z")
    expect(grid.page.locator(f"#item-{allowance.pk} .r-line")).to_have_count(3)
    grid.expect_stored(lambda: allowance.lines.count() == 3)


def test_a_pasted_column_without_a_place_is_named_and_left_out_only_on_wish(grid, edition, allowance):
    grid.page.locator(f'.b-add[data-group="{allowance.group_id}"] .r-add > *').nth(1).click()
    grid.paste("\r\n".join(f"示例项目{n}\t{n}000\t{n}500" for n in range(1, 31)))
    dialog = grid.page.locator("#grid-paste")
    expect(dialog.locator(".grid-problems")).to_contain_text(
        "“增减”这一列不能录入，第1行“1500”、第2行“2500”、第3行“3500”等 30 格没有地方放。"
    )
    apply = dialog.get_by_role("button", name="应用")
    expect(apply).to_be_disabled()
    photograph(grid.page, "grid_paste_unplaced")
    assert serious(grid.page) == []
    grid.page.emulate_media(color_scheme="dark")
    photograph(grid.page, "grid_paste_unplaced_dark")
    assert serious(grid.page) == []
    leave_out = dialog.get_by_label("不粘贴落在“增减”的 30 格")
    leave_out.check()
    expect(apply).to_be_enabled()
    leave_out.uncheck()
    expect(apply).to_be_disabled()
    assert edition.items.count() == 2
    leave_out.check()
    expect(apply).to_be_enabled()
    photograph(grid.page, "grid_paste_left_out")
    apply.click()
    expect(dialog).to_be_hidden()
    expect(grid.page.locator("#toasts")).to_contain_text("已粘贴 30 行 3 列，没有粘贴“增减”")
    assert edition.items.get(name="示例项目7").prior_amount == Decimal(7_000)


def test_a_clipboard_without_text_changes_no_cell(grid, first):
    grid.line(first, "people").click()
    grid.page.evaluate(
        """() => document.activeElement.dispatchEvent(
            new ClipboardEvent("paste", {clipboardData: new DataTransfer(), bubbles: true, cancelable: true}))"""
    )
    expect(grid.page.locator("#toasts")).to_contain_text("剪贴板里没有可以粘贴的内容。")
    expect(grid.page.locator(".grid-editor")).to_have_value("245")
    assert grid.page.evaluate("grid.dirtyRows().length") == 0


def test_a_single_value_is_pasted_like_typing(grid, first):
    grid.line(first, "people").click()
    grid.paste("251\r\n")
    expect(grid.line(first, "amount")).to_have_text("376,500.00")
    grid.press("Control+s")
    expect(grid.saved).to_be_visible()


# ---- the page ------------------------------------------------------------------------------------------------


def test_the_grid_fits_the_office_screen_and_breaks_no_rule_of_access(grid, first):
    grid.page.wait_for_function(
        "() => document.documentElement.scrollWidth <= 1366 && grid.box.scrollWidth <= grid.box.clientWidth"
    )
    grid.line(first, "people").click()
    photograph(grid.page, "grid")
    assert serious(grid.page) == []
    for name in ("校验", "说明", "历史"):
        grid.page.get_by_role("button", name=name, exact=True).click()
        expect(grid.page.locator("#grid-panel-body > *").first).to_be_visible()
        assert serious(grid.page) == []
    grid.page.emulate_media(color_scheme="dark")
    assert serious(grid.page) == []
    photograph(grid.page, "grid_dark")


def is_left_of(one: Locator, other: Locator) -> bool:
    left, right = one.bounding_box(), other.bounding_box()
    return left["x"] + left["width"] <= right["x"]


def test_a_long_sentence_ends_before_the_amounts_beside_an_open_panel_and_tells_the_rest(grid, allowance):
    box = grid.page.locator("#grid-box")
    words = grid.page.locator(f"#item-{allowance.pk} .sentence__text")
    amount = grid.page.locator(f"#item-{allowance.pk} .r-new > *").nth(3)
    label = grid.page.locator(f"#item-{allowance.pk} .r-new > *").nth(1)
    price = grid.page.locator("#grid th", has_text="标准/基数")
    amounts = grid.page.locator("#grid th", has_text="金额（元）")
    grid.page.get_by_role("button", name="说明", exact=True).click()
    expect(grid.page.locator("#grid-panel-body > *").first).to_be_visible()
    for left in (0, 9999):
        box.evaluate("(box, left) => { box.scrollLeft = left; }", left)
        comes_true(grid.page, lambda: is_left_of(label, words) and is_left_of(words, amount))
    assert words.get_attribute("title") == words.inner_text().replace("\n", "")
    box.evaluate("box => { box.scrollLeft = 0; }")
    comes_true(grid.page, lambda: is_left_of(price, amounts))


def test_at_double_zoom_the_panel_opens_under_the_grid_where_it_is_seen(grid, first):
    grid.page.set_viewport_size({"width": 683, "height": 384})
    grid.page.get_by_role("button", name="校验", exact=True).click()
    expect(grid.page.locator("#grid-panel .finding").first).to_be_in_viewport()
    comes_true(grid.page, lambda: grid.page.locator("#grid-panel").bounding_box()["width"] > 600)


@pytest.mark.parametrize("size", [{"width": 683, "height": 384}, {"width": 1024, "height": 600}])
def test_the_page_never_scrolls_sideways(grid, first, size):
    grid.page.set_viewport_size(size)
    grid.page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=size["width"])
    grid.line(first, "price").click()
    grid.keys.type("1600")
    expect(grid.line(first, "amount")).to_have_text("392,000.00")


def test_who_may_only_read_moves_with_the_same_keys_and_finds_no_input(page, edition, allowance, first):
    reader = GridPage(page, edition, UserFactory(auditor=True))
    expect(reader.page.locator(".grid-closed")).to_contain_text("您没有录入预算的权限")
    reader.line(first, "people").click()
    reader.press("ArrowDown")
    reader.expect_here("市级离退休劳模津贴 第2行 数量 22")
    reader.keys.type("99")
    reader.press("Delete", "Control+d", "Control+z", "Control+Delete")
    expect(reader.page.locator("#grid input")).to_have_count(0)
    expect(reader.page.locator("#grid td", has_text="99")).to_have_count(0)
    reader.press("Alt+h")
    expect(reader.page.locator("#grid-panel")).to_contain_text("获得二次")
    assert serious(reader.page) == []


def test_a_row_named_in_the_address_is_shown(page, office, edition, allowance, health):
    grid = GridPage(page, edition, office.clerk)
    page.goto(f"{grid.address}#item-{allowance.pk}")
    page.wait_for_function("() => document.activeElement.className.includes('grid-editor')")
    grid.expect_here("市级离退休劳模津贴 项目名称")


def test_a_file_is_imported_and_taken_back_from_the_grid(grid, edition, tmp_path):
    grid.page.get_by_text("更多", exact=True).click()
    with grid.page.expect_download() as download:
        grid.page.get_by_role("button", name="导出整个版本").click()
    path = tmp_path / "out.xlsx"
    download.value.save_as(path)
    book = openpyxl.load_workbook(path)
    headings = [cell.value for cell in book.active[1]]
    book.active.cell(2, headings.index("数量") + 1).value = 560
    book.active.cell(2, headings.index("金额（元）") + 1).value = None
    book.save(path)
    grid.page.goto(f"{grid.address}import/")
    assert serious(grid.page) == []
    grid.page.locator("input[type=file]").set_input_files(path)
    grid.page.get_by_role("button", name="上传并核对").click()
    expect(grid.page.locator("tbody")).to_contain_text("560")
    assert serious(grid.page) == []
    photograph(grid.page, "grid_import")
    grid.page.get_by_role("button", name="导入这些改动").click()
    expect(grid.page.locator("#grid")).to_contain_text("224,000.00")
    grid.page.wait_for_load_state()
    grid.page.get_by_role("button", name="撤销导入").click()
    expect(grid.page.locator("#grid")).to_contain_text("222,800.00")


def test_the_columns_of_the_page_are_those_of_the_rules(grid):
    names = json.loads(grid.page.locator("#grid-columns").inner_text())
    assert [column["name"] for column in names["line"]] == LINE_CELLS[1:]
    assert [column["name"] for column in names["item"]] == ITEM_CELLS[1:]


def test_rows_a_colleague_changed_meanwhile_are_brought_up_to_date(
    grid, another_page, edition, allowance, health, first
):
    other = GridPage(another_page(), edition, UserFactory(finance_clerk=True))
    other.line(health.lines.get(), "people").click()
    other.keys.type("560")
    other.press("Control+s")
    expect(other.saved).to_be_visible()
    grid.line(first, "people").click()
    grid.keys.type("251")
    grid.press("Enter")
    expect(grid.line(health.lines.get(), "people")).to_have_text("560")
    expect(grid.page.locator("#toasts")).to_contain_text("同事改动了 1 个项目，表格已更新。")
    grid.expect_here("市级离退休劳模津贴 第2行 数量")
    grid.expect_total("合计", "669,500.00 66.95")


def test_only_the_items_are_shown_on_wish(grid, allowance, first):
    grid.line(first, "people").click()
    fold = grid.page.get_by_role("button", name="只看项目")
    fold.click()
    expect(grid.page.locator(f"#line-{first.pk}")).to_be_hidden()
    grid.item(allowance, "prior_amount").click()
    grid.press("ArrowUp", "ArrowUp")
    grid.expect_here("2016年劳模体检费 上年预算数")
    grid.press("Insert")
    expect(grid.page.locator(f"#line-{first.pk}")).to_be_visible()


def test_a_block_is_selected_by_dragging_and_a_shaky_click_selects_none(grid, allowance, first):
    box = grid.page.locator(f"#item-{allowance.pk} .r-new > *").nth(1).bounding_box()
    mouse = grid.page.mouse
    mouse.move(box["x"] + 20, box["y"] + 8)
    mouse.down()
    mouse.move(box["x"] + 24, box["y"] + 10)
    mouse.up()
    grid.keys.insert_text("获得四次")
    grid.press("Enter")
    expect(grid.saved).to_be_visible()
    assert allowance.lines.count() == 4
    start, end = grid.line(first, "people").bounding_box(), grid.line(first, "unit").bounding_box()
    mouse.move(start["x"] + 9, start["y"] + 9)
    mouse.down()
    mouse.move(end["x"] + 9, end["y"] + 39, steps=4)
    mouse.up()
    expect(grid.page.locator("#grid .is-range")).to_have_count(4)
    grid.press("Control+c")
    grid.expect_copied("245\t人\n22\t人")
