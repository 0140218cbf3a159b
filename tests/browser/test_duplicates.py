"""The queue of possible duplicates by mouse: choosing several, comparing two, merging, taking it back."""

from datetime import date

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from apps.people.models import DuplicatePair, Person
from apps.people.services.duplicates import find_pairs
from tests.factories import PersonFactory, StandingEventFactory, UnionFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = ("示例甲", "示例乙", "示例丙")


@pytest.fixture
def queue() -> list[DuplicatePair]:
    union = UnionFactory()
    for name in NAMES:
        PersonFactory(union=union, name=name, id_kind="none", id_number="", birth_on=date(1950, 1, 1))
        newer = PersonFactory(bare=True, union=union, name=name, birth_on=date(1950, 1, 1), education="大专")
        StandingEventFactory(person=newer, kind="retired")
    find_pairs(union_path="LF/", person_ids=None, now=timezone.now())
    return list(DuplicatePair.objects.order_by("-id"))


def test_pairs_are_chosen_compared_merged_and_the_merge_is_undone(page: Page, queue, sign_in_as, photograph):
    sign_in_as(page, UserFactory(model_worker_clerk=True))
    page.goto("/people/duplicates/")
    together = page.get_by_role("button", name="所选不是同一人…")
    expect(together).to_be_disabled()
    page.get_by_label("全选本页").check()
    expect(page.get_by_text("已选 3 对")).to_be_visible()
    page.get_by_label("选择 示例甲").uncheck()
    expect(page.get_by_text("已选 2 对")).to_be_visible()
    together.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("把所选 2 对记为不是同一人")
    page.get_by_label("理由").fill("两个村的")
    page.get_by_role("button", name="2 对都不是同一人").click()
    expect(page.get_by_text("已把 2 对核对为不是同一人")).to_be_visible()

    page.get_by_role("link", name="比较 示例甲 的两条记录").click()
    expect(page.get_by_role("columnheader", name="合并后（保留甲）")).to_be_visible()
    page.get_by_label("理由").fill("同一单位，重复登记")
    page.get_by_role("button", name="乙（后登记）").click()
    expect(page.get_by_role("columnheader", name="合并后（保留乙）")).to_be_visible()
    expect(page.get_by_label("理由")).to_have_value("同一单位，重复登记")
    photograph(page, "duplicate-detail")
    page.get_by_role("button", name="是同一人，合并", exact=True).click()
    expect(page.get_by_text("示例甲：已合并")).to_be_visible()
    assert Person.objects.living_rows().count() == 5

    page.get_by_role("link", name="合并记录").click()
    page.get_by_role("link", name="撤销 示例甲 的合并").click()
    page.get_by_label("理由").fill("看错了")
    page.get_by_role("button", name="撤销合并").click()
    expect(page.get_by_text("合并已撤销")).to_be_visible()
    assert Person.objects.living_rows().count() == 6
    assert [pair.first.name for pair in DuplicatePair.objects.open()] == ["示例甲"]
