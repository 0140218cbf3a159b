"""One fault at a time in a clean explanation: exactly that fault is found, in the line where it was made."""

import pytest

from apps.budget.rules.findings import Severity
from apps.budget.rules.text import BY_CODE, CATALOGUE, KnownDocument, check_text
from tests.budget.clean_text import CLEAN, YEAR

# (code, what stands in the clean text, what the fault puts in its place)
FAULTS: list[tuple[str, str, str]] = [
    ("amount.product", "每户1000元，共计450000元", "每户1100元，共计450000元"),
    ("amount.product", "劳模体检 | 557 | 400 | 222,800.00", "劳模体检 | 556 | 400 | 222,800.00"),
    ("amount.classes", "（每人2500元）", "（每人2600元）"),
    ("count.classes", "离退休市级劳模277人", "离退休市级劳模287人"),
    ("count.within", "破产或撤销企业劳模6人", "破产或撤销企业劳模300人"),
    ("amount.heading", "按定额安排200000元", "按定额安排210000元"),
    ("amount.heading", "2016年共需市级离退休劳模津贴43.65万元", "2016年共需市级离退休劳模津贴43.56万元"),
    ("amount.total", "单位专项公用经费项目小计592.28万元", "单位专项公用经费项目小计593.28万元"),
    ("amount.total", "单位专项项目小计88.65万元", "单位专项项目小计86.65万元"),
    ("amount.total", "合计 | | | 590,300.00", "合计 | | | 590,301.00"),
    (
        "amount.parts",
        "根本指导方针，履行维护职能。",
        "根本指导方针。支出预算100万元，其中：基本支出60万元，项目支出50万元。",
    ),
    (
        "amount.parts",
        "根本指导方针，履行维护职能。",
        "根本指导方针。支出合计100万元，其中：基本支出60万元，项目支出30万元。",
    ),
    (
        "amount.parts",
        "根本指导方针，履行维护职能。",
        "根本指导方针。政府采购预算10万元，其中：货物5万元，工程0万元，服务4万元。",
    ),
    ("amount.equation", "共计222800元", "557人×400元=222900元，共计222800元"),
    ("amount.total_missing", "单位专项公用经费项目小计592.28万元\n", ""),
    ("amount.capitals", "玖仟叁佰元整", "玖仟肆佰元整"),
    ("amount.mixed_units", "履行维护职能。", "履行维护职能。安排会议费2万元、办公费3000元。"),
    ("amount.decimals", "支出合计680.93万元，比", "支出合计680.930万元，比"),
    ("amount.vague", "开展冬送温暖、夏送清凉活动", "投入100多万元开展冬送温暖、夏送清凉活动"),
    (
        "change.direction",
        "2015年安排42.75万元，增加0.9万元，增长2.1%",
        "2015年安排42.75万元，减少0.9万元，下降2.1%",
    ),
    ("change.direction", "比上年增加0.9万元", "比上年增加-0.9万元"),
    ("change.direction", "增加0.9万元，增长0.1%", "增加0.9万元，下降0.1%"),
    ("change.direction", "厂务公开经费20万元，与上年持平", "厂务公开经费20万元，上年安排25万元，与上年持平"),
    ("change.amount", "2015年安排42.75万元，增加0.9万元", "2015年安排42.75万元，增加0.8万元"),
    ("change.amount", "增加0.9万元，增长2.1%", "增加0.9万元，增长3.1%"),
    ("change.amount", "42.75 | 43.65 | 0.90 | 2.1%\n小计", "42.75 | 43.65 | 0.90 | 2.6%\n小计"),
    (
        "change.zero_base",
        "20万元，与上年持平。",
        "20万元，上年没有安排，增加20万元，增长100%，主要原因是新增任务。",
    ),
    ("change.reason", "增长0.1%，主要原因是市级离退休劳模津贴增加0.9万元。", "增长0.1%。"),
    (
        "basis.missing",
        "45万元\n说明：根据《关于做好困难职工帮扶工作的通知》（廊工发〔2015〕8号），2016年慰问困难职工450户，每户1000元，共计450000元。",
        "45万元\n说明：根据《关于做好困难职工帮扶工作的通知》（廊工发〔2015〕8号），每年慰问困难职工。",
    ),
    (
        "basis.speech",
        "（廊工发〔2015〕8号），2016年慰问",
        "（廊工发〔2015〕8号）和会议领导讲话精神，2016年慰问",
    ),
    (
        "dues.ambiguous",
        "工资总额68750万元，按2%计提，其中40%为市总工会分成数，共计550万元。",
        "按照工资总额2%计提工会经费，40%拨付市总工会，60%拨付各单位，按定额安排550万元。",
    ),
    ("funding.unstated", "，不另行安排经费。", "。"),
    ("year.heading", "二、2016年主要任务", "二、2014年主要任务"),
    ("year.outside", "增加6人。", "增加6人。2013年起逐年核对。"),
    ("year.outside", "增加6人。", "增加6人。二〇一三年逐年核对。"),
    ("year.item", "项目1：2016年劳模体检费", "项目1：2015年劳模体检费"),
    ("document.brackets", "冀厂集字〔2004〕3号", "冀厂集字【2004】3号"),
    ("document.brackets", "冀厂集字〔2004〕3号", "冀厂集字[2004]3号"),
    ("document.number", "冀厂集字〔2004〕3号", "冀厂集字〔2004〕03号"),
    ("document.number", "冀厂集字〔2004〕3号", "冀厂集字〔2004〕第3号"),
    ("document.angle", "《中华人民共和国工会法》", "<工会法>"),
    ("document.round_title", "《关于加强厂务公开工作的意见》", "（关于加强厂务公开工作的意见）"),
    ("document.truncated", "《关于加强厂务公开工作的意见》", "《关于加强厂务公开工作》"),
    ("document.variants", "根据《廊坊市劳动模范管理规定》，2016", "根据《廊坊市职工劳动模范管理规定》，2016"),
    ("document.variants", "根据《廊坊市劳动模范管理规定》，2016", "根据《廊坊市劳动模范管理办法》，2016"),
    (
        "name.post",
        "项目2：厂务公开经费20万元\n说明：根据《关于加强厂务公开工作的意见》",
        "项目2：厂务公开专职主席经费20万元\n说明：根据《关于招聘专职副主席的意见》",
    ),
    ("dues.amount", "工资总额68750万元", "工资总额68700万元"),
    ("structure.gap", "（三）推动基层工会", "（四）推动基层工会"),
    ("structure.gap", "三是职工素质提升工程", "四是职工素质提升工程"),
    ("structure.gap", "七、测算明细", "八、测算明细"),
    ("structure.sequence", "一、廊坊市总工会主要职责", "1、廊坊市总工会主要职责"),
    ("structure.tabs", "（一）坚持以服务大局", " \t（一）坚持以服务大局"),
    ("wording.typo", "任务，指导全市工会工作", "任务，知道全市工会工作"),
    ("wording.typo", "组织和指导全市各级工会", "组织和知道全市各级工会"),
    ("wording.typo", "截至2014年12月31日", "截止2014年12月31日"),
    ("wording.repeat", "主要原因是获得一次", "主要原因是获得获得一次"),
    ("wording.repeat", "全部核对。", "由市总副书记王书记全部核对。"),
    ("wording.repeat", "各级工会的领导机关", "各级工会的的领导机关"),
    ("wording.punctuation", "建功立业。", "建功立业。。"),
    ("wording.punctuation", "工运方针，结合", "工运方针，，结合"),
    ("wording.halfwidth", "领导机关，受市委", "领导机关,受市委"),
    ("wording.halfwidth", "说明：根据2011年", "说明:根据2011年"),
    ("wording.sentence_end", "履行维护职能。", "履行维护职能"),
    ("placeholder.left", "增加6人。", "增加XX人。"),
    ("placeholder.left", "一、廊坊市总工会主要职责", "一、{单位}主要职责"),
    ("placeholder.left", "履行维护职能。", "履行维护职能（略）。"),
    ("placeholder.left", "履行维护职能。", "履行维护职能，待填写。"),
    ("placeholder.left", "全部核对。", "全部由____核对。"),
    ("placeholder.left", "离退休劳模津贴 | 42.75", "离退休劳模津贴（待定） | 42.75"),
    ("placeholder.figure", "支出合计680.93万元，比", "支出合计680.93万元，共计万元，比"),
    ("placeholder.figure", "获得二次的22人（每人2000元）", "获得二次的——人（每人2000元）"),
]


def _line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset)


def test_a_clean_explanation_gives_no_finding():
    assert check_text(CLEAN, year=YEAR) == []


@pytest.mark.parametrize(
    ("code", "old", "new"), FAULTS, ids=[f"{code}-{number}" for number, (code, _, _) in enumerate(FAULTS)]
)
def test_one_fault_gives_exactly_that_finding_in_its_line(code, old, new):
    assert CLEAN.count(old) == 1, "the fault must have one place"
    broken = CLEAN.replace(old, new)
    changed = CLEAN.index(old)
    first, last = _line_of(broken, changed), _line_of(broken, changed + len(new))

    findings = check_text(broken, year=YEAR)

    assert [finding.code for finding in findings] == [code]
    lines = {_line_of(broken, start) for start, _ in findings[0].spans}
    if code != "amount.total_missing":
        assert lines & set(range(first, last + 1)), (findings[0], first)
    assert findings[0].excerpt
    assert findings[0].severity in (BY_CODE[code].severity, Severity.SOFT)


def test_the_mutations_reach_every_check_of_the_catalogue():
    elsewhere = {  # each has tests of its own
        "amount.rounding",
        "amount.unknown",
        "basis.unproduced",
        "code.name",
        "document.expired",
        "document.register_title",
        "document.unregistered",
        "name.fund",
        "structure.lists_differ",
        "year.mixed",
    }

    assert {code for code, _, _ in FAULTS} | elsewhere == {entry.code for entry in CATALOGUE}


def test_the_register_is_held_against_the_text():
    from datetime import date

    known = [
        KnownDocument("廊坊市人民政府令〔2011〕第3号", "廊坊市劳动模范管理规定"),
        KnownDocument("冀厂集字〔2004〕3号", "关于进一步加强厂务公开工作的意见"),
        KnownDocument(
            "廊工发〔2015〕8号", "关于做好困难职工帮扶工作的通知", in_force_until=date(2015, 12, 31)
        ),
    ]

    assert [finding.code for finding in check_text(CLEAN, year=YEAR, known_documents=known)] == [
        "document.register_title",
        "document.expired",
    ]
    missing = check_text(CLEAN, year=YEAR, known_documents=known[:1])
    assert [(finding.code, finding.severity) for finding in missing] == [
        ("document.unregistered", Severity.INFO)
    ]
