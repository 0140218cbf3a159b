"""No identity number and no account stands in the open: every box and column in which people write freely refuses one."""

import inspect
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from django import forms
from django.apps import apps
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone

import apps.model_workers.forms as worker_forms
import apps.people.forms as people_forms
from apps.cases.services import NoticeText, Seen
from apps.core.errors import Refused
from apps.core.filters import FilterForm
from apps.model_workers.admin import HonourTitleForm
from apps.model_workers.models import Exam, Hospital, WorkerFile
from apps.model_workers.services import bills, bulk, files, honours, hospitals, nominations, relief, reviews
from apps.model_workers.services.allowance_rolls import take_out_roll
from apps.model_workers.services.recoveries import list_recovery, settle_recovery
from apps.model_workers.services.runs import decide_run
from apps.people.models import DuplicatePair, Person, RosterFacts, Unit
from apps.people.rules.drafts import PersonDraft
from apps.people.services.duplicates import tell_apart
from apps.people.services.exports import export_people
from apps.people.services.merging import merge_people, undo_merge
from apps.people.services.persons import edit_person, register_person
from apps.people.services.registering import Entry, Standing, register_people
from apps.people.services.rosters import upload_roster
from apps.people.services.secrets import reveal_secret
from apps.people.services.standing import move_person, prove_standing, record_standing, void_standing
from apps.people.services.units import UnitDraft, change_unit, create_unit
from tests.clients import signed_in
from tests.factories import (
    ExamFactory,
    ExamInvitationFactory,
    HonourTitleFactory,
    HospitalFactory,
    PersonFactory,
    ReliefCaseFactory,
    ReliefStandardFactory,
    StandingEventFactory,
    UnionFactory,
    UnitFactory,
    retired_worker,
)
from tests.model_workers import checkups
from tests.model_workers.bureau import FACTS, MINUTES, PNG, Bureau, know_calendar, scan
from tests.model_workers.changes import asked, step
from tests.model_workers.register import AllowanceOffice
from tests.people.identity import account_number, resident_number
from tests.people.roster_files import reasons, roster_file, somebody, staged

pytestmark = pytest.mark.django_db

RESIDENT = resident_number(73, birth_on=date(1951, 3, 7))
NUMBERS = {
    "居民身份证": RESIDENT,
    "15 位旧号": RESIDENT[:6] + RESIDENT[8:17],
    "银行账号": account_number(730_001),
    "在话里": f"见{RESIDENT}的登记表",
    "分组": f"{RESIDENT[:6]} {RESIDENT[6:14]} {RESIDENT[14:]}",
    "加点": f"{RESIDENT[:6]}.{RESIDENT[6:14]}.{RESIDENT[14:]}",
    "全角": RESIDENT.translate({code: code + 0xFEE0 for code in range(0x30, 0x5B)}),
    "外国人": "CAN131051030712",
}
LEGITIMATE = ("冀工发〔2016〕5号", "20160131至20171231", "第0012号，共 3 页", "冀劳模证字20040123号")
NOW = timezone.now()


class Desk(Bureau):
    """Everybody and everything about which something can be written; made when first asked for."""

    now = NOW

    @property
    def today(self) -> date:
        return timezone.localdate(self.now)

    @cached_property
    def person(self) -> Person:
        """A model worker of the city with an open file."""
        person = PersonFactory(union=self.city)
        self.award(person)
        return person

    @cached_property
    def other(self) -> Person:
        return PersonFactory(union=self.city, name=self.person.name)

    @cached_property
    def pair(self) -> DuplicatePair:
        first, second = sorted((self.person, self.other), key=lambda one: one.pk)
        return DuplicatePair.objects.create(first=first, second=second, same_birth=True)

    @cached_property
    def unit(self) -> Unit:
        return UnitFactory(union=self.city)

    @cached_property
    def exam(self) -> Exam:
        """Somebody came to a hospital."""
        exam = ExamFactory(union=self.city)
        hospital = HospitalFactory()
        ExamInvitationFactory(
            case=exam, person=self.person, slip_number=1, hospital=hospital, attended_on=exam.starts_on
        )
        return exam

    @cached_property
    def hospital(self) -> Hospital:
        return self.exam.invitations.get().hospital

    @cached_property
    def office(self) -> AllowanceOffice:
        office = AllowanceOffice()
        office.parameters()
        office.people({1: 2})
        return office

    # --- what is written of people ---

    def draft(self, **facts: Any) -> PersonDraft:
        return PersonDraft(
            **{"name": "示例甲", "id_kind": "none", "account": account_number(7), "bank_name": "示例银行"}
            | facts
        )

    def register(self, **facts: Any) -> Person:
        return register_person(
            draft=self.draft(**facts), union=self.city, unit=None, actor=self.clerk, now=self.now
        )

    def edit(self, reason: str) -> Person:
        return edit_person(
            person_id=self.person.pk,
            seen_version=self.person.version,
            draft=self.draft(),
            unit=None,
            actor=self.clerk,
            now=self.now,
            reason=reason,
            kept=(),
        )

    def enter(self, document: str) -> Any:
        standing = (Standing("retired", date(2010, 1, 1), document),)
        entry = Entry(self.draft(), self.city, standing=standing)
        return register_people(entries=[entry], actor=self.clerk, now=self.now, action="示例")

    def stand(self, **words: str) -> Any:
        given = {"document": "示例退休证", "note": ""} | words
        return record_standing(
            person_id=self.person.pk,
            kind="retired",
            effective_on=date(2014, 1, 1),
            actor=self.clerk,
            now=self.now,
            **given,
        )

    def prove(self, document: str) -> Any:
        event = StandingEventFactory(person=self.person, document="")
        return prove_standing(event_id=event.pk, document=document, actor=self.clerk, now=self.now)

    def move(self, **words: str) -> Any:
        given = {"document": "示例介绍信", "note": ""} | words
        return move_person(
            person_id=self.person.pk,
            to_union_id=UnionFactory().pk,
            effective_on=date(2014, 1, 1),
            actor=self.clerk,
            now=self.now,
            **given,
        )

    def void(self, reason: str) -> Any:
        event = StandingEventFactory(person=self.person)
        return void_standing(event_id=event.pk, reason=reason, actor=self.clerk, now=self.now)

    def make_unit(self, **facts: Any) -> Unit:
        given = {"name": "示例厂", "nature": "bankrupt", "nature_since": date(2010, 1, 1)}
        draft = UnitDraft(**(given | {"nature_document": "示例裁定书"} | facts))
        return create_unit(draft=draft, union=self.city, actor=self.clerk, now=self.now)

    def correct_unit(self, name: str) -> Unit:
        draft = UnitDraft(name=name, nature="other")
        return change_unit(unit_id=self.unit.pk, draft=draft, is_active=True, actor=self.clerk, now=self.now)

    def merge(self, reason: str) -> Any:
        ids = {"kept_id": self.person.pk, "merged_id": self.other.pk}
        return merge_people(**ids, reason=reason, actor=self.clerk, now=self.now)

    def undo(self, reason: str) -> Any:
        merge = self.merge("示例")
        return undo_merge(merge_id=merge.pk, reason=reason, actor=self.clerk, now=self.now)

    def apart(self, reason: str) -> Any:
        return tell_apart(pair_ids=[self.pair.pk], reason=reason, actor=self.clerk, now=self.now)

    def reveal(self, reason: str) -> Any:
        return reveal_secret(
            person_id=self.person.pk, field="id_number", reason=reason, actor=self.clerk, now=self.now
        )

    def export(self, reason: str) -> Any:
        return export_people(
            filters={}, described="", is_full=True, reason=reason, actor=self.clerk, now=self.now
        )

    def upload(self, name: str) -> Any:
        content = b"PK"
        return upload_roster(
            union=self.city,
            actor=self.clerk,
            name=name,
            content=content,
            sha256=sha256(content).hexdigest(),
            now=self.now,
        )

    # --- what is written of model workers ---

    def file(self, **facts: str) -> WorkerFile:
        return files.change_file(person_id=self.person.pk, facts=facts, actor=self.clerk, now=self.now)

    def change(self, **words: str) -> Any:
        honour = self.award(PersonFactory(union=self.city))
        return asked(honour.person, "suspend", date(2014, 1, 1), clerk=self.clerk, **words)

    def honour(self, **facts: Any) -> Any:
        return self.award(PersonFactory(union=self.city), facts=facts)

    def scanned(self, name: str) -> Any:
        return self.award(PersonFactory(union=self.city), scan=scan(f"{name}.png", PNG))

    def of_honour(self, service: Any, **words: Any) -> Any:
        honour = self.award(PersonFactory(union=self.city))
        return service(honour_id=honour.pk, now=self.now, **words)

    def decide_change(self, opinion: str) -> Any:
        return step(self.change(), self.clerk, "submit", opinion)

    def recommend(self, **words: str) -> Any:
        return self.step(self.nominate(self.person), "submit", self.clerk, **words)

    def put_up(self, place: str) -> Any:
        nomination = self.reach(self.nominate(self.person), "consulted")
        notice = NoticeText(place, self.today, self.today + timedelta(days=13))
        know_calendar(notice.first, notice.last)
        return self.step(nomination, "notice", self.head, notice=notice)

    def object(self, text: str) -> Any:
        nomination = self.reach(self.nominate(self.person), "noticed")
        return nominations.enter_objection(case=nomination, said=text, actor=self.head, now=self.now)

    def answer(self, text: str) -> Any:
        said = self.object("示例反映")
        case = said.notice.decision.case
        return nominations.answer_objection(
            case=case, objection=said, holds=False, words=text, actor=self.vice, now=self.now
        )

    def approve(self, awarding_body: str = FACTS["awarding_body"], **words: str) -> Any:
        nomination = self.reach(
            self.nominate(self.person, title=HonourTitleFactory(name="示例奖章")), "noticed"
        )
        self.settle(nomination)
        given = {"minutes": MINUTES} | words
        award = self.award_of(awarding_body=awarding_body)
        return self.step(nomination, "approve", self.vice, award=award, **given)

    def review(self, note: str) -> Any:
        plan = {"year": self.today.year, "due_on": self.today + timedelta(days=30)}
        bulk.lay_out_reviews(person_ids=[self.person.pk], actor=self.clerk, now=self.now, **plan)
        review = self.person.reviews.get()
        return reviews.enter_outcome(
            review_id=review.pk, outcome="changed", note=note, actor=self.clerk, now=self.now
        )

    def keeper(self, name: str) -> Any:
        return bulk.change_keeper(
            person_ids=[self.person.pk], managed_by=name, actor=self.clerk, now=self.now
        )

    def bill(self, number: str) -> Any:
        return bills.record_bill(
            exam_id=self.exam.pk,
            hospital_id=self.hospital.pk,
            people=1,
            rate=Decimal("400"),
            invoice_number=number,
            billed_on=self.exam.ends_on,
            actor=self.clerk,
            now=self.now,
        )

    def unbill(self, reason: str) -> Any:
        bill = self.bill("00012345")
        return bills.remove_bill(exam_id=self.exam.pk, bill_id=bill.pk, reason=reason, actor=self.clerk)

    def add_hospital(self, **words: str) -> Hospital:
        given = {"name": "示例新医院", "address": "", "phone": ""} | words
        return hospitals.add_hospital(actor=self.clerk, **given)

    def correct_hospital(self, name: str) -> Hospital:
        facts = {"name": name, "address": "", "phone": "", "is_active": True}
        return hospitals.change_hospital(hospital_id=self.hospital.pk, actor=self.clerk, **facts)

    def ask_relief(self, **words: Any) -> Any:
        ReliefStandardFactory()
        ReliefStandardFactory(in_service=True)
        given: dict[str, Any] = {"circumstances": "示例", "amount": Decimal("6000"), "lower_reason": "示例"}
        draft = relief.ReliefDraft(
            **{
                "year": 2015,
                "kind": "living",
                "group": "retired",
                "monthly_income": Decimal("3000"),
                "months": 12,
            }
            | given
            | words,
        )
        return relief.create_case(
            person_id=retired_worker(union=self.city).pk, draft=draft, actor=self.clerk, now=self.now
        )

    def decide_relief(self, opinion: str, minutes: str = "") -> Any:
        case = ReliefCaseFactory(person=retired_worker(union=self.city), created_by=self.clerk)
        return relief.decide_relief(
            case=case,
            actor=self.clerk,
            verb="submit",
            seen=Seen.of(case),
            opinion=opinion,
            minutes=minutes,
            now=self.now,
        )

    def decide_run(self, opinion: str, minutes: str = "") -> Any:
        run = self.office.run()
        return decide_run(
            case=run,
            actor=self.office.clerk,
            verb="submit",
            seen=Seen.of(run),
            opinion=opinion,
            minutes=minutes,
            now=self.now,
        )

    def decide_exam(self, opinion: str, minutes: str = "") -> Any:
        return checkups.step(checkups.finished(), self.clerk, "submit", opinion, minutes=minutes)

    def take_roll(self, reason: str) -> Any:
        run = self.office.approve(self.office.run())
        return take_out_roll(
            run_id=run.pk, kind="pdf", is_full=True, reason=reason, actor=self.office.clerk, now=self.now
        )

    def recover(self, note: str, outcome: str = "recovered") -> Any:
        run = self.office.approve(self.office.run())
        person = run.lines.first().person
        self.office.event(person, "died", date(2015, 6, 1))
        list_recovery(run_id=run.pk, person=person.public_id, actor=self.office.clerk, now=self.now)
        return settle_recovery(
            run_id=run.pk,
            person=person.public_id,
            outcome=outcome,
            note=note,
            actor=self.office.clerk,
            now=self.now,
        )

    def title(self, name: str) -> Any:
        """As the administration site does."""
        facts = {"name": name, "level": "municipal", "category": "worker"}
        form_class = forms.modelform_factory(
            HonourTitleFactory._meta.model, HonourTitleForm, fields="__all__"
        )
        form = form_class(facts)
        if form.has_error("name"):
            raise Refused(form.errors["name"][0], field="name")
        return form


def _person(name: str) -> Callable[[Desk, str], Any]:
    return lambda desk, text: desk.register(**{name: text})


# What is written: the column it stands in, or what the box is for; the label of its sentence; who writes it.
WRITTEN: dict[str, tuple[str, Callable[[Desk, str], Any]]] = {
    "people.person.nation": ("民族", _person("nation")),
    "people.person.politics": ("政治面貌", _person("politics")),
    "people.person.education": ("文化程度", _person("education")),
    "people.person.post": ("职务（工种）", _person("post")),
    "people.person.residence": ("居住地", _person("residence")),
    "people.person.bank_name": ("开户银行", _person("bank_name")),
    "people.person.bank_branch": ("开户支行", _person("bank_branch")),
    "people.person.note": ("备注", _person("note")),
    "修改人员": ("修改理由", lambda desk, text: desk.edit(text)),
    "people.standingevent.document": ("证明材料", lambda desk, text: desk.stand(document=text)),
    "people.standingevent.note": ("说明", lambda desk, text: desk.stand(note=text)),
    "people.standingevent.void_reason": ("作废理由", lambda desk, text: desk.void(text)),
    "补证明材料": ("证明材料", lambda desk, text: desk.prove(text)),
    "转移的证明材料": ("证明材料", lambda desk, text: desk.move(document=text)),
    "转移的说明": ("说明", lambda desk, text: desk.move(note=text)),
    "成批登记的证明材料": ("证明材料", lambda desk, text: desk.enter(text)),
    "people.unit.name": ("单位名称", lambda desk, text: desk.make_unit(name=text)),
    "people.unit.credit_code_note": (
        "代码核实说明",
        lambda desk, text: desk.make_unit(credit_code="91350100M000100Y44", credit_code_note=text),
    ),
    "people.unit.nature_document": (
        "性质变更依据",
        lambda desk, text: desk.make_unit(nature_document=text),
    ),
    "修改单位": ("单位名称", lambda desk, text: desk.correct_unit(text)),
    "people.duplicatepair.reason": ("理由", lambda desk, text: desk.apart(text)),
    "people.merge.reason": ("理由", lambda desk, text: desk.merge(text)),
    "撤销合并": ("理由", lambda desk, text: desk.undo(text)),
    "查看完整号码": ("理由", lambda desk, text: desk.reveal(text)),
    "导出完整号码": ("理由", lambda desk, text: desk.export(text)),
    "people.rosterimport.name": ("文件名", lambda desk, text: desk.upload(f"{text}.xlsx")),
    "model_workers.workerfile.number": ("档案号", lambda desk, text: desk.file(number=text)),
    "model_workers.workerfile.managed_by": ("归口管理单位", lambda desk, text: desk.file(managed_by=text)),
    "model_workers.workerfile.archive_reference": (
        "档案出处",
        lambda desk, text: desk.file(archive_reference=text),
    ),
    "model_workers.workerfile.note": ("备注", lambda desk, text: desk.file(note=text)),
    "成批变更归口": ("归口管理单位", lambda desk, text: desk.keeper(text)),
    "model_workers.filechange.document": ("文件", lambda desk, text: desk.change(document=text)),
    "model_workers.filechange.reason": ("理由", lambda desk, text: desk.change(reason=text)),
    "model_workers.filechangedecision.opinion": ("意见", lambda desk, text: desk.decide_change(text)),
    "model_workers.honourtitle.name": ("荣誉称号", lambda desk, text: desk.title(text)),
    **{
        f"model_workers.honour.{name}": (label, lambda desk, text, name=name: desk.honour(**{name: text}))
        for name, label in honours.FACTS.items()
    },
    "model_workers.honour.scan_name": ("证书扫描件的文件名", lambda desk, text: desk.scanned(text)),
    "model_workers.honour.void_reason": (
        "作废理由",
        lambda desk, text: desk.of_honour(honours.void_honour, actor=desk.clerk, reason=text),
    ),
    "model_workers.nomination.merits": (
        "主要事迹",
        lambda desk, text: desk.nominate(desk.person, merits=text),
    ),
    "model_workers.nominationdecision.opinion": ("意见", lambda desk, text: desk.recommend(opinion=text)),
    "model_workers.nominationnotice.place": ("公示地点或网址", lambda desk, text: desk.put_up(text)),
    "model_workers.nominationobjection.said": ("反映的情况", lambda desk, text: desk.object(text)),
    "model_workers.nominationanswer.words": ("核查情况", lambda desk, text: desk.answer(text)),
    "model_workers.nominationdecision.minutes": (
        "会议纪要文号",
        lambda desk, text: desk.approve(minutes=text),
    ),
    "审批评选的意见": ("意见", lambda desk, text: desk.approve(opinion=text)),
    "审批评选的表彰机关": ("表彰机关", lambda desk, text: desk.approve(awarding_body=text)),
    "model_workers.review.note": ("说明", lambda desk, text: desk.review(text)),
    "model_workers.hospital.name": ("医院", lambda desk, text: desk.add_hospital(name=text)),
    "model_workers.hospital.address": ("地址", lambda desk, text: desk.add_hospital(address=text)),
    "model_workers.hospital.phone": ("预约电话", lambda desk, text: desk.add_hospital(phone=text)),
    "修改医院": ("医院", lambda desk, text: desk.correct_hospital(text)),
    "model_workers.exambill.invoice_number": ("发票号码", lambda desk, text: desk.bill(text)),
    "撤销结算": ("撤销理由", lambda desk, text: desk.unbill(text)),
    "model_workers.reliefcase.circumstances": (
        "困难情况",
        lambda desk, text: desk.ask_relief(circumstances=text),
    ),
    "model_workers.reliefcase.lower_reason": (
        "少发理由",
        lambda desk, text: desk.ask_relief(lower_reason=text),
    ),
    "model_workers.reliefcase.group_reason": (
        "与名册不同的理由",
        lambda desk, text: desk.ask_relief(group="in_service", group_reason=text),
    ),
    "model_workers.reliefdecision.opinion": ("意见", lambda desk, text: desk.decide_relief(text)),
    "model_workers.reliefdecision.minutes": (
        "会议纪要文号",
        lambda desk, text: desk.decide_relief("", minutes=text),
    ),
    "model_workers.allowancerundecision.opinion": ("意见", lambda desk, text: desk.decide_run(text)),
    "model_workers.allowancerundecision.minutes": (
        "会议纪要文号",
        lambda desk, text: desk.decide_run("", minutes=text),
    ),
    "model_workers.examdecision.opinion": ("意见", lambda desk, text: desk.decide_exam(text)),
    "model_workers.examdecision.minutes": (
        "会议纪要文号",
        lambda desk, text: desk.decide_exam("", minutes=text),
    ),
    "model_workers.recovery.asked_note": ("说明", lambda desk, text: desk.recover(text, outcome="waiving")),
    "取出完整账号": ("理由", lambda desk, text: desk.take_roll(text)),
    "model_workers.recovery.note": ("说明", lambda desk, text: desk.recover(text)),
}

# Columns nobody writes in: letters only, numbers of their own, and what the program makes of other columns.
NOT_WRITTEN = {
    **dict.fromkeys(
        ("people.person.name", "people.person.former_name"), "letters and dots only (rules/names.py)"
    ),
    "people.unit.credit_code": "eighteen characters with a check character",
    **dict.fromkeys(
        (
            *("people.rosterimport.sha256", "people.photo.sha256"),
            *("model_workers.allowancepaper.sha256", "model_workers.honour.scan_sha256"),
        ),
        "a digest",
    ),
    **dict.fromkeys(
        ("people.rosterimport.message", "people.rosterimport.stage", "people.rosterrow.name"),
        "written by the reading of a roster, whose cells are checked one by one (tests/people/test_rosters.py)",
    ),
    **dict.fromkeys(
        (
            f"people.rosterfacts.{field.name}"
            for field in RosterFacts._meta.fields
            if type(field) is models.CharField
            and not field.choices
            and field.name != "search_text"
            and not field.name.endswith("_last_four")
        ),
        "columns of a person that passed the rules of people (tests/people/test_rosters.py)",
    ),
    **dict.fromkeys(
        (
            *("model_workers.allowanceline.name", "model_workers.allowanceline.union_name"),
            *("model_workers.allowanceline.unit_name", "model_workers.allowanceline.bank_name"),
        ),
        "copied from the register",
    ),
    **dict.fromkeys(
        (
            *("model_workers.bulkchange.summary", "model_workers.recovery.reason"),
            *("model_workers.reliefcase.status", "model_workers.reliefcase.route"),
            *("model_workers.nomination.status", "model_workers.nomination.route"),
            *("model_workers.filechange.status", "model_workers.filechange.route"),
            *("model_workers.filechangedecision.minutes", "model_workers.fileevent.document"),
            "model_workers.honour.revoked_document",
            *("model_workers.allowancerun.status", "model_workers.allowancerun.route"),
            *("model_workers.exam.status", "model_workers.exam.route"),
            *(
                f"model_workers.{kind}decision.{name}"
                for kind in ("relief", "nomination", "filechange", "allowancerun", "exam")
                for name in ("verb", "source", "target", "route", "duty", "role")
            ),
        ),
        "made by the program",
    ),
}

# Boxes of forms that are no text to be written: numbers of their own, and slips of an exam, read as numbers.
NOT_TEXT = {
    ("PersonForm", "name"),
    ("PersonForm", "former_name"),
    ("PersonForm", "id_number"),
    ("PersonForm", "phone"),
    ("PersonForm", "account"),
    ("UnitForm", "credit_code"),
    ("EntryForm", "slips"),
}
# Boxes whose words go on under another name.
ELSEWHERE = {"reason", "opinion", "lower_reason", "group_reason"}


def free_columns() -> set[str]:
    """Every column of both apps that takes any text."""
    return {
        f"{model._meta.label_lower}.{field.name}"
        for app in ("people", "model_workers")
        for model in apps.get_app_config(app).get_models()
        if not model.__name__.endswith("Event") or model.__name__ in ("StandingEvent", "FileEvent")
        for field in model._meta.fields
        if type(field) in (models.CharField, models.TextField)
        and not field.choices
        and field.name not in ("search_text",)
        and not field.name.endswith("_last_four")
    }


def text_boxes() -> set[tuple[str, str]]:
    """Every box of a form of both apps in which somebody types words, but those of filters."""
    modules = [
        import_module(f"{package.__name__}.{module.name}")
        for package in (people_forms, worker_forms)
        for module in iter_modules(package.__path__)
    ]
    return {
        (form.__name__, name)
        for module in modules
        for form in vars(module).values()
        if inspect.isclass(form) and issubclass(form, forms.Form) and not issubclass(form, FilterForm)
        for name, field in form.base_fields.items()
        if type(field) is forms.CharField
    }


def test_the_list_of_columns_is_complete():
    written = {key for key in WRITTEN if "." in key}
    assert free_columns() - written - set(NOT_WRITTEN) == set()
    assert (written | set(NOT_WRITTEN)) - free_columns() == set()
    assert written & set(NOT_WRITTEN) == set()


def test_the_list_of_boxes_is_complete():
    columns = {key.rsplit(".", 1)[-1] for key in WRITTEN if "." in key}
    boxes = text_boxes()
    assert len(boxes) > 40
    assert {box for box in boxes - NOT_TEXT if box[1] not in columns | ELSEWHERE} == set()
    assert boxes >= NOT_TEXT


@pytest.mark.parametrize("place", WRITTEN)
def test_a_number_is_refused_wherever_people_write(place):
    label, write = WRITTEN[place]
    for kind, number in NUMBERS.items():
        with pytest.raises(Refused) as refused, transaction.atomic():
            write(Desk(), number)
        assert refused.value.message == f"“{label}”里不要写证件号码或银行账号，写末四位即可。", kind


@pytest.mark.parametrize("place", WRITTEN)
def test_document_numbers_dates_and_certificates_are_written_as_before(place):
    for text in LEGITIMATE:
        with transaction.atomic():
            WRITTEN[place][1](Desk(), text)
            transaction.set_rollback(True)


def test_an_electronic_invoice_has_twenty_digits_of_its_own():
    assert Desk().bill("25132000000012345678").invoice_number == "25132000000012345678"


def test_the_number_of_a_person_is_no_credit_code_whatever_the_note_says():
    with pytest.raises(Refused, match="证件号码") as refused:
        Desk().make_unit(credit_code=RESIDENT, credit_code_note="核对证书原件")
    assert refused.value.field == "credit_code"


@pytest.mark.parametrize("column", ["民族", "职务（工种）", "单位名称", "居住地", "开户支行", "备注"])
def test_a_roster_tells_the_cell_that_holds_a_number(column):
    desk = Desk()
    row = somebody(1, **{column: f"见{RESIDENT}", "单位性质": "国有企业"})
    roster = staged(union=desk.city, actor=desk.clerk, content=roster_file(row))
    told = [reason for reason in reasons(roster, 2) if reason.startswith(f"{column}：")]
    assert told == [f"{column}：里不要写证件号码或银行账号，写末四位即可。"]


# --- the pages -----------------------------------------------------------------------------------------------


def _pages(desk: Desk) -> dict[str, tuple[Any, str, dict[str, Any], str]]:
    """Who types into which page, with the box that holds the number."""
    at = lambda name, *args: reverse(name, args=args)  # noqa: E731
    person = desk.person.public_id
    day, run = "2014-01-01", desk.office.run()
    seen = Seen.of(run)
    return {
        "登记人员": (
            desk.clerk,
            at("people:person_create"),
            {"union": desk.city.pk, "name": "示例甲", "id_kind": "none"},
            "note",
        ),
        "登记单位": (
            desk.clerk,
            at("people:unit_create"),
            {"union": desk.city.pk, "nature": "other"},
            "name",
        ),
        "登记状态": (
            desk.clerk,
            at("people:standing_record", person),
            {"kind": "retired", "effective_on": day},
            "document",
        ),
        "修改档案": (desk.clerk, at("model_workers:file_edit", person), {"number": "示例1"}, "managed_by"),
        "暂停": (
            desk.clerk,
            at("model_workers:change_create", person, "suspend"),
            {"effective_on": day, "document": "示例"},
            "reason",
        ),
        "登记荣誉": (
            desk.clerk,
            at("model_workers:honour_create", person),
            {"title": HonourTitleFactory().pk, "awarded_on": day},
            "awarding_body",
        ),
        "登记医院": (desk.clerk, at("model_workers:hospital_create"), {"name": "示例医院甲"}, "address"),
        "结算": (
            desk.clerk,
            at("model_workers:bill_create", desk.exam.pk, desk.hospital.pk),
            {"people": 1, "rate": "400", "billed_on": desk.exam.ends_on},
            "invoice_number",
        ),
        "提交名册": (
            desk.office.clerk,
            at("model_workers:run_decide", run.pk, "submit"),
            {"number": seen.number, "amount": seen.amount, "count": seen.count},
            "opinion",
        ),
        "成批归口": (
            desk.clerk,
            at("model_workers:bulk_deed", "keeper"),
            {"person": person, "expected": 1},
            "managed_by",
        ),
        "核对疑似重复": (
            desk.clerk,
            at("people:duplicate_decide", desk.pair.pk),
            {"decision": "distinct"},
            "reason",
        ),
    }


def test_a_page_tells_it_beside_the_box_and_keeps_what_was_typed():
    desk = Desk()
    for place, (user, url, typed, box) in _pages(desk).items():
        answer = signed_in(user).post(url, typed | {box: f"见{RESIDENT}"})
        assert answer.status_code == 422, place
        form = answer.context["form"]
        assert "里不要写证件号码或银行账号" in form.errors[box][0], place
        assert form[box].value() == f"见{RESIDENT}", place
        assert answer.text.count(RESIDENT) == 1, place


def test_the_number_of_a_person_does_not_stay_in_the_address_of_the_units():
    desk = Desk()
    unit = UnitFactory(union=desk.city, credit_code="91350100M000100Y43")
    client = signed_in(desk.clerk)
    for number in (RESIDENT, NUMBERS["15 位旧号"], NUMBERS["银行账号"]):
        answer = client.get(reverse("people:unit_list"), {"q": number, "nature": unit.nature})
        assert answer.url == f"{reverse('people:unit_list')}?nature={unit.nature}"
        assert "证件号码和银行账号不写进地址栏" in client.get(answer.url).text
    for words in (unit.credit_code, "91350100M0001"):
        assert unit.name in client.get(reverse("people:unit_list"), {"q": words}).text


# --- names of letters, file numbers of letters and digits -----------------------------------------------------


@pytest.mark.parametrize("text", ["???", "-", "——", "12345", "（）"])
@pytest.mark.parametrize(
    ("place", "label"),
    [
        ("model_workers.hospital.name", "医院"),
        ("修改医院", "医院"),
        ("model_workers.workerfile.managed_by", "归口管理单位"),
        ("成批变更归口", "归口管理单位"),
        ("model_workers.honour.awarding_body", "表彰机关"),
        ("people.unit.name", "单位名称"),
        ("修改单位", "单位名称"),
    ],
)
def test_the_name_of_a_unit_hospital_or_authority_holds_letters(place, label, text):
    with pytest.raises(Refused) as refused:
        WRITTEN[place][1](Desk(), text)
    assert refused.value.message == f"“{label}”里要有文字，不能只有数字或符号。"


def test_a_file_number_holds_a_letter_or_a_digit():
    desk = Desk()
    assert desk.file(note="示例").number, "the file is there"
    for text in ("???", "-", "——", "（）"):
        with pytest.raises(Refused, match="“档案号”里要有文字或数字") as refused, transaction.atomic():
            desk.file(number=text)
        assert refused.value.field == "number"
    for text in ("12", "甲", "市总-2016-0001"):
        assert desk.file(number=text).number == text
    assert desk.file(number="", managed_by="").number, "an empty one is given anew"
