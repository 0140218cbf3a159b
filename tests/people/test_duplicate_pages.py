"""The pages of the queue: what they show, what a click does, and that they stay flat and within reach."""

import re
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.people.models import DuplicatePair, Merge, Person
from apps.people.selectors import duplicates as selectors
from apps.people.services.duplicates import find_pairs, tell_apart
from apps.people.services.merging import merge_people
from tests.factories import PersonFactory, StandingEventFactory, UnionFactory, UnitFactory, UserFactory

pytestmark = pytest.mark.django_db
BORN = date(1950, 1, 1)
LIST = "/people/duplicates/"


@pytest.fixture
def clerk() -> User:
    return UserFactory(model_worker_clerk=True)


@pytest.fixture
def browser(clerk) -> Client:
    client = Client()
    client.force_login(clerk)
    return client


def pair_of(name: str = "示例同名", **facts: object) -> DuplicatePair:
    union = facts.pop("union", None) or UnionFactory()
    first = PersonFactory(bare=True, union=union, name=name, birth_on=BORN, **facts)
    second = PersonFactory(bare=True, union=union, name=name, birth_on=BORN)
    find_pairs(union_path="LF/", person_ids=[second.pk], now=timezone.now())
    return DuplicatePair.objects.get(first=first, second=second)


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_the_queue_shows_open_pairs_and_by_request_the_decided_ones(browser, clerk):
    open_pair, apart, merged = pair_of("示例待定"), pair_of("示例不同"), pair_of("示例同人")
    now = timezone.now()
    tell_apart(pair_ids=[apart.pk], reason="两个村的", actor=clerk, now=now)
    merge_people(kept_id=merged.first_id, merged_id=merged.second_id, reason="同一人", actor=clerk, now=now)
    for query, shown in (("", "示例待定"), ("?status=distinct", "示例不同"), ("?status=merged", "示例同人")):
        text = text_of(browser.get(LIST + query))
        assert [name for name in ("示例待定", "示例不同", "示例同人") if name in text] == [shown]
    assert "两个村的" in text_of(browser.get(LIST + "?status=distinct"))
    assert "示例待定" in text_of(browser.get(f"{LIST}?person={open_pair.first.public_id}"))
    assert "示例待定" not in text_of(browser.get(f"{LIST}?person={apart.first.public_id}"))
    assert "示例待定" in text_of(browser.get(f"{LIST}?union={open_pair.first.union_id}"))
    assert "示例待定" not in text_of(browser.get(f"{LIST}?union={apart.first.union_id}"))
    assert browser.get(f"{LIST}?status=nonsense&union=x&person=y&before=z").status_code == 200


def test_the_page_of_a_person_tells_of_an_undecided_pair_only(browser, clerk):
    pair = pair_of("示例待定")
    compare = reverse("people:duplicate_detail", args=[pair.pk])
    for person in (pair.first, pair.second):
        page = browser.get(reverse("people:person_detail", args=[person.public_id]))
        assert "疑似重复" in text_of(page)
        assert compare in page.content.decode()
    tell_apart(pair_ids=[pair.pk], reason="两个村的", actor=clerk, now=timezone.now())
    page = browser.get(reverse("people:person_detail", args=[pair.first.public_id]))
    assert compare not in page.content.decode()


def test_the_page_of_a_person_tells_nothing_of_a_pair_with_a_foreign_county(clerk):
    pair = pair_of()
    other = UnionFactory()
    Person.objects.filter(pk=pair.second_id).update(union=other)
    client = Client()
    client.force_login(UserFactory(county_clerk=True, union=pair.first.union))
    page = client.get(reverse("people:person_detail", args=[pair.first.public_id]))
    assert page.status_code == 200
    assert reverse("people:duplicate_detail", args=[pair.pk]) not in page.content.decode()
    assert "疑似重复：" not in text_of(page)


def test_the_queue_is_read_by_key_in_both_directions(browser, monkeypatch):
    monkeypatch.setattr(selectors, "PER_PAGE", 2)
    keys = [pair_of(f"示例{name}").pk for name in "甲乙丙丁戊"][::-1]

    def page(address: str) -> tuple[list[int], str, str]:
        found = browser.get(LIST + address).context["slice"]
        return [pair.pk for pair in found.rows], found.previous_url, found.next_url

    rows, before, after = page("")
    assert (rows, before) == (keys[:2], "")
    rows, before, after = page(after)
    assert rows == keys[2:4]
    rows, before, after = page(after)
    assert (rows, after) == (keys[4:], "")
    rows, before, after = page(before)
    assert rows == keys[2:4]
    rows, before, after = page(before)
    assert (rows, before) == (keys[:2], "")


def test_the_lists_stay_flat(browser, clerk):
    def queries(address: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert browser.get(address).status_code == 200
        return len(captured)

    def merged(name: str) -> None:
        pair = pair_of(name)
        merge_people(
            kept_id=pair.first_id, merged_id=pair.second_id, reason="同一人", actor=clerk, now=timezone.now()
        )

    for number in range(2):
        pair_of(f"示例{chr(0x4E00 + number)}"), merged(f"示例{chr(0x5E00 + number)}")
    few = queries(LIST), queries(LIST + "?status=merged"), queries("/people/merges/")
    for number in range(2, 12):
        pair_of(f"示例{chr(0x4E00 + number)}"), merged(f"示例{chr(0x5E00 + number)}")
    assert (queries(LIST), queries(LIST + "?status=merged"), queries("/people/merges/")) == few


def test_two_people_stand_side_by_side_with_what_would_be_filled(browser):
    unit = UnitFactory()
    first = PersonFactory(bare=True, unit=unit, name="示例同名", birth_on=BORN, nation="汉族")
    second = PersonFactory(union=unit.union, name="示例同名", education="大专", nation="回族")
    StandingEventFactory(person=first, kind="retired")
    StandingEventFactory(person=first, kind="died", effective_on=date(2015, 1, 1))
    pair = DuplicatePair.objects.create(first=first, second=second)
    sides = browser.get(f"{LIST}{pair.pk}/").context["sides"]
    assert sides.kept == second, "the one with a number is suggested"
    facts = {fact.label: (fact.verdict, str(fact.result), fact.is_filled) for fact in sides.facts}
    assert facts["姓名"] == ("same", "示例同名", False)
    assert facts["民族"] == ("differs", "回族", False)
    assert facts["单位"] == ("one", unit.name, True)
    assert facts["文化程度"] == ("one", "大专", False)
    assert facts["证件号码"][0] == "one"
    assert "工作状态" in facts
    assert [(one.label, one.counts) for one in sides.hanging] == [("状态记录", (2, 0))]
    sides = browser.get(f"{LIST}{pair.pk}/?keep=first").context["sides"]
    facts = {fact.label: (str(fact.result), fact.is_filled) for fact in sides.facts}
    assert facts["证件号码"] == (str(second.id_number), True)
    assert facts["银行账号"] == (str(second.account), True)


def test_secrets_are_told_equal_or_different_by_their_hashes(browser):
    union = UnionFactory()
    one = PersonFactory(union=union, phone="13900005555")
    two = PersonFactory(union=union, phone="13900005555", sex="", account="", bank_name="")
    pair = DuplicatePair.objects.create(first=one, second=two)
    sides = browser.get(f"{LIST}{pair.pk}/").context["sides"]
    verdicts = {fact.label: fact.verdict for fact in sides.facts}
    assert verdicts["联系电话"] == "same"
    assert verdicts["证件号码"] == "differs"
    assert verdicts["银行账号"] == "one"
    assert any("证件号码不同" in warning for warning in sides.warnings)


def decide(browser: Client, pair: DuplicatePair, **data: object):
    facts = {"kept": "first", "first_version": 1, "second_version": 1, "reason": "同一单位，重复登记"}
    return browser.post(f"{LIST}{pair.pk}/decide/", facts | data)


def test_looking_at_the_other_way_round_keeps_the_reason_and_decides_nothing(browser):
    pair = pair_of("示例甲")
    address = f"{LIST}{pair.pk}/"
    page = browser.post(address, {"keep": "second", "reason": "同一单位，重复登记"})
    assert page.status_code == 200
    assert page.context["sides"].kept == pair.second
    assert page.context["form"]["reason"].value() == "同一单位，重复登记"
    assert not page.context["form"].errors
    buttons = re.findall(r'<button[^>]*name="keep"[^>]*>', page.text)
    assert [f'formaction="{address}"' in button for button in buttons] == [True, True]
    assert ["aria-current" in button for button in buttons] == [False, True]
    pair.refresh_from_db()
    assert pair.status == "open"


def test_a_decision_leads_to_the_next_pair_and_at_the_end_to_the_list(browser):
    first, second, third = pair_of("示例甲"), pair_of("示例乙"), pair_of("示例丙")
    answer = decide(browser, second, decision="distinct")
    assert answer.url == f"{LIST}{first.pk}/", "the queue runs from the newest down"
    answer = decide(browser, first, decision="merge", kept="second")
    assert answer.url == f"{LIST}{third.pk}/"
    assert Merge.objects.get().kept_id == first.second_id
    assert decide(browser, third, decision="distinct").url == LIST
    assert set(DuplicatePair.objects.values_list("status", flat=True)) == {"distinct", "merged"}


def test_a_pair_told_apart_can_still_be_merged_but_not_told_apart_again(browser):
    pair = pair_of()
    decide(browser, pair, decision="distinct")
    page = browser.get(f"{LIST}{pair.pk}/")
    assert page.context["may_merge"]
    assert not page.context["may_decide"]
    assert decide(browser, pair, decision="distinct").status_code == 422
    assert decide(browser, pair, decision="merge").status_code == 302
    pair.refresh_from_db()
    assert pair.status == "merged"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"decision": "merge", "reason": ""}, "“理由”没有填写"),
        ({"decision": "merge", "second_version": 7}, "请重新比较"),
        ({"decision": "merge", "first_version": ""}, "请重新比较"),
        ({"decision": "nonsense"}, "“结论”请从列表中选择"),
        ({"decision": "distinct", "reason": "同 131099195001010011 重复"}, "不要写证件号码"),
    ],
)
def test_a_refused_decision_comes_back_with_the_sentence_and_what_was_typed(browser, data, sentence):
    pair = pair_of()
    answer = decide(browser, pair, **data)
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    if data.get("reason", "同一单位，重复登记") == "同一单位，重复登记":
        assert "同一单位，重复登记" in text_of(answer)
    assert DuplicatePair.objects.get().status == "open"


def test_several_pairs_are_counted_before_and_told_apart_together(browser):
    pairs = [pair_of(f"示例{name}") for name in "甲乙丙"]
    keys = [pair.pk for pair in pairs[:2]]
    page = browser.get(f"{LIST}apart/", {"pair": keys})
    assert "2 对都不是同一人" in text_of(page)
    assert browser.post(f"{LIST}apart/", {"pair": keys, "reason": ""}).status_code == 422
    answer = browser.post(f"{LIST}apart/", {"pair": keys, "reason": "不同村"}, follow=True)
    assert "已把 2 对核对为不是同一人" in text_of(answer)
    assert list(DuplicatePair.objects.open()) == [pairs[2]]


def test_when_a_colleague_was_faster_the_rest_is_shown_again(browser, clerk):
    pairs = [pair_of(f"示例{name}") for name in "甲乙"]
    tell_apart(pair_ids=[pairs[0].pk], reason="不同", actor=clerk, now=timezone.now())
    keys = [pair.pk for pair in pairs]
    answer = browser.post(f"{LIST}apart/", {"pair": keys, "reason": "不同村"})
    assert answer.status_code == 422
    assert "有 1 对已不在待核对之列" in text_of(answer)
    assert [pair.pk for pair in answer.context["pairs"]] == [pairs[1].pk]


def test_nothing_chosen_leads_back_to_the_list(browser):
    for query in ({}, {"pair": ["x", "-1", "9" * 30]}):
        assert browser.get(f"{LIST}apart/", query).url == LIST


def test_merges_are_listed_and_undone_with_a_reason(browser, clerk):
    pair = pair_of(nation="汉族")
    StandingEventFactory(person=pair.first, kind="retired")
    done = merge_people(
        kept_id=pair.second_id, merged_id=pair.first_id, reason="同一人", actor=clerk, now=timezone.now()
    )
    text = text_of(browser.get("/people/merges/"))
    assert "可撤销" in text
    assert "民族" in text
    address = reverse("people:merge_undo", args=[done.pk])
    page = browser.get(address)
    assert "状态记录 1 条" in text_of(page)
    assert browser.post(address, {"reason": ""}).status_code == 422
    answer = browser.post(address, {"reason": "合并错了"}, follow=True)
    assert "合并已撤销" in text_of(answer)
    assert "已撤销" in text_of(browser.get("/people/merges/"))
    assert "不能再撤销" in text_of(browser.get(address))
    assert Person.objects.living_rows().count() == 2


def test_a_county_finds_neither_pairs_nor_merges_that_are_not_wholly_its_own(clerk):
    mine = UnionFactory()
    ours = PersonFactory(bare=True, union=mine, name="示例同名", birth_on=BORN)
    theirs = PersonFactory(bare=True, name="示例同名", birth_on=BORN)
    find_pairs(union_path="LF/", person_ids=None, now=timezone.now())
    pair = DuplicatePair.objects.get()
    county = Client()
    county.force_login(UserFactory(county_clerk=True, union=mine))
    absent = county.get(f"{LIST}999999/")
    foreign = county.get(f"{LIST}{pair.pk}/")
    assert foreign.status_code == absent.status_code == 404
    assert decide(county, pair, decision="distinct").status_code == 404
    assert "示例同名" not in text_of(county.get(LIST))
    assert county.get(f"{LIST}apart/", {"pair": pair.pk}).url == LIST
    done = merge_people(
        kept_id=ours.pk, merged_id=theirs.pk, reason="同一人", actor=clerk, now=timezone.now()
    )
    assert county.get(reverse("people:merge_undo", args=[done.pk])).status_code == 404
    assert "示例同名" not in text_of(county.get("/people/merges/"))
