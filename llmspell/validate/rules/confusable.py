"""confusable-name: names of a script that look like other names.

The table is drawn from Unicode's confusables (UTS #39), cut down to letters that a name may have and that look like one
ASCII letter.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from llmspell.validate.finding import Finding, Severity
from llmspell.validate.rules.case import Case
from llmspell.validate.rules.text import HIDDEN

_PAIRS = (
    # Cyrillic
    "\u0430a \u0441c \u0501d \u0435e \u04bbh \u0456i \u0458j \u04cfl \u043eo \u0440p \u0433r \u0455s "
    "\u051bq \u0475v \u051dw \u0445x \u0443y \u0410A \u0412B \u0415E \u041dH \u0406I \u0408J \u041aK "
    "\u041cM \u041eO \u0420P \u051aQ \u0405S \u0422T \u051cW \u0425X \u0423Y \u04aeY \u050cG "
    # Greek
    "\u03b1a \u03b9i \u03bdv \u03bfo \u03c1p \u03c5u \u03bak \u0391A \u0392B \u0395E \u0396Z \u0397H "
    "\u0399I \u039aK \u039cM \u039dN \u039fO \u03a1P \u03a4T \u03a5Y \u03a7X \u03f2c \u03f3j "
    # Armenian
    "\u0585o \u057du \u0570h \u0581g \u0501d \u0578n \u0566q \u0575j "
    # Roman numerals and Latin beyond ASCII
    "\u2170i \u217cl \u217dc \u217ed \u217fm \u2174v \u2179x \u0131i \u0251a \u0261g "
)
_LOOK_ALIKES = {ord(pair[0]): pair[1:] for pair in _PAIRS.split()}
_OF_FORMULAS = frozenset(
    "\u0394\u039b\u03a0\u03a3\u03a6\u03a8\u03a9\u03b4\u03b8\u03bb\u03bc\u03be\u03c0\u03c6\u03c8\u03c9"
)
"""Greek letters that look like none of Latin, and stand beside Latin ones in names from formulas."""
_SEEN = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "HEBREW", "ARABIC", "FULLWIDTH")


def confusable_names(case: Case) -> Iterator[Finding]:
    """One finding for each name: it mixes alphabets, hides a character, or looks like a name in ASCII that is
    known."""
    known = {*case.names.all, *(use.name for use in case.facts.uses), *case.facts.assigned}
    told: set[str] = set()
    for name, place in case.facts.strange:
        if name in told or case.is_off("confusable-name", place):
            continue
        told.add(name)
        shows = HIDDEN.sub("", name)
        looks = unicodedata.normalize("NFKC", shows).translate(_LOOK_ALIKES)
        mixed = _alphabets(name)
        if looks.isascii() and (looks in known or len(mixed) > 1 or shows != name):
            says = f"{ascii(name)[1:-1]} looks like {looks} and is another name"
        elif len(mixed) > 1:
            says = f"{ascii(name)[1:-1]} mixes letters of several alphabets: {', '.join(sorted(mixed))}"
        else:
            continue
        yield case.finding("confusable-name", says, place, guarded=False, severity=Severity.ERROR)


def _alphabets(name: str) -> set[str]:
    letters = {letter for letter in name if letter.isalpha()} - _OF_FORMULAS
    words = {unicodedata.name(letter, "?").split(" ")[0] for letter in letters}
    return {word.lower() for word in words if word in _SEEN}
