"""待我办理 of the register: pairs to decide, rosters read and not yet taken over."""

from collections.abc import Iterator

from django.urls import reverse

from apps.accounts.models import User
from apps.core.desk import Errand, counted
from apps.people.models import DuplicatePair, RosterImport

AREA = "人员"


def register_errands(user: User) -> Iterator[Errand]:
    if user.may("person.merge"):
        yield from counted(
            DuplicatePair.objects.visible_to(user).open(),
            area=AREA,
            matter="疑似重复的人，等待判断是否同一人",
            step="去判断",
            url=reverse("people:duplicate_list"),
        )
    if user.may("person.import"):
        for roster in (
            RosterImport.objects.visible_to(user)
            .filter(uploaded_by=user, status=RosterImport.Status.STAGED)
            .order_by("uploaded_at")[:5]
        ):
            wrong = f"，{roster.error_count:,} 行有错误" if roster.error_count else ""
            yield Errand(
                area=AREA,
                matter=f"名册“{roster.name}”已读完，尚未导入",
                detail=f"新增 {roster.new_count:,}、变更 {roster.changed_count:,}{wrong}",
                step="去核对",
                url=reverse("people:roster_detail", args=[roster.public_id]),
            )
