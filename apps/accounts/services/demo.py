"""Demo accounts: one fictional person per role, without passwords, for the one-click sign-in on this machine."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection, transaction

from apps.accounts.models import Union, User
from apps.accounts.roles import Role
from apps.accounts.services.unions import load_unions
from apps.accounts.services.users import create_user
from apps.core.errors import Refused


@dataclass(frozen=True)
class DemoPerson:
    username: str
    full_name: str
    role: Role
    union_code: str
    post: str


PEOPLE: tuple[DemoPerson, ...] = (
    DemoPerson("demo-finance-clerk", "示例·财务经办", Role.FINANCE_CLERK, "LF", "财务部科员"),
    DemoPerson("demo-finance-clerk-2", "示例·财务经办乙", Role.FINANCE_CLERK, "LF", "财务部科员"),
    DemoPerson("demo-finance-head", "示例·财务负责人", Role.FINANCE_HEAD, "LF", "财务部部长"),
    DemoPerson("demo-vice-chair", "示例·分管副主席", Role.VICE_CHAIR, "LF", "副主席"),
    DemoPerson("demo-chair", "示例·主席", Role.CHAIR, "LF", "主席"),
    DemoPerson("demo-model-worker-clerk", "示例·劳模经办", Role.MODEL_WORKER_CLERK, "LF", "经济部科员"),
    DemoPerson("demo-model-worker-head", "示例·劳模负责人", Role.MODEL_WORKER_HEAD, "LF", "经济部部长"),
    DemoPerson("demo-aid-clerk", "示例·权益经办", Role.AID_CLERK, "LF", "权益保障部科员"),
    DemoPerson("demo-aid-head", "示例·权益负责人", Role.AID_HEAD, "LF", "权益保障部部长"),
    DemoPerson("demo-county-clerk", "示例·固安经办", Role.COUNTY_CLERK, "LF03", "县总工会科员"),
    DemoPerson("demo-county-clerk-2", "示例·三河经办", Role.COUNTY_CLERK, "LF10", "市总工会科员"),
    DemoPerson("demo-county-reviewer", "示例·固安审核", Role.COUNTY_REVIEWER, "LF03", "县总工会副主席"),
    DemoPerson("demo-grassroots", "示例·基层工会", Role.GRASSROOTS, "LF03001", "工会主席"),
    DemoPerson("demo-auditor", "示例·经审", Role.AUDITOR, "LF", "经费审查委员会委员"),
    DemoPerson("demo-reader", "示例·只读", Role.READER, "LF", "办公室科员"),
    DemoPerson("demo-security-admin", "示例·安全管理员", Role.SECURITY_ADMIN, "LF", "办公室副主任"),
    # The last: once there is an administrator, roles are given by one.
    DemoPerson("demo-system-admin", "示例·系统管理员", Role.SYSTEM_ADMIN, "LF", "办公室科员"),
)


@transaction.atomic
def ensure_demo_accounts(*, unions: Iterable[Mapping[str, str]]) -> list[User]:
    """Make the demo's unions and accounts that are missing; the unions of the city must be loaded.

    Raises Refused on a database that real people use: one with users, but none of the demo.
    """
    with connection.cursor() as cursor:  # two commands started at once make each account once
        cursor.execute("LOCK TABLE accounts_user IN SHARE ROW EXCLUSIVE MODE")
    if User.objects.filter(is_demo=False).exists() and not User.objects.filter(is_demo=True).exists():
        raise Refused("数据库里已有真实用户，不能建立演示账号。")
    load_unions(rows=unions)
    known = set(User.objects.values_list("username", flat=True))
    by_code = Union.objects.in_bulk(field_name="code")
    for person in PEOPLE:
        if person.username not in known:
            create_user(
                actor=None,
                username=person.username,
                full_name=person.full_name,
                union=by_code[person.union_code],
                post=person.post,
                roles=[person.role],
                is_demo=True,
            )
    return list(User.objects.with_roles().filter(is_demo=True).order_by("pk"))
