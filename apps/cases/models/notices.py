"""公示: the notice that a step puts up, what was said while it hung, and the answer. All of it is insert-only."""

from typing import Any, ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from apps.accounts.models import User
from apps.accounts.models.guards import STOOD_IN_FOR, role_array
from apps.cases.models import guards
from apps.cases.models.cases import Case, Guarded
from apps.cases.models.guards import CaseGuard, Requirement
from apps.cases.rules.notices import NoticeRule

TODAY = "(public.house_now() AT TIME ZONE 'Asia/Shanghai')::date"


def notice_requirements(
    stem: str, rule: NoticeRule, *, closing: str, deciding: str
) -> tuple[Requirement, ...]:
    """What a notice asks of the step `closing` (whoever reviews says what came of it) and of `deciding`.

    `stem`: the tables are called <stem>notice, <stem>objection, <stem>answer and <stem>decision.
    """
    hung = (
        f"FROM public.{stem}notice n JOIN public.{stem}decision d ON d.id = n.decision_id"
        " AND d.case_id = own.id AND d.round = own.round"
    )
    said = f"{hung} JOIN public.{stem}objection o ON o.notice_id = n.id"
    both = (closing, deciding)
    return (
        Requirement(
            "notice_over",
            "公示期未满，公示结束的第二天起才能办理这一步。",
            f"EXISTS (SELECT {hung} WHERE n.last_on < {TODAY})",
            both,
        ),
        Requirement(
            "objections_answered",
            "公示反映还没有全部核查答复，不能办理这一步。",
            f"NOT EXISTS (SELECT {said} WHERE NOT EXISTS (SELECT FROM public.{stem}answer a WHERE a.objection_id = o.id))",
            both,
        ),
        Requirement(
            "no_objection_holds",
            "有公示反映经核查属实，不能授予；请办理“不予通过”。",
            f"NOT EXISTS (SELECT {said} JOIN public.{stem}answer a ON a.objection_id = o.id WHERE a.holds)",
            both,
        ),
        Requirement(
            "not_who_entered_it",
            "您登记过这次公示的反映，后面的审批由别人办理。",
            f"NOT EXISTS (SELECT {said} WHERE o.entered_by_id = {{actor}})",
            (deciding,),
        ),
        Requirement(
            "not_who_answered_it",
            "您答复过这次公示的反映，公示结果由别人登记。",
            f"NOT EXISTS (SELECT {said} JOIN public.{stem}answer a ON a.objection_id = o.id"
            " WHERE a.answered_by_id = {actor})",
            (closing,),
        ),
    )


def notice_brought(stem: str, rule: NoticeRule) -> Requirement:
    """A step that puts up a notice brings one."""
    return Requirement(
        "notice_put_up",
        "开始公示必须登记公示的地点和起止日期。",
        f"EXISTS (SELECT FROM public.{stem}notice n WHERE n.decision_id = NEW.id)",
        (rule.verb,),
    )


class _Stays(CaseGuard):
    name, operation = "append_only", pgtrigger.Update | pgtrigger.Delete

    def get_func(self, model: Any) -> str:
        return self.refuse(model, "append_only", "公示、反映和答复登记后不能修改或删除。")


class PutUp(CaseGuard):
    """The notice comes with the step that puts it up, from today on, for enough working days of a known calendar."""

    name, operation = "put_up", pgtrigger.Insert
    declare = [("step", "RECORD"), ("days", "bigint")]

    def get_func(self, model: Any) -> str:
        decision = model.decision.field.related_model
        case = decision.case.field.related_model
        rule: NoticeRule = case.notice_rule
        return f"""
            SELECT d.verb, d.actor_id, d.number, c.decided INTO step FROM public."{decision._meta.db_table}" d
                JOIN public."{case._meta.db_table}" c ON c.id = d.case_id WHERE d.id = NEW.decision_id;
            IF NEW.put_up_by_id <> public.house_actor() OR step.verb IS DISTINCT FROM '{rule.verb}'
               OR step.actor_id <> NEW.put_up_by_id OR step.number <> step.decided THEN
                {self.refuse(model, "by_its_decision", "公示只能由开始公示的人在这一步里登记。")}
            END IF;
            IF NOT public.house_is_owner() AND NEW.first_on < {TODAY} THEN
                {self.refuse(model, "from_today", "公示开始不能早于今天，不能事后补登。")}
            END IF;
            IF EXISTS (SELECT FROM generate_series(extract(year FROM NEW.first_on)::int, extract(year FROM NEW.last_on)::int) y
                       WHERE NOT EXISTS (SELECT FROM public.basis_calendaryear k WHERE k.year = y)) THEN
                {self.refuse(model, "calendar_known", "公示年度的放假安排还没有登记，不能计算工作日。")}
            END IF;
            SELECT count(*) INTO days FROM generate_series(NEW.first_on, NEW.last_on, interval '1 day') AS t (day)
                LEFT JOIN public.basis_calendarday k ON k.day = t.day::date
                WHERE COALESCE(k.is_working, extract(isodow FROM t.day) < 6);
            IF days < {rule.working_days} THEN
                {self.refuse(model, "long_enough", f"公示不满 {rule.working_days} 个工作日。")}
            END IF;
            IF NOT public.house_is_owner() THEN NEW.put_up_at := public.house_now(); END IF;
            RETURN NEW;
        """


class _OfNotice(CaseGuard):
    """What is written under a notice: by somebody entitled now who has no other hand in the case, while it is asked for."""

    operation = pgtrigger.Insert
    declare = [("own", "RECORD"), ("held", "text"), ("hands", "bigint[]")]

    def entitled(self, model: Any, case: Any, person: str, permission: str) -> str:
        rule: NoticeRule = case.notice_rule
        decisions = guards.decisions_of(case)
        open_in = ", ".join(f"'{status}'" for status in rule.takes)
        return f"""
            IF {person} <> public.house_actor() THEN
                {self.refuse(model, "actor_at_work", "登记人必须是正在办理的人。")}
            END IF;
            IF own.status IS NULL OR own.status NOT IN ({open_in}) THEN
                {self.refuse(model, "while_noticed", "只在公示开始以后、审批以前登记和答复公示反映。")}
            END IF;
            held := public.house_role({person}, {role_array(permission)}, own.union_id);
            IF held IS NULL THEN
                {self.refuse(model, "actor_holds_role", "您此刻没有登记或答复公示反映的权限。")}
            END IF;
            NEW.stands_in_for_id := {STOOD_IN_FOR};
            hands := array_remove(ARRAY[{person}, NEW.stands_in_for_id], NULL);
            PERFORM 1 FROM public."{decisions}" d WHERE d.case_id = own.id AND d.duty <> '{permission}'
                AND ARRAY[d.actor_id, d.stands_in_for_id] && hands;
            IF FOUND OR own.editors && hands THEN
                {self.refuse(model, "different_people", "录入、登记反映和答复必须由不同的人办理。")}
            END IF;
        """

    def case_of(self, notice: Any, found: str) -> str:
        decision = notice.decision.field.related_model
        case = decision.case.field.related_model
        return f"""
            SELECT c.* INTO own FROM public."{case._meta.db_table}" c
                JOIN public."{decision._meta.db_table}" d ON d.case_id = c.id AND d.round = c.round
                JOIN public."{notice._meta.db_table}" n ON n.decision_id = d.id
                WHERE n.id = {found} FOR NO KEY UPDATE OF c;
        """


class ObjectionEntered(_OfNotice):
    name = "entered"

    def get_func(self, model: Any) -> str:
        notice = model.notice.field.related_model
        case = notice.decision.field.related_model.case.field.related_model
        return f"""
            {self.case_of(notice, "NEW.notice_id")}
            {self.entitled(model, case, "NEW.entered_by_id", case.notice_rule.enters)}
            IF NOT public.house_is_owner() THEN NEW.entered_at := public.house_now(); END IF;
            RETURN NEW;
        """


class ObjectionAnswered(_OfNotice):
    name = "answered"

    def get_func(self, model: Any) -> str:
        objection = model.objection.field.related_model
        notice = objection.notice.field.related_model
        case = notice.decision.field.related_model.case.field.related_model
        table = objection._meta.db_table
        of = f'(SELECT o.notice_id FROM public."{table}" o WHERE o.id = NEW.objection_id)'
        return f"""
            {self.case_of(notice, of)}
            {self.entitled(model, case, "NEW.answered_by_id", case.notice_rule.answers)}
            IF EXISTS (SELECT FROM public."{table}" o WHERE o.notice_id = {of}
                       AND ARRAY[o.entered_by_id, o.stands_in_for_id] && hands) THEN
                {self.refuse(model, "different_people", "录入、登记反映和答复必须由不同的人办理。")}
            END IF;
            IF NOT public.house_is_owner() THEN NEW.answered_at := public.house_now(); END IF;
            RETURN NEW;
        """


def _stood_in_for() -> Any:
    """In whose place it was written, by the trigger."""
    return models.ForeignKey(
        User, verbose_name="代理", on_delete=models.PROTECT, related_name="+", null=True, editable=False
    )


class Notice(models.Model, metaclass=Guarded):
    """What hung where from which day to which. It hangs on the decision that put it up."""

    decision: ClassVar[Any]

    place = models.CharField("公示地点或网址", max_length=200)
    first_on = models.DateField("公示开始")
    last_on = models.DateField("公示结束")
    # What was shown, as evidence; without numbers.
    lines = ArrayField(models.TextField(), verbose_name="公示内容")
    put_up_by = models.ForeignKey(User, verbose_name="公示人", on_delete=models.PROTECT, related_name="+")
    put_up_at = models.DateTimeField("登记时间", db_default=Now())

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.first_on} 至 {self.last_on} {self.place}"

    @classmethod
    def guards(cls) -> list[CaseGuard]:
        return [PutUp(), _Stays()]


class NoticeObjection(models.Model, metaclass=Guarded):
    """What somebody said against what the notice shows."""

    notice: ClassVar[Any]

    said = models.CharField("反映的情况", max_length=500)
    entered_by = models.ForeignKey(User, verbose_name="登记人", on_delete=models.PROTECT, related_name="+")
    stands_in_for = _stood_in_for()
    entered_at = models.DateTimeField("登记时间", db_default=Now())

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.said

    @classmethod
    def guards(cls) -> list[CaseGuard]:
        return [ObjectionEntered(), _Stays()]


class NoticeAnswer(models.Model, metaclass=Guarded):
    """Whether an objection is true, and how that was found out."""

    objection: ClassVar[Any]

    holds = models.BooleanField("属实")
    words = models.CharField("核查情况", max_length=500)
    answered_by = models.ForeignKey(User, verbose_name="答复人", on_delete=models.PROTECT, related_name="+")
    stands_in_for = _stood_in_for()
    answered_at = models.DateTimeField("答复时间", db_default=Now())

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return "属实" if self.holds else "不属实"

    @classmethod
    def guards(cls) -> list[CaseGuard]:
        return [ObjectionAnswered(), _Stays()]


def notices_of(case: type[Case], decision: type[Any]) -> tuple[type[Any], type[Any], type[Any]]:
    """Notice, objection and answer of a case: Nomination → NominationNotice, NominationObjection, NominationAnswer."""
    stem, told = case.__name__.removesuffix("Case"), str(case._meta.verbose_name)

    def made(base: type[Any], suffix: str, label: str, constraints: tuple[Any, ...], **keys: Any) -> Any:
        meta = {
            "verbose_name": f"{told}{label}",
            "verbose_name_plural": f"{told}{label}",
            "ordering": ("id",),
            "constraints": constraints,
        }
        attrs = {"__module__": case.__module__, "Meta": type("Meta", (), meta)}
        return Guarded(f"{stem}{suffix}", (base,), attrs | keys)

    table = f"{case._meta.app_label}_{stem.lower()}"

    def said(suffix: str, field: str, sentence: str) -> models.CheckConstraint:
        return models.CheckConstraint(
            condition=~Q(**{field: ""}),
            name=f"{table}{suffix}_{field}_given",
            violation_error_message=sentence,
        )

    in_order = models.CheckConstraint(
        condition=Q(last_on__gte=F("first_on")),
        name=f"{table}notice_in_order",
        violation_error_message="公示结束不能早于公示开始。",
    )
    notice = made(
        Notice,
        "Notice",
        "公示",
        (in_order, said("notice", "place", "请填写公示地点或网址。")),
        decision=models.OneToOneField(
            decision, verbose_name="开始公示", on_delete=models.PROTECT, related_name="notice"
        ),
    )
    objection = made(
        NoticeObjection,
        "Objection",
        "公示反映",
        (said("objection", "said", "请填写反映的情况。"),),
        notice=models.ForeignKey(
            notice, verbose_name="公示", on_delete=models.PROTECT, related_name="objections"
        ),
    )
    answer = made(
        NoticeAnswer,
        "Answer",
        "公示反映答复",
        (said("answer", "words", "请填写核查情况。"),),
        objection=models.OneToOneField(
            objection, verbose_name="反映", on_delete=models.PROTECT, related_name="answer"
        ),
    )
    return notice, objection, answer
