"""What every service on a model worker begins with: the right, and the person in reach, locked."""

from apps.accounts.models import User
from apps.core.errors import Refused
from apps.people.models import Person

_RIGHTS = {
    "model_worker.edit": "登记荣誉与档案",
    "model_worker.decide": "暂停、恢复、撤销和确定待遇",
    "nomination.review": "审查评选",
    "nomination.approve": "审批评选",
    "person.export": "导出名册",
}


def require_right(actor: User, permission: str) -> None:
    """Raises Refused unless the actor holds the permission."""
    if not actor.may(permission):
        raise Refused(f"您没有{_RIGHTS[permission]}的权限。", code="permission")


def locked_person(person_id: int, actor: User) -> Person:
    """The person, so that what is decided from the own rows cannot change meanwhile. Raises Refused for a merged row."""
    person = (
        Person.objects.visible_to(actor)
        .select_for_update(of=("self",), no_key=True)
        .select_related("union")
        .get(pk=person_id)
    )
    if person.merged_into_id is not None:
        raise Refused("这条记录已并入另一人，不能再修改。", code="merged")
    return person
