"""Keeping the filters of a list under a name."""

from datetime import datetime

from django.db import transaction

from apps.accounts import rules
from apps.accounts.models import SavedView, User
from apps.accounts.services.writing import save_checked
from apps.core import once
from apps.core import text as typed
from apps.core.errors import Refused


@transaction.atomic
def save_view(*, actor: User, page: str, name: str, query: str, now: datetime) -> SavedView:
    """Keep the filters of one page. Raises Refused, also when the name is taken or the person keeps too many."""
    if page not in rules.SAVABLE_PAGES or not actor.may(rules.SAVABLE_PAGES[page][1]):
        raise Refused("这个页面的条件不能保存。", code="page")
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    if SavedView.objects.filter(user=actor, page=page).count() >= rules.MAX_SAVED_VIEWS:
        raise Refused(f"每个页面最多保存 {rules.MAX_SAVED_VIEWS} 个常用筛选，请先删去不用的。", field="name")
    view = SavedView(
        user=actor,
        page=page,
        name=typed.line(name, label="名称", field="name"),
        query=rules.clean_query(query),
        created_at=now,
    )
    if not view.name:
        raise Refused("请填写“名称”。", field="name")
    if rules.holds_long_number(view.name):
        raise Refused("“名称”里不要写证件号码、电话或银行账号。", field="name", code="name")
    once.take()
    save_checked(view)
    return view


@transaction.atomic
def delete_view(*, actor: User, view_id: int) -> SavedView:
    """Take kept filters away; one's own only."""
    view = SavedView.objects.visible_to(actor).select_for_update().get(pk=view_id)
    once.take()
    view.delete()
    return view
