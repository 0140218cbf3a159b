"""CalcLine: one line of a calculation, its amount computed by the database."""

from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Round
from django.utils import timezone

from apps.accounts.models import User
from apps.budget.models.locks import calculation_lock
from apps.budget.models.plans import Edition
from apps.budget.rules.calculation import AMOUNT_LIMIT, COUNT_LIMIT, Method, ShareBasis
from apps.cases.models import CaseRow
from apps.core import audit
from apps.core.triggers import ReadOnly


class CalcLineQuerySet(models.QuerySet["CalcLine"]):
    def visible_to(self, user: User) -> "CalcLineQuerySet":
        return self.filter(item__edition__in=Edition.objects.visible_to(user))


@audit.tracked(exclude=("amount",))
class CalcLine(CaseRow):
    """One line of a calculation. The database computes the amount, so no program can store another."""

    case_path = "item__edition"

    item = models.ForeignKey(
        "budget.Item", verbose_name="项目", on_delete=models.CASCADE, related_name="lines"
    )
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
    # Of a source that counts a part of its figure (含 6 人): {"label", "value", "rows"} as read with it.
    source_part = models.JSONField("其中读取", default=dict, blank=True)
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
                condition=Q(source_key="") | Q(method__in=(Method.HEADCOUNT, Method.TIERED)),
                name="budget_calcline_source_counts",
                violation_error_message="只有按数量测算的行可以绑定数据来源。",
            ),
            models.CheckConstraint(
                condition=Q(source_key="") | Q(source_value__isnull=False, source_read_at__isnull=False),
                name="budget_calcline_source_was_read",
                violation_error_message="绑定数据来源的测算行必须有读取数和读取时间。",
            ),
        )
        triggers = (
            ReadOnly(name="identity_fixed", fields=["item"]),
            calculation_lock(),
        )

    def __str__(self) -> str:
        return self.label or f"测算行{self.ordinal}"
