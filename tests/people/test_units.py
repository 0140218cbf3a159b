"""Units: their codes, what happens to them, who may choose them."""

from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.core.errors import Refused
from apps.people.models import Unit
from apps.people.services.units import UnitDraft, change_unit, create_unit
from tests.clients import signed_in
from tests.factories import PersonFactory, UnionFactory, UnitFactory, UserFactory

pytestmark = pytest.mark.django_db
VALID = "91350100M000100Y43"
WRONG_CHECK = "91350100M000100Y44"


@pytest.fixture
def clerk():
    return UserFactory(county_clerk=True)


def create(clerk, **facts):
    draft = UnitDraft(**({"name": "示例厂", "nature": "state_enterprise"} | facts))
    return create_unit(draft=draft, union=clerk.union, actor=clerk, now=timezone.now())


def test_a_unit_is_entered_with_its_code_cleaned(clerk):
    unit = create(clerk, name=" 示例  机械厂 ", credit_code="9135 0100-m000100y43")
    assert (unit.name, unit.credit_code) == ("示例 机械厂", VALID)


def test_a_code_with_a_wrong_check_character_needs_a_note(clerk):
    with pytest.raises(Refused, match="代码核实说明") as refused:
        create(clerk, credit_code=WRONG_CHECK)
    assert refused.value.field == "credit_code"
    assert create(clerk, credit_code=WRONG_CHECK, credit_code_note="核对证书原件").credit_code == WRONG_CHECK
    with pytest.raises(Refused, match="不会用到字母"):
        create(clerk, name="示例二厂", credit_code="91350100M000100Y4Z", credit_code_note="核对证书原件")


def test_a_bankruptcy_needs_its_date_and_paper(clerk):
    since = {"nature": "bankrupt", "nature_since": date(2010, 1, 1)}
    for facts, field in (
        ({"nature": "bankrupt"}, "nature_since"),
        (since, "nature_document"),
        (since | {"nature_document": "示例裁定书", "nature_since": date(2999, 1, 1)}, "nature_since"),
    ):
        with pytest.raises(Refused) as refused:
            create(clerk, **facts)
        assert refused.value.field == field
    assert create(clerk, **since, nature_document="示例裁定书").nature == "bankrupt"


def test_names_are_once_a_union_and_codes_once_a_city(clerk):
    create(clerk, credit_code=VALID)
    with pytest.raises(Refused, match="已有单位“示例厂”"):
        create(clerk)
    with pytest.raises(Refused, match="示例厂"):
        create(clerk, name="示例二厂", credit_code=VALID)
    other = UserFactory(county_clerk=True)
    with pytest.raises(Refused, match="不在您的管理范围内") as refused:
        create(other, name="示例二厂", credit_code=VALID)
    assert "示例厂" not in refused.value.message
    assert create(other).name == "示例厂"


def test_a_unit_out_of_use_keeps_its_people_but_takes_no_more(clerk):
    unit = create(clerk)
    person = PersonFactory(unit=unit)
    draft = UnitDraft(name=unit.name, nature=unit.nature)
    change_unit(unit_id=unit.pk, draft=draft, is_active=False, actor=clerk, now=timezone.now())
    client = signed_in(clerk)
    assert unit.name in client.get(reverse("people:person_edit", args=[person.public_id])).content.decode()
    assert unit.name not in client.get(reverse("people:person_create")).content.decode()


def test_a_foreign_unit_is_not_changed(clerk):
    unit = UnitFactory()
    with pytest.raises(Unit.DoesNotExist):
        change_unit(
            unit_id=unit.pk,
            draft=UnitDraft(name="示例", nature="other"),
            is_active=True,
            actor=clerk,
            now=timezone.now(),
        )
    with pytest.raises(Refused, match="不在您的管理范围内"):
        create_unit(
            draft=UnitDraft(name="示例", nature="other"), union=unit.union, actor=clerk, now=timezone.now()
        )
    with pytest.raises(Refused, match="没有登记"):
        create(UserFactory(county_reviewer=True))


def test_the_form_tells_what_is_wrong_and_keeps_what_was_typed(clerk):
    answer = signed_in(clerk).post(
        reverse("people:unit_create"),
        {"union": clerk.union_id, "name": "示例厂", "nature": "other", "credit_code": "123"},
    )
    assert answer.status_code == 422
    assert "现在是 3 位" in answer.context["form"].errors["credit_code"][0]
    assert 'value="示例厂"' in answer.content.decode()


def test_the_list_counts_people_in_reach_and_leads_to_them(clerk):
    unit = UnitFactory(union=clerk.union)
    PersonFactory.create_batch(2, unit=unit)
    merged = PersonFactory(unit=unit)
    type(merged).objects.filter(pk=merged.pk).update(merged_into=PersonFactory(unit=unit))
    foreign = UnitFactory(name="示例外县厂")
    page = signed_in(clerk).get(reverse("people:unit_list"))
    assert [row.record.people_count for row in page.context["table"].page.object_list] == [3]
    assert foreign.name not in page.content.decode()
    listed = signed_in(clerk).get(reverse("people:person_list"), {"unit": unit.public_id})
    assert len(listed.context["table"].rows) == 3


def test_the_list_of_units_is_filtered_by_its_address(clerk):
    plain = UnitFactory(union=clerk.union, name="示例甲厂")
    gone = UnitFactory(union=clerk.union, name="示例乙厂", bankrupt=True, is_active=False, credit_code=VALID)
    client = signed_in(clerk)

    def shown(**filters):
        page = client.get(reverse("people:unit_list"), filters)
        return {row.record.name for row in page.context["table"].page.object_list}

    assert shown() == {plain.name, gone.name}
    assert shown(q="乙") == shown(q="000100y4") == shown(nature="bankrupt") == {gone.name}
    assert shown(state="active") == {plain.name}
    assert shown(union=clerk.union_id, q="没有的") == set()
    assert client.get(reverse("people:unit_list"), {"union": UnionFactory().pk}).status_code == 422
