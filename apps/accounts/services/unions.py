"""Writing the union tree. A union never moves: its place decides who sees what."""

from collections.abc import Iterable, Mapping

from django.db import transaction

from apps.accounts import rules
from apps.accounts.models import Union, User
from apps.accounts.services.writing import require_manager, save_checked
from apps.core import audit
from apps.core.errors import Refused


@transaction.atomic
def create_union(
    *,
    actor: User | None,
    parent_id: int,
    code: str,
    name: str,
    short_name: str,
    kind: str,
    area_code: str = "",
) -> Union:
    """Add a union below another one."""
    require_manager(actor)
    parent = Union.objects.select_for_update().get(pk=parent_id)
    if not parent.is_active:
        raise Refused("上级工会已停用，下面不能再建立工会。", field="parent")
    rules.require_child_kind(parent_kind=parent.kind, kind=kind)
    code = code.strip().upper()
    union = Union(
        code=code,
        name=name.strip(),
        short_name=short_name.strip(),
        kind=kind,
        parent=parent,
        path=rules.union_path(parent_path=parent.path, code=code),
        area_code=area_code.strip(),
    )
    with audit.because(actor_id=actor.pk if actor else None, action="新建工会组织"):
        save_checked(union)
    return union


@transaction.atomic
def change_union(
    *, actor: User, union_id: int, name: str, short_name: str, area_code: str, is_active: bool
) -> Union:
    """Rename a union, or take it out of use once nobody and nothing below it is in use."""
    require_manager(actor)
    union = Union.objects.select_for_update().get(pk=union_id)
    if union.is_active and not is_active:
        if union.children.filter(is_active=True).exists():
            raise Refused("下面还有在用的工会，不能停用。", field="is_active")
        if union.users.filter(is_active=True).exists():
            raise Refused("该工会还有启用的用户，不能停用。", field="is_active")
    if not union.is_active and is_active and union.parent and not union.parent.is_active:
        raise Refused("上级工会已停用，请先启用上级工会。", field="is_active")
    union.name, union.short_name = name.strip(), short_name.strip()
    union.area_code, union.is_active = area_code.strip(), is_active
    with audit.because(actor_id=actor.pk, action="修改工会组织"):
        save_checked(union)
    return union


@transaction.atomic
def load_unions(*, rows: Iterable[Mapping[str, str]]) -> int:
    """Add the unions of a reference file that are not there yet, parents first; returns how many were added.

    What people changed on screen stays: rows whose code exists are left alone.
    """
    known = {union.code: union for union in Union.objects.select_for_update()}
    added = 0
    with audit.because(actor_id=None, action="载入工会组织"):
        for row in rows:
            if row["code"] in known:
                continue
            parent = known[row["parent"]] if row.get("parent") else None
            if parent:
                rules.require_child_kind(parent_kind=parent.kind, kind=row["kind"])
            union = Union(
                code=row["code"],
                name=row["name"],
                short_name=row["short_name"],
                kind=row["kind"],
                parent=parent,
                path=rules.union_path(parent_path=parent.path if parent else "", code=row["code"]),
                area_code=row.get("area_code", ""),
            )
            save_checked(union)
            known[union.code] = union
            added += 1
    return added
