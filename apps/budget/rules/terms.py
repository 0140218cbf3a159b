"""名词解释: the words the explanation explains, and which of them a text uses."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """One entry of 名词解释. `aliases` are other words under which the text may use it."""

    word: str
    meaning: str
    source: str = ""
    aliases: tuple[str, ...] = ()


def terms_in(text: str, terms: Iterable[Term]) -> list[Term]:
    """Only the terms that the printed text uses, in the order of the list."""
    return [term for term in terms if any(word in text for word in (term.word, *term.aliases))]
