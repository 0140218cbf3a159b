"""The administration site: reference tables for those who keep them, the rest to look at, nothing behind the services."""

import pytest
from django.apps import apps
from django.contrib.admin import ModelAdmin
from django.test import RequestFactory
from django.urls import reverse

from apps.accounts.admin_site import AccountAdmin, ReadOnlyAdmin, ReferenceAdmin, admin_site
from apps.accounts.models import AccessRecord, Union, User
from apps.accounts.roles import GRANTS, Role
from apps.budget.models import ItemGroup
from tests.clients import signed_in
from tests.factories import AccessRecordFactory, ItemFactory, ItemGroupFactory, UnionFactory, UserFactory

pytestmark = pytest.mark.django_db
REGISTERED = sorted(admin_site._registry.items(), key=lambda entry: entry[0]._meta.label)
FINANCE = {Role.FINANCE_CLERK, Role.FINANCE_HEAD}


def keepers(model_admin: ModelAdmin) -> set[Role]:
    """Who may change a reference table."""
    return {role for role in Role if model_admin.edit_permission in GRANTS[role]}


def viewers(model_admin: ModelAdmin) -> set[Role]:
    if isinstance(model_admin, ReferenceAdmin):
        return keepers(model_admin) | {Role.AUDITOR}
    if isinstance(model_admin, AccountAdmin):
        return {Role.SYSTEM_ADMIN, Role.AUDITOR}
    return FINANCE | {Role.AUDITOR}


def address(model, page: str, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_the_tables_of_all_apps_are_registered():
    assert {Union, User, AccessRecord} <= {model for model, _ in REGISTERED}


@pytest.mark.parametrize(("model", "model_admin"), REGISTERED, ids=lambda value: str(value))
def test_each_table_rests_on_one_of_the_houses_bases(model, model_admin):
    assert isinstance(model_admin, ReferenceAdmin | ReadOnlyAdmin)


@pytest.mark.parametrize(("model", "model_admin"), REGISTERED, ids=lambda value: str(value))
def test_each_table_opens_to_its_readers_only(model, model_admin):
    for role in Role:
        client = signed_in(UserFactory(**{role.value: True}))
        wanted = 200 if role in viewers(model_admin) else 403
        assert client.get(address(model, "changelist")).status_code == wanted, role.label


@pytest.mark.parametrize(("model", "model_admin"), REGISTERED, ids=lambda value: str(value))
def test_only_those_who_keep_a_reference_table_add_to_it(model, model_admin):
    for role in (Role.FINANCE_CLERK, Role.MODEL_WORKER_HEAD, Role.AUDITOR, Role.SYSTEM_ADMIN):
        client = signed_in(UserFactory(**{role.value: True}))
        keeps = isinstance(model_admin, ReferenceAdmin) and role in keepers(model_admin)
        assert client.get(address(model, "add")).status_code == (200 if keeps else 403), role.label


@pytest.mark.parametrize("deed", ["change", "delete"])
def test_business_tables_cannot_be_changed_here(deed):
    record = AccessRecordFactory()
    client = signed_in(UserFactory(auditor=True))
    seen = client.get(address(AccessRecord, "change", record.pk))
    assert seen.status_code == 200
    assert 'name="_save"' not in seen.text
    response = client.post(address(AccessRecord, deed, record.pk), {"subject": "改写", "post": "yes"})
    assert response.status_code == 403
    assert AccessRecord.objects.get(pk=record.pk).subject == "示例预算"


def test_there_are_no_bulk_actions():
    client = signed_in(UserFactory(auditor=True))
    AccessRecordFactory()
    assert 'name="action"' not in client.get(address(AccessRecord, "changelist")).text


def test_rows_of_other_branches_are_not_shown():
    county = UnionFactory()
    auditor = UserFactory(union=county, auditor=True)
    own, foreign = AccessRecordFactory(actor=auditor), AccessRecordFactory()
    client = signed_in(auditor)
    listed = client.get(address(AccessRecord, "changelist")).context["cl"].queryset
    assert list(listed) == [own]
    assert client.get(address(AccessRecord, "change", foreign.pk)).status_code == 302
    assert list(client.get(address(Union, "changelist")).context["cl"].queryset) == [county]


def test_those_who_keep_a_reference_table_change_it_and_leave_a_trace():
    clerk, group = UserFactory(finance_clerk=True), ItemGroupFactory()
    facts = {field.name: getattr(group, field.name) for field in group._meta.fields if field.editable}
    response = signed_in(clerk).post(
        address(ItemGroup, "change", group.pk), facts | {"name": "改名", "is_active": "on"}
    )
    assert response.status_code == 302, response.context["adminform"].form.errors
    assert ItemGroup.objects.get(pk=group.pk).name == "改名"
    event = apps.get_model("budget", "ItemGroupEvent").objects.filter(pgh_obj_id=group.pk).latest("pgh_id")
    assert (event.name, event.pgh_context["user"]) == ("改名", clerk.pk)
    assert event.pgh_context["action"].startswith("维护")


def test_a_row_in_use_is_not_deleted_and_an_unused_one_is():
    used, unused = ItemFactory().group, ItemGroupFactory(code="unused", name="未用的分组")
    client = signed_in(UserFactory(finance_head=True))
    assert client.post(address(ItemGroup, "delete", used.pk), {"post": "yes"}).status_code == 403
    assert client.post(address(ItemGroup, "delete", unused.pk), {"post": "yes"}).status_code == 302
    assert set(ItemGroup.objects.filter(pk__in=[used.pk, unused.pk])) == {used}


def test_an_auditor_reads_reference_tables_and_changes_nothing():
    group, client = ItemGroupFactory(), signed_in(UserFactory(auditor=True))
    assert client.get(address(ItemGroup, "change", group.pk)).status_code == 200
    assert client.post(address(ItemGroup, "change", group.pk), {"name": "改名"}).status_code == 403
    assert client.post(address(ItemGroup, "delete", group.pk), {"post": "yes"}).status_code == 403


class _Unscoped(ReadOnlyAdmin):
    """Over a table without a scope of its own."""


def test_a_table_without_a_scope_stays_empty_below_the_city():
    from django.contrib.sessions.models import Session as Unscoped

    table = _Unscoped(Unscoped, admin_site)
    request = RequestFactory().get("/admin/")
    request.user = User.objects.get(pk=UserFactory(union=UnionFactory(), auditor=True).pk)
    assert table.get_queryset(request).query.is_empty()
    request.user = User.objects.get(pk=UserFactory(auditor=True).pk)
    assert not table.get_queryset(request).query.is_empty()


def test_the_hash_of_a_password_is_not_shown():
    person = UserFactory()
    page = signed_in(UserFactory(system_admin=True)).get(address(User, "change", person.pk))
    assert page.status_code == 200
    assert person.password not in page.text


def test_its_own_sign_in_leads_to_the_sites(client):
    asked = client.get("/admin/accounts/user/", follow=True)
    assert asked.redirect_chain[-1][0] == "/accounts/sign-in/?next=/admin/accounts/user/"
    assert client.get("/admin/login/?next=/admin/").url == "/accounts/sign-in/?next=%2Fadmin%2F"
    response = client.post("/admin/login/", {"username": "x", "password": "y"})
    assert response.url.startswith("/accounts/sign-in/")


def test_signing_out_there_is_signing_out():
    client = signed_in(UserFactory(auditor=True))
    response = client.post("/admin/logout/", follow=True)
    assert response.redirect_chain[-1][0] == "/accounts/sign-in/"
    assert "_auth_user_id" not in client.session


def test_whoever_has_no_business_there_is_recorded():
    clerk = UserFactory(county_clerk=True)
    assert signed_in(clerk).get("/admin/").status_code == 403
    assert AccessRecord.objects.get().actor == clerk
