"""Single sentences: what the checks accept, what they find, and that no text whatever makes them fail."""

import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.budget.rules.findings import ROUNDING_CODE, Finding, Severity, cluster_rounding, stops_issue
from apps.budget.rules.text import CATALOGUE, check_text
from apps.budget.rules.text.documents import title_difference
from apps.budget.rules.text.draft import han_number
from apps.budget.rules.text.equations import capital_value
from tests.budget.clean_text import CLEAN


def codes(text: str, **options: object) -> list[str]:
    return [finding.code for finding in check_text(text, **({"year": 2016} | options))]  # type: ignore[arg-type]


ACCEPTED = [
    # calculations
    "参加培训120人，每人300元，共计36000元。",
    "每人400元，共计557人，合计222800元。",
    "举办培训班3期，每期20000元，共计6万元。",
    "聘用人员10人，每人每月2000元，12个月，共计240000元。",
    "看望50户，每户500元；走访20人，每人300元，共计31000元。",
    "甲类5人，每人100元，共计500元；乙类2人，每人300元，共计600元；合计1100元。",
    "补助乡镇10个，每个30000元，共计30万元。",
    "参加体检劳模557人，每人400元；其他定额安排10000元，共计232800元。",
    "工资总额68750万元，按2%计提，其中40%为市总工会分成数，共计550万元。",
    "评审费5车次，每车次200元，共计1000元。",
    "557人×400元=222800元。",
    "22.28+20+550=592.28万元。",
    "68750万元×2%×40%=550万元。",
    "245人×1500元+22人×2000元+10人×2500元=43.65万元。",
    "项目经费43.65万元（人民币肆拾叁万陆仟伍佰元整）。",
    "人民币壹佰贰拾叁万肆仟伍佰陆拾柒元捌角玖分，即1234567.89元。",
    # parts that need not be exhaustive
    "支出120万元，其中中央资金50万元。",
    "慰问300人，其中单亲家庭20人、大病职工15人。",
    "支出合计100万元，其中：基本支出60万元，项目支出40万元。",
    "全年安排资金43.65万元，其中比上年增加5万元，主要原因是人数增加。",
    # units
    "会议费每人每天300元，共计2万元。",
    "共计222800元（22.28万元）。",
    "工会经费占70%以上。",
    "一次性补助标准为每人不超过3000元，总额控制在5万元以内。",
    # changes
    "2016年安排22.28万元，比2015年21.88万元增加0.40万元，增长1.8%，主要原因是体检人数增加。",
    "与上年持平。",
    "上年没有安排，增加45万元（基数为零，不计算增幅），主要原因是新增任务。",
    "参加人数稳中有升，社会影响力进一步扩大。",
    # years
    "根据2011年6月颁布的《廊坊市劳动模范管理规定》执行。",
    "截至2014年12月31日，固定资产100万元。",
    "《2010年工作要点》已经完成，2015年继续推进。",
    "该办法自2012年1月1日起施行。",
    "“十二五”规划（2011—2015年）顺利完成。",
    "依据廊工发〔2007〕31号文件。",
    # documents
    "《中华人民共和国工会法》和《工会法》都是常用写法。",
    "《河北省职工代表大会条例》与《廊坊市职工代表大会条例》并行。",
    "《困难职工帮扶资金管理办法》和《困难职工帮扶资金管理办法实施细则》。",
    "《关于做好2015年工作的通知》和《关于做好2016年工作的通知》。",
    "廊坊市人民政府令〔2011〕第3号。",
    # wording
    "推动基层工会建立工资集体协商制度和监督保证机制。",
    "让职工知道全市工会工作的开展情况。",
    "职工都知道各级工会能办实事。",
    "市总工会工会经费由工会干部一件一件核对。",
    "认真研究研究，讨论讨论。",
    "主席、副主席和书记、副书记参加会议。",
    "的的确确为职工办实事，是是非非要分清。",
    "他说：“服务职工，永不停步。”",
    "比例为1:2，时间为10:30，网址略去。",
    "第一，抓落实；第二，抓检查……",
    "二〇〇〇年出版的《志书》已经归档，二〇一五年重印。",
    # placeholders
    "XXL号工作服20套，XIX届。",
    "（详见附件）",
    "劳模待遇待定额标准公布后执行。",
    "深入学习贯彻习近平总书记系列重要讲话精神。",
]  # fmt: skip


@pytest.mark.parametrize("sentence", ACCEPTED)
def test_correct_wording_is_left_alone(sentence):
    assert codes(sentence) == []


FOUND = [
    ("培训120人，每人300元，共计36100元。", "amount.product"),
    ("每人400元，共计557人，合计222900元。", "amount.product"),
    ("聘用人员10人，每人每月2000元，12个月，共计20000元。", "amount.product"),
    ("看望50户，每户500元；走访20人，每人300元，共计32000元。", "amount.classes"),
    ("甲5人，每人100元，共计500元；乙2人，每人300元，共计600元；合计1200元。", "amount.classes"),
    ("参加30人，其中女职工40人。", "count.within"),
    ("参加30人，含女职工40人。", "count.within"),
    ("一次245人（每人1500元），二次22人（每人2000元），共277人。", "count.classes"),
    ("557人×400元=222900元。", "amount.equation"),
    ("22.28+20+550=593.28万元。", "amount.equation"),
    ("大写人民币壹万元整（20000元）。", "amount.capitals"),
    ("“三公”经费10万元，其中：因公出国（境）费0万元，公务接待费3万元，公务用车购置及运行费6万元。", "amount.parts"),
    ("支出合计100万元，其中中央资金50万元，省级资金30万元。", "amount.parts"),
    ("安排会议费2万元和办公费3000元。", "amount.mixed_units"),
    ("约20万元用于慰问。", "amount.vague"),
    ("慰问金几十万元。", "amount.vague"),
    ("投入20万元左右。", "amount.vague"),
    ("减少-5万元，主要原因是压减。", "change.direction"),
    ("上年20万元，本年25万元，减少5万元，主要原因是压减。", "change.direction"),
    ("上年20万元，本年25万元，增加6万元，主要原因是扩面。", "change.amount"),
    ("上年20万元，本年25万元，增加5万元，增长20%，主要原因是扩面。", "change.amount"),
    ("上年为0万元，增加5万元，增长100%，主要原因是新增。", "change.zero_base"),
    ("比上年增加5万元。", "change.reason"),
    ("计划2018年完成。", "year.outside"),
    ("廊工发【2007】31号。", "document.brackets"),
    ("廊工发(2007)31号。", "document.brackets"),
    ("廊工发〔2007〕031号。", "document.number"),
    ("《关于印发某某办法》已执行。", "document.truncated"),
    ("领导、各级工会知道，知道各级工会落实工作。", "wording.typo"),
    ("部门布署工作。", "wording.typo"),
    ("增加增加投入。", "wording.repeat"),
    ("安排慰问金{金额}元。", "placeholder.left"),
    ("安排慰问金#REF!。", "placeholder.left"),
    ("联系人：某同志，电话：XXXX。", "placeholder.left"),
    ("慰问——人，另行通知。", "placeholder.figure"),
    ("工资总额——万元，按——计提，另行核定。", "placeholder.figure"),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "code"), FOUND)
def test_a_fault_in_a_sentence_is_found_and_nothing_else(sentence, code):
    assert set(codes(sentence)) == {code}


def test_codes_are_held_against_their_dictionary():
    dictionary = {"2210201": "住房公积金", "30228": "工会经费"}

    assert codes("2210201 住房公积金支出。工会经费（30228）支出。", codes=dictionary) == []
    assert codes("2210201 医疗保险支出。福利费（30228）支出。", codes=dictionary) == [
        "code.name",
        "code.name",
    ]
    assert codes("2210201人参加。", codes=dictionary) == []


def test_figures_outside_the_data_are_named():
    figures = [Decimal("222800"), Decimal("400")]

    assert codes("每人400元，参加体检557人，共计222800元，即22.28万元。", figures=figures) == []
    assert codes("减少22.28万元的，写作-22.28万元。", figures=figures) == []
    assert codes("落实《关于发放3万元补助的通知》。", figures=figures) == []
    assert codes("另有3万元。") == []
    (finding,) = check_text("一、任务\n办好实事，另有3万元。", year=2016, figures=figures)
    assert (finding.code, finding.severity) == ("amount.unknown", Severity.SOFT)
    assert (finding.excerpt, finding.place) == ("另有3万元", "第2行（一、任务）")


def test_a_document_cited_twice_with_one_fault_is_one_finding_with_two_places():
    findings = check_text(
        "根据廊工发【2007】31号办理。\n依据廊工发【2007】31号和廊工发【2009】17号。", year=2016
    )

    assert [(finding.code, len(finding.spans)) for finding in findings] == [
        ("document.brackets", 2),
        ("document.brackets", 1),
    ]


def test_a_table_is_added_up_by_its_own_subtotals():
    table = (
        "单位：万元\n项目 | 预算数\n甲 | 1.00\n乙 | 2.00\n小计 | 3.00\n丙 | 4.00\n小计 | 4.00\n合计 | 7.00\n"
        "上年结转 | 1.00\n总计 | 8.00\n"
    )

    assert codes(table) == []
    assert codes(table.replace("合计 | 7.00", "合计 | 9.00").replace("总计 | 8.00", "总计 | 10.00")) == [
        "amount.total"
    ]
    assert codes(table.replace("总计 | 8.00", "总计 | 7.00")) == ["amount.total"]


def test_only_the_upper_level_of_a_table_is_added():
    table = "科目 | 预算数\n一、基本支出 | 10\n1.人员经费 | 6\n2.公用经费 | 4\n二、项目支出 | 5\n合计 | 15\n"

    assert codes(table) == []
    assert codes(table.replace("合计 | 15", "合计 | 17")) == ["amount.total"]


def test_classes_of_classification_are_not_added_twice():
    table = "编码 | 科目 | 金额\n201 | 一般公共服务 | 10\n20129 | 群众团体 | 10\n2012906 | 工会事务 | 10\n | 合计 | 10\n"

    assert codes(table) == []


def test_rounding_gaps_are_one_line_of_information():
    text = (
        "培训3人，每人3333元，共计1万元。\n走访7人，每人1429元，共计1万元。\n"
        "单位：万元\n项目 | 金额\n甲 | 1.33\n乙 | 1.33\n丙 | 1.33\n合计 | 4.00\n"
    )

    findings = check_text(text, year=2016)

    assert [(finding.code, finding.severity) for finding in findings] == [(ROUNDING_CODE, Severity.INFO)]
    assert "3 处" in findings[0].message
    assert "100 元" in findings[0].message
    assert len(findings[0].spans) >= 3
    assert not stops_issue(findings)


def test_a_gap_in_yuan_alone_is_never_rounding():
    findings = check_text("培训3人，每人3333元，共计10000元。", year=2016)

    assert [finding.code for finding in findings] == ["amount.product"]
    assert stops_issue(findings)


def test_a_drift_of_many_rounded_parts_asks_for_a_reason_and_stops_nothing():
    rows = "".join(f"项目{number} | 1.33\n" for number in "甲乙丙丁戊己庚")

    findings = check_text(f"单位：万元\n名称 | 金额\n{rows}合计 | 9.33\n", year=2016)

    assert [(finding.code, finding.severity) for finding in findings] == [("amount.total", Severity.SOFT)]


def test_clustering_keeps_other_findings_in_their_order():
    def one(code: str, gap: str | None, start: int) -> Finding:
        return Finding(
            code,
            Severity.HARD,
            code,
            f"第{start}行",
            code,
            start,
            start + 1,
            gap=Decimal(gap) if gap else None,
        )

    merged = cluster_rounding(
        [one("a", None, 1), one("b", "100", 2), one("c", "100.01", 3), one("d", "-1", 4), one("e", None, 5)]
    )

    assert [finding.code for finding in merged] == ["a", ROUNDING_CODE, "c", "e"]
    assert merged[1].spans == ((2, 3), (4, 5))


def test_clustering_accepts_findings_without_a_place_in_a_text():
    gap = Finding("total", Severity.HARD, "差", gap=Decimal(50))

    merged = cluster_rounding([gap, gap])

    assert [finding.code for finding in merged] == [ROUNDING_CODE]
    assert merged[0].spans == ()


def test_the_fingerprint_survives_moving_and_changes_with_the_figure():
    first = check_text("约20万元用于慰问。", year=2016)[0]
    moved = check_text("慰问困难职工。\n\n约 20万元用于慰问。".replace(" ", ""), year=2016)[0]
    other = check_text("约30万元用于慰问。", year=2016)[0]

    assert first.place != moved.place
    assert first.fingerprint == moved.fingerprint
    assert first.fingerprint != other.fingerprint


def test_the_fingerprint_changes_when_only_the_computed_side_changes():
    text = (
        "项目1：甲10万元\n说明：按定额安排10万元。\n项目2：乙20万元\n说明：按定额安排20万元。\n{}合计40万元\n"
    )

    def total(words: str) -> Finding:
        return next(finding for finding in check_text(words, year=2016) if finding.code == "amount.total")

    assert (
        total(text.format("")).fingerprint != total(text.format("").replace("20万元", "25万元")).fingerprint
    )


def test_places_take_the_names_of_the_lines_they_are_given():
    findings = check_text("甲。\n约20万元用于慰问。", year=2016, line_labels=["第1页第1行", "第3页第7行"])

    assert [finding.place for finding in findings] == ["第3页第7行"]


def test_windows_line_ends_change_nothing():
    assert codes(CLEAN.replace("\n", "\r\n")) == []


def test_full_width_digits_are_figures_too():
    assert codes("培训１２０人，每人３００元，共计３６１００元。") == ["amount.product"]


def test_a_long_list_of_one_kind_is_cut():
    assert codes("约20万元用于慰问。\n" * 300) == ["amount.vague"] * 50


def test_the_catalogue_names_every_check_once_and_in_chinese():
    assert len({entry.code for entry in CATALOGUE}) == len(CATALOGUE)
    for entry in CATALOGUE:
        assert entry.title, entry.code
        assert entry.explanation.endswith(("。", "；")), entry.code
        assert entry.source, entry.code


@pytest.mark.parametrize(
    ("words", "number"),
    [("一", 1), ("十", 10), ("十二", 12), ("二十", 20), ("九十九", 99), ("十十", None), ("一二", None)],
)
def test_heading_numerals_are_read(words, number):
    assert han_number(words) == number


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("肆拾叁万陆仟伍佰元", "436500"),
        ("柒佰捌拾伍万玖仟叁佰元", "7859300"),
        ("壹亿零叁拾元", "100000030"),
        ("拾元伍角", "10.5"),
        ("壹元零伍分", "1.05"),
    ],
)
def test_amounts_in_capitals_are_read(words, value):
    assert capital_value(words) == Decimal(value)


@pytest.mark.parametrize(
    ("first", "second", "difference"),
    [
        ("廊坊市劳动模范管理规定", "廊坊市职工劳动模范管理规定", "一处多“职工”"),
        ("廊坊市劳动模范管理规定", "廊坊市劳动模范管理办法", "一处作“规定”，一处作“办法”"),
        ("廊坊市劳动模范管理规定", "廊坊市劳动楷范管理规定", "一处作“模”，一处作“楷”"),
        ("廊坊市劳动模范管理规定", "河北省劳动模范管理规定", ""),
        ("劳动模范管理规定", "廊坊市劳动模范管理规定", ""),
        ("帮扶资金管理办法", "帮扶资金管理办法（试行）", "一处多“试行”"),
        ("关于做好2015年工作的通知", "关于做好2016年工作的通知", ""),
    ],
)
def test_titles_that_may_be_one_document(first, second, difference):
    assert title_difference(first, second) == difference
    assert bool(title_difference(second, first)) == bool(difference)


_PIECES = st.sampled_from(
    [
        *"，。；：、（）《》〔〕【】<>{}“”\n\t |一二三十第共每年月日人户元万亿%＋×=-0123456789.１,",
        "项目1：", "说明：", "其中", "含", "共计", "合计", "小计", "每人", "245人", "1500元", "43.65万元", "2016年",
        "2014年", "增加", "减少", "上年", "工资总额", "2%计提", "其中40%", "一是", "（四）", "3、", "廊工发【2007】31号",
        "人民币", "壹佰元整", "XX", "——人", "知道", "书记", " | ", "单位：万元\n", "定额安排", "根据", "讲话精神",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(_PIECES, max_size=80).map("".join) | st.text(max_size=200))
def test_no_text_whatever_makes_the_checks_fail(text):
    for finding in check_text(text, year=2016):
        assert finding.fingerprint
        for start, end in finding.spans:
            assert 0 <= start <= end <= len(text)


@pytest.mark.parametrize(
    "piece",
    [
        CLEAN,
        "其中100万元",
        "1+",
        "\t",
        "（",
        "项目1：名100万元\n说明\n\n",
        "1 | 2 | 3\n",
        "每人1元，",
        "《规定",
    ],
)
def test_two_hundred_kilobytes_are_read_in_a_moment(piece):
    text = (piece * (200_000 // len(piece) + 1))[:200_000]

    started = time.process_time()
    check_text(text, year=2016)

    assert (
        time.process_time() - started < 6
    )  # about 1 s on an office machine; a quadratic check needs minutes
