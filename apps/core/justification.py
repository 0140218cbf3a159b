"""Flush lines for Chinese: the printing library widens only blanks, of which Chinese has none, so lines would end ragged.

This takes the place of one function of the library. Where that function is gone, printing goes on with ragged lines.
"""

import re
from functools import cache
from typing import Any

# Han, full-width punctuation and forms, and blanks: what may be moved apart. Latin words and numbers stay whole.
_MOVABLE = re.compile(
    "[\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\u3000-\u303f\u2014\u2018-\u201d\u2026\u00a0 ]+"
)
_WIDEST = 4
"""No gap grows by more than the type size divided by this: a line that is much too short stays short."""


@cache
def install() -> None:
    """Once for the process."""
    try:
        from weasyprint.formatting_structure import boxes
        from weasyprint.layout import inline
        from weasyprint.text.ffi import TO_UNITS, ffi, pango
        from weasyprint.text.line_break import Layout, line_size

        blanks_only = inline.justify_line
    except (ImportError, AttributeError):
        return

    class SpacedLayout(Layout):  # type: ignore[misc]
        """A piece of text whose movable characters stand further apart, also when it is laid out again for drawing."""

        spacing: Any = 0

        def set_text(self, text: str, justify: bool = False) -> None:
            super().set_text(text, justify)
            attributes = pango.pango_layout_get_attributes(self.layout)
            if attributes == ffi.NULL:
                attributes = ffi.gc(pango.pango_attr_list_new(), pango.pango_attr_list_unref)
            for match in _MOVABLE.finditer(self.text):
                attribute = pango.pango_attr_letter_spacing_new(int(self.spacing * TO_UNITS))
                attribute.start_index = len(self.text[: match.start()].encode())
                attribute.end_index = len(self.text[: match.end()].encode())
                pango.pango_attr_list_change(attributes, attribute)
            pango.pango_layout_set_attributes(self.layout, attributes)

    def spaced(box: Any, spacing: Any) -> tuple[Any, Any]:
        """The text of a box at this spacing, and by how much it is wider than before."""
        layout = SpacedLayout(box.style)
        layout.spacing = spacing
        layout.set_text(box.text)
        width, _ = line_size(layout.get_first_line()[0], box.style)
        return layout, width - box.width

    def movable(box: Any) -> int:
        if isinstance(box, boxes.TextBox):
            return sum(len(run) for run in _MOVABLE.findall(box.text))
        if isinstance(box, boxes.LineBox | boxes.InlineBox):
            return sum(movable(child) for child in box.children)
        return 0

    def texts(box: Any) -> list[Any]:
        if isinstance(box, boxes.TextBox):
            return [box]
        if isinstance(box, boxes.LineBox | boxes.InlineBox):
            return [text for child in box.children if child.is_in_normal_flow() for text in texts(child)]
        return []

    def widen(box: Any, spacing: Any, shift: Any) -> Any:
        """Move a box by `shift`, spread its text; returns the shift of what follows."""
        if isinstance(box, boxes.TextBox):
            box.position_x += shift
            layout, wider = spaced(box, spacing)
            layout.deactivate()
            box.pango_layout = layout
            box.width += wider
            return shift + wider
        if isinstance(box, boxes.LineBox | boxes.InlineBox):
            box.position_x += shift
            moved = shift
            for child in box.children:
                if child.is_in_normal_flow():
                    moved = widen(child, spacing, moved)
            box.width += moved - shift
            return moved
        box.translate(shift, 0)
        return shift

    def justify_line(context: Any, line: Any, extra_width: Any) -> None:
        """Share the rest of the line among its movable characters; other scripts go the library's way."""
        count = movable(line)
        gap = extra_width / count if count > 1 else 0
        if not gap or gap > line.style["font_size"] / _WIDEST:
            if not any(_MOVABLE.search(box.text.strip()) for box in texts(line)):
                blanks_only(context, line, extra_width)
            return
        # The ends of a piece of text get no gap: see what one try gives and scale it.
        gained = sum((spaced(box, gap)[1] for box in texts(line)), 0)
        if gained > 0:
            widen(line, gap * extra_width / gained, 0)

    inline.justify_line = justify_line
