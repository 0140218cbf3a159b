"""Person: one row for one human being, shared by every programme."""

import uuid
from datetime import date

import pgtrigger
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, OuterRef, Q, Subquery, TextField, Value
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.core import audit
from apps.core import text as typed
from apps.core.encryption import EncryptedField, all_or_none
from apps.core.triggers import Protect, ReadOnly
from apps.people.models.units import Unit
from apps.people.rules import identity
from apps.people.rules.identity import mask_account, mask_number, mask_phone
from apps.people.rules.standing import Track

# Names inside the seals: never renamed.
NUMBER_COLUMN = "people.person.id_number"
OLD_NUMBER_COLUMN = "people.person.old_id_number"
ACCOUNT_COLUMN = "people.person.account"
PHONE_COLUMN = "people.person.phone"
SECRET_FIELDS = ("id_number", "old_id_number", "account", "phone")


# By the tree of unions, then as names are spoken: 李 before 王 before 张.
ROSTER_ORDER = (
    "union__path",
    Func(F("search_text"), Value(" "), Value(3), function="split_part", output_field=TextField()),
    "name",
    "pk",
)


class PersonQuerySet(models.QuerySet["Person"]):
    def visible_to(self, user: User) -> "PersonQuerySet":
        """People of the user's own union and of those below it; nobody without the right to read the register."""
        if not user.may("person.read"):
            return self.none()
        return self.filter(union__path__startswith=user.union.path)

    def living_rows(self) -> "PersonQuerySet":
        """Without the rows that were merged into another."""
        return self.filter(merged_into__isnull=True)

    def with_standing(self, as_of: date) -> "PersonQuerySet":
        """`work` and `life`: the kinds that hold at the end of that day; None where nothing was recorded."""
        from apps.people.models.standing import StandingEvent

        events = StandingEvent.objects.valid().filter(person=OuterRef("pk"), effective_on__lte=as_of)
        latest = events.order_by("-effective_on", "-id").values("kind")
        return self.annotate(
            work=Subquery(latest.filter(track=Track.WORK)[:1]),
            life=Subquery(latest.filter(track=Track.LIFE)[:1]),
        )

    def for_list(self, as_of: date) -> "PersonQuerySet":
        return self.select_related("union", "unit").with_standing(as_of).defer("old_id_number")

    def for_detail(self, as_of: date) -> "PersonQuerySet":
        return (
            self.select_related("union", "unit", "created_by", "updated_by", "merged_into")
            .with_standing(as_of)
            .annotate(has_photo=models.Exists(Photo.objects.filter(person=OuterRef("pk"))))
        )

    def matching(self, words: str) -> "PersonQuerySet":
        """Part of a name, its pinyin or initials, the last four digits of a number or phone, a day, month or year of
        birth, or part of a unit's name.

        Whole numbers are found by `selectors.search`, through their hashes.
        """
        found = Q()
        for raw in typed.asked(words).split():
            word = typed.search(raw)
            one = Q(search_text__contains=f" {word}" if word.isascii() else word) | born_on(word)
            if len(word) == 4 and word[:3].isdecimal():
                one |= Q(id_last_four=word.upper()) | Q(phone_last_four=word) | Q(account_last_four=word)
            if not word.isascii():
                one |= Q(unit__name__contains=typed.title(raw, label="单位"))
            found &= one
        return self.filter(found)


def born_on(word: str) -> Q:
    """Whose birthday the word tells: a day, a month or a year; nobody's where it tells none."""
    written = identity.birth_day(word)
    if written is not None and written.is_exact:
        return Q(birth_on=written.day)
    if written is not None:
        return Q(birth_on__year=written.day.year, birth_on__month=written.day.month)
    year = word.removesuffix("年")
    return Q(birth_on__year=int(year)) if len(year) == 4 and year.isdecimal() and year >= "1850" else Q()


class IdKind(models.TextChoices):
    RESIDENT = "resident", "居民身份证"
    FOREIGN = "foreign", "外国人永久居留身份证"
    NONE = "none", "暂缺"


class Sex(models.TextChoices):
    MALE = "male", "男"
    FEMALE = "female", "女"


@audit.tracked(exclude=(*SECRET_FIELDS, "search_text"), in_bulk=True)
class Person(models.Model):
    """One human being. What a programme knows of the person stands in that programme's own rows.

    The history keeps hashes and last digits of the secret columns, never the values: it tells that an account changed,
    from ****1234 to ****5678, and by whom.
    """

    public_id = models.UUIDField("标识", default=uuid.uuid4, unique=True, editable=False)
    union = models.ForeignKey(
        Union, verbose_name="管理工会", on_delete=models.PROTECT, related_name="people", db_index=False
    )
    unit = models.ForeignKey(
        Unit, verbose_name="单位", on_delete=models.PROTECT, null=True, blank=True, related_name="people"
    )
    name = models.CharField("姓名", max_length=40)
    former_name = models.CharField("曾用名", max_length=40, blank=True)
    id_kind = models.CharField("证件类型", max_length=10, choices=IdKind.choices, default=IdKind.RESIDENT)
    id_number = EncryptedField("证件号码", null=True, blank=True, label=NUMBER_COLUMN, mask=mask_number)
    id_hash = models.BinaryField("证件号码摘要", null=True, editable=False)
    id_last_four = models.CharField("证件末四位", max_length=4, blank=True, editable=False)
    old_id_number = EncryptedField(
        "15 位旧号", null=True, blank=True, label=OLD_NUMBER_COLUMN, mask=mask_number
    )
    birth_on = models.DateField("出生日期", null=True, blank=True)
    sex = models.CharField("性别", max_length=6, choices=Sex.choices, blank=True)
    nation = models.CharField("民族", max_length=20, blank=True)
    politics = models.CharField("政治面貌", max_length=20, blank=True)
    education = models.CharField("文化程度", max_length=20, blank=True)
    post = models.CharField("职务（工种）", max_length=60, blank=True)
    residence = models.CharField("居住地", max_length=100, blank=True)
    phone = EncryptedField("联系电话", null=True, blank=True, label=PHONE_COLUMN, mask=mask_phone)
    phone_hash = models.BinaryField("电话摘要", null=True, editable=False)
    phone_last_four = models.CharField("电话末四位", max_length=4, blank=True, editable=False)
    account = EncryptedField(
        "银行账号", null=True, blank=True, label=ACCOUNT_COLUMN, mask=mask_account, help_text="本人名下的账户"
    )
    account_hash = models.BinaryField("账号摘要", null=True, editable=False)
    account_last_four = models.CharField("账号末四位", max_length=4, blank=True, editable=False)
    bank_name = models.CharField("开户银行", max_length=60, blank=True)
    bank_branch = models.CharField("开户支行", max_length=60, blank=True)
    note = models.CharField("备注", max_length=200, blank=True)
    search_text = models.CharField("检索词", max_length=1000, editable=False)
    merged_into = models.ForeignKey(
        "self",
        verbose_name="已并入",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="merged_rows",
    )
    version = models.PositiveIntegerField("版次", default=1, editable=False)
    created_by = models.ForeignKey(User, verbose_name="登记人", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("登记时间", default=timezone.now, editable=False)
    updated_by = models.ForeignKey(User, verbose_name="修改人", on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField("修改时间", default=timezone.now, editable=False)

    objects = PersonQuerySet.as_manager()

    class Meta:
        verbose_name = "人员"
        verbose_name_plural = "人员"
        ordering = ("id",)
        indexes = (
            GinIndex(fields=("search_text",), name="people_person_search", opclasses=("gin_trgm_ops",)),
            models.Index(fields=("name", "birth_on"), name="people_person_by_name_birth"),
            models.Index(fields=("union", "id"), name="people_person_by_union"),
            models.Index(fields=("phone_hash",), name="people_person_by_phone"),
            models.Index(fields=("id_last_four",), name="people_person_by_last_four"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("id_hash",),
                name="people_person_id_number_once",
                violation_error_message="这个证件号码已登记在另一人名下。",
            ),
            models.UniqueConstraint(
                fields=("account_hash",),
                condition=Q(merged_into__isnull=True),
                name="people_person_account_once",
                violation_error_message="这个银行账号已登记在另一人名下。",
            ),
            models.CheckConstraint(
                condition=all_or_none("id_number", "id"),
                name="people_person_id_number_hashed",
                violation_error_message="证件号码必须与其摘要一同保存。",
            ),
            models.CheckConstraint(
                condition=all_or_none("account"),
                name="people_person_account_hashed",
                violation_error_message="银行账号必须与其摘要一同保存。",
            ),
            models.CheckConstraint(
                condition=all_or_none("phone"),
                name="people_person_phone_hashed",
                violation_error_message="联系电话必须与其摘要一同保存。",
            ),
            models.CheckConstraint(
                condition=Q(id_kind="none", id_number__isnull=True)
                | (~Q(id_kind="none") & Q(id_number__isnull=False)),
                name="people_person_id_kind_fits",
                violation_error_message="没有证件号码时，证件类型应为“暂缺”。",
            ),
            models.CheckConstraint(
                condition=~Q(id_kind="resident") | Q(birth_on__isnull=False) & ~Q(sex=""),
                name="people_person_resident_has_birth",
                violation_error_message="居民身份证必须带有出生日期和性别。",
            ),
            models.CheckConstraint(
                condition=~Q(name="") & Q(name=models.functions.Trim(F("name"))),
                name="people_person_named",
                violation_error_message="姓名不能为空，前后不能有空格。",
            ),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")),
                name="people_person_not_merged_into_itself",
                violation_error_message="不能把一个人并入其自身。",
            ),
        )
        triggers = (
            Protect(name="never_deleted", operation=pgtrigger.Delete),
            ReadOnly(name="seal_name_is_fixed", fields=["public_id"]),
        )

    def __str__(self) -> str:
        return self.name


class PhotoQuerySet(models.QuerySet["Photo"]):
    def visible_to(self, user: User) -> "PhotoQuerySet":
        return self.filter(person__union__path__startswith=user.union.path)


class Photo(models.Model):
    """The two-inch portrait, drawn anew on upload."""

    follows_merge = False  # taken over like a fact, where the kept row has none

    person = models.OneToOneField(
        Person, verbose_name="人员", on_delete=models.CASCADE, primary_key=True, related_name="photo"
    )
    content = models.BinaryField("照片")
    sha256 = models.CharField("SHA-256", max_length=64)
    kind = models.CharField("格式", max_length=3, choices=(("png", "PNG"), ("jpg", "JPG")))
    uploaded_by = models.ForeignKey(User, verbose_name="上传人", on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField("上传时间", default=timezone.now)

    objects = PhotoQuerySet.as_manager()

    class Meta:
        verbose_name = "照片"
        verbose_name_plural = "照片"

    def __str__(self) -> str:
        return f"{self.person}照片"
