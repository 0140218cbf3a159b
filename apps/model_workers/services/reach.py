"""What every service on a model worker begins with: the right to it."""

from apps.accounts.models import User
from apps.core.errors import Refused

_RIGHTS = {
    "model_worker.edit": "登记荣誉与档案",
    "model_worker.decide": "审批荣誉和待遇变动、确定待遇",
    "nomination.review": "审查评选",
    "nomination.approve": "审批评选",
    "person.export": "导出名册",
}


def require_right(actor: User, permission: str) -> None:
    """Raises Refused unless the actor holds the permission."""
    if not actor.may(permission):
        raise Refused(f"您没有{_RIGHTS[permission]}的权限。", code="permission")
