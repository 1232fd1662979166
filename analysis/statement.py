"""What a series of sweeps says of a film, all in one: numbers with errors, sentences, remarks and curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis import chapters
from analysis.chapters import Chapter, Line
from analysis.film_series import FilmSeries
from analysis.plain import plain_estimate, plain_number, plain_remark


@dataclass(frozen=True, eq=False)
class Statement:
    """Five chapters; each is there, if only to say what is wanting."""

    transport: Chapter
    dephasing: Chapter
    heating: Chapter
    temperature: Chapter
    scaling: Chapter

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        """All of them, in the order in which they are read."""
        return self.transport, self.dephasing, self.heating, self.temperature, self.scaling


def state(series: FilmSeries) -> Statement:
    """Return what the series says.

    About half a second of CPU for ten temperatures: for the end of a sweep or of a series, not for every row. The same
    series gives the same statement, bit for bit.
    """
    found = chapters.mechanisms(series)
    temperature, upturn = chapters.temperature(series, found)
    return Statement(
        chapters.transport(series), chapters.dephasing_chapter(series, found), chapters.heating(series), temperature,
        chapters.scaling(series, upturn),
    )  # fmt: skip


def as_json(statement: Statement) -> dict[str, Any]:
    """Return the statement as plain numbers, lists and text, estimates as `live.as_json` writes them."""
    return {chapter.name: _chapter(chapter) for chapter in statement.chapters}


def _chapter(chapter: Chapter) -> dict[str, Any]:
    return {
        "numbers": [{"name": e.name, "unit": e.unit, **plain_estimate(e)} for e in chapter.numbers],
        "sentences": list(chapter.sentences),
        "warnings": [plain_remark(remark) for remark in chapter.remarks],
        "range_K": None if chapter.range_K is None else [plain_number(end) for end in chapter.range_K],
        "lines": [_line(line) for line in chapter.lines],
    }


def _line(line: Line) -> dict[str, Any]:
    points = {line.x_name: line.x, line.y_name: line.y}
    return {"name": line.name, **{name: [plain_number(v) for v in values] for name, values in points.items()}}
