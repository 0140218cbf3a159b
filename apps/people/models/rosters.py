"""Rosters on their way in: a file is staged row by row, looked at, and taken over as a whole or not at all."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.core.encryption import EncryptedField
from apps.people.models.persons import ACCOUNT_COLUMN, NUMBER_COLUMN, OLD_NUMBER_COLUMN, PHONE_COLUMN, Person
from apps.people.rules.standing import Kind, UnitNature

# Names inside the seals: never renamed.
ROW_COLUMN = "people.rosterrow.values"
PIECE_COLUMN = "people.rosterpiece.content"


class RosterImportQuerySet(models.QuerySet["RosterImport"]):
    def visible_to(self, user: User) -> "RosterImportQuerySet":
        return self.filter(union__path__startswith=user.union.path)

    def for_list(self) -> "RosterImportQuerySet":
        return self.select_related("union", "uploaded_by", "taken_by").order_by("-id")


class RosterImport(models.Model):
    """One uploaded roster for one union. The file is kept, sealed, until it is read; its rows until they are taken over."""

    class Status(models.TextChoices):
        READING = "reading", "正在读取"
        REFUSED = "refused", "无法读取"
        STAGED = "staged", "待导入"
        TAKING = "taking", "正在导入"
        TAKEN = "taken", "已导入"
        DISCARDED = "discarded", "已放弃"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    union = models.ForeignKey(
        Union, verbose_name="工会", on_delete=models.PROTECT, related_name="roster_imports"
    )
    name = models.CharField("文件名", max_length=200)
    sha256 = models.CharField("SHA-256", max_length=64)
    status = models.CharField("状态", max_length=9, choices=Status.choices, default=Status.READING)
    message = models.CharField("说明", max_length=1000, blank=True)
    row_count = models.PositiveIntegerField("行数", default=0)
    new_count = models.PositiveIntegerField("新增", default=0)
    changed_count = models.PositiveIntegerField("变更", default=0)
    same_count = models.PositiveIntegerField("无变化", default=0)
    error_count = models.PositiveIntegerField("有错误", default=0)
    warning_count = models.PositiveIntegerField("有提示", default=0)
    columns = models.JSONField("表中的列", default=list, help_text="按表中的次序")
    ignored_headings = models.JSONField("没有导入的列", default=list)
    notes = models.JSONField("读取说明", default=list, help_text="合并单元格怎样读，哪些工作表没有读")
    queued_at = models.DateTimeField("排队时间", default=timezone.now)
    stage = models.CharField("进展", max_length=60, blank=True)
    percent = models.PositiveSmallIntegerField("百分比", default=0)
    uploaded_by = models.ForeignKey(User, verbose_name="上传人", on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField("上传时间", default=timezone.now)
    taken_by = models.ForeignKey(
        User, verbose_name="导入人", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    taken_at = models.DateTimeField("导入时间", null=True, blank=True)

    objects = RosterImportQuerySet.as_manager()

    class Meta:
        verbose_name = "名册导入"
        verbose_name_plural = "名册导入"
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("union", "sha256"),
                condition=Q(status__in=("taking", "taken")),
                name="people_rosterimport_once",
                violation_error_message="这份文件已经导入过，不能重复导入。",
            ),
            models.CheckConstraint(
                condition=Q(status="taken", taken_by__isnull=False, taken_at__isnull=False, error_count=0)
                | ~Q(status="taken"),
                name="people_rosterimport_taken_clean",
                violation_error_message="有错误的名册不能导入；已导入的名册必须有导入人和时间。",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_busy(self) -> bool:
        """Whether the background has it."""
        return self.status in (self.Status.READING, self.Status.TAKING)


class RosterPiece(models.Model):
    """A part of the uploaded file on its way to the background, sealed; gone as soon as the file is read."""

    sealed_columns = {"content": (PIECE_COLUMN, ("roster__public_id", "number"))}

    roster = models.ForeignKey(
        RosterImport, verbose_name="名册", on_delete=models.CASCADE, related_name="pieces"
    )
    number = models.PositiveIntegerField("次序")
    content = models.BinaryField("内容")

    class Meta:
        verbose_name = "名册文件的一段"
        verbose_name_plural = "名册文件的各段"
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(
                fields=("roster", "number"),
                name="people_rosterpiece_number_once",
                violation_error_message="同一文件里的次序不能重复。",
            ),
        )

    def __str__(self) -> str:
        return f"{self.roster} 第{self.number}段"


class RosterRow(models.Model):
    """One row of a staged roster. What was in its cells is sealed; what is said of it names columns, never secrets.

    A new person gets the row's own `public_id`; the cells of such a row can be made from its facts.
    """

    follows_merge = False

    class Outcome(models.TextChoices):
        NEW = "new", "新增"
        CHANGED = "changed", "变更"
        SAME = "same", "无变化"
        ERROR = "error", "有错误"

    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    roster = models.ForeignKey(
        RosterImport, verbose_name="名册", on_delete=models.CASCADE, related_name="rows", db_index=False
    )
    number = models.PositiveIntegerField("行号")
    outcome = models.CharField("结果", max_length=7, choices=Outcome.choices)
    name = models.CharField("姓名", max_length=60, blank=True)
    person = models.ForeignKey(
        Person, verbose_name="已有人员", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    version = models.PositiveIntegerField("核对时的版次", null=True)
    values = EncryptedField(
        "单元格", null=True, label=ROW_COLUMN, help_text="按表中列的次序；新增的行没有，导入后清除"
    )
    changes = models.JSONField("变更", default=list, help_text="项目、原值、新值；号码只有末四位")
    errors = models.JSONField("错误", default=list, help_text="列、原因")
    warnings = models.JSONField("提示", default=list, help_text="列、提示")

    class Meta:
        verbose_name = "名册行"
        verbose_name_plural = "名册行"
        ordering = ("number",)
        indexes = (models.Index(fields=("roster", "outcome", "number"), name="people_rosterrow_by_outcome"),)
        constraints = (
            models.UniqueConstraint(
                fields=("roster", "number"),
                name="people_rosterrow_number_once",
                violation_error_message="同一名册里的行号不能重复。",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=("changed", "same"), person__isnull=False, version__isnull=False)
                | Q(outcome__in=("new", "error")),
                name="people_rosterrow_change_has_person",
                violation_error_message="变更和无变化的行必须对应一名已有人员。",
            ),
        )

    def __str__(self) -> str:
        return f"{self.roster} 第{self.number}行"

    @property
    def person_public_id(self) -> uuid.UUID:
        """Whose page it is about, once the roster is taken over: of a new person the row's own."""
        return self.person.public_id if self.person is not None else self.public_id


class RosterFacts(models.Model):
    """What a row is going to write: the columns of a person as they will stand there, secrets sealed for that person.

    NULL leaves what is there alone; of a new person it is empty. Gone once the roster is taken over.
    """

    roster = models.ForeignKey(
        RosterImport, verbose_name="名册", on_delete=models.CASCADE, related_name="facts", db_index=False
    )
    number = models.PositiveIntegerField("行号")
    public_id = models.UUIDField("人员标识")
    is_new = models.BooleanField("新增")
    name = models.CharField("姓名", max_length=40, null=True)
    former_name = models.CharField("曾用名", max_length=40, null=True)
    id_kind = models.CharField("证件类型", max_length=10, null=True)
    id_number = EncryptedField("证件号码", null=True, label=NUMBER_COLUMN, is_in_transit=True)
    id_hash = models.BinaryField("证件号码摘要", null=True)
    id_last_four = models.CharField("证件末四位", max_length=4, null=True)
    old_id_number = EncryptedField("15 位旧号", null=True, label=OLD_NUMBER_COLUMN, is_in_transit=True)
    birth_on = models.DateField("出生日期", null=True)
    sex = models.CharField("性别", max_length=6, null=True)
    nation = models.CharField("民族", max_length=20, null=True)
    politics = models.CharField("政治面貌", max_length=20, null=True)
    education = models.CharField("文化程度", max_length=20, null=True)
    post = models.CharField("职务（工种）", max_length=60, null=True)
    residence = models.CharField("居住地", max_length=100, null=True)
    phone = EncryptedField("联系电话", null=True, label=PHONE_COLUMN, is_in_transit=True)
    phone_hash = models.BinaryField("电话摘要", null=True)
    phone_last_four = models.CharField("电话末四位", max_length=4, null=True)
    account = EncryptedField("银行账号", null=True, label=ACCOUNT_COLUMN, is_in_transit=True)
    account_hash = models.BinaryField("账号摘要", null=True)
    account_last_four = models.CharField("账号末四位", max_length=4, null=True)
    bank_name = models.CharField("开户银行", max_length=60, null=True)
    bank_branch = models.CharField("开户支行", max_length=60, null=True)
    note = models.CharField("备注", max_length=200, null=True)
    search_text = models.CharField("检索词", max_length=1000, null=True)
    unit_name = models.CharField("单位名称", max_length=100, null=True)
    credit_code = models.CharField("统一社会信用代码", max_length=18, null=True)
    nature = models.CharField("单位性质", max_length=20, choices=UnitNature.choices, null=True)
    work = models.CharField("工作状态", max_length=16, choices=Kind.choices, null=True)
    work_since = models.DateField("状态起始日期", null=True)

    class Meta:
        verbose_name = "名册行待写内容"
        verbose_name_plural = "名册行待写内容"
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(
                fields=("roster", "number"),
                name="people_rosterfacts_number_once",
                violation_error_message="同一名册里的行号不能重复。",
            ),
            models.CheckConstraint(
                condition=Q(work__isnull=True, work_since__isnull=True)
                | Q(work__isnull=False, work_since__isnull=False),
                name="people_rosterfacts_work_dated",
                violation_error_message="工作状态必须有起始日期。",
            ),
        )

    def __str__(self) -> str:
        return f"{self.roster} 第{self.number}行"
