"""The catalogue of text checks (校验规则目录): every code with its title, severity, meaning and source, as data."""

from dataclasses import dataclass

from apps.budget.rules.findings import ROUNDING_CODE, Severity

HARD, SOFT, INFO = Severity.HARD, Severity.SOFT, Severity.INFO

REVIEW = "预算公开审核规则"
LAYOUT = "GB/T 9704-2012 党政机关公文格式"
PROOF = "文稿校对要求"
DUES = "工会法关于拨缴工会经费的规定"
BASIS = "项目支出预算须有测算依据"


@dataclass(frozen=True, slots=True)
class Entry:
    """One check. Its findings carry this severity unless the check itself lowers it, as the explanation then says."""

    code: str
    title: str
    severity: Severity
    explanation: str
    source: str


CATALOGUE: tuple[Entry, ...] = (
    # amounts and counts
    Entry(
        "amount.product",
        "数量×标准＝金额",
        HARD,
        "数量（人、户、次、月等）乘以标准，必须等于后面写的“共计”金额；跨元和万元比较时容差 0.01 万元。",
        REVIEW,
    ),
    Entry("amount.classes", "分档金额之和＝合计", HARD, "各档人数乘各档标准相加，必须等于合计金额。", REVIEW),
    Entry(
        "count.classes",
        "分档人数之和＝总人数",
        HARD,
        "“共n人，其中……”逐档列出人数和标准时，各档人数相加必须等于总人数。",
        REVIEW,
    ),
    Entry(
        "count.within",
        "“其中”“含”不超过所属人数",
        HARD,
        "“245人（含……6人）”里的6人在245人之内，不能比245多；“其中”某一部分也不能比总数多。",
        REVIEW,
    ),
    Entry(
        "amount.heading",
        "项目标题金额＝说明金额",
        HARD,
        "项目标题里的万元数，必须等于说明里的“共计”“共需”金额（元与万元换算后）。",
        REVIEW,
    ),
    Entry(
        "amount.total",
        "小计、合计＝各项之和",
        HARD,
        "印出的小计、合计（含表格的合计行）必须等于各项之和；多项万元数累计的尾差只作提醒。",
        REVIEW,
    ),
    Entry(
        "amount.parts",
        "“其中”各项与总额相符",
        HARD,
        "“其中”各项之和不能超过总额；基本支出与项目支出、三公经费、政府采购等全部列出时必须等于总额；"
        "合计之下列出两项以上而不足总额的，只作提醒。",
        REVIEW,
    ),
    Entry("amount.equation", "算式左右相等", HARD, "文中写出的加法、乘法算式，等号两边必须相等。", REVIEW),
    Entry(
        "amount.total_missing",
        "没有印小计、合计",
        SOFT,
        "有多个项目而没有小计或合计时，给出应印的数。",
        REVIEW,
    ),
    Entry(
        "amount.capitals",
        "大写金额＝小写金额",
        HARD,
        "人民币大写与紧挨着的小写金额必须一致。",
        "支付结算办法 附件一",
    ),
    Entry(
        "amount.unknown",
        "正文数字在预算数据里找不到",
        SOFT,
        "说明里出现的金额应能在预算数据里找到；只在随预算数据一起校验时检查。",
        REVIEW,
    ),
    Entry(
        "amount.mixed_units",
        "同一句混用元和万元",
        SOFT,
        "同一句里的总额不要一会儿用元、一会儿用万元；每人标准和括号里的换算不算。",
        REVIEW,
    ),
    Entry("amount.decimals", "万元超过两位小数", SOFT, "以万元为单位的数保留两位小数。", REVIEW),
    Entry(
        "amount.vague",
        "约数不能作金额",
        SOFT,
        "“100多万元”“约20万元”不是确定的数，不能作为预算金额或测算依据。",
        REVIEW,
    ),
    Entry(
        ROUNDING_CODE, "四舍五入差额", INFO, "相差不超过 0.01 万元的，合并成一条提示，不逐条列出。", REVIEW
    ),
    # changes against last year
    Entry(
        "change.direction",
        "增减方向与数字一致",
        HARD,
        "写“增加”而本年数小于上年数，或增减额为负、金额与百分比方向相反，都是错误。",
        REVIEW,
    ),
    Entry(
        "change.amount",
        "增减额、增减率与两年的数相符",
        HARD,
        "增减额＝本年数－上年数，增减率＝增减额÷上年数。",
        REVIEW,
    ),
    Entry(
        "change.zero_base",
        "上年数为零不计算百分比",
        HARD,
        "上年为零或没有安排时，不存在增长百分比，只写增减额。",
        REVIEW,
    ),
    Entry(
        "change.reason", "增减没有说明原因", SOFT, "与上年相比的增加、减少后面应写“主要原因是……”。", REVIEW
    ),
    # basis
    Entry(
        "basis.missing", "无测算依据", SOFT, "项目没有数量×标准、基数×比例或写明的定额，金额无从核对。", BASIS
    ),
    Entry(
        "basis.speech", "依据效力不足", SOFT, "领导讲话、会议精神不是政策文件，不能单独作为经费依据。", BASIS
    ),
    Entry(
        "basis.unproduced",
        "所述数字得不出项目金额",
        SOFT,
        "说明里的数与项目金额不是一回事，读者无法从中得到项目金额。",
        BASIS,
    ),
    Entry(
        "dues.ambiguous",
        "工会经费口径不明",
        SOFT,
        "写了计提比例和分成，却没有工资总额，也没有写明金额是全额还是分成数。",
        DUES,
    ),
    Entry(
        "dues.amount",
        "工资总额×比例×分成＝金额",
        HARD,
        "写明工资总额时，按比例（和分成）算出的数必须等于项目金额。",
        DUES,
    ),
    Entry(
        "funding.unstated",
        "资金来源未说明",
        INFO,
        "文中安排了的活动没有对应的金额或资金来源，合并成一条提示。",
        REVIEW,
    ),
    # years
    Entry(
        "year.heading", "标题年度不对", HARD, "章节标题、项目名称里的年度必须是预算年度或上一年度。", REVIEW
    ),
    Entry(
        "year.outside",
        "出现其他年度",
        SOFT,
        "正文只应出现预算年度和上一年度；书名号内、文号、“截至……”和文件颁布日期除外。",
        REVIEW,
    ),
    Entry("year.item", "项目名称年度与预算年度不同", SOFT, "预算项目名称里的年度一般就是预算年度。", REVIEW),
    Entry(
        "year.mixed",
        "多个预算年度并存",
        SOFT,
        "标题、项目名称和测算里出现三个以上的预算年度，多半是沿用旧稿没有改全。",
        REVIEW,
    ),
    # documents
    Entry("document.brackets", "文号括号不规范", SOFT, "文号的年份用六角括号〔〕。", LAYOUT),
    Entry("document.number", "文号序号不规范", SOFT, "文号序号前不加“第”（政府令除外），不编虚位。", LAYOUT),
    Entry("document.angle", "法规名称没有用书名号", SOFT, "法律、文件名称用《》，不用<>。", LAYOUT),
    Entry("document.round_title", "文件标题用了圆括号", SOFT, "文件标题用《》，不用圆括号。", LAYOUT),
    Entry(
        "document.truncated",
        "文件标题不全",
        SOFT,
        "“关于……”的标题应写到文种为止，如“的通知”“的意见”。",
        LAYOUT,
    ),
    Entry(
        "document.variants",
        "同一文件两种标题",
        SOFT,
        "两处标题只差一两个词，或同一文号配了两个标题：请核实是一个文件还是两个，不要自动合并。",
        REVIEW,
    ),
    Entry("document.register_title", "标题与依据文件库不符", SOFT, "文号相同而标题与登记的不一致。", REVIEW),
    Entry("document.expired", "依据文件已过有效期", SOFT, "所引文件的有效期早于预算年度。", BASIS),
    Entry(
        "document.unregistered",
        "依据文件没有登记",
        INFO,
        "所引文号在依据文件库里没有，合并成一条提示。",
        BASIS,
    ),
    # names
    Entry(
        "name.post",
        "职务与依据文件不一致",
        SOFT,
        "项目名称写“主席”，所引文件写“副主席”，职务和待遇不同。",
        REVIEW,
    ),
    Entry(
        "name.fund",
        "款项名称与依据文件不一致",
        SOFT,
        "项目写“救助金”，所引文件写“救济基金”，应当统一或说明。",
        REVIEW,
    ),
    Entry(
        "code.name", "科目编码与名称不符", HARD, "科目编码和名称必须与当年科目字典一致。", "政府收支分类科目"
    ),
    # structure
    Entry("structure.gap", "编号缺号", SOFT, "同一级编号必须连续，不能缺号、重号。", PROOF),
    Entry(
        "structure.sequence",
        "标题编号顺序中断",
        SOFT,
        "一级标题依次用一、二、三；不能“1、”“二、”“三、”“2、”混排。",
        LAYOUT,
    ),
    Entry(
        "structure.lists_differ",
        "两处清单不一致",
        SOFT,
        "同一份清单在文中出现两次而内容不同：缺项、用词不同都逐项列出。",
        REVIEW,
    ),
    Entry(
        "structure.tabs",
        "残留制表符",
        SOFT,
        "行首的制表符多半是表格被展平留下的，应恢复成表格或删去。",
        PROOF,
    ),
    # wording
    Entry("wording.typo", "疑似错别字", SOFT, "按上下文判断的常见错别字。", PROOF),
    Entry("wording.repeat", "重复用词", SOFT, "同一个词或职务连着写了两遍。", PROOF),
    Entry("wording.punctuation", "标点重复或连用不当", SOFT, "两个标点连在一起，如“，。”“。。”。", PROOF),
    Entry("wording.halfwidth", "中文里夹半角标点", SOFT, "中文正文用全角标点；合并成一条。", PROOF),
    Entry("wording.sentence_end", "段末缺句号", SOFT, "成句的段落应以句号结束；合并成一条。", PROOF),
    # placeholders
    Entry(
        "placeholder.left",
        "占位符没有填写",
        HARD,
        "XX、{单位}、待填写、（略）、空白下划线等必须填好才能签发。",
        REVIEW,
    ),
    Entry("placeholder.figure", "缺数字", HARD, "“共计万元”“——人”之类的地方缺少数字。", REVIEW),
)

BY_CODE: dict[str, Entry] = {entry.code: entry for entry in CATALOGUE}
