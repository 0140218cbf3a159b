"""What an edition holds: items, calculation lines, indicators, basis, the outline of text, adjustments."""

import uuid
from decimal import Decimal

import pgtrigger
from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, Round
from django.utils import timezone

from apps.accounts.models import User
from apps.budget.models.documents import PolicyDocument
from apps.budget.models.locks import content_lock, content_lock_through_item
from apps.budget.models.plans import Edition
from apps.budget.models.reference import ClassificationCode, FundingSource, ItemGroup
from apps.budget.rules.calculation import AMOUNT_LIMIT, COUNT_LIMIT, Method, ShareBasis
from apps.core import audit

ZERO = Value(Decimal("0.00"), output_field=models.DecimalField(max_digits=16, decimal_places=2))


class ItemQuerySet(models.QuerySet["Item"]):
    def visible_to(self, user: User) -> "ItemQuerySet":
        return self.filter(edition__in=Edition.objects.visible_to(user))

    def with_amount(self) -> "ItemQuerySet":
        """Adds `amount`: the sum of the item's calculation lines in yuan, 0 when there are none."""
        lines = (
            CalcLine.objects.filter(item=OuterRef("pk"))
            .order_by()
            .values("item")
            .annotate(total=Sum("amount"))
        )
        return self.annotate(amount=Coalesce(Subquery(lines.values("total")), ZERO))

    def with_adjustment(self) -> "ItemQuerySet":
        """Adds `adjustment`: what all approved or present adjustments up to this edition move, in yuan."""
        moves = Adjustment.objects.filter(
            item__lineage=OuterRef("lineage"),
            item__edition__plan=OuterRef("edition__plan"),
            item__edition__sequence__lte=OuterRef("edition__sequence"),
        ).filter(item__edition__stage=OuterRef("edition__stage"))
        summed = moves.order_by().values("item__lineage").annotate(total=Sum("amount")).values("total")
        return self.annotate(adjustment=Coalesce(Subquery(summed), ZERO))

    def for_document(self) -> "ItemQuerySet":
        return (
            self.with_amount()
            .with_adjustment()
            .select_related(
                "group",
                "function_code",
                "department_economic_code",
                "government_economic_code",
                "funding_source",
            )
            .prefetch_related("lines", "indicators", "citations__document")
            .order_by("group__ordinal", "group__code", "ordinal", "id")
        )


@audit.tracked()
class Item(models.Model):
    """One budget item. `lineage` stays the same through all editions and years, so that versions can be compared."""

    edition = models.ForeignKey(Edition, verbose_name="版本", on_delete=models.CASCADE, related_name="items")
    lineage = models.UUIDField("谱系", default=uuid.uuid4, editable=False)
    group = models.ForeignKey(
        ItemGroup, verbose_name="项目分组", on_delete=models.PROTECT, related_name="items"
    )
    ordinal = models.PositiveSmallIntegerField("序号")
    name = models.CharField(
        "项目名称", max_length=120, help_text="可用 {年度}、{上年}，如 {年度}年劳模体检费"
    )
    function_code = models.ForeignKey(
        ClassificationCode,
        verbose_name="功能分类",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    department_economic_code = models.ForeignKey(
        ClassificationCode,
        verbose_name="部门经济分类",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    government_economic_code = models.ForeignKey(
        ClassificationCode,
        verbose_name="政府经济分类",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    funding_source = models.ForeignKey(
        FundingSource,
        verbose_name="资金来源",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    is_three_public = models.BooleanField("三公经费", default=False)
    is_procurement = models.BooleanField("政府采购", default=False)
    is_paid_to_persons = models.BooleanField("补贴到人", default=False)
    is_union_dues = models.BooleanField("工会经费", default=False)
    # What is counted over all classes of a tiered line, e.g. 离退休市级劳模.
    counted_as = models.CharField("计数对象", max_length=60, blank=True)
    purpose = models.TextField(
        "说明",
        blank=True,
        max_length=4000,
        help_text="数字只写占位符：{依据} {测算句} {人数} {标准} {金额} {万元} {年度} {上年}",
    )
    prior_amount = models.DecimalField("上年预算数", max_digits=14, decimal_places=2, null=True, blank=True)
    change_reason = models.CharField("增减原因", max_length=300, blank=True)
    control_amount = models.DecimalField("控制数", max_digits=14, decimal_places=2, null=True, blank=True)
    version = models.PositiveIntegerField("修改次数", default=1, editable=False)
    updated_by = models.ForeignKey(
        User, verbose_name="最近修改人", on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    updated_at = models.DateTimeField("最近修改时间", default=timezone.now, editable=False)

    # Added by with_amount() and with_adjustment(), in yuan.
    amount: Decimal
    adjustment: Decimal

    objects = ItemQuerySet.as_manager()

    class Meta:
        verbose_name = "预算项目"
        verbose_name_plural = "预算项目"
        ordering = ("group__ordinal", "ordinal", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("edition", "lineage"),
                name="budget_item_once_an_edition",
                violation_error_message="同一项目在一个版本里只能出现一次。",
            ),
            models.UniqueConstraint(
                fields=("edition", "group", "ordinal"),
                name="budget_item_ordinal_once",
                deferrable=models.Deferrable.DEFERRED,
                violation_error_message="同一分组内序号不能重复。",
            ),
            models.CheckConstraint(
                condition=~Q(name=""),
                name="budget_item_has_name",
                violation_error_message="项目名称不能为空。",
            ),
            models.CheckConstraint(
                condition=Q(prior_amount__isnull=True)
                | Q(prior_amount__gte=0, prior_amount__lt=AMOUNT_LIMIT),
                name="budget_item_prior_amount_in_range",
                violation_error_message="上年预算数必须在 0 到 100 亿元之间。",
            ),
            models.CheckConstraint(
                condition=Q(control_amount__isnull=True)
                | Q(control_amount__gte=0, control_amount__lt=AMOUNT_LIMIT),
                name="budget_item_control_amount_in_range",
                violation_error_message="控制数必须在 0 到 100 亿元之间。",
            ),
        )
        triggers = (pgtrigger.ReadOnly(name="identity_fixed", fields=["edition", "lineage"]), content_lock())

    def __str__(self) -> str:
        return self.title(self.edition.plan.year)

    def title(self, year: int) -> str:
        """The name as printed for a budget year."""
        return self.name.replace("{年度}", str(year)).replace("{上年}", str(year - 1))


class CalcLineQuerySet(models.QuerySet["CalcLine"]):
    def visible_to(self, user: User) -> "CalcLineQuerySet":
        return self.filter(item__edition__in=Edition.objects.visible_to(user))


_AMOUNT = models.DecimalField(max_digits=16, decimal_places=2)


@audit.tracked(exclude=("amount",))
class CalcLine(models.Model):
    """One line of a calculation. The database computes the amount, so no program can store another."""

    item = models.ForeignKey(Item, verbose_name="项目", on_delete=models.CASCADE, related_name="lines")
    ordinal = models.PositiveSmallIntegerField("序号")
    label = models.CharField("测算内容", max_length=120, blank=True)
    method = models.CharField("测算方式", max_length=10, choices=Method.choices, default=Method.HEADCOUNT)
    people = models.BigIntegerField("数量", null=True, blank=True)
    unit = models.CharField("单位", max_length=6, default="人")
    of_which_label = models.CharField("其中", max_length=60, blank=True)
    of_which_people = models.BigIntegerField("其中数量", null=True, blank=True)
    rate = models.DecimalField("标准（元）", max_digits=14, decimal_places=2, null=True, blank=True)
    base_amount = models.DecimalField("基数（元）", max_digits=16, decimal_places=2, null=True, blank=True)
    ratio = models.DecimalField("比例", max_digits=9, decimal_places=6, null=True, blank=True)
    share = models.DecimalField("分成", max_digits=9, decimal_places=6, null=True, blank=True)
    share_basis = models.CharField("分成口径", max_length=14, choices=ShareBasis.choices, blank=True)
    fixed_amount = models.DecimalField("金额（元）", max_digits=14, decimal_places=2, null=True, blank=True)
    note = models.CharField("测算说明", max_length=300, blank=True)
    # A line bound to a source of core.quantities keeps what was read, when, and which rows stood behind it.
    source_key = models.CharField("数据来源", max_length=60, blank=True)
    source_parameters = models.JSONField("来源参数", default=dict, blank=True)
    source_value = models.DecimalField("读取数", max_digits=16, decimal_places=2, null=True, blank=True)
    source_rows = models.JSONField("读取明细", default=dict, blank=True)
    source_read_at = models.DateTimeField("读取时间", null=True, blank=True)
    source_kept_reason = models.CharField("保留原数理由", max_length=200, blank=True)
    version = models.PositiveIntegerField("修改次数", default=1, editable=False)
    updated_by = models.ForeignKey(
        User, verbose_name="最近修改人", on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    updated_at = models.DateTimeField("最近修改时间", default=timezone.now, editable=False)
    amount = models.GeneratedField(
        verbose_name="金额",
        expression=Round(
            Case(
                When(method__in=(Method.HEADCOUNT, Method.TIERED), then=F("people") * F("rate")),
                When(method=Method.BASE_RATIO, then=F("base_amount") * F("ratio") * F("share")),
                default=F("fixed_amount"),
                output_field=models.DecimalField(max_digits=30, decimal_places=14),
            ),
            precision=2,
        ),
        output_field=models.DecimalField(max_digits=16, decimal_places=2),
        db_persist=True,
    )

    objects = CalcLineQuerySet.as_manager()

    class Meta:
        verbose_name = "测算行"
        verbose_name_plural = "测算行"
        ordering = ("ordinal", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("item", "ordinal"),
                name="budget_calcline_ordinal_once",
                deferrable=models.Deferrable.DEFERRED,
                violation_error_message="同一项目内测算行的序号不能重复。",
            ),
            models.CheckConstraint(
                condition=Q(people__isnull=True) | Q(people__gte=0, people__lte=COUNT_LIMIT),
                name="budget_calcline_people_in_range",
                violation_error_message="数量必须是 0 到 1 亿之间的整数。",
            ),
            models.CheckConstraint(
                condition=Q(of_which_people__isnull=True)
                | Q(people__isnull=False, of_which_people__gte=0, of_which_people__lte=F("people")),
                name="budget_calcline_of_which_inside",
                violation_error_message="“其中”的数量不能超过本行的数量。",
            ),
            models.CheckConstraint(
                condition=Q(of_which_people__isnull=True) | ~Q(of_which_label=""),
                name="budget_calcline_of_which_named",
                violation_error_message="填写“其中”的数量时，必须写明其中是什么人。",
            ),
            models.CheckConstraint(
                condition=Q(rate__isnull=True) | Q(rate__gte=0, rate__lt=AMOUNT_LIMIT),
                name="budget_calcline_rate_in_range",
                violation_error_message="标准必须在 0 到 100 亿元之间。",
            ),
            models.CheckConstraint(
                condition=Q(base_amount__isnull=True)
                | Q(base_amount__gte=0, base_amount__lt=AMOUNT_LIMIT * 100),
                name="budget_calcline_base_in_range",
                violation_error_message="基数必须在 0 到 1 万亿元之间。",
            ),
            models.CheckConstraint(
                condition=(Q(ratio__isnull=True) | Q(ratio__gt=0, ratio__lte=1))
                & (Q(share__isnull=True) | Q(share__gt=0, share__lte=1)),
                name="budget_calcline_shares_in_range",
                violation_error_message="比例和分成必须大于 0、不超过 100%。",
            ),
            models.CheckConstraint(
                condition=Q(fixed_amount__isnull=True)
                | Q(fixed_amount__gte=0, fixed_amount__lt=AMOUNT_LIMIT),
                name="budget_calcline_fixed_in_range",
                violation_error_message="金额必须在 0 到 100 亿元之间。",
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__lt=AMOUNT_LIMIT),
                name="budget_calcline_amount_in_range",
                violation_error_message="一行测算的金额不能达到 100 亿元。",
            ),
            # Only the figures of its own method may stand in a line: an unused figure would be read as used.
            models.CheckConstraint(
                condition=Q(
                    method__in=(Method.HEADCOUNT, Method.TIERED),
                    base_amount__isnull=True,
                    ratio__isnull=True,
                    share__isnull=True,
                    share_basis="",
                    fixed_amount__isnull=True,
                )
                | Q(
                    method=Method.BASE_RATIO,
                    people__isnull=True,
                    of_which_people__isnull=True,
                    rate__isnull=True,
                    fixed_amount__isnull=True,
                )
                | Q(
                    method__in=(Method.QUOTA, Method.ACTUAL),
                    people__isnull=True,
                    of_which_people__isnull=True,
                    rate__isnull=True,
                    base_amount__isnull=True,
                    ratio__isnull=True,
                    share__isnull=True,
                    share_basis="",
                ),
                name="budget_calcline_figures_of_its_method",
                violation_error_message="测算行只能填写本测算方式所用的数。",
            ),
            models.CheckConstraint(
                condition=Q(source_key="") | Q(source_value__isnull=False, source_read_at__isnull=False),
                name="budget_calcline_source_was_read",
                violation_error_message="绑定数据来源的测算行必须有读取数和读取时间。",
            ),
        )
        triggers = (pgtrigger.ReadOnly(name="identity_fixed", fields=["item"]), content_lock_through_item())

    def __str__(self) -> str:
        return self.label or f"测算行{self.ordinal}"


@audit.tracked()
class Indicator(models.Model):
    """One performance indicator of an item, in three levels (财预〔2021〕101号)."""

    class Level(models.TextChoices):
        COST = "cost", "成本指标"
        OUTPUT = "output", "产出指标"
        BENEFIT = "benefit", "效益指标"
        SATISFACTION = "satisfaction", "满意度指标"

    class Direction(models.TextChoices):
        AT_LEAST = "at_least", "≥"
        AT_MOST = "at_most", "≤"
        EQUAL = "equal", "＝"
        QUALITATIVE = "qualitative", "定性"

    item = models.ForeignKey(Item, verbose_name="项目", on_delete=models.CASCADE, related_name="indicators")
    ordinal = models.PositiveSmallIntegerField("序号")
    level = models.CharField("一级指标", max_length=12, choices=Level.choices)
    second_level = models.CharField(
        "二级指标", max_length=30, help_text="如 数量指标、质量指标、时效指标、社会效益指标"
    )
    name = models.CharField("三级指标", max_length=60)
    direction = models.CharField("方向", max_length=12, choices=Direction.choices)
    target = models.CharField("目标值", max_length=40, help_text="数字或 {人数} 等占位符；定性指标写要求")
    unit = models.CharField("计量单位", max_length=12, blank=True)
    weight = models.DecimalField("权重（分）", max_digits=5, decimal_places=2, null=True, blank=True)
    data_source = models.CharField("数据来源", max_length=60, blank=True)

    class Meta:
        verbose_name = "绩效指标"
        verbose_name_plural = "绩效指标"
        ordering = ("ordinal", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("item", "ordinal"),
                name="budget_indicator_ordinal_once",
                deferrable=models.Deferrable.DEFERRED,
                violation_error_message="同一项目内指标的序号不能重复。",
            ),
            models.CheckConstraint(
                condition=Q(weight__isnull=True) | Q(weight__gt=0, weight__lte=100),
                name="budget_indicator_weight_in_range",
                violation_error_message="权重必须大于 0、不超过 100 分。",
            ),
        )
        triggers = (content_lock_through_item(),)

    def __str__(self) -> str:
        return self.name


@audit.tracked()
class ItemBasis(models.Model):
    """That an item rests on a document, in which article, in printed order."""

    item = models.ForeignKey(Item, verbose_name="项目", on_delete=models.CASCADE, related_name="citations")
    document = models.ForeignKey(
        PolicyDocument, verbose_name="依据文件", on_delete=models.PROTECT, related_name="citations"
    )
    article = models.CharField("条款", max_length=40, blank=True)
    ordinal = models.PositiveSmallIntegerField("序号")

    class Meta:
        verbose_name = "项目依据"
        verbose_name_plural = "项目依据"
        ordering = ("ordinal", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("item", "document"),
                name="budget_itembasis_once",
                violation_error_message="这份文件已列为本项目的依据。",
            ),
        )
        triggers = (content_lock_through_item(),)

    def __str__(self) -> str:
        return str(self.document)


class OutlineEntryQuerySet(models.QuerySet["OutlineEntry"]):
    def visible_to(self, user: User) -> "OutlineEntryQuerySet":
        return self.filter(edition__in=Edition.objects.visible_to(user))


@audit.tracked()
class OutlineEntry(models.Model):
    """One row of 主要职责 or 年度主要任务和目标. Numbers are made when printed, so they can never skip."""

    class Section(models.TextChoices):
        DUTIES = "duties", "主要职责"
        TASKS = "tasks", "年度主要任务和目标"

    edition = models.ForeignKey(
        Edition, verbose_name="版本", on_delete=models.CASCADE, related_name="outline"
    )
    section = models.CharField("章节", max_length=6, choices=Section.choices)
    parent = models.ForeignKey(
        "self", verbose_name="上级", on_delete=models.CASCADE, null=True, blank=True, related_name="children"
    )
    ordinal = models.PositiveSmallIntegerField("序号")
    text = models.TextField("内容", max_length=2000)
    version = models.PositiveIntegerField("修改次数", default=1, editable=False)

    objects = OutlineEntryQuerySet.as_manager()

    class Meta:
        verbose_name = "文字条目"
        verbose_name_plural = "文字条目"
        ordering = ("section", "ordinal", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("edition", "section", "parent", "ordinal"),
                nulls_distinct=False,
                deferrable=models.Deferrable.DEFERRED,
                name="budget_outline_ordinal_once",
                violation_error_message="同一级条目的序号不能重复。",
            ),
            models.CheckConstraint(
                condition=~Q(text=""),
                name="budget_outline_has_text",
                violation_error_message="条目内容不能为空。",
            ),
        )
        triggers = (pgtrigger.ReadOnly(name="identity_fixed", fields=["edition", "section"]), content_lock())

    def __str__(self) -> str:
        return self.text[:30]


@audit.tracked()
class Adjustment(models.Model):
    """One movement after 批复, on one item. A transfer is two rows of one pair that add up to zero."""

    class Kind(models.TextChoices):
        TRANSFER = "transfer", "调剂"
        ADDITION = "addition", "追加"
        CUT = "cut", "追减"

    item = models.ForeignKey(Item, verbose_name="项目", on_delete=models.PROTECT, related_name="adjustments")
    kind = models.CharField("类型", max_length=8, choices=Kind.choices)
    amount = models.DecimalField(
        "金额（元）", max_digits=14, decimal_places=2, help_text="调入、追加为正，调出、追减为负"
    )
    pair = models.UUIDField("调剂对", null=True, blank=True)
    reason = models.CharField("理由", max_length=300)
    created_by = models.ForeignKey(User, verbose_name="录入人", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("录入时间", default=timezone.now)

    class Meta:
        verbose_name = "预算调整"
        verbose_name_plural = "预算调整"
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(kind="transfer", pair__isnull=False) & ~Q(amount=0)
                | Q(kind="addition", pair__isnull=True, amount__gt=0)
                | Q(kind="cut", pair__isnull=True, amount__lt=0),
                name="budget_adjustment_sign_fits_kind",
                violation_error_message="追加的金额为正，追减为负，调剂必须成对。",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="budget_adjustment_has_reason",
                violation_error_message="预算调整必须说明理由。",
            ),
        )
        triggers = (
            content_lock_through_item(),
            # Checked at commit, when both rows of a transfer are there.
            pgtrigger.Trigger(
                name="transfer_balances",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                timing=pgtrigger.Deferred,
                declare=[("the_pair", "UUID"), ("pair_total", "NUMERIC"), ("pair_rows", "INTEGER")],
                func="""
                    IF TG_OP = 'DELETE' THEN the_pair := OLD.pair; ELSE the_pair := NEW.pair; END IF;
                    IF the_pair IS NOT NULL THEN
                        SELECT COALESCE(SUM(amount), 0), COUNT(*) INTO pair_total, pair_rows
                            FROM budget_adjustment WHERE pair = the_pair;
                        IF pair_total <> 0 OR pair_rows NOT IN (0, 2) THEN
                            RAISE EXCEPTION '调剂的调出与调入必须相等。'
                                USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_adjustment_transfer_balances';
                        END IF;
                    END IF;
                    RETURN NULL;
                """,
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount}"
