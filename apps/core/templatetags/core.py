"""Built into every template: number filters (each form of printing a number has one name) and the keys of a form."""

from decimal import Decimal, InvalidOperation

from django import template
from django.template.base import Node, Parser, Token
from django.template.context import Context
from django.template.defaulttags import CsrfTokenNode
from django.utils.safestring import SafeString, mark_safe

from apps.core import money, once

register = template.Library()

Number = Decimal | int | str | None


def _decimal(value: Number) -> Decimal | None:
    """None and the empty string print nothing; anything that is no exact number is a mistake in the page."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise TypeError(f"{value!r} is no exact number")
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise TypeError(f"{value!r} is no number") from error
    if not number.is_finite():
        raise TypeError(f"{value!r} is no finite number")
    return number


@register.filter
def yuan(value: Number) -> str:
    """222,800.00"""
    number = _decimal(value)
    return "" if number is None else money.format_yuan(number)


@register.filter
def wan(value: Number) -> str:
    """Yuan in 万元 as sentences print it: 22.28, 20"""
    number = _decimal(value)
    return "" if number is None else money.format_wan(number)


@register.filter
def wan2(value: Number) -> str:
    """Yuan in 万元 as tables print it: 22.28, 20.00"""
    number = _decimal(value)
    return "" if number is None else money.format_wan_column(number)


@register.filter
def plain(value: Number) -> str:
    """222800 or 222800.50"""
    number = _decimal(value)
    return "" if number is None else money.format_plain(number)


@register.filter
def capital(value: Number) -> str:
    """人民币贰拾贰万贰仟捌佰元整"""
    number = _decimal(value)
    return "" if number is None else money.capital(money.round_fen(number))


@register.filter
def count(value: Number) -> str:
    """1,234"""
    number = _decimal(value)
    return "" if number is None else money.format_count(number)


@register.filter
def ratio(value: Number) -> str:
    """0.02 is printed 2%"""
    number = _decimal(value)
    return "" if number is None else money.format_ratio(number)


@register.filter
def dash(value: object) -> object:
    """A long dash where there is nothing to print; zero is something."""
    return "—" if value is None or value == "" else value


class _FormKeysNode(CsrfTokenNode):
    """Django's token against forged forms, and beside it the key by which a form has its effect once."""

    def render(self, context: Context) -> SafeString:
        return mark_safe(super().render(context) + once.hidden_field())  # noqa: S308 — both are made safe


@register.tag
def csrf_token(parser: Parser, token: Token) -> Node:
    """In place of Django's own tag of this name, so that no form can forget the key."""
    return _FormKeysNode()
