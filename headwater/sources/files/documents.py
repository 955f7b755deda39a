"""Documents as passages: pieces of text of a few paragraphs, each with the place where it stands."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import docx
import pypdf
from docx.text.paragraph import Paragraph

from headwater.sources.files.kinds import Kind, unreadable
from headwater.sources.files.passages import Piece
from headwater.sources.files.tables import check_unfolded, decoded

LONGEST: Final = 1200
MOST_PAGES: Final = 5000
MOST_CHARACTERS: Final = 50_000_000
_HEADING: Final = re.compile(r"^#{1,6}\s+(.+?)\s*#*$")
_BLOCKS: Final = frozenset(
    {
        "p",
        "div",
        "br",
        "li",
        "tr",
        "section",
        "article",
        "pre",
        "blockquote",
        "table",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
    }
)
_SILENT: Final = frozenset({"script", "style", "template", "noscript", "svg"})

# It tells of every oddity of a file in the log.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def pieces(kind: Kind, name: str, path: Path) -> list[Piece]:
    """The passages of one document; ``InvalidRequest`` where it has no text or cannot be read."""
    found = list(_cut(_sections(kind, name, path)))
    if not found:
        raise unreadable(name, "it holds no text" + (" (are its pages pictures?)" if kind == "pdf" else ""))
    if sum(len(one.text) for one in found) > MOST_CHARACTERS:
        raise unreadable(name, f"it holds more than {MOST_CHARACTERS:,} characters")
    return found


def _sections(kind: Kind, name: str, path: Path) -> Iterable[tuple[str, str]]:
    """(place, text) in the document's order."""
    if kind == "pdf":
        return _pdf(name, path)
    if kind == "docx":
        return _docx(name, path)
    text = decoded(path.read_bytes())
    if kind == "html":
        return _html(text)
    return _markdown(text) if kind == "markdown" else [("", text)]


def _pdf(name: str, path: Path) -> list[tuple[str, str]]:
    try:
        reader = pypdf.PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise unreadable(name, "it is locked with a password")
        if len(reader.pages) > MOST_PAGES:
            raise unreadable(name, f"it has more than {MOST_PAGES:,} pages")
        return [(f"page {number}", page.extract_text()) for number, page in enumerate(reader.pages, 1)]
    except (pypdf.errors.PyPdfError, ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError) as error:
        raise unreadable(name, f"as a PDF: {str(error)[:200] or type(error).__name__}") from None


def _docx(name: str, path: Path) -> list[tuple[str, str]]:
    check_unfolded(name, path)
    try:
        document = docx.Document(str(path))
        found, place = [], ""
        for block in document.iter_inner_content():
            if isinstance(block, Paragraph):
                if (block.style.name or "" if block.style else "").startswith(("Heading", "Title")):
                    place = block.text.strip() or place
                found.append((place, block.text))
            else:
                found += [(place, "\t".join(one.text for one in row.cells)) for row in block.rows]
        return found
    except (KeyError, ValueError, AttributeError, OSError, SyntaxError) as error:
        raise unreadable(name, f"as a DOCX: {str(error)[:200] or type(error).__name__}") from None


def _markdown(text: str) -> Iterator[tuple[str, str]]:
    place, lines = "", list[str]()
    for line in text.splitlines():
        heading = _HEADING.match(line)
        if heading:
            yield place, "\n".join(lines)
            place, lines = heading[1], []
        lines.append(line)
    yield place, "\n".join(lines)


class _Text(HTMLParser):
    """The words of a page; a heading is the place of what follows it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, str]] = []
        self._parts: list[str] = []
        self._place = ""
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in _SILENT:
            self._silent += 1
        if re.fullmatch(r"h[1-6]", tag):
            self.flush()
        if tag in _BLOCKS:
            self._parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        if re.fullmatch(r"h[1-6]", tag):
            self._place = " ".join("".join(self._parts).split()) or self._place
        if tag in _BLOCKS:
            self._parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._parts.append(data)

    def flush(self) -> None:
        """Put away what was read since the last heading."""
        self.found.append((self._place, "".join(self._parts)))
        self._parts = []


def _html(text: str) -> list[tuple[str, str]]:
    reader = _Text()
    reader.feed(text)
    reader.close()
    reader.flush()
    return reader.found


def _cut(sections: Iterable[tuple[str, str]]) -> Iterator[Piece]:
    """Paragraphs of one place put together, up to ``LONGEST`` characters; longer ones are cut."""
    place, held, number = "", "", 0
    for where, text in sections:
        for paragraph in re.split(r"\n\s*\n", text):
            for part in _parts(" ".join(paragraph.split())):
                if held and (where != place or len(held) + len(part) > LONGEST):
                    number += 1
                    yield Piece(place or f"part {number}", held)
                    held = ""
                place = where
                held = f"{held}\n{part}" if held else part
    if held:
        yield Piece(place or f"part {number + 1}", held)


def _parts(text: str) -> Iterator[str]:
    while len(text) > LONGEST:
        at = text.rfind(" ", 1, LONGEST)
        at = at if at > 0 else LONGEST
        yield text[:at]
        text = text[at:].lstrip()
    if text:
        yield text
