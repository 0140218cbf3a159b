"""The pages of honours, files, reviews and nominations: what is typed stays, what is done is told."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import AccessRecord
from apps.core.pdf import pdf_text
from apps.model_workers.models import (
    BulkChange,
    Honour,
    Nomination,
    NominationObjection,
    Review,
    WorkerFile,
)
from tests.clients import signed_in
from tests.factories import (
    CountingRuleFactory,
    HonourFactory,
    HonourTitleFactory,
    PersonFactory,
    PolicyDocumentFactory,
    StandingEventFactory,
    UnionFactory,
    UserFactory,
    retired_worker,
)
from tests.model_workers.bureau import FACTS, MINUTES, Bureau, know_calendar, scan
from tests.people.identity import resident_number

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def bureau() -> Bureau:
    CountingRuleFactory()
    return Bureau()


def url(name: str, *args) -> str:
    return reverse(f"model_workers:{name}", args=args)


# --- honours -----------------------------------------------------------------------------------------------------


def test_an_honour_is_entered_with_its_certificate(bureau):
    person, client = PersonFactory(name="示例甲"), signed_in(bureau.clerk)
    asked = FACTS | {"title": HonourTitleFactory().pk, "awarded_on": "2011-04-28", "scan": scan()}
    response = client.post(url("honour_create", person.public_id), asked, follow=True)
    assert response.redirect_chain[-1][0] == url("worker_detail", person.public_id)
    assert "示政〔2011〕3号" in response.text
    assert Honour.objects.get().scan_sha256
    assert WorkerFile.objects.get().number in response.text


def test_what_was_typed_stays_beside_the_refusal(bureau):
    person = PersonFactory()
    asked = FACTS | {
        "title": HonourTitleFactory().pk,
        "awarded_on": f"{TODAY.year + 1}-01-01",
        "note": "手写备注",
    }
    response = signed_in(bureau.clerk).post(url("honour_create", person.public_id), asked)
    assert response.status_code == 422
    assert "不能晚于今天" in response.text
    assert "手写备注" in response.text


def test_the_certificate_is_a_download_in_which_nothing_runs(bureau):
    honour = bureau.award(PersonFactory(name="示例甲"), scan=scan())
    response = signed_in(bureau.head).post(url("honour_certificate", honour.public_id))
    assert response["Content-Type"] == "image/png"
    assert response["Content-Disposition"].startswith("attachment")
    assert "sandbox" in response["Content-Security-Policy"]
    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert AccessRecord.objects.get(kind="export").actor == bureau.head


def test_a_certificate_cannot_be_taken_by_following_a_link(bureau):
    honour = bureau.award(PersonFactory(), scan=scan())
    assert signed_in(bureau.head).get(url("honour_certificate", honour.public_id)).status_code == 405


def test_a_dialog_gets_the_form_and_the_page_anew_after_it(bureau):
    honour, client = bureau.award(PersonFactory()), signed_in(bureau.clerk)
    address = url("honour_void", honour.public_id)
    dialog = client.get(address, **HTMX).text
    assert "<html" not in dialog
    assert f'hx-post="{address}"' in dialog
    assert "<html" in client.get(address).text
    refused = client.post(address, {"reason": ""}, **HTMX)
    assert refused.status_code == 422
    assert "“作废理由”没有填写" in refused.text
    done = client.post(address, {"reason": "录错"}, **HTMX)
    assert (done.status_code, done["HX-Redirect"]) == (204, url("worker_detail", honour.person.public_id))


def test_a_scan_added_on_the_page_takes_the_badge_away(bureau):
    honour, client = bureau.award(PersonFactory()), signed_in(bureau.clerk)
    page = url("worker_detail", honour.person.public_id)
    assert "存疑" in client.get(page).text
    client.post(url("honour_scan", honour.public_id), {"scan": scan()})
    assert "存疑" not in client.get(page).text


def test_the_finder_shows_people_in_reach_only_and_no_number_stays_in_its_address(bureau):
    clerk = bureau.county_clerk
    PersonFactory(name="示例本县", union=clerk.union)
    PersonFactory(name="示例外县")
    client = signed_in(clerk)
    page = client.get(url("worker_find"), {"q": "示例"}).text
    assert "示例本县" in page
    assert "示例外县" not in page
    assert client.get(url("worker_find"), {"q": resident_number(4)}).url == url("worker_find")


# --- the file ------------------------------------------------------------------------------------------------------


def test_the_page_says_class_treatment_and_why_nothing_is_paid(bureau):
    person = PersonFactory()
    StandingEventFactory(person=person, kind="in_service")
    bureau.award(person)
    page = signed_in(bureau.clerk).get(url("worker_detail", person.public_id)).text
    assert "计入市级荣誉 1 次" in page
    assert "未离退休（在职）" in page


def test_contradictions_stand_at_the_head_of_the_page(bureau):
    person = retired_worker()
    honour = person.honours.get()
    HonourFactory(person=person, awarded_on=honour.awarded_on + timedelta(30))
    page = signed_in(bureau.clerk).get(url("worker_detail", person.public_id)).text
    assert "登记内容有待核对" in page
    assert "相隔不到一年" in page


def test_treatment_is_set_with_its_document(bureau):
    person, document = PersonFactory(), PolicyDocumentFactory(title="示例待遇办法")
    bureau.award(person)
    client = signed_in(bureau.head)
    address = url("file_treatment", person.public_id)
    assert client.post(address, {"level": "provincial"}).status_code == 422
    client.post(address, {"level": "provincial", "document": document.pk})
    page = client.get(url("worker_detail", person.public_id)).text
    assert "《示例待遇办法》" in page
    told = client.post(address, {"level": "", "document": ""}, follow=True).text
    assert "享受待遇现为“未确定”。" in told
    assert "享受待遇已确定。" not in told


def test_a_list_without_nominations_says_what_to_do_and_a_filter_that_nothing_was_found(bureau):
    client = signed_in(bureau.clerk)
    begin = "还没有推荐"
    assert begin in client.get(url("nomination_list")).text
    found = client.get(url("nomination_list"), {"status": "draft"}).text
    assert begin not in found
    assert "没有符合条件的推荐" in found


@pytest.mark.parametrize("name", ["honour_create", "nomination_create"])
def test_a_form_can_be_left_without_saving(bureau, name):
    person = PersonFactory()
    page = signed_in(bureau.clerk).get(url(name, person.public_id)).text
    assert f'href="{url("worker_detail", person.public_id)}">取消</a>' in page


def test_somebody_without_honours_has_a_page_to_begin_with_and_a_merged_row_has_none(bureau):
    person = PersonFactory()
    client = signed_in(bureau.clerk)
    assert "还没有荣誉" in client.get(url("worker_detail", person.public_id)).text
    assert client.get(url("file_edit", person.public_id)).status_code == 404
    type(person).objects.filter(pk=person.pk).update(merged_into=PersonFactory())
    assert client.get(url("worker_detail", person.public_id)).status_code == 404


# --- one deed on many ------------------------------------------------------------------------------------------------


def test_chosen_rows_are_shown_with_their_number_before_and_undone_after(bureau):
    people = [PersonFactory(name=f"示例{word}") for word in "甲乙丙"]
    for person in people:
        bureau.award(person)
    client = signed_in(bureau.clerk)
    chosen = [str(person.public_id) for person in people[:2]]
    page = client.get(url("bulk_deed", "review"), {"person": chosen}).text
    assert "布置复核：2 人" in page
    assert "示例丙" not in page
    due = (TODAY + timedelta(30)).isoformat()
    asked = {"person": chosen, "expected": 2, "year": TODAY.year, "due_on": due}
    done = client.post(url("bulk_deed", "review"), asked, follow=True)
    assert "布置" in done.text
    assert Review.objects.count() == 2
    client.post(url("bulk_undo", BulkChange.objects.get().pk))
    assert not Review.objects.exists()


def test_all_that_the_filters_leave_are_dealt_with_and_a_changed_number_is_told(bureau):
    for word in "甲乙":
        retired_worker(name=f"示例{word}")
    other = PersonFactory(name="示例在职")
    HonourFactory(person=other)
    client = signed_in(bureau.clerk)
    page = client.get(url("bulk_deed", "keeper"), {"all": "1", "work": "all_retired"})
    assert "2 人" in page.text
    asked = {"all": "1", "work": "all_retired", "managed_by": "示例局", "expected": 1}
    refused = client.post(url("bulk_deed", "keeper"), asked)
    assert refused.status_code == 422
    assert "您看到的是 1 人，现在是 2 人" in refused.text
    client.post(url("bulk_deed", "keeper"), asked | {"expected": 2})
    assert set(WorkerFile.objects.filter(managed_by="示例局").values_list("person__name", flat=True)) == {
        "示例甲",
        "示例乙",
    }


def test_identifiers_of_other_counties_choose_nobody(bureau):
    foreign = PersonFactory(name="示例金丝雀")
    response = signed_in(bureau.county_clerk).get(
        url("bulk_deed", "review"), {"person": [str(foreign.public_id), "nonsense"]}, follow=True
    )
    assert "没有选中任何人" in response.text
    assert "金丝雀" not in response.text


# --- reviews -----------------------------------------------------------------------------------------------------------


def test_an_outcome_is_entered_and_what_is_late_is_shown(bureau):
    person = PersonFactory(name="示例甲")
    bureau.award(person)
    review = Review.objects.create(
        year=TODAY.year,
        union=person.union,
        person=person,
        due_on=TODAY - timedelta(1),
        created_by=bureau.clerk,
    )
    client = signed_in(bureau.clerk)
    assert "逾期未办" in client.get(url("review_list")).text
    address = url("review_enter", review.year, person.public_id)
    assert client.post(address, {"outcome": "doubtful"}).status_code == 422
    client.post(address, {"outcome": "doubtful", "note": "证书遗失"})
    page = client.get(url("review_list"), {"outcome": "doubtful"}).text
    assert "证书遗失" in page
    assert "逾期未办" not in page.split("<tbody")[-1]


def test_the_doubtful_honours_of_other_counties_are_not_listed(bureau):
    clerk = bureau.county_clerk
    bureau.award(PersonFactory(name="示例本县", union=clerk.union), actor=clerk)
    bureau.award(PersonFactory(name="示例金丝雀"))
    page = signed_in(clerk).get(url("doubt_list")).text
    assert "示例本县" in page
    assert "金丝雀" not in page


def test_lists_cost_the_same_for_two_and_for_twelve(bureau):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = signed_in(bureau.clerk)

    def more() -> None:
        person = PersonFactory()
        bureau.award(person)
        bureau.nominate(person)
        Review.objects.create(
            year=2016, union=person.union, person=person, due_on=TODAY, created_by=bureau.clerk
        )

    def costs() -> list[int]:
        found = []
        for name in ("review_list", "doubt_list", "nomination_list", "bulk_list"):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(url(name)).status_code == 200
            found.append(len(queries))
        return found

    more()
    more()
    costs()
    before = costs()
    for _ in range(10):
        more()
    assert costs() == before


# --- nominations ---------------------------------------------------------------------------------------------------------


def test_a_nomination_goes_through_the_pages_to_the_honour(bureau):
    person = PersonFactory(name="示例甲")
    clerk, head, vice = signed_in(bureau.clerk), signed_in(bureau.head), signed_in(bureau.vice)
    asked = {
        "title": HonourTitleFactory().pk,
        "year": TODAY.year,
        "recommended_by": person.union_id,
        "merits": "示例：技术革新。",
    }
    response = clerk.post(url("nomination_create", person.public_id), asked)
    nomination = Nomination.objects.get()
    assert response.url == url("nomination_detail", nomination.public_id)

    def sent(action: str) -> dict:
        return {"number": Nomination.objects.get().decided + 1, "amount": "0", "count": 1}

    def step(client: Client, action: str, **words) -> int:
        return client.post(
            url("nomination_decide", nomination.public_id, action), sent(action) | words
        ).status_code

    assert step(clerk, "submit") == 302
    assert step(clerk, "qualify") == 403
    assert step(head, "qualify", opinion="符合条件") == 302
    assert step(head, "consult") == 422
    assert step(head, "consult", opinion="没有不同意见") == 302
    know_calendar(TODAY, TODAY + timedelta(13))
    notice = {"place": "示例公示栏", "first_on": TODAY.isoformat()}
    assert step(head, "notice", **notice, last_on=(TODAY + timedelta(2)).isoformat()) == 422
    assert step(head, "notice", **notice, last_on=(TODAY + timedelta(13)).isoformat()) == 302
    assert step(head, "conclude", opinion="公示期间没有收到反映") == 422
    said = head.post(url("nomination_object", nomination.public_id), {"said": "示例反映"})
    assert said.status_code == 302
    objection = NominationObjection.objects.get()
    address = url("nomination_answer", nomination.public_id, objection.pk)
    assert vice.post(address, {"holds": "", "words": "示例核查"}).status_code == 422
    assert vice.post(address, {"holds": "no", "words": "示例核查"}).status_code == 302
    page = vice.get(url("nomination_detail", nomination.public_id)).text
    for words in ("示例反映", "示例核查", "不属实", "登记公示反映", str(bureau.head), str(bureau.vice)):
        assert words in page


def test_the_approval_on_its_page_makes_the_honour(bureau):
    nomination = bureau.reach(bureau.nominate(PersonFactory(name="示例甲")), "concluded")
    vice, person = signed_in(bureau.vice), nomination.person

    def step(client: Client, action: str, **words) -> int:
        sent = {"number": nomination.decided + 1, "amount": "0", "count": 1} | words
        return client.post(url("nomination_decide", nomination.public_id, action), sent).status_code

    award = FACTS | {"awarded_on": TODAY.isoformat(), "scan": scan()}
    assert step(vice, "approve", **award) == 422
    award["scan"] = scan()
    assert step(vice, "approve", minutes=MINUTES, **award) == 302
    honour = Honour.objects.get()
    assert (honour.person, honour.created_by, honour.scan_name) == (person, bureau.vice, "证书.png")
    page = vice.get(url("nomination_detail", nomination.public_id)).text
    assert "已授予" in page
    assert MINUTES in page


def test_the_form_is_printed_with_the_opinions_and_written_down(bureau):
    nomination = bureau.reach(bureau.nominate(PersonFactory(name="示例甲")), "noticed")
    response = signed_in(bureau.head).post(url("nomination_print", nomination.public_id))
    text = "".join("".join(pdf_text(response.content)).split())
    for words in (
        "劳动模范推荐审批表",
        "示例甲",
        "示例：爱岗敬业。",
        "示例：有关单位没有意见。",
        "示例公示栏",
    ):
        assert words in text
    number = nomination.person.id_number.reveal()
    assert number not in text
    assert f"131099********{number[-4:]}" in text
    assert AccessRecord.objects.get(kind="print").sha256


def test_the_suggested_notice_stands_in_the_form(bureau):
    nomination = bureau.reach(bureau.nominate(PersonFactory()), "consulted")
    page = signed_in(bureau.head).get(url("nomination_decide", nomination.public_id, "notice")).text
    assert f'value="{TODAY:%Y-%m-%d}"' in page


def test_a_county_finds_nothing_of_another(bureau):
    person = PersonFactory(name="示例金丝雀", union=UnionFactory(code="LF01777"))
    nomination = bureau.nominate(person)
    clerk = signed_in(bureau.county_clerk)
    assert "金丝雀" not in clerk.get(url("nomination_list"), {"q": "示例"}).text
    for address in (
        url("nomination_detail", nomination.public_id),
        url("nomination_edit", nomination.public_id),
        url("nomination_decide", nomination.public_id, "submit"),
        url("worker_detail", person.public_id),
        url("honour_create", person.public_id),
    ):
        response = clerk.get(address)
        assert response.status_code == 404
        assert "金丝雀" not in response.text


def test_a_page_that_does_not_exist_and_a_foreign_one_read_alike(bureau):
    import re

    honour = bureau.award(PersonFactory())
    clerk = signed_in(bureau.county_clerk)
    token = re.compile(
        rb'(?:csrf-token" content|csrfmiddlewaretoken" value|once" value|data-seconds)="[\w-]+"'
    )
    foreign = clerk.get(url("honour_void", honour.public_id))
    absent = clerk.get(url("honour_void", "00000000-0000-4000-8000-000000000000"))
    assert token.sub(b"", foreign.content) == token.sub(b"", absent.content)


def test_who_only_reads_is_offered_no_deeds(bureau):
    person = PersonFactory()
    bureau.award(person)
    auditor = signed_in(UserFactory(auditor=True))
    page = auditor.get(url("worker_detail", person.public_id)).text
    for words in ("登记荣誉</a>", "暂停待遇", "修改档案", "作废"):
        assert words not in page
    listed = auditor.get(url("worker_list")).text
    assert "data-choose" not in listed
    assert "打印名册" in listed
