"""Numbers of people who do not exist: the area, the day and the order are made up, the check characters are right."""

from datetime import date

from stdnum import luhn
from stdnum.cn import ric

# Never given to any place: no number made here is anybody's.
AREA = "131099"


def resident_number(order: int, *, birth_on: date = date(1950, 1, 1), area: str = AREA) -> str:
    """A valid number of eighteen characters; an odd order is a man's."""
    seventeen = f"{area}{birth_on:%Y%m%d}{order % 1000:03}"
    return seventeen + ric.calc_check_digit(f"{seventeen}0")


def account_number(order: int) -> str:
    """A valid card number of nineteen digits."""
    body = f"999900{order:012}"
    return body + luhn.calc_check_digit(body)
