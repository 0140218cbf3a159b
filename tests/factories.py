"""Rows for tests. People and unions are fictional; a trait per role: `UserFactory(finance_clerk=True)`."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import factory
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone
from factory.django import DjangoModelFactory

from apps.accounts.models import AccessRecord, RoleGrant, Union, User
from apps.accounts.roles import Role
from apps.budget.models import (
    CalcLine,
    ClassificationCode,
    Edition,
    FiscalYear,
    Item,
    ItemGroup,
    OutlineEntry,
    Plan,
    PolicyDocument,
)
from apps.budget.rules.calculation import Method, ShareBasis
from apps.budget.rules.stages import Book, Stage
from apps.cases.services import save_case
from apps.core import audit
from apps.model_workers.models import (
    AllowanceStandard,
    CountingRule,
    Exam,
    ExamBill,
    ExamInvitation,
    ExamRule,
    Honour,
    HonourTitle,
    Hospital,
    ReliefCase,
    ReliefStandard,
)
from apps.model_workers.rules.honours import Category, Level
from apps.people.models import Person, StandingEvent, Unit
from apps.people.rules.drafts import PersonDraft
from apps.people.rules.standing import TRACKS, Kind, UnitNature
from apps.people.services.persons import fill, require_person
from tests.people.identity import account_number, resident_number

PASSWORD = "示例-correct-horse-2016"


class UnionFactory(DjangoModelFactory):
    """A county federation below the city's; `city=True` is the one root, `grassroots=True` stands below a county."""

    class Meta:
        model = Union
        django_get_or_create = ("code",)

    class Params:
        city = factory.Trait(
            code="LF", name="廊坊市总工会", short_name="市总工会", kind=Union.Kind.CITY, parent=None
        )
        grassroots = factory.Trait(
            code=factory.Sequence(lambda n: f"G{n:04}"),
            name=factory.LazyAttribute(lambda union: f"示例基层工会{union.code}"),
            kind=Union.Kind.GRASSROOTS,
            parent=factory.SubFactory("tests.factories.UnionFactory"),
        )

    code = factory.Sequence(lambda n: f"C{n:04}")
    name = factory.LazyAttribute(lambda union: f"示例县总工会{union.code}")
    short_name = factory.LazyAttribute(lambda union: union.name)
    kind = Union.Kind.COUNTY
    parent = factory.LazyFunction(lambda: UnionFactory(city=True))
    path = factory.LazyAttribute(lambda union: f"{union.parent.path if union.parent else ''}{union.code}/")


class RoleGrantFactory(DjangoModelFactory):
    class Meta:
        model = RoleGrant

    user = factory.SubFactory("tests.factories.UserFactory")
    role = Role.READER
    union = factory.LazyAttribute(lambda grant: grant.user.union)


def _trait(role: Role) -> factory.Trait:
    grant = factory.RelatedFactory(RoleGrantFactory, factory_related_name="user", role=role)
    if role in (Role.COUNTY_CLERK, Role.COUNTY_REVIEWER):
        return factory.Trait(union=factory.SubFactory(UnionFactory), **{f"grant_{role.value}": grant})
    if role is Role.GRASSROOTS:
        return factory.Trait(
            union=factory.SubFactory(UnionFactory, grassroots=True), **{f"grant_{role.value}": grant}
        )
    return factory.Trait(**{f"grant_{role.value}": grant})


class UserFactory(DjangoModelFactory):
    """A person of the city federation who signs in with PASSWORD; county and grassroots roles bring their union."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    Params = type("Params", (), {role.value: _trait(role) for role in Role})

    username = factory.Sequence(lambda n: f"user{n}")
    full_name = factory.LazyAttribute(lambda user: f"示例·{user.username}")
    union = factory.LazyFunction(lambda: UnionFactory(city=True))
    password = factory.LazyFunction(lambda: make_password(PASSWORD))


class AccessRecordFactory(DjangoModelFactory):
    class Meta:
        model = AccessRecord

    kind = AccessRecord.Kind.EXPORT
    actor = factory.SubFactory(UserFactory)
    subject = "示例预算"


class FiscalYearFactory(DjangoModelFactory):
    class Meta:
        model = FiscalYear
        django_get_or_create = ("year",)

    year = 2016


class PlanFactory(DjangoModelFactory):
    class Meta:
        model = Plan

    union = factory.LazyFunction(lambda: UnionFactory(city=True))
    fiscal_year = factory.SubFactory(FiscalYearFactory)
    book = Book.FISCAL
    created_by = factory.SubFactory(UserFactory)


class EditionFactory(DjangoModelFactory):
    """An open 一上. Other states are reached by the services, as people reach them."""

    class Meta:
        model = Edition

    plan = factory.SubFactory(PlanFactory)
    union = factory.LazyAttribute(lambda edition: edition.plan.union)
    stage = Stage.FIRST_UP
    created_by = factory.SubFactory(UserFactory, finance_clerk=True)

    @classmethod
    def _create(cls, model_class: type[Edition], *args: Any, **facts: Any) -> Edition:
        edition = Edition(**facts)
        with transaction.atomic(), audit.because(actor_id=edition.created_by_id, action="录入"):
            edition.save(force_insert=True)
        return edition


def edition_of(row: Any) -> Edition:
    """The edition that a row of a budget belongs to."""
    return row.edition if hasattr(row, "edition") else row.item.edition


class EnteredFactory(DjangoModelFactory):
    """A row of a budget, entered by whoever began its edition."""

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class: type[Any], *args: Any, **facts: Any) -> Any:
        row = model_class(**facts)
        with transaction.atomic(), audit.because(actor_id=edition_of(row).created_by_id, action="录入"):
            row.save(force_insert=True)
        return row


class ItemGroupFactory(DjangoModelFactory):
    class Meta:
        model = ItemGroup
        django_get_or_create = ("code",)

    code = "special"
    name = "单位专项项目"
    ordinal = 20


class ClassificationCodeFactory(DjangoModelFactory):
    class Meta:
        model = ClassificationCode

    kind = ClassificationCode.Kind.FUNCTION
    code = factory.Sequence(lambda n: f"29{n:05}")
    name = "示例科目"
    first_year = 2007


class PolicyDocumentFactory(DjangoModelFactory):
    class Meta:
        model = PolicyDocument

    title = factory.Sequence(lambda n: f"关于示例事项的通知（之{n}）")
    number = factory.Sequence(lambda n: f"示工发〔2015〕{n + 1}号")
    issuer = "示例市总工会"
    kind = PolicyDocument.Kind.NORMATIVE


class ItemFactory(EnteredFactory):
    class Meta:
        model = Item

    edition = factory.SubFactory(EditionFactory)
    group = factory.SubFactory(ItemGroupFactory)
    ordinal = factory.Sequence(lambda n: n + 1)
    name = factory.Sequence(lambda n: f"示例项目{n}")
    purpose = "{测算句}，共计{金额}元。"


class CalcLineFactory(EnteredFactory):
    """245 people at 1,500 yuan; traits for the other ways to calculate."""

    class Meta:
        model = CalcLine

    class Params:
        tiered = factory.Trait(method=Method.TIERED, label="获得一次")
        base_ratio = factory.Trait(
            method=Method.BASE_RATIO,
            people=None,
            rate=None,
            base_amount=Decimal("687500000"),
            ratio=Decimal("0.02"),
            share=Decimal("0.4"),
            share_basis=ShareBasis.RETAINED,
        )
        quota = factory.Trait(method=Method.QUOTA, people=None, rate=None, fixed_amount=Decimal("200000"))

    item = factory.SubFactory(ItemFactory)
    ordinal = factory.Sequence(lambda n: n + 1)
    label = "示例人员"
    method = Method.HEADCOUNT
    people = 245
    rate = Decimal("1500")


class OutlineEntryFactory(EnteredFactory):
    class Meta:
        model = OutlineEntry

    edition = factory.SubFactory(EditionFactory)
    section = OutlineEntry.Section.DUTIES
    ordinal = factory.Sequence(lambda n: n + 1)
    text = "承担交办的其他事项。"


class UnitFactory(DjangoModelFactory):
    """An employer of a county federation; `bankrupt=True` since 2010."""

    class Meta:
        model = Unit

    class Params:
        bankrupt = factory.Trait(
            nature=UnitNature.BANKRUPT, nature_since=date(2010, 1, 1), nature_document="示例破产裁定书"
        )

    union = factory.SubFactory(UnionFactory)
    name = factory.Sequence(lambda n: f"示例单位{n}")
    nature = UnitNature.STATE_ENTERPRISE


class PersonFactory(DjangoModelFactory):
    """Somebody of a county, with a valid number that belongs to nobody; `bare=True` has neither number nor account.

    Facts of the draft are given by name: `PersonFactory(name="示例甲", id_number=…, phone=…)`.
    """

    class Meta:
        model = Person
        exclude = ("draft",)

    class Params:
        bare = factory.Trait(id_kind="none", id_number="", account="", phone="")

    union = factory.SubFactory(UnionFactory)
    unit = None
    created_by = factory.SubFactory(UserFactory)
    updated_by = factory.SelfAttribute("created_by")

    @classmethod
    def _create(cls, model_class: type[Person], *args: Any, **facts: Any) -> Person:
        place = {key: facts.pop(key) for key in ("union", "unit", "created_by", "updated_by")}
        if place["unit"] is not None:
            place["union"] = place["unit"].union
        person = Person(**place)
        fill(person, require_person(PersonDraft(**facts), now=timezone.now()))
        person.save(force_insert=True)
        return person

    name = factory.Sequence(lambda n: f"示例{chr(0x4E00 + n % 5000)}")
    id_kind = "resident"
    id_number = factory.Sequence(
        lambda n: resident_number(n % 1000, birth_on=date(1950, 1, 1) + timedelta(n // 1000))
    )
    phone = factory.Sequence(lambda n: f"139{n % 10**8:08}")
    account = factory.Sequence(account_number)
    bank_name = "示例银行"


class StandingEventFactory(DjangoModelFactory):
    class Meta:
        model = StandingEvent

    person = factory.SubFactory(PersonFactory)
    kind = Kind.RETIRED
    track = factory.LazyAttribute(lambda event: TRACKS[event.kind])
    effective_on = date(2010, 1, 1)
    document = "示例退休证"
    created_by = factory.SelfAttribute("person.created_by")


class HonourTitleFactory(DjangoModelFactory):
    """The municipal honour of a worker; other levels and categories by name."""

    class Meta:
        model = HonourTitle
        django_get_or_create = ("name",)

    level = Level.MUNICIPAL
    category = Category.WORKER
    name = factory.LazyAttribute(
        lambda title: f"示例{Level(title.level).label}{Category(title.category).label}"
    )


class HonourFactory(DjangoModelFactory):
    class Meta:
        model = Honour

    person = factory.SubFactory(PersonFactory)
    title = factory.SubFactory(HonourTitleFactory)
    awarded_on = factory.Sequence(lambda n: date(1980, 1, 1) + timedelta(n))
    awarding_body = "示例市人民政府"
    document_number = factory.Sequence(lambda n: f"示例政字〔1980〕{n + 1}号")
    certificate_number = factory.Sequence(lambda n: f"示例{n:05}")
    created_by = factory.SelfAttribute("person.created_by")


class CountingRuleFactory(DjangoModelFactory):
    """Municipal honours of workers count; no basis document, so it says 示例."""

    class Meta:
        model = CountingRule

    valid_from = date(2011, 6, 1)
    categories = [Category.WORKER]
    is_sample = True


class AllowanceStandardFactory(DjangoModelFactory):
    class Meta:
        model = AllowanceStandard

    valid_from = date(2011, 6, 1)
    award_class = 1
    amount = factory.LazyAttribute(lambda standard: {1: 1500, 2: 2000, 3: 2500}[standard.award_class])
    is_sample = True


def retired_worker(*, honours: int = 1, retired_on: date = date(2005, 1, 1), **facts: Any) -> Person:
    """A retired person who won the municipal honour so many times."""
    person = PersonFactory(**facts)
    StandingEventFactory(person=person, kind=Kind.RETIRED, effective_on=retired_on)
    for _ in range(honours):
        HonourFactory(person=person)
    return person


class ExamRuleFactory(DjangoModelFactory):
    """All levels, any age, 400 yuan a person."""

    class Meta:
        model = ExamRule
        django_get_or_create = ("valid_from",)

    valid_from = date(2011, 6, 1)
    levels = list(Level)
    rate = Decimal("400")
    is_sample = True


class HospitalFactory(DjangoModelFactory):
    class Meta:
        model = Hospital

    name = factory.Sequence(lambda n: f"示例医院{n}")
    address = "示例路 1 号"
    phone = "0316-2000000"


class ExamFactory(DjangoModelFactory):
    """The exam of 2015 of the city, with nobody on its roster; `services.exams.open_exam` makes a whole one."""

    class Meta:
        model = Exam

    union = factory.LazyFunction(lambda: UnionFactory(city=True))
    year = 2015
    snapshot_on = date(2015, 4, 30)
    rule = factory.SubFactory(ExamRuleFactory)
    starts_on = date(2015, 5, 4)
    ends_on = date(2015, 7, 31)
    created_by = factory.SubFactory(UserFactory, model_worker_clerk=True)

    @classmethod
    def _create(cls, model_class: type[Exam], *args: Any, created_by: User, **facts: Any) -> Exam:
        return save_case(case=Exam(**facts), actor=created_by)


class _ExamRowFactory(DjangoModelFactory):
    """A row of an exam, entered by whoever made the exam."""

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class: type[Any], *args: Any, case: Exam, **facts: Any) -> Any:
        with transaction.atomic(), audit.because(actor_id=case.created_by_id, action="示例"):
            return model_class.objects.create(case=case, **facts)


class ExamInvitationFactory(_ExamRowFactory):
    class Meta:
        model = ExamInvitation

    case = factory.SubFactory(ExamFactory)
    person = factory.SubFactory(PersonFactory)
    slip_number = factory.Sequence(lambda n: n + 1)


class ExamBillFactory(_ExamRowFactory):
    """400 yuan for each of `people`, who must have come."""

    class Meta:
        model = ExamBill

    case = factory.SubFactory(ExamFactory)
    hospital = factory.SubFactory(HospitalFactory)
    people = 1
    rate = Decimal("400")
    amount = factory.LazyAttribute(lambda bill: bill.people * bill.rate)
    invoice_number = factory.Sequence(lambda n: f"示例{n}")
    billed_on = date(2015, 8, 3)
    created_by = factory.LazyAttribute(lambda bill: bill.case.created_by)


class ReliefStandardFactory(DjangoModelFactory):
    """The retired: a line of 3552 and a cap of 1000 a month; `in_service=True`: a line of 6566."""

    class Meta:
        model = ReliefStandard
        django_get_or_create = ("kind", "group", "valid_from")

    class Params:
        in_service = factory.Trait(group="in_service", line=Decimal("6566"))
        special = factory.Trait(kind="special", line=None, cap=Decimal("5000"))
        visit = factory.Trait(kind="visit", line=None, cap=Decimal("2000"))

    kind = "living"
    group = "retired"
    line = Decimal("3552")
    cap = Decimal("1000")
    valid_from = date(2011, 6, 1)
    is_sample = True


class ReliefCaseFactory(DjangoModelFactory):
    """A draft of 2015 for a retired model worker: 552 yuan a month, for twelve months; entered by `created_by`."""

    class Meta:
        model = ReliefCase

    person = factory.LazyFunction(lambda: retired_worker())
    union = factory.LazyAttribute(lambda case: case.person.union)
    year = 2015
    kind = "living"
    standard = factory.SubFactory(ReliefStandardFactory)
    register_group = "retired"
    monthly_income = Decimal("3000")
    months = 12
    amount = Decimal("6624")
    circumstances = "示例：本人长期患病，收入低。"
    created_by = factory.SubFactory(UserFactory, model_worker_clerk=True)

    @classmethod
    def _create(cls, model_class: type[ReliefCase], *args: Any, created_by: User, **facts: Any) -> ReliefCase:
        return save_case(case=ReliefCase(**facts), actor=created_by)
