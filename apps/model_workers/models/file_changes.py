"""荣誉和待遇变动: what was asked for of one person's honours or file, and the decisions on it."""

from django.db import models
from django.db.models import Q

from apps.cases.models import Case, CaseQuerySet, CaseRow, Requirement, decision_of, of_case
from apps.core import audit
from apps.model_workers.models.honours import Honour
from apps.model_workers.rules.file_changes import ENDED_STATUSES, FLOW, FORWARD, OF_FILE, OF_HONOURS, Change
from apps.people.models import Person

_STEM = "public.model_workers_filechange"
_EVENTS = "public.model_workers_fileevent"
_FILE = ", ".join(f"'{change}'" for change in OF_FILE)
_HONOURS = ", ".join(f"'{change}'" for change in OF_HONOURS)
_PERSON = "(SELECT COALESCE(p.merged_into_id, p.id) FROM public.people_person p WHERE p.id = own.person_id)"
# The event of the file that no later one has followed.
_LAST = (
    f"(SELECT e.target, e.effective_on, e.decision_id FROM {_EVENTS} e WHERE e.person_id = {_PERSON}"
    " AND e.void_decision_id IS NULL ORDER BY e.effective_on DESC, e.id DESC LIMIT 1) last"
)
_ROWS = f"FROM {_STEM}honour r JOIN public.model_workers_honour h ON h.id = r.honour_id"
_FOLLOWS = (
    f"own.action NOT IN ({_FILE}) OR COALESCE((SELECT own.effective_on > last.effective_on AND CASE own.action"
    " WHEN 'suspend' THEN last.target = 'valid' WHEN 'resume' THEN last.target = 'suspended'"
    f" ELSE last.target <> 'revoked' END FROM {_LAST}), own.action <> 'resume')"
)
_NAMED = f"own.action NOT IN ({_HONOURS}) OR EXISTS (SELECT FROM {_STEM}honour r WHERE r.case_id = own.id)"
_FIT = (
    f"NOT EXISTS (SELECT {_ROWS} WHERE r.case_id = own.id AND (h.person_id <> {_PERSON} OR h.voided_at IS NOT NULL"
    " OR own.action IN ('suspend', 'resume') OR (h.revoked_on IS NULL) = (own.action = 'restore_honour')"
    " OR own.action <> 'restore_honour' AND own.effective_on < h.awarded_on))"
)
_UNFOLLOWED = (
    f"own.action <> 'restore_honour' AND (own.action NOT IN ({_FILE})"
    f" OR (SELECT o.case_id FROM {_LAST} JOIN {_STEM}decision o ON o.id = last.decision_id) = own.id)"
    f" AND NOT EXISTS (SELECT {_ROWS} LEFT JOIN {_STEM}decision d ON d.id = h.status_decision_id"
    " WHERE r.case_id = own.id AND d.case_id IS DISTINCT FROM own.id)"
)
_ALL_CHANGED = f"NOT EXISTS (SELECT {_ROWS} WHERE r.case_id = NEW.case_id AND (h.status_decision_id >= NEW.id) IS NOT TRUE)"
_ACTION = f"(SELECT c.action FROM {_STEM} c WHERE c.id = NEW.case_id)"


class FileChangeQuerySet(CaseQuerySet):
    def for_detail(self) -> "FileChangeQuerySet":
        return self.select_related("person__union", "person__unit", "union", "created_by")


@audit.tracked()
class FileChange(Case):
    """One change of one person's file or honours, by a document. Its union is the one that has the person."""

    flow, reads, pages = FLOW, "model_worker.read", "model_workers:change"
    ended = ENDED_STATUSES
    requires = (
        Requirement(
            "follows_the_file",
            "档案此前的状态不允许这项变动，或“生效日期”不晚于上一次变动。",
            _FOLLOWS,
            FORWARD,
        ),
        Requirement("honours_named", "没有勾选荣誉，不能办理。", _NAMED, FORWARD),
        Requirement(
            "honours_fit",
            "所选荣誉里有的已作废、已撤销、没有撤销过，或晚于“生效日期”，请修改。",
            _FIT,
            FORWARD,
        ),
        Requirement(
            "not_followed",
            "只能作废最近一次变动；恢复荣誉登记错了的，另办“撤销荣誉”。",
            _UNFOLLOWED,
            ("ask_void", "void"),
        ),
    )
    brings = (
        Requirement(
            "takes_effect",
            "审批同意必须同时登记变动。",
            f"({_ACTION} NOT IN ({_FILE}) OR EXISTS (SELECT FROM {_EVENTS} e WHERE e.decision_id = NEW.id))"
            f" AND {_ALL_CHANGED}",
            ("approve",),
        ),
        Requirement(
            "is_taken_back",
            "同意作废必须同时作废所登记的变动。",
            f"NOT EXISTS (SELECT FROM {_EVENTS} e JOIN {_STEM}decision d ON d.id = e.decision_id"
            f" WHERE d.case_id = NEW.case_id AND e.void_decision_id IS DISTINCT FROM NEW.id) AND {_ALL_CHANGED}",
            ("void",),
        ),
    )
    follows_merge = False  # frozen once submitted: it stays with the row it was decided for

    person = models.ForeignKey(
        Person, verbose_name="人员", on_delete=models.PROTECT, related_name="file_changes"
    )
    action = models.CharField("事项", max_length=16, choices=Change.choices)
    effective_on = models.DateField("生效日期")
    document = models.CharField("文件", max_length=200)
    reason = models.CharField("理由", max_length=300)

    objects = FileChangeQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = "荣誉和待遇变动"
        verbose_name_plural = "荣誉和待遇变动"
        constraints = (
            models.CheckConstraint(
                condition=Q(action__in=Change.values),
                name="model_workers_filechange_known_action",
                violation_error_message="“事项”请从列表中选择。",
            ),
            models.CheckConstraint(
                condition=~Q(document="") & ~Q(reason=""),
                name="model_workers_filechange_has_document",
                violation_error_message="荣誉和待遇变动必须填写文件和理由。",
            ),
            models.UniqueConstraint(
                fields=("person",),
                condition=Q(action__in=OF_FILE, status__in=("draft", "returned", "submitted")),
                name="model_workers_filechange_one_under_way",
                violation_error_message="这个人已有一项档案变动在办理，请先办完或取消。",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.person}"


FileChangeDecision = decision_of(FileChange)


class FileChangeHonour(CaseRow):
    """An honour that a change concerns."""

    case = of_case(FileChange, related_name="rows")
    honour = models.ForeignKey(Honour, verbose_name="荣誉", on_delete=models.PROTECT, related_name="changes")

    class Meta:
        verbose_name = "变动所涉荣誉"
        verbose_name_plural = "变动所涉荣誉"
        constraints = (
            models.UniqueConstraint(
                fields=("case", "honour"),
                name="model_workers_filechangehonour_once",
                violation_error_message="这项荣誉已列入。",
            ),
        )

    def __str__(self) -> str:
        return str(self.honour)
