"""Case and Decision. Whoever inherits from them wears the guards; no Meta can lose them."""

import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models.base import ModelBase
from django.db.models.functions import Now
from django.urls import reverse

from apps.accounts.models import Union, User
from apps.cases.models import guards
from apps.cases.models.guards import Requirement
from apps.cases.rules.flow import Flow
from apps.cases.rules.notices import NoticeRule


class Guarded(ModelBase):
    """Hangs the guards on each concrete class: inherited triggers would be lost with a Meta of the class's own."""

    def __new__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any], **kwargs: Any) -> Any:
        made: Any = super().__new__(cls, name, bases, attrs, **kwargs)
        if not made._meta.abstract and not made._meta.proxy:
            for guard in made.guards():
                guard.register(made)
        return made


class CaseQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> Self:
        """Cases of the person's own union and of all unions below it, for those who read or take part."""
        if not any(user.may(permission) for permission in (self.model.reads, *self.model.flow.permissions)):
            return self.none()
        return self.filter(union__path__startswith=user.union.path)

    def live(self) -> Self:
        """Not ended without result."""
        return self.exclude(status__in=self.model.ended)


class Case(models.Model, metaclass=Guarded):
    """What goes through an approval. A concrete case declares its flow, what it measures, and its content."""

    flow: ClassVar[Flow]
    measured: ClassVar[str] = ""
    """The amount decided upon: a field ("amount"), a field of the rows ("lines.amount"), SQL over `own`; or nothing."""
    counted: ClassVar[str] = "人"
    """What the count of a decision counts, with its measure word."""
    reads: ClassVar[str]
    """The permission to see it."""
    pages: ClassVar[str]
    """Where its pages are: "model_workers:relief" has relief_detail, relief_decide and relief_list."""
    named_by: ClassVar[str] = "public_id"
    """The field that its addresses name."""
    requires: ClassVar[tuple[Requirement, ...]] = ()
    brings: ClassVar[tuple[Requirement, ...]] = ()
    """What must hang on a decision of one of `verbs` when its transaction ends; `sql` is a condition over NEW."""
    keeps: ClassVar[Mapping[str, str]] = {}
    """Facts that the database itself adds to a submission: name and SQL over `own`. What the papers compare with must
    not move when another case moves."""
    notice_rule: ClassVar[NoticeRule | None] = None
    """For a case that is made public on its way."""
    routed_by: ClassVar[str] = ""
    """SQL over `own` and `measured` that finds the route; for flows that have routes."""
    on_cards: ClassVar[bool] = False
    """Whether the desk shows each waiting case on a card of its own, not as a number."""
    free_fields: ClassVar[tuple[str, ...]] = ()
    """Fields that may change after the submission; everything else is content."""
    ended: ClassVar[tuple[str, ...]] = ()
    """Statuses that ended without result."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    union = models.ForeignKey(
        Union, verbose_name="工会", on_delete=models.PROTECT, related_name="+", editable=False
    )
    status = models.CharField("状态", max_length=16, default="draft", editable=False)
    round = models.PositiveSmallIntegerField("送审轮次", default=0, editable=False)
    route = models.CharField("审批权限", max_length=16, default="", blank=True, editable=False)
    # Counts the decisions: the version that a page has seen.
    decided = models.PositiveSmallIntegerField("已办步数", default=0, editable=False)
    # Whoever wrote content, and in whose place, by trigger alone: also of those who neither created nor submitted.
    editors = ArrayField(models.BigIntegerField(), db_default=[], editable=False)
    created_by = models.ForeignKey(
        User, verbose_name="录入人", on_delete=models.PROTECT, related_name="+", editable=False
    )
    created_at = models.DateTimeField("录入时间", db_default=Now(), editable=False)

    objects = CaseQuerySet.as_manager()

    class Meta:
        abstract = True

    @classmethod
    def guards(cls) -> list[guards.CaseGuard]:
        return [guard() for guard in guards.CASE_GUARDS]

    def get_status_display(self) -> str:
        return self.flow.labels[self.status]

    @property
    def tone(self) -> str:
        return self.flow.tones[self.status]

    @property
    def is_open(self) -> bool:
        return self.status in self.flow.open

    @property
    def address(self) -> Any:
        """What stands in the addresses of its pages."""
        return getattr(self, self.named_by)

    @property
    def url(self) -> str:
        """Its page."""
        return reverse(f"{self.pages}_detail", args=[self.address])

    def measure(self) -> tuple[Decimal, int]:
        """Amount and count as they stand in the database: what a decision must name."""
        sql = (
            f"SELECT m.amount, m.count FROM {_quoted(self)} own, "
            f"LATERAL ({guards.measure_sql(type(self))}) m WHERE own.id = %s"
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, [self.pk])
            amount, count = cursor.fetchone()
        return amount, count

    def unmet(self, actor: User) -> list[Requirement]:
        """What the database would refuse this person's step for, as things stand now; one query."""
        if not self.requires:
            return []
        asked = ", ".join(
            f"({one.sql.replace('%', '%%').replace('{actor}', '%s::bigint')}) IS TRUE"
            for one in self.requires
        )
        actors = [actor.pk] * sum(one.sql.count("{actor}") for one in self.requires)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {asked} FROM {_quoted(self)} own WHERE own.id = %s", [*actors, self.pk])
            met = cursor.fetchone()
        return [one for one, holds in zip(self.requires, met, strict=True) if not holds]


def _quoted(case: Case) -> str:
    return f'public."{case._meta.db_table}"'


class Decision(models.Model, metaclass=Guarded):
    """One step of one case, insert-only. The writer says what he saw; the database writes what follows and moves the case."""

    number = models.PositiveSmallIntegerField("步次")
    verb = models.CharField("事项", max_length=16)
    source = models.CharField("原状态", max_length=16)
    actor = models.ForeignKey(User, verbose_name="办理人", on_delete=models.PROTECT, related_name="+")
    opinion = models.CharField("意见", max_length=500, blank=True)
    minutes = models.CharField("会议纪要文号", max_length=60, blank=True)
    amount = models.DecimalField("金额", max_digits=16, decimal_places=2)
    count = models.PositiveIntegerField("数目")
    # Names, unit, union, standing, rule and sums as they stood when this round was opened: papers print from here.
    facts = models.JSONField("当时的情况", default=dict)
    # Written by the trigger and read back:
    target = models.CharField("新状态", max_length=16, db_default="")
    round = models.PositiveSmallIntegerField("送审轮次", db_default=0)
    route = models.CharField("审批权限", max_length=16, db_default="")
    duty = models.CharField("职责", max_length=40, db_default="")
    role = models.CharField("当时的角色", max_length=24, db_default="")
    stands_in_for = models.ForeignKey(
        User, verbose_name="代理", on_delete=models.PROTECT, related_name="+", null=True, editable=False
    )
    at = models.DateTimeField("时间", db_default=Now())

    class Meta:
        abstract = True
        ordering = ("number",)

    def __str__(self) -> str:
        return f"{self.number} {self.verb}"

    @classmethod
    def guards(cls) -> list[guards.CaseGuard]:
        key: Any = cls._meta.get_field("case")
        case = key.remote_field.model
        brings = [guards.Brings()] if case.brings else []
        return [*(guard() for guard in guards.DECISION_GUARDS), *brings]


def decision_of(case: type[Case]) -> type[Any]:
    """The decisions of a case: AidCase → AidDecision, in the same module."""
    name = case.__name__.removesuffix("Case") + "Decision"
    once = models.UniqueConstraint(
        fields=("case", "number"),
        name=f"{case._meta.app_label}_{name.lower()}_once",
        violation_error_message="这一事项刚刚由别人办理过，请刷新后再看。",
    )
    label = f"{case._meta.verbose_name}审批记录"
    meta = type(
        "Meta",
        (),
        {
            "ordering": ("number",),
            "verbose_name": label,
            "verbose_name_plural": label,
            "constraints": (once,),
        },
    )
    key = models.ForeignKey(case, verbose_name="事项", on_delete=models.PROTECT, related_name="decisions")
    return Guarded(name, (Decision,), {"__module__": case.__module__, "Meta": meta, "case": key})
