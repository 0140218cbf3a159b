"""Rows for tests. People and unions are fictional; a trait per role: `UserFactory(finance_clerk=True)`."""

import factory
from django.contrib.auth.hashers import make_password
from factory.django import DjangoModelFactory

from apps.accounts.models import AccessRecord, RoleGrant, Union, User
from apps.accounts.roles import Role

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
    path = factory.LazyAttribute(
        lambda union: f"{union.parent.path if union.parent else ''}{union.code}/"
    )


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
