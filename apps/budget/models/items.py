"""Item with what belongs to it alone: its performance indicators and the documents it rests on."""

import uuid
from decimal import Decimal

import pgtrigger
from django.db import models
from django.db.models import OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.accounts.models import User
from apps.budget.models.adjustments import Adjustment
from apps.budget.models.documents import PolicyDocument
from apps.budget.models.lines import CalcLine
from apps.budget.models.plans import Edition
from apps.budget.models.reference import ClassificationCode, FundingSource, ItemGroup
from apps.budget.rules.calculation import AMOUNT_LIMIT
from apps.cases.models import CaseRow
from apps.core import audit
from apps.core.triggers import ReadOnly, Trigger

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
class Item(CaseRow):
    """One budget item. `lineage` stays the same through all editions and years, so that versions can be compared."""

    case_path = "edition"

    edition = models.ForeignKey(Edition, verbose_name="版本", on_delete=models.PROTECT, related_name="items")
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
        triggers = (
            ReadOnly(name="identity_fixed", fields=["edition", "lineage"]),
            # Books are never added together: a group of another book would be.
            Trigger(
                name="group_of_its_book",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("group_id"),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM public.budget_itemgroup g, public.budget_edition e
                            JOIN public.budget_plan p ON p.id = e.plan_id
                            WHERE g.id = NEW.group_id AND e.id = NEW.edition_id AND g.book IN ('', p.book))
                    THEN
                        RAISE EXCEPTION '这个项目分组属于另一预算体系，三本预算互不相加。'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_item_group_of_its_book';
                    END IF;
                    RETURN NEW;
                """,
            ),
            # The ceiling is the bureau's: entered in 一下, carried on as it is, unknown to a new item.
            Trigger(
                name="control_handed_down",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("control_amount"),
                declare=[("own", "public.budget_edition%ROWTYPE"), ("handed_down", "NUMERIC")],
                func="""
                    IF TG_OP = 'UPDATE' THEN
                        IF NEW.control_amount IS NOT DISTINCT FROM OLD.control_amount THEN
                            RETURN NEW;
                        END IF;
                    END IF;
                    SELECT * INTO own FROM public.budget_edition WHERE id = NEW.edition_id;
                    IF own.stage <> 'first_down' THEN
                        SELECT control_amount INTO handed_down FROM public.budget_item
                            WHERE edition_id = own.based_on_id AND lineage = NEW.lineage;
                        IF NEW.control_amount IS DISTINCT FROM handed_down THEN
                            RAISE EXCEPTION '控制数由财政在一下下达，只在一下版本登记。'
                                USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_item_control_handed_down';
                        END IF;
                    END IF;
                    RETURN NEW;
                """,
            ),
        )

    def __str__(self) -> str:
        return self.title(self.edition.plan.year)

    def title(self, year: int) -> str:
        """The name as printed for a budget year."""
        return self.name.replace("{年度}", str(year)).replace("{上年}", str(year - 1))


@audit.tracked()
class Indicator(CaseRow):
    """One performance indicator of an item, in three levels (财预〔2021〕101号)."""

    case_path = "item__edition"

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

    def __str__(self) -> str:
        return self.name


@audit.tracked()
class ItemBasis(CaseRow):
    """That an item rests on a document, in which article, in printed order."""

    case_path = "item__edition"

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
        triggers = (
            Trigger(
                name="cites_current",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("document_id"),
                func="""
                    PERFORM 1 FROM public.budget_policydocument d WHERE d.id = NEW.document_id AND d.corrected_at IS NOT NULL;
                    IF FOUND THEN
                        RAISE EXCEPTION '这份依据文件已被更正，请引用更正后的那一条。'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_itembasis_cites_current';
                    END IF;
                    RETURN NEW;
                """,
            ),
        )

    def __str__(self) -> str:
        return str(self.document)
