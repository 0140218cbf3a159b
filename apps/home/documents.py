"""The page docs/roles.md, written from the tables that decide."""

from collections.abc import Iterable

from apps.accounts.models import Union
from apps.accounts.roles import GRANTS, PERMISSIONS, Role
from apps.accounts.rules import role_class, role_fits_union
from apps.budget.rules.stages import FLOW, Stage, Status


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head)]
    lines.append(["---"] * len(lines[0]))
    lines.extend(list(row) for row in rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def roles_page() -> str:
    """Markdown: who may do what, which roles go together, and the steps of the approval with their permissions."""
    permissions = _table(
        ["权限", "意思", *(role.label for role in Role)],
        (
            [f"`{name}`", meaning, *("●" if name in GRANTS[role] else "" for role in Role)]
            for name, meaning in PERMISSIONS.items()
        ),
    )
    kinds = _table(
        ["角色", "代码", "类", "可授予哪一级工会的人员"],
        (
            [
                role.label,
                f"`{role.value}`",
                role_class(role).value,
                "、".join(kind.label for kind in Union.Kind if role_fits_union(role, kind.value)),
            ]
            for role in Role
        ),
    )
    steps = _table(
        ["办理", "原状态", "新状态", "权限", "适用阶段", "必填"],
        (
            [
                step.label,
                "、".join(Status(source).label for source in step.sources),
                Status(step.target).label,
                f"`{step.permission}`",
                "、".join(Stage(route).label for route in step.routes) or "全部",
                "意见" if step.needs_opinion else "会议纪要文号" if step.needs_minutes else "",
            ]
            for step in FLOW.steps
        ),
    )
    return f"""# 角色与权限

本页由 `python manage.py document_roles` 写出，不要手改；来源是 `apps/accounts/roles.py`、`apps/accounts/rules.py` 和
`apps/budget/rules/stages.py`。测试保证三者与本页一致。

## 谁可以做什么

{permissions}

所有人登录后都可以看工作台、改自己的密码、查看并结束自己的会话。看得到哪些行由工会组织决定：本级及以下。

## 哪些角色可以兼任

{kinds}

- 一个人的角色必须同属一类：管理账号的不办业务，经审和只读的什么都不改。数据库约束 `accounts_rolegrant_one_class` 保证。
- 不能给自己授予角色（约束 `accounts_rolegrant_not_to_oneself`），也不能撤销、停用或重置自己的账号。
- 至少保留一个启用的系统管理员。
- 同一件事经办、审核、审批的人必须不同，与各人有什么角色无关。

## 预算版本的办理步骤

{steps}
"""
