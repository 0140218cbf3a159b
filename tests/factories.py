"""Rows for tests. People and unions are fictional; a trait per role: `UserFactory(finance_clerk=True)`."""

from decimal import Decimal

import factory
from django.contrib.auth.hashers import make_password
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
    stage = Stage.FIRST_UP
    created_by = factory.SubFactory(UserFactory)


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


class ItemFactory(DjangoModelFactory):
    class Meta:
        model = Item

    edition = factory.SubFactory(EditionFactory)
    group = factory.SubFactory(ItemGroupFactory)
    ordinal = factory.Sequence(lambda n: n + 1)
    name = factory.Sequence(lambda n: f"示例项目{n}")
    purpose = "{测算句}，共计{金额}元。"


class CalcLineFactory(DjangoModelFactory):
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


class OutlineEntryFactory(DjangoModelFactory):
    class Meta:
        model = OutlineEntry

    edition = factory.SubFactory(EditionFactory)
    section = OutlineEntry.Section.DUTIES
    ordinal = factory.Sequence(lambda n: n + 1)
    text = "承担交办的其他事项。"
