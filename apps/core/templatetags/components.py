"""Tags of the house's components: each renders one partial of templates/components/ (docs/design.md says when)."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from django import template
from django.forms import BaseForm, BoundField
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide

register = template.Library()

TONES = ("grey", "outline", "amber", "red", "green", "solid", "blue")
"""Tones of a badge: 草稿 grey, 待审 amber, 退回 red, 已审定 green, 已签发 solid; blue informs, outline classifies."""


@lru_cache(maxsize=256)
def _drawn(name: str, css_class: str) -> str:
    return lucide(name, size=16, **{"class": css_class, "aria-hidden": "true"})


@register.simple_tag
def icon(name: str, small: bool = False) -> SafeString:
    """An icon of the lucide set, 16 px (14 px when small); always decoration, so words stand beside it."""
    return SafeString(_drawn(str(name), "icon icon--small" if small else "icon"))


@register.simple_tag
def badge(label: object, tone: str = "grey") -> SafeString:
    """A quiet state. Raises ValueError when the tone is none of TONES."""
    if tone not in TONES:
        raise ValueError(f"{tone!r} is no tone of a badge: {', '.join(TONES)}")
    return format_html('<span class="badge badge--{}">{}</span>', tone, label)


@register.simple_tag
def crumb(label: object, url: str = "") -> SafeString:
    """One step of the breadcrumbs; the last one has no url."""
    if url:
        return format_html('<li><a href="{}">{}</a></li>', url, label)
    return format_html('<li aria-current="page">{}</li>', label)


@register.inclusion_tag("components/field.html")
def field(bound_field: BoundField, unit: str = "", wide: bool = False) -> dict[str, Any]:
    """Label, control, rule and error of one form field. `unit` stands behind the control."""
    return {"field": bound_field, "unit": unit, "wide": wide}


@register.inclusion_tag("components/error_summary.html")
def error_summary(form: BaseForm, quiet: bool = False) -> dict[str, Any]:
    """All errors of a bound form, each linked to its field; nothing without errors. Takes the focus unless `quiet`."""
    return {"form": form, "quiet": quiet}


@register.inclusion_tag("components/diff.html")
def diff(old: object, new: object, change: object = "") -> dict[str, Any]:
    """Old value, arrow, new value, and by how much."""
    return {"old": old, "new": new, "change": change}


@register.inclusion_tag("components/timeline.html")
def timeline(events: Iterable[Any]) -> dict[str, Any]:
    """Decisions or changes, newest first. Each has: at, who, action; role, tone, note, field, old, new if any."""
    return {"events": events}


@register.inclusion_tag("components/steps.html")
def steps(items: Iterable[Any], label: str = "进程") -> dict[str, Any]:
    """Stages in order. Each has: label, state (done, current, todo); note and url if any."""
    return {"items": items, "label": label}


@register.inclusion_tag("components/aside_toggle.html", takes_context=True)
def aside_toggle(context: Context, label: str, count: object = "") -> dict[str, Any]:
    """Button that shows or hides the page's right panel; the choice is remembered."""
    request = context.get("request")
    closed = request is not None and request.COOKIES.get("aside") == "closed"
    return {"label": label, "count": count, "closed": closed}


@register.inclusion_tag("components/tabs.html")
def tabs(items: Iterable[Any], label: str = "分页") -> dict[str, Any]:
    """Views of one object, each at its own address. Each has: label, url, is_current; count if any."""
    return {"items": items, "label": label}


@register.inclusion_tag("components/stats.html")
def stats(items: Iterable[Any]) -> dict[str, Any]:
    """Up to four key figures. Each has: label, value; unit, hint and url if any. Values come formatted."""
    return {"items": items}


@register.inclusion_tag("components/facts.html")
def facts(pairs: Mapping[str, object] | Iterable[tuple[str, object]], two: bool = False) -> dict[str, Any]:
    """A key-value list; `two` sets two pairs side by side. Empty values print a dash."""
    return {"pairs": pairs.items() if isinstance(pairs, Mapping) else pairs, "two": two}


@register.inclusion_tag("components/sheet_head.html")
def sheet_head(
    title: str = "",
    facts: Iterable[tuple[str, object]] = (),
    amount: object = None,
    amount_label: str = "合计",
    badge: str = "",
    tone: str = "grey",
) -> dict[str, Any]:
    """Title block of a document or an edition; without a title (the page has it) one slim line. `amount` in yuan."""
    return {
        "title": title,
        "facts": facts,
        "amount": amount,
        "amount_label": amount_label,
        "badge": badge,
        "tone": tone,
    }


@register.inclusion_tag("components/progress.html")
def progress(
    label: str, value: int | None = None, maximum: int = 100, note: str = "", poll_url: str = ""
) -> dict[str, Any]:
    """Work in the background. Without a value the bar runs on; `poll_url` is asked every second and replaces the bar."""
    return {"label": label, "value": value, "maximum": maximum, "note": note, "poll_url": poll_url}


@register.inclusion_tag("components/pager.html", takes_context=True)
def pager(context: Context, page: Any, parameter: str = "page") -> dict[str, Any]:
    """Moves of a list: a Django page (with its count), or any object with previous_url and next_url (never counted)."""
    counted = None
    if hasattr(page, "paginator"):
        try:
            counted = page.paginator.count
        except NotImplementedError:  # a lazy paginator: the list is too long to count on every page
            counted = None
    return {"request": context.get("request"), "page": page, "counted": counted, "parameter": parameter}


@register.simple_block_tag(takes_context=True)
def finding(context: Context, content: str, item: Any, slot: str = "说明理由") -> str:
    """One result of a check. What stands inside the block (a form to waive with a reason) opens under `slot`."""
    return _block("finding", content, context, item=item, slot=slot)


@register.simple_block_tag(takes_context=True)
def dialog(context: Context, content: str, id: str, title: str, wide: bool = False) -> str:
    """A dialog that a button with data-dialog-open="<id>" opens. The content brings its own .dialog__body and foot."""
    return _block("dialog", content, context, id=id, title=title, wide=wide)


@register.simple_block_tag(takes_context=True)
def empty_state(context: Context, content: str, title: str, text: str = "", icon: str = "inbox") -> str:
    """Nothing here yet: what to do, and at most one action as the block's content."""
    return _block("empty", content, context, title=title, text=text, icon=icon)


@register.simple_block_tag(takes_context=True)
def notice(context: Context, content: str, level: str = "info") -> str:
    """A sentence that stays on the page: info, success, warning or error."""
    return _block("notice", content, context, level=level)


@register.simple_block_tag(takes_context=True)
def toolbar(context: Context, content: str, action: str = "", label: str = "筛选") -> str:
    """Filters above a list. They are a GET form, so the address says what is shown; a change submits it."""
    return _block("toolbar", content, context, action=action, label=label)


@register.simple_block_tag(takes_context=True)
def panel(context: Context, content: str, title: str, note: str = "", id: str = "") -> str:
    """A framed part of the page with a heading."""
    return _block("panel", content, context, title=title, note=note, id=id)


@register.simple_block_tag(takes_context=True)
def table_box(context: Context, content: str, label: str, css_class: str = "") -> str:
    """The box in which a wide or long table scrolls by itself, reachable by keyboard. `label` names it."""
    return _block("table_box", content, context, label=label, css_class=css_class)


def _block(name: str, content: str, context: Context, **parameters: Any) -> str:
    request = context.get("request")
    inner = SafeString(content.strip())  # markup of the calling template, escaped there where it had to be
    return render_to_string(f"components/{name}.html", {"content": inner, **parameters}, request=request)
