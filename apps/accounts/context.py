"""What the frame around every page shows: areas, union, year, and the limits of the sign-in."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from apps.accounts.models import Union, User


@dataclass(frozen=True)
class NavItem:
    """One entry of the navigation; without an address it is shown as not open yet."""

    label: str
    url: str
    icon: str = ""
    is_current: bool = False
    children: tuple["NavItem", ...] = ()

    @property
    def available(self) -> bool:
        return bool(self.url)


@dataclass(frozen=True)
class Area:
    """One area of the frame as declared: which addresses belong to it and which pages stand below it."""

    label: str
    url_name: str
    icon: str
    prefixes: tuple[str, ...]
    pages: tuple[tuple[str, str, str], ...] = ()
    """(label, URL name, permission); the area then opens the first page the person may see."""


# An address that does not resolve belongs to an area that is still to come.
AREAS: tuple[Area, ...] = (
    Area("工作台", "home:workbench", "layout-dashboard", ("home:",)),
    Area(
        "预算",
        "budget:plan_list",
        "calculator",
        ("budget:",),
        (
            ("年度预算", "budget:plan_list", "budget.read"),
            ("依据文件", "budget:policy_list", "document.read"),
            ("文稿校验", "budget:text_check", "text.check"),
            ("已签发", "budget:issued_list", "budget.read"),
            ("核验文件", "budget:verify", ""),
        ),
    ),
    Area(
        "人员",
        "people:person_list",
        "contact-round",
        ("people:",),
        (
            ("人员名册", "people:person_list", "person.read"),
            ("单位", "people:unit_list", "person.read"),
            ("疑似重复", "people:duplicate_list", "person.merge"),
            ("名册导入", "people:roster_list", "person.import"),
        ),
    ),
    Area(
        "劳模",
        "model_workers:worker_list",
        "award",
        ("model_workers:",),
        (
            ("劳模名册", "model_workers:worker_list", "model_worker.read"),
            ("荣誉津贴", "model_workers:run_list", "model_worker.read"),
            ("体检", "model_workers:exam_list", "model_worker.read"),
            ("困难救助", "model_workers:relief_list", "model_worker.read"),
            ("推荐评选", "model_workers:nomination_list", "model_worker.read"),
            ("荣誉和待遇变动", "model_workers:change_list", "model_worker.read"),
            ("复核", "model_workers:review_list", "model_worker.read"),
            ("标准与参数", "model_workers:parameter_list", "model_worker.read"),
        ),
    ),
    Area("帮扶", "hardship_aid:list", "heart-handshake", ("hardship_aid:",)),
    Area("互助金", "mutual_aid:list", "piggy-bank", ("mutual_aid:",)),
    Area("职工服务", "activities:list", "users", ("activities:",)),
    Area(
        "系统",
        "accounts:profile",
        "settings",
        ("accounts:", "admin:", "core:", "basis:"),
        (
            ("用户", "accounts:user_list", "account.manage"),
            ("待确认", "accounts:confirm_list", "account.confirm"),
            ("工会组织", "accounts:union_tree", "account.manage"),
            ("访问记录", "accounts:access_record_list", "history.read"),
            ("放假安排", "basis:calendar_list", "document.read"),
            ("基础资料", "admin:index", "staff"),
            ("我的账号", "accounts:profile", ""),
        ),
    ),
)


@dataclass(frozen=True)
class SessionFacts:
    """Limits of the present sign-in in seconds, for the warning before it ends."""

    seconds_left: int
    idle_seconds: int
    warning_seconds: int
    csrf_cookie: str


@dataclass(frozen=True)
class Frame:
    """What the frame needs besides the page itself. Nobody signed in: no areas, no union, no session."""

    year: int | None
    demo: bool
    areas: tuple[NavItem, ...] = ()
    union: Union | None = None
    session: SessionFacts | None = None


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor."""
    user = getattr(request, "user", None)
    year, demo = _year(request), bool(settings.DEMO_MODE)
    if user is None or not user.is_authenticated:
        return {"frame": Frame(year=year, demo=demo)}
    match = getattr(request, "resolver_match", None)
    view_name = match.view_name if match else ""
    return {
        "frame": Frame(
            year=year,
            demo=demo,
            areas=tuple(_area(area, user, view_name) for area in AREAS),
            union=user.union,
            session=SessionFacts(
                seconds_left=request.session.seconds_left(),  # type: ignore[attr-defined]
                idle_seconds=settings.SESSION_IDLE_SECONDS,
                warning_seconds=settings.SESSION_IDLE_WARNING_SECONDS,
                csrf_cookie=settings.CSRF_COOKIE_NAME,
            ),
        )
    }


def _year(request: HttpRequest) -> int | None:
    """The year the page is about, set by the view or named in the address; most pages are about none."""
    year: int | None = getattr(request, "working_year", None)
    if year is None:
        match = getattr(request, "resolver_match", None)
        year = match.kwargs.get("year") if match else None
    return year


def _area(area: Area, user: User, view_name: str) -> NavItem:
    pages = tuple(
        NavItem(label=label, url=url, is_current=view_name == url_name)
        for label, url_name, permission in area.pages
        if _open_to(user, permission) and (url := _url(url_name))
    )
    url = (pages[0].url if pages else "") if area.pages else _url(area.url_name)
    return NavItem(
        label=area.label,
        url=url,
        icon=area.icon,
        is_current=view_name.startswith(area.prefixes),
        children=pages,
    )


def _open_to(user: User, permission: str) -> bool:
    if permission == "staff":
        return user.is_staff
    return not permission or user.may(permission)


def _url(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
