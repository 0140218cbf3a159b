"""What is typed of people is cleaned alike on the form, in a roster and in a search."""

from datetime import date

import pytest
from django.urls import reverse

from apps.accounts.models import User
from apps.people.models import Person
from apps.people.rules.identity import number_in
from tests.clients import signed_in
from tests.factories import PersonFactory, UnitFactory, UserFactory
from tests.people.identity import account_number, resident_number
from tests.people.roster_files import reasons, roster_file, somebody, staged, take

RARE = "\U0003158e"
TYPED = {
    "阿卜杜例.买买提": "阿卜杜例·买买提",
    f"示例{RARE}": f"示例{RARE}",
    "赵〇": "赵〇",
    "⻢\u200b ⽂": "马文",
    "José  Pérez Example": "José Pérez Example",
}
WIDE = dict(zip("0123456789X", "０１２３４５６７８９Ｘ", strict=True))


def wide(number: str) -> str:
    return "".join(WIDE[digit] for digit in number)


@pytest.fixture
def clerk(db) -> User:
    return UserFactory(model_worker_clerk=True)


def test_the_form_keeps_names_and_numbers_in_one_form(clerk):
    client = signed_in(clerk)
    for number, (typed, kept) in enumerate(TYPED.items(), 1):
        answer = client.post(
            reverse("people:person_create"),
            {
                "union": clerk.union_id,
                "name": typed,
                "id_kind": "resident",
                "id_number": f"\ufeff{wide(resident_number(number))}",
                "phone": wide(f"1390000000{number}"),
                "account": wide(account_number(number)),
                "bank_name": "示例\u200b银行（城关）",
            },
        )
        assert answer.status_code == 302, (typed, answer.context["form"].errors)
        person = Person.objects.latest("id")
        assert (person.name, person.bank_name) == (kept, "示例银行（城关）")
        assert person.id_number.reveal() == resident_number(number)
        assert person.phone.reveal() == f"1390000000{number}"
        assert person.account.reveal() == account_number(number)


def test_a_roster_keeps_them_in_the_same_form(clerk):
    rows = [
        somebody(number, 姓名=typed, 联系电话=wide(f"1390000000{number}"))
        for number, typed in enumerate(TYPED, 1)
    ]
    rows[0]["证件号码"] = wide(rows[0]["证件号码"])
    rows[0]["出生日期"] = "1940.1"  # the identity number knows the day
    roster = staged(union=clerk.union, actor=clerk, content=roster_file(*rows))
    assert roster.error_count == 0, [reasons(roster, number) for number in range(2, 7)]
    take(roster, clerk)
    assert set(Person.objects.values_list("name", flat=True)) == set(TYPED.values())


def test_a_month_is_no_day_of_birth_and_the_roster_says_what_to_add(clerk):
    one = somebody(1, 证件类型="暂缺", 证件号码="", 出生日期="1958.3")
    roster = staged(union=clerk.union, actor=clerk, content=roster_file(one))
    assert "要写到日" in "".join(map(str, reasons(roster, 2)))


def test_people_are_found_as_they_are_written_anywhere(clerk):
    unit = UnitFactory(union=clerk.union, name="示例机械厂")
    uygur = PersonFactory(
        unit=unit, name="阿卜杜例·买买提", birth_on=date(1943, 1, 11), id_number="", id_kind="none", sex=""
    )
    plain = PersonFactory(unit=unit, name="示良玉", id_number=resident_number(114))
    rare = PersonFactory(unit=unit, name=f"赵〇{RARE}")
    wanted = {
        uygur: ("阿卜杜例.买买提", "阿卜杜例·买买提", "阿卜杜例买买提", "阿卜杜例・买", "1943-01-11", "1943", "1943年1月",
                "１９４３．１．１１", "19430111", "1943年"),
        plain: ("ＳＬＹ", "sly", wide(plain.id_last_four), "⽰良", "示\u200b良玉"),
        rare: (RARE, "赵〇"),
    }  # fmt: skip
    client = signed_in(clerk)
    lost = []
    for person, searches in wanted.items():
        for words in searches:
            page = client.get(reverse("people:person_list"), {"q": words}, follow=True).content.decode()
            if str(person.public_id) not in page:
                lost.append(words)
            others = {other for other in wanted if other != person and str(other.public_id) in page}
            if others:
                lost.append(f"{words} finds {others} too")
    assert not lost


def test_a_birthday_is_no_number_and_a_number_stays_one():
    assert [number_in(text) for text in ("1943-01-11", "19430111", "1943年1月11日", "１９４３．１")] == [
        ""
    ] * 4
    for number in (
        "20160101",
        "83194301",
        "13900000001",
        "0316-1943011",
        resident_number(1),
        "2016-01-0101234",
    ):
        assert number_in(number), number
