"""Units people work in or retired from."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.core import audit
from apps.people.rules.standing import UnitNature


class UnitQuerySet(models.QuerySet["Unit"]):
    def visible_to(self, user: User) -> "UnitQuerySet":
        return self.filter(union__path__startswith=user.union.path)

    def in_use(self) -> "UnitQuerySet":
        return self.filter(is_active=True)

    def for_list(self) -> "UnitQuerySet":
        return self.select_related("union").order_by("union__path", "name")

    def matching(self, words: str) -> "UnitQuerySet":
        """Units whose name or credit code holds the words."""
        return self.filter(Q(name__icontains=words) | Q(credit_code__icontains=words))


@audit.tracked()
class Unit(models.Model):
    """An employer (or village) of one union. When it goes bankrupt or is dissolved its nature changes, with a date."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    union = models.ForeignKey(
        Union, verbose_name="所属工会", on_delete=models.PROTECT, related_name="units", db_index=False
    )
    name = models.CharField("单位名称", max_length=100)
    credit_code = models.CharField(
        "统一社会信用代码", max_length=18, blank=True, help_text="GB 32100-2015，18 位"
    )
    credit_code_note = models.CharField(
        "代码核实说明",
        max_length=200,
        blank=True,
        help_text="校验码不对、但与证书一致时填写",
    )
    nature = models.CharField("单位性质", max_length=20, choices=UnitNature.choices)
    nature_since = models.DateField(
        "性质起始日期", null=True, blank=True, help_text="破产或撤销的日期；一直如此的留空"
    )
    nature_document = models.CharField("性质变更依据", max_length=200, blank=True)
    is_active = models.BooleanField("在用", default=True)
    created_at = models.DateTimeField("建立时间", default=timezone.now, editable=False)

    objects = UnitQuerySet.as_manager()

    class Meta:
        verbose_name = "单位"
        verbose_name_plural = "单位"
        ordering = ("union__path", "name")
        constraints = (
            # The target of the composite key by which a person's unit stands in the person's union. No other index
            # begins with the union: of a table it has not counted yet, the planner would take that one, and look
            # through all units of the union for each person of a roster.
            models.UniqueConstraint(fields=("union", "id"), name="people_unit_in_union"),
            models.UniqueConstraint(
                fields=("name", "union"),
                name="people_unit_name_once",
                violation_error_message="该工会已有同名单位。",
            ),
            models.UniqueConstraint(
                fields=("credit_code",),
                condition=~Q(credit_code=""),
                name="people_unit_credit_code_once",
                violation_error_message="已有单位使用这个统一社会信用代码。",
            ),
            models.CheckConstraint(
                condition=Q(credit_code="") | Q(credit_code__regex=r"^[0-9A-HJ-NPQRTUWXY]{18}$"),
                name="people_unit_credit_code_form",
                violation_error_message="统一社会信用代码应为 18 位数字和大写字母，不含 I、O、S、V、Z（GB 32100）。",
            ),
            models.CheckConstraint(
                condition=~Q(nature="bankrupt") | Q(nature_since__isnull=False) & ~Q(nature_document=""),
                name="people_unit_bankruptcy_dated",
                violation_error_message="破产或撤销企业必须填写性质起始日期和变更依据。",
            ),
            models.CheckConstraint(
                condition=Q(name=models.functions.Trim(F("name"))) & ~Q(name=""),
                name="people_unit_named",
                violation_error_message="单位名称不能为空，前后不能有空格。",
            ),
        )

    def __str__(self) -> str:
        return self.name
