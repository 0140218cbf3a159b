"""Rules of accounts: which roles go together, what a union may stand under, when a sign-in ends."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum
from ipaddress import ip_address
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from apps.accounts.roles import CONFIRMING_ROLES, EXCLUSIVE_ROLES, READ_ONLY_ROLES, Role
from apps.core.errors import Refused

# Kinds of union (models.Union.Kind) that may stand directly below a kind.
CHILD_KINDS: dict[str, frozenset[str]] = {
    "city": frozenset({"county", "zone", "industry", "system", "grassroots"}),
    "county": frozenset({"grassroots"}),
    "zone": frozenset({"grassroots"}),
    "industry": frozenset({"grassroots"}),
    "system": frozenset({"grassroots"}),
    "grassroots": frozenset({"grassroots"}),
}

# Kinds of union whose people may hold a role. A role that is not named belongs to the city federation alone.
_MIDDLE = frozenset({"county", "zone", "industry", "system"})
ROLE_KINDS: dict[Role, frozenset[str]] = {
    Role.COUNTY_CLERK: _MIDDLE,
    Role.COUNTY_REVIEWER: _MIDDLE,
    Role.GRASSROOTS: frozenset({"grassroots"}),
    Role.AUDITOR: _MIDDLE | {"city"},
    Role.READER: _MIDDLE | {"city", "grassroots"},
}
CITY_ONLY = frozenset({"city"})


# Marks in the order in which they decide: most browsers also name the ones they descend from.
_BROWSERS = (
    ("Edg", "Edge"),
    ("QIHU", "360 浏览器"),
    ("360SE", "360 浏览器"),
    ("QAXBrowser", "奇安信浏览器"),
    ("MetaSr", "搜狗浏览器"),
    ("QQBrowser", "QQ 浏览器"),
    ("UOSBrowser", "统信浏览器"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("Windows", "Windows"),
    ("Kylin", "麒麟"),
    ("UOS", "统信 UOS"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


class RoleClass(Enum):
    """One person's roles are all of one class."""

    ADMINISTRATION = "管理账号的角色"
    CONFIRMING = "确认账号变动的角色"
    READING = "只看不改的角色"
    BUSINESS = "业务角色"


LONGEST_STAND_IN_DAYS = 30


def role_class(role: str) -> RoleClass:
    """The class of a role: who manages accounts holds no business role; who audits or only reads changes nothing."""
    if role in EXCLUSIVE_ROLES:
        return RoleClass.ADMINISTRATION
    if role in CONFIRMING_ROLES:
        return RoleClass.CONFIRMING
    if role in READ_ONLY_ROLES:
        return RoleClass.READING
    return RoleClass.BUSINESS


def role_fits_union(role: str, kind: str) -> bool:
    """Whether people of a union of this kind may hold the role."""
    return kind in ROLE_KINDS.get(Role(role), CITY_ONLY)


def require_grantable(
    *, role: str, held: Iterable[str], kind: str, actor_id: int | None, user_id: int
) -> None:
    """Raises Refused when the role may not be given to this person by this actor."""
    if role not in Role.values:
        raise Refused("请从列表中选择一个角色。", field="role")
    wanted = Role(role)
    if actor_id == user_id:
        raise Refused("不能给自己授予角色，请由另一位系统管理员办理。", field="role")
    if role in held:
        raise Refused(f"该用户已有“{wanted.label}”角色。", field="role")
    if not role_fits_union(role, kind):
        raise Refused(f"“{wanted.label}”角色不能授予这一级工会的人员。", field="role")
    for other in held:
        if role_class(other) is not role_class(role):
            raise Refused(
                f"“{wanted.label}”是{role_class(role).value}，“{Role(other).label}”是{role_class(other).value}，"
                "不能由一人兼任。",
                field="role",
            )


def require_no_roles(*, held: Iterable[str]) -> None:
    """Raises Refused when a person who moves to another union still holds roles over the old one."""
    labels = [str(Role(role).label) for role in sorted(held)]
    if labels:
        raise Refused(
            f"该用户的角色（{'、'.join(labels)}）是为原工会授予的，请先撤销这些角色再改所属工会。",
            field="union",
        )


def require_other_person(*, actor_id: int | None, user_id: int, action: str) -> None:
    """Raises Refused when somebody acts on the own account."""
    if actor_id == user_id:
        raise Refused(f"不能{action}，请由另一位系统管理员办理。")


def require_another_confirms(*, actor_id: int, concerned: Iterable[int | None]) -> None:
    """Raises Refused when who confirms gave, gets or asked for it."""
    if actor_id in concerned:
        raise Refused("不能确认自己办理的或涉及自己的变动，请由另一位安全管理员办理。")


def require_stand_in(
    *,
    actor_id: int,
    user_id: int,
    same_union: bool,
    role: str,
    held: Iterable[str],
    starts_at: datetime,
    ends_at: datetime,
    now: datetime,
) -> None:
    """Raises Refused when this person may not stand in for this role in this time."""
    if actor_id == user_id:
        raise Refused("不能代理自己。", field="user")
    if not same_union:
        raise Refused("代理人必须是本工会启用的用户。", field="user")
    if any(role_class(other) is not role_class(role) for other in held):
        raise Refused("该用户持有不能与这个角色兼任的角色，不能代理。", field="user")
    if ends_at <= max(starts_at, now):
        raise Refused("代理结束日期不能早于开始日期，也不能早于今天。", field="ends_on")
    if ends_at - starts_at > timedelta(days=LONGEST_STAND_IN_DAYS):
        raise Refused(f"代理最长 {LONGEST_STAND_IN_DAYS} 天。", field="ends_on")


def require_administrator_remains(*, others: int) -> None:
    """Raises Refused when no enabled administrator besides the person would remain."""
    if others < 1:
        raise Refused("这是最后一个启用的系统管理员，不能停用或撤销。")


def lock_ends_at(
    *, failures: Iterable[tuple[datetime, int]], limit: int, cool_off: timedelta, now: datetime
) -> datetime | None:
    """When a name locked by wrong passwords opens again; None when it is open.

    `failures` are (time of the last failure, number of failures) per place the tries came from.
    """
    recent = sorted((at, count) for at, count in failures if at > now - cool_off)
    standing = sum(count for _, count in recent)
    for at, count in recent:
        if standing < limit:
            return None
        standing -= count
        if standing < limit:
            return at + cool_off
    return None


def device_name(user_agent: str) -> str:
    """Browser and system in words a person recognises; empty when the browser does not say."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return " · ".join(part for part in (browser, system) if part)


def is_this_machine(address: str | None) -> bool:
    """Whether a request came over the loopback interface."""
    try:
        return address is not None and ip_address(address).is_loopback
    except ValueError:
        return False


def require_child_kind(*, parent_kind: str, kind: str) -> None:
    """Raises Refused when a union of this kind may not stand below the parent."""
    if kind not in CHILD_KINDS.get(parent_kind, frozenset()):
        raise Refused("所选上级工会下面不能建立这一类别的工会。", field="kind")


def union_path(*, parent_path: str, code: str) -> str:
    """Codes from the root down, each closed by "/"."""
    return f"{parent_path}{code}/"


# By the codes of Django's validators, whose own sentences come in the language of the browser.
PASSWORD_SENTENCES = {
    "password_too_short": "新密码至少 12 个字符。",
    "password_too_common": "新密码太常见，容易被猜到，请换一个。",
    "password_entirely_numeric": "新密码不能全是数字。",
    "password_too_similar": "新密码不能与用户名、姓名相近。",
}
_LEAST_OF_ONES_OWN = 6


def is_derived(password: str, *, names: Iterable[str]) -> bool:
    """Whether hardly anything is left of a password once the names, in whole or by their parts, are taken out."""
    left = _letters(password)
    parts = [part for name in names for part in (name, *re.split(r"[\W_]+", name))]
    found = False
    for part in sorted(map(_letters, parts), key=len, reverse=True):
        for spelling in (part, part[::-1]):
            if len(spelling) > 1 and spelling in left:
                left, found = left.replace(spelling, ""), True
    return found and sum(not one.isdigit() for one in left) < _LEAST_OF_ONES_OWN


def _letters(text: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKC", text).casefold() if one.isalnum())


def normal_username(text: str) -> str:
    """The one spelling of a user name: half-width, lower case, without surrounding blanks."""
    return unicodedata.normalize("NFKC", text).strip().lower()


class SessionEnd(Enum):
    """Why a sign-in that a browser still names is over."""

    TIMED_OUT = "timed_out"
    ELSEWHERE = "elsewhere"

    @property
    def sentence(self) -> str:
        if self is SessionEnd.TIMED_OUT:
            return "登录已超时，请重新登录。"
        return "这次登录已在别处结束（在另一处结束了会话，或账号、密码有变动），请重新登录。"


def session_deadline(
    *, signed_in_at: datetime, last_seen_at: datetime, idle_seconds: int, absolute_seconds: int
) -> datetime:
    """The moment at which a sign-in ends: idle too long, or signed in too long, whichever comes first."""
    return min(
        last_seen_at + timedelta(seconds=idle_seconds),
        signed_in_at + timedelta(seconds=absolute_seconds),
    )


# Lists whose filters may be kept under a name: the label and the permission of each page.
SAVABLE_PAGES: dict[str, tuple[str, str]] = {
    "people:person_list": ("人员名册", "person.read"),
    "model_workers:worker_list": ("劳模名册", "model_worker.read"),
    "model_workers:relief_list": ("困难救助", "model_worker.read"),
}
MAX_SAVED_VIEWS = 20
MAX_QUERY_LENGTH = 1000
_LONG_NUMBER = re.compile(r"[0-9](?:[\s-]*[0-9]){10,}")


def holds_long_number(text: str) -> bool:
    """Eleven digits and more, in whatever groups: a phone, an account, an identity number."""
    return bool(_LONG_NUMBER.search(unicodedata.normalize("NFKC", text)))


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return "-" in text


def clean_query(text: str) -> str:
    """The filters of an address, without the place in the list and what is empty. Raises Refused.

    A number that may name somebody never stays in an address, so it is not kept in one either.
    """
    pairs = [
        (name, value) for name, value in parse_qsl(text.removeprefix("?")) if name != "page" and value.strip()
    ]
    if not pairs:
        raise Refused("现在没有筛选条件，先选好条件再保存。", field="name", code="empty")
    if any(holds_long_number(word) for pair in pairs for word in pair if not _is_uuid(word)):
        raise Refused("条件里有完整号码，不能保存。", field="name", code="number")
    query = urlencode(pairs)
    if len(query) > MAX_QUERY_LENGTH:
        raise Refused("条件太长，不能保存。", field="name", code="too_long")
    return query
