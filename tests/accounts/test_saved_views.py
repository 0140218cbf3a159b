"""Filters of a list kept under a name: one's own, for one page, without anybody's number."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts import rules, services
from apps.accounts.models import SavedView, User
from apps.core.errors import Refused
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
PAGE = "model_workers:worker_list"
PEOPLE = "people:person_list"


@pytest.fixture
def clerk() -> User:
    return User.objects.with_roles().get(pk=UserFactory(model_worker_clerk=True).pk)


@pytest.fixture
def client_of_clerk(clerk) -> Client:
    client = Client()
    client.force_login(clerk)
    return client


def save(user: User, **changes) -> SavedView:
    given = {"page": PAGE, "name": "三月生日", "query": "?born=3&life=present&page=2&level="} | changes
    return services.save_view(actor=user, now=timezone.now(), **given)


def test_the_filters_are_kept_without_the_place_in_the_list(clerk):
    view = save(clerk, name="  三月　生日 ")
    assert (view.query, view.name) == ("born=3&life=present", "三月 生日")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": " "}, "名称"),
        ({"name": "名" * 31}, "30"),
        ({"query": ""}, "没有筛选条件"),
        ({"query": "page=3"}, "没有筛选条件"),
        ({"query": "q=131099195001010019"}, "完整号码"),
        ({"query": "q=139 1234 5678"}, "完整号码"),
        ({"query": "born=3&managed=131099195001010019"}, "完整号码"),
        ({"query": "131099195001010019=3"}, "完整号码"),
        ({"query": "unit=１３１０９９１９５００１０１００１９"}, "完整号码"),
        ({"name": "131099195001010019"}, "“名称”里不要写证件号码"),
        ({"name": "卡 6217 0000 0000 0000 012"}, "“名称”里不要写证件号码"),
        ({"query": f"q={'长' * 200}"}, "太长"),
        ({"page": "accounts:user_list"}, "不能保存"),
    ],
)
def test_what_cannot_be_kept_is_refused(clerk, changes, words):
    with pytest.raises(Refused, match=words):
        save(clerk, **changes)
    assert not SavedView.objects.exists()


def test_a_name_is_taken_once_for_a_page(clerk):
    save(clerk)
    with pytest.raises(Refused, match="已在本页用过"):
        save(clerk)
    save(clerk, page=PEOPLE)


def test_the_number_of_kept_filters_is_limited(clerk, monkeypatch):
    monkeypatch.setattr(rules, "MAX_SAVED_VIEWS", 1)
    save(clerk)
    with pytest.raises(Refused, match="最多保存 1 个"):
        save(clerk, name="又一个")


def test_a_page_one_may_not_open_keeps_nothing(clerk):
    reader = User.objects.with_roles().get(pk=UserFactory(reader=True).pk)
    with pytest.raises(Refused, match="不能保存"):
        save(reader)


def test_a_unit_in_the_filters_is_no_number(clerk):
    assert save(clerk, query="unit=00000000-0000-4000-8000-000000000000").query


@pytest.mark.parametrize("page", [PAGE, PEOPLE])
def test_the_list_offers_to_keep_the_filters_and_leads_back_to_them(client_of_clerk, clerk, page):
    address = reverse(page)
    assert "保存现在的条件" not in client_of_clerk.get(address).text
    shown = client_of_clerk.get(f"{address}?work=in_service")
    assert "保存现在的条件" in shown.text
    asked = {"page": page, "name": "在职", "query": "work=in_service"}
    response = client_of_clerk.post(reverse("accounts:view_save"), asked)
    assert response.url == f"{address}?work=in_service"
    again = client_of_clerk.get(response.url)
    assert f'href="{address}?work=in_service" aria-current="true"' in again.text
    assert "已保存常用筛选" in again.text


def test_nobody_sees_or_deletes_the_filters_of_another(client_of_clerk, clerk):
    foreign = save(User.objects.with_roles().get(pk=UserFactory(model_worker_clerk=True).pk), name="别人的")
    own = save(clerk, name="自己的")
    page = client_of_clerk.get(reverse(PAGE)).text
    assert "自己的" in page
    assert "别人的" not in page
    assert client_of_clerk.post(reverse("accounts:view_delete", args=[foreign.pk])).status_code == 404
    assert client_of_clerk.post(reverse("accounts:view_delete", args=[own.pk])).url == reverse(PAGE)
    assert list(SavedView.objects.all()) == [foreign]


@pytest.mark.parametrize(
    ("name", "sentence"), [("三月生日", "已在本页用过"), ("", "请填写“名称”"), ("x" * 31, "30")]
)
def test_a_name_that_is_refused_is_asked_for_again_with_what_was_typed(
    client_of_clerk, clerk, name, sentence
):
    save(clerk)
    asked = {"page": PAGE, "name": name, "query": "born=3"}
    response = client_of_clerk.post(reverse("accounts:view_save"), asked)
    assert response.status_code == 422
    assert sentence in response.text
    assert f'value="{name}"' in response.text or not name
    assert f'href="{reverse(PAGE)}?born=3"' in response.text
    again = client_of_clerk.post(reverse("accounts:view_save"), asked | {"name": "春天生日"})
    assert again.url == f"{reverse(PAGE)}?born=3"


def test_a_number_that_may_not_be_kept_does_not_go_back_into_the_address(client_of_clerk):
    asked = {"page": PAGE, "name": "此人", "query": "q=131099195001010019"}
    response = client_of_clerk.post(reverse("accounts:view_save"), asked)
    assert response.url == reverse(PAGE)


def test_an_address_of_another_site_is_not_led_to(client_of_clerk):
    asked = {"page": "https://example.invalid/", "name": "x", "query": "a=1"}
    assert client_of_clerk.post(reverse("accounts:view_save"), asked).status_code == 404
