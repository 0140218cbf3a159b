"""Entering and changing a person: all rules at once, numbers that never come back into the page, two at one row."""

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.core.errors import Refused
from apps.people.models import Person
from apps.people.rules.drafts import PersonDraft
from apps.people.rules.identity import holds_number, require_no_number
from apps.people.services.persons import edit_person, register_person
from tests.clients import signed_in
from tests.factories import PersonFactory, UnionFactory, UnitFactory, UserFactory
from tests.people.identity import account_number, resident_number
from tests.people.pages import secrets_of, typed

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk():
    return UserFactory(county_clerk=True)


@pytest.fixture
def client(clerk):
    return signed_in(clerk)


@pytest.fixture
def person(clerk):
    return PersonFactory(union=clerk.union, name="示例甲", phone="13900000001")


def edit(client, person, **changes):
    return client.post(reverse("people:person_edit", args=[person.public_id]), typed(person, **changes))


def fresh(person):
    return Person.objects.get(pk=person.pk)


# --- entering ----------------------------------------------------------------------------------------------


def test_a_person_is_entered_and_the_page_of_the_person_follows(client, clerk):
    unit = UnitFactory(union=clerk.union)
    answer = client.post(
        reverse("people:person_create"),
        {
            "union": clerk.union_id,
            "unit": str(unit.public_id),
            "name": " 示例 乙 ",
            "id_kind": "resident",
            "id_number": resident_number(3).lower(),
            "phone": "139 0000 0002",
        },
    )
    person = Person.objects.get(name="示例乙")
    assert answer.url == reverse("people:person_detail", args=[person.public_id])
    assert (person.unit, person.union, person.sex) == (unit, clerk.union, "male")
    assert person.id_number.reveal() == resident_number(3)
    assert person.created_by == clerk


def test_everything_wrong_is_told_at_once_beside_its_field_and_what_was_typed_stays(client, clerk):
    answer = client.post(
        reverse("people:person_create"),
        {
            "union": clerk.union_id,
            "name": "",
            "id_kind": "resident",
            "id_number": "131099195001010010",
            "phone": "12",
            "account": "abc",
            "birth_on": "1950-13-01",
            "post": "钳工",
        },
    )
    assert answer.status_code == 422
    errors = answer.context["form"].errors
    assert set(errors) == {"name", "id_number", "phone", "account", "bank_name", "birth_on"}
    assert errors["id_number"] == ["“证件号码”的校验码不对（GB 11643），请核对每一位。"]
    assert 'value="钳工"' in answer.content.decode()
    assert not Person.objects.exists()


def test_an_old_area_code_is_a_warning_after_saving(client, clerk):
    answer = client.post(
        reverse("people:person_create"),
        {
            "union": clerk.union_id,
            "name": "示例丙",
            "id_kind": "resident",
            "id_number": resident_number(5, area="139999"),
        },
        follow=True,
    )
    assert Person.objects.filter(name="示例丙").exists()
    assert "139999 不在区划代码表中" in answer.content.decode()


def test_units_are_those_of_the_chosen_union_in_use(client, clerk):
    own, gone = UnitFactory(union=clerk.union), UnitFactory(union=clerk.union, is_active=False)
    below = UnitFactory(union=UnionFactory(grassroots=True, parent=clerk.union))
    foreign = UnitFactory()
    facts = {"name": "示例丁", "id_kind": "none", "union": clerk.union_id}
    for unit in (gone, below, foreign):
        answer = client.post(reverse("people:person_create"), facts | {"unit": str(unit.public_id)})
        assert answer.context["form"].errors["unit"] == ["“单位”请从列表中选择。"]
    options = client.get(reverse("people:unit_options"), {"union": clerk.union_id}).content.decode()
    assert own.name in options
    assert not any(unit.name in options for unit in (gone, below, foreign))
    assert (
        foreign.name
        not in client.get(reverse("people:unit_options"), {"union": foreign.union_id}).content.decode()
    )


def test_a_county_cannot_enter_somebody_for_another(client):
    answer = client.post(
        reverse("people:person_create"), {"union": UnionFactory().pk, "name": "示例丁", "id_kind": "none"}
    )
    assert answer.context["form"].errors["union"] == ["“管理工会”请从列表中选择。"]
    assert not Person.objects.exists()


def test_a_number_held_elsewhere_is_refused_without_saying_by_whom(client, clerk):
    holder = PersonFactory(id_number=resident_number(8), name="示例外县")
    answer = client.post(
        reverse("people:person_create"),
        {
            "union": clerk.union_id,
            "name": "示例戊",
            "id_kind": "resident",
            "id_number": resident_number(8),
        },
    )
    sentence = answer.context["form"].errors["id_number"][0]
    assert "不在您的管理范围内" in sentence
    assert holder.name not in answer.content.decode()
    assert holder.union.name not in answer.content.decode()


# --- changing ----------------------------------------------------------------------------------------------


def test_no_number_on_record_travels_into_the_form(client, person):
    page = client.get(reverse("people:person_edit", args=[person.public_id])).content.decode()
    assert str(person.id_number) in page
    assert "不改请留空" in page
    assert [number for number in secrets_of(person) if number in page] == []


def test_empty_boxes_leave_the_numbers_alone(client, person):
    before = [bytes(person.id_number.sealed), bytes(person.phone.sealed), bytes(person.account.sealed)]
    answer = edit(client, person, post="车工")
    assert answer.status_code == 302
    after = fresh(person)
    assert after.post == "车工"
    assert [after.id_number.sealed, after.phone.sealed, after.account.sealed] == before


def test_a_number_is_replaced_by_typing_the_new_one(client, person):
    new = resident_number(20)
    answer = edit(client, person, id_number=new, phone="13900000009")
    assert answer.status_code == 302
    after = fresh(person)
    assert (after.id_number.reveal(), after.phone.reveal()) == (new, "13900000009")
    assert after.sex == "female"


def test_an_old_number_does_not_outlive_the_number_it_became(client, clerk):
    person = PersonFactory(union=clerk.union, id_number="131099500101001")
    assert person.old_id_number is not None
    edit(client, person, post="车工")
    assert fresh(person).old_id_number is not None
    edit(client, fresh(person), id_number=resident_number(21))
    assert fresh(person).old_id_number is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"clear_phone": "on"}, "phone"),
        ({"clear_account": "on"}, "account"),
        ({"id_kind": "none"}, "id_number"),
    ],
)
def test_a_number_is_cleared_with_a_reason_only(client, person, changes, field):
    answer = edit(client, person, **changes)
    assert answer.status_code == 422
    assert "要填写“修改理由”" in answer.context["form"].errors["reason"][0]
    assert getattr(fresh(person), field) is not None
    assert edit(client, person, **changes, reason="登记错了").status_code == 302
    assert getattr(fresh(person), field) is None
    assert person.events.order_by("-pgh_id").first().pgh_context["reason"] == "登记错了"


def test_clearing_and_typing_at_once_is_asked_back(client, person):
    answer = edit(client, person, clear_phone="on", phone="13900000009", reason="登记错了")
    assert "已选择清除" in answer.context["form"].errors["phone"][0]


def test_a_reason_with_a_number_in_it_is_refused(client, person):
    answer = edit(client, person, clear_phone="on", reason=f"与{resident_number(1)}重复")
    assert answer.status_code == 422
    assert "不要写证件号码" in answer.context["form"].errors["reason"][0]


def test_whoever_saves_second_sees_what_the_first_one_changed_and_keeps_what_was_typed(client, clerk, person):
    stale = typed(person, post="车工")
    colleague = UserFactory(county_clerk=True, union=clerk.union)
    edit(signed_in(colleague), person, residence="示例新村", post="铣工")
    answer = client.post(reverse("people:person_edit", args=[person.public_id]), stale)
    assert answer.status_code == 422
    shown = {(one.label, one.theirs, one.mine) for one in answer.context["differences"]}
    assert shown == {("居住地", "示例新村", ""), ("职务（工种）", "铣工", "车工")}
    assert 'value="车工"' in answer.content.decode()
    assert fresh(person).post == "铣工"
    again = client.post(
        reverse("people:person_edit", args=[person.public_id]), stale | {"version": fresh(person).version}
    )
    assert again.status_code == 302
    assert fresh(person).post == "车工"


def test_a_row_merged_into_another_is_no_longer_changed(client, clerk, person):
    other = PersonFactory(union=clerk.union)
    Person.objects.filter(pk=person.pk).update(merged_into=other)
    assert client.get(reverse("people:person_edit", args=[person.public_id])).status_code == 404
    page = client.get(reverse("people:person_detail", args=[person.public_id])).content.decode()
    assert reverse("people:person_detail", args=[other.public_id]) in page
    assert reverse("people:person_edit", args=[person.public_id]) not in page


def test_the_history_tells_what_changed_and_only_the_last_digits_of_a_number(client, person):
    new = account_number(77)
    edit(client, person, post="车工", account=new)
    page = client.get(reverse("people:person_detail", args=[person.public_id]))
    change = page.context["history"][0]
    assert {(one.label, one.old, one.new) for one in change.fields} == {
        ("职务（工种）", "", "车工"),
        ("银行账号", f"****{person.account_last_four}", f"****{new[-4:]}"),
    }
    assert page.context["history"][-1].action == "登记人员" or page.context["history"][-1].is_first
    assert new not in page.content.decode()


# --- the service by itself ----------------------------------------------------------------------------------


def test_the_service_keeps_a_secret_whatever_the_draft_says_of_it(clerk, person):
    draft = PersonDraft(name=person.name, id_number="", phone="13911111111", bank_name="示例银行")
    edit_person(
        person_id=person.pk,
        seen_version=person.version,
        draft=draft,
        unit=None,
        actor=clerk,
        now=timezone.now(),
        kept=("id_number", "phone", "account"),
    )
    assert fresh(person).phone.reveal() == "13900000001"


def test_the_service_refuses_a_union_out_of_reach(clerk):
    with pytest.raises(Refused, match="不在您的管理范围内"):
        register_person(
            draft=PersonDraft(name="示例己", id_kind="none"),
            union=UnionFactory(),
            unit=None,
            actor=clerk,
            now=timezone.now(),
        )


# --- what counts as a number ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "131099195001010011",
        "13109919500101001x",
        "131099500101001",
        "１３１００２１９５００１０１００１２",
        "131099 19500101 0012",
        "139-0000-0001",
        "0316-2345678",
        "ABC123456789012",
        "9999000000000000012",
        "张三 13900000001",
        "2345678",
    ],
)
def test_a_number_is_recognised_however_it_is_written(text):
    assert holds_number(text)


@pytest.mark.parametrize(
    "text", ["张三", "zs", "1234", "123X", "2016", "2016年", "示工发〔2016〕12号", "机械三厂", ""]
)
def test_words_last_digits_years_and_document_numbers_are_no_numbers_of_people(text):
    assert not holds_number(text)


def test_two_dates_in_a_reason_are_no_number():
    assert (
        require_no_number(" 2016-01-31 至 2017-12-31 核对 ", label="理由") == "2016-01-31 至 2017-12-31 核对"
    )
    for text in ("131099195001010011", "号码 131099 19500101 0012", "卡 6217 0000 0000 0000 012"):
        with pytest.raises(Refused):
            require_no_number(text, label="理由")
