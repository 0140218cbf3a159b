"""Honours: levels, categories, the class that the number of them makes, and when one may be entered or revoked."""

from datetime import date

from django.db import models

from apps.core.errors import Refused


class Level(models.TextChoices):
    NATIONAL = "national", "全国"
    PROVINCIAL = "provincial", "省部级"
    MUNICIPAL = "municipal", "市级"


class Category(models.TextChoices):
    """河北: these are different honours, counted apart."""

    SPECIAL = "special", "特等劳动模范"
    WORKER = "worker", "职工劳动模范"
    FARMER = "farmer", "农民劳动模范"
    ADVANCED = "advanced", "先进工作者"
    MEDAL = "medal", "五一劳动奖章"
    OTHER = "other", "其他"


class AwardClass(models.IntegerChoices):
    """How often the municipal honour was won; “三次及以上” includes three (民法典 第1259条)."""

    ONCE = 1, "一次"
    TWICE = 2, "二次"
    THREE_OR_MORE = 3, "三次及以上"


def award_class(count: int) -> AwardClass | None:
    """The one class a person belongs to, however many honours there are; None without any."""
    return AwardClass(min(count, AwardClass.THREE_OR_MORE)) if count > 0 else None


_FIRST_HONOURS = date(1949, 10, 1)


def require_awardable(*, awarded_on: date, birth_on: date | None, today: date) -> None:
    """Raises Refused for a day on which nobody can have been honoured. What is merely odd is shown on the file."""
    if awarded_on > today:
        raise Refused("“表彰日期”不能晚于今天。", field="awarded_on")
    if awarded_on < _FIRST_HONOURS:
        raise Refused(f"“表彰日期”不能早于 {_FIRST_HONOURS:%Y-%m-%d}。", field="awarded_on")
    if birth_on is not None and awarded_on <= birth_on:
        raise Refused(f"“表彰日期”不能早于出生日期 {birth_on:%Y-%m-%d}。", field="awarded_on")
