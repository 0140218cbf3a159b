"""The office's own published explanation: every flaw that an auditor finds in it is reported, and nothing else."""

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from apps.budget.rules.findings import Finding, Severity
from apps.budget.rules.text import check_text, guess_year

SOURCE = Path(__file__).parents[2] / "fixtures" / "source-2016.txt"


@cache
def text() -> str:
    return SOURCE.read_text(encoding="utf-8")


@cache
def findings() -> tuple[Finding, ...]:
    return tuple(check_text(text(), year=2016))


def found(code: str) -> list[Finding]:
    return [finding for finding in findings() if finding.code == code]


# (the flaw in the auditor's words, code, what the message or hint says, where it is found)
FLAWS: list[tuple[str, str, str, str]] = [
    ("厂务公开经费 20万元：定额，无测算", "basis.missing", "“厂务公开经费”20万元未提供测算", "第33行"),
    ("工会经费 550万元：有比例无基数，无法核对", "basis.missing", "“工会经费”550万元未提供测算", "第36行"),
    ("救助金 75万元：无人数无标准", "basis.missing", "“市级劳模生活困难救助金”75万元", "第42行"),
    ("专职主席 30万元：无人数无标准", "basis.missing", "“乡镇招聘专职工会主席经费”30万元", "第45行"),
    ("帮扶中心 45万元：无测算", "basis.missing", "“困难职工帮扶中心注入资金”45万元", "第49行"),
    ("慰问100多万元得不出45万元", "basis.unproduced", "得不出45万元", "第51行"),
    ("小计没有印：592.28", "amount.total_missing", "单位专项公用经费项目小计592.28万元", "第31行"),
    ("小计没有印：193.65", "amount.total_missing", "单位专项项目小计193.65万元", "第31行"),
    ("合计没有印：785.93", "amount.total_missing", "7 个项目合计785.93万元", "第31行"),
    ("550 口径 A：全额 2%，工资总额 27500 万", "dues.ambiguous", "工资总额27500万元，40%为220万元，60%为330万元", "第38行"),
    ("550 口径 B：其中 40%，工资总额 68750 万", "dues.ambiguous", "全额1375万元，工资总额68750万元，60%为825万元", "第38行"),
    ("标题年度 2014", "year.heading", "2014 年", "第19行"),
    ("三个预算年度并存", "year.mixed", "3 个预算年度：2014、2015、2016年", "2014年在第19行、2015年在第31行、2016年在第54行"),
    ("项目名称年度 2015", "year.item", "2015 年", "第31行"),
    ("劳动模范管理规定两种标题，不合并而要问", "document.variants", "一处多“职工”", "第44行"),
    ("【】：人民政府令", "document.brackets", "改为“廊坊市人民政府令〔2011〕第3号”", "第32行"),
    ("【】：冀厂集字", "document.brackets", "改为“冀厂集字〔2004〕3号”", "第35行"),
    ("【】：廊工发31号", "document.brackets", "改为“廊工发〔2007〕31号”", "第44行"),
    ("【】：廊工发17号", "document.brackets", "改为“廊工发〔2009〕17号”", "第47行"),
    ("<工会法> 应为书名号", "document.angle", "改为《工会法》", "第38行"),
    ("（关于印发……）用了圆括号", "document.round_title", "圆括号", "第47行"),
    ("标题截断，没有“的通知”", "document.truncated", "没有写到文种", "第47行"),
    ("主席与副主席", "name.post", "“乡镇招聘专职工会主席经费”与依据中的“副主席”", "第47行"),
    ("救助金与救济基金", "name.fund", "“救助金”，依据中写“救济基金”", "第44行"),
    ("领导讲话作依据", "basis.speech", "依据效力不足", "第51行"),
    ("副书记某书记：姓名职务错乱", "wording.repeat", "“书记”重复", "第51行"),
    ("知道→指导：知道全市工会工作", "wording.typo", "“知道”疑为“指导”", "第3行"),
    ("知道→指导：组织和知道全市各级工会", "wording.typo", "“知道”疑为“指导”", "第5行"),
    ("一级标题 1、二、三、2、", "structure.sequence", "1、→二、→三、→2、", "第1行、第19行、第30行、第40行"),
    ("缺（四）", "structure.gap", "“（五）”前面缺（四）", "第28行"),
    ("后文清单有第四项，前文没有", "structure.lists_differ", "第四项“坚持以全心全意服务职工为宗旨", "第55行"),
    ("第五项：改革创新与加强工会建设", "structure.lists_differ", "这里作“坚持以加强工会建设为动力", "第55行"),
    ("六项工程：就业创业与就业创新", "structure.lists_differ", "“职工就业创业工程”，这里作“职工就业创新工程”", "第63行"),
    ("六项工程：职工生活与职工文化生活", "structure.lists_differ", "“职工生活提升工程”，这里作“职工文化生活提升工程”", "第63行"),
    ("六项工程：职工服务保障与劳模健康", "structure.lists_differ", "“职工服务保障工程”，这里作“加强弘扬劳模精神”", "第63行"),
    ("展平的表格：行首制表符", "structure.tabs", "2 处行首残留制表符", "第55行、第63行"),
    ("100多万元不是数", "amount.vague", "“100多万元”", "第51行"),
    ("半角标点", "wording.halfwidth", "半角标点", "第2行"),
    ("段末缺句号", "wording.sentence_end", "3 段末尾没有句号", "第32行、第35行、第47行"),
    *(
        (f"没有资金来源：{activity}", "funding.unstated", activity, "第26行")
        for activity in (
            "尿毒症透析", "冬送温暖", "夏送清凉", "金秋助学", "法律援助", "安康杯", "就业创业", "一日捐",
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(("flaw", "code", "said", "place"), FLAWS, ids=[flaw for flaw, *_ in FLAWS])
def test_the_source_document_reports(flaw, code, said, place):
    fitting = [
        finding
        for finding in found(code)
        if said in f"{finding.message}{finding.hint}" and finding.place.startswith(place)
    ]

    assert len(fitting) == 1, [(finding.message, finding.place) for finding in found(code)]


def test_the_source_document_gives_no_other_finding():
    # A clerk reads 34 lines, not 300: each fault once, like faults in one line.
    assert Counter(finding.code for finding in findings()) == {
        "amount.total_missing": 1,
        "amount.vague": 1,
        "basis.missing": 5,
        "basis.speech": 1,
        "basis.unproduced": 1,
        "document.angle": 1,
        "document.brackets": 4,
        "document.round_title": 1,
        "document.truncated": 1,
        "document.variants": 1,
        "dues.ambiguous": 1,
        "funding.unstated": 1,
        "name.fund": 1,
        "name.post": 1,
        "structure.gap": 1,
        "structure.lists_differ": 2,
        "structure.sequence": 1,
        "structure.tabs": 1,
        "wording.halfwidth": 1,
        "wording.repeat": 1,
        "wording.sentence_end": 1,
        "wording.typo": 2,
        "year.heading": 1,
        "year.item": 1,
        "year.mixed": 1,
    }


def test_two_items_that_recompute_to_the_fen_are_not_flagged():
    told = " ".join(finding.message for finding in findings())

    assert "劳模体检费”" not in told
    assert "离退休劳模津贴”" not in told


def test_standing_wording_is_not_taken_for_a_slip():
    at = text().index("监督保证机制")

    assert not [
        finding for finding in findings() for start, end in finding.spans if start < at + 6 and end > at
    ]


def test_cited_documents_of_other_years_are_allowed():
    for year in ("2004", "2007", "2009", "2011"):
        assert not [
            finding for finding in findings() if finding.code.startswith("year.") and year in finding.message
        ]


def test_every_place_leads_to_the_words_it_quotes():
    for finding in findings():
        assert finding.start is not None
        quoted = " ".join(text()[finding.start : finding.end].split())
        assert quoted.startswith(finding.excerpt.rstrip("…"))


def test_findings_stand_in_the_order_of_the_text():
    starts = [finding.start for finding in findings()]

    assert starts == sorted(starts)


def test_only_the_heading_of_another_year_stops_an_issue():
    assert [finding.code for finding in findings() if finding.severity == Severity.HARD] == ["year.heading"]


def test_the_year_is_guessed_from_the_text():
    assert guess_year(text()) == 2016


def test_without_a_year_no_year_is_judged():
    assert not [finding for finding in check_text(text(), year=None) if finding.code.startswith("year.")]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "其中市级劳模荣誉获得一次的245人",
            "其中市级劳模荣誉获得一次的251人",
            ["amount.classes", "count.classes"],
        ),
        ("涉及离退休市级劳模277人", "涉及离退休市级劳模283人", ["count.classes"]),
        ("含破产或撤销企业劳模6人", "含破产或撤销企业劳模300人", ["count.within"]),
        ("共计557人", "共计558人", ["amount.product"]),
        ("体检费22.28万元", "体检费22.82万元", ["amount.heading"]),
        ("项目4：市级离退休劳模津贴43.65万元", "项目4：市级离退休劳模津贴43.56万元", ["amount.heading"]),
    ],
)
def test_a_changed_figure_of_the_source_is_found(old, new, expected):
    assert text().count(old) == 1
    before = Counter(finding.code for finding in findings())

    after = Counter(finding.code for finding in check_text(text().replace(old, new), year=2016))

    assert sorted((after - before).elements()) == expected
