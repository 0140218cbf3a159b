"""Who may do what: the roles of the federation and the permissions each holds. The only place that says so."""

from django.db import models


class Role(models.TextChoices):
    FINANCE_CLERK = "finance_clerk", "财务经办"
    FINANCE_HEAD = "finance_head", "财务负责人"
    VICE_CHAIR = "vice_chair", "分管副主席"
    CHAIR = "chair", "主席"
    MODEL_WORKER_CLERK = "model_worker_clerk", "劳模经办"
    MODEL_WORKER_HEAD = "model_worker_head", "劳模负责人"
    AID_CLERK = "aid_clerk", "权益经办"
    AID_HEAD = "aid_head", "权益负责人"
    COUNTY_CLERK = "county_clerk", "县级经办"
    COUNTY_REVIEWER = "county_reviewer", "县级审核"
    GRASSROOTS = "grassroots", "基层"
    AUDITOR = "auditor", "经审"
    SYSTEM_ADMIN = "system_admin", "系统管理员"
    SECURITY_ADMIN = "security_admin", "安全管理员"
    READER = "reader", "只读"


PERMISSIONS: dict[str, str] = {
    "budget.read": "查看预算",
    "budget.enter": "新建预算、开启编制阶段和更正，录入、导入并提交预算，提交关闭年度",
    "budget.check": "财务审核、退回，接受无测算依据的项目",
    "budget.approve_vice": "分管副主席审批",
    "budget.approve_chair": "主席审定",
    "budget.close": "确认关闭、重新打开预算年度",
    "budget.issue": "签发预算编制说明",
    "person.read": "查看人员资料（号码打码）",
    "person.edit": "登记人员、单位与状态，修改资料",
    "person.import": "导入名册",
    "person.merge": "核对、合并疑似重复的人员",
    "person.reveal": "说明理由后查看完整证件号码、电话与银行账号",
    "person.export": "导出人员名册",
    "model_worker.read": "查看劳模荣誉、待遇与名册",
    "model_worker.edit": "登记荣誉、档案与复核结果，推荐评选，申请荣誉和待遇变动",
    "model_worker.decide": "审批荣誉和待遇变动，确定享受待遇",
    "nomination.review": "评选的资格审查、征求意见与公示",
    "nomination.approve": "评选的审批",
    "allowance.prepare": "编制荣誉津贴发放名册",
    "allowance.check": "审核荣誉津贴发放名册",
    "allowance.approve": "审批荣誉津贴发放名册",
    "exam.manage": "组织劳模体检，提交办结",
    "exam.check": "确认劳模体检办结、重新办理",
    "relief.enter": "录入劳模困难救助",
    "relief.check": "审核劳模困难救助",
    "relief.approve": "审批劳模困难救助",
    "parameter.edit": "维护标准、救助线等有期限的参数和放假安排",
    "document.read": "查看依据文件",
    "document.edit": "维护依据文件",
    "reference.edit": "维护科目、分组等基础资料",
    "text.check": "文稿校验",
    "history.read": "查看修改历史与导出记录",
    "account.manage": "管理用户、角色与工会组织",
    "account.confirm": "确认角色授予、代理与密码重置",
}

_EVERYBODY = frozenset({"text.check", "document.read"})
_READS_PEOPLE = frozenset({"person.read", "model_worker.read"})
_READS_BUDGET = _EVERYBODY | _READS_PEOPLE | {"budget.read", "history.read"}
_KEEPS_PEOPLE = frozenset({"person.edit", "person.import", "person.merge", "person.reveal", "person.export"})
_ANSWERS_FOR_PEOPLE = frozenset({"person.merge", "person.reveal", "person.export"})

GRANTS: dict[Role, frozenset[str]] = {
    Role.FINANCE_CLERK: _READS_BUDGET | {"budget.enter", "document.edit", "reference.edit"},
    Role.FINANCE_HEAD: _READS_BUDGET
    | {"budget.check", "budget.close", "budget.issue", "document.edit", "reference.edit"},
    Role.VICE_CHAIR: _READS_BUDGET
    | {"budget.approve_vice", "nomination.approve", "allowance.approve", "relief.approve"},
    Role.CHAIR: _READS_BUDGET | {"budget.approve_chair"},
    Role.MODEL_WORKER_CLERK: _READS_BUDGET
    | _KEEPS_PEOPLE
    | {"model_worker.edit", "allowance.prepare", "exam.manage", "relief.enter"},
    Role.MODEL_WORKER_HEAD: _READS_BUDGET
    | _ANSWERS_FOR_PEOPLE
    | {
        "model_worker.decide",
        "nomination.review",
        "allowance.check",
        "exam.check",
        "relief.check",
        "parameter.edit",
    },
    Role.AID_CLERK: _READS_BUDGET | _KEEPS_PEOPLE,
    Role.AID_HEAD: _READS_BUDGET | _ANSWERS_FOR_PEOPLE,
    Role.COUNTY_CLERK: _READS_BUDGET | _KEEPS_PEOPLE | {"model_worker.edit", "relief.enter"},
    Role.COUNTY_REVIEWER: _READS_BUDGET | _ANSWERS_FOR_PEOPLE,
    Role.GRASSROOTS: _EVERYBODY | _READS_PEOPLE,
    Role.AUDITOR: _READS_BUDGET | {"person.export"},
    Role.SYSTEM_ADMIN: frozenset({"account.manage"}),
    Role.SECURITY_ADMIN: frozenset({"account.confirm"}),
    Role.READER: _EVERYBODY | {"budget.read"},
}

# Whoever manages accounts holds no business role: nobody can grant himself an approval.
EXCLUSIVE_ROLES = frozenset({Role.SYSTEM_ADMIN})
# Whoever confirms what the administrator does is neither the administrator nor anybody it concerns.
CONFIRMING_ROLES = frozenset({Role.SECURITY_ADMIN})
# The auditor reads all and changes nothing: no writing role beside it.
READ_ONLY_ROLES = frozenset({Role.AUDITOR, Role.READER})
WRITING_PERMISSIONS = frozenset(
    {
        "budget.enter",
        "budget.check",
        "budget.approve_vice",
        "budget.approve_chair",
        "budget.close",
        "budget.issue",
        "document.edit",
        "reference.edit",
        "account.manage",
        "account.confirm",
        "person.edit",
        "person.import",
        "person.merge",
        "model_worker.edit",
        "model_worker.decide",
        "nomination.review",
        "nomination.approve",
        "allowance.prepare",
        "allowance.check",
        "allowance.approve",
        "exam.manage",
        "exam.check",
        "relief.enter",
        "relief.check",
        "relief.approve",
        "parameter.edit",
    }
)


_WEIGHTY = ("check", "approve", "issue", "plan")


def _is_weighty(permission: str) -> bool:
    """Whether it decides upon the work of others, or upon their accounts."""
    area, _, verb = permission.partition(".")
    return area == "account" or (permission not in _EVERYBODY and verb.split("_")[0] in _WEIGHTY)


CONFIRMED_ROLES = frozenset(role for role, given in GRANTS.items() if any(map(_is_weighty, given)))
"""Roles whose grants take effect once a 安全管理员 has confirmed them."""


def permissions_of(roles: frozenset[str]) -> frozenset[str]:
    """All permissions that these roles give together; unknown role names give none."""
    return frozenset().union(*(GRANTS[Role(role)] for role in roles if role in Role.values))


def roles_with(permission: str) -> tuple[str, ...]:
    """The roles that give a permission, in the order of the table. Raises ValueError for one that does not exist."""
    if permission not in PERMISSIONS:
        raise ValueError(f"not in roles.PERMISSIONS: {permission}")
    return tuple(role.value for role, given in GRANTS.items() if permission in given)
