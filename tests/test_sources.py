"""docs/sources.md names the DOIs in the code and nothing else, and says of each what the code says of it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOI = r"10\.\d{4,5}/(?:[^\s|,;()\"]|\(\d+\))+"
FLOORS = ("analysis", "drivers", "procedures", "acquire")


def quoted(paths):
    """Return every DOI in the files, and whether it is marked as not confirmed; strings in pieces are put together."""
    found = {}
    for path in paths:
        text = re.sub(r'"\s*\n\s*f?"', "", path.read_text(encoding="utf-8"))
        for match in re.finditer(rf"doi:\s*({DOI})", text):
            doi = match[1].rstrip(".:")
            marked = bool(re.match(r"[.:]?\s*\(DOI not\s+confirmed\)", text[match.start(1) + len(doi) :]))
            found.setdefault(doi, set()).add(marked)
    return found


def listed():
    lines = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8").splitlines()
    rows = [line.split("|")[1:-1] for line in lines if re.search(DOI, line)]
    found = {row[2].strip(): {"not confirmed" in row[4]} for row in rows}
    assert len(found) == len(rows), "a DOI has two rows"
    return found


def test_what_is_listed_is_quoted_and_marked_alike_everywhere():
    everywhere = quoted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))
    assert {doi: everywhere.get(doi) for doi in listed()} == listed()


def test_every_doi_is_listed():
    # but for those of a model: that is one file, and its row is the next thing to write
    paths = [path for floor in FLOORS for path in (ROOT / floor).rglob("*.py") if path.parent.name != "models"]
    assert set(quoted(paths)) <= set(listed())
