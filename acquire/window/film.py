"""What the finished sweeps say of the film, chapter by chapter, to be read and copied."""

from __future__ import annotations

from html import escape

from PyQt5.QtWidgets import QTextBrowser, QVBoxLayout, QWidget

from acquire import wording
from acquire.window.theme import DARK, Theme
from analysis.chapters import Chapter
from analysis.snapshot import Snapshot
from analysis.statement import Statement

NOTHING = "Numbers of the film appear when the first sweep is complete."


class Film(QWidget):
    """Transport, dephasing, heating, temperature dependence, scaling."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme: Theme = DARK
        self._shown: Statement | None = None
        self.text = QTextBrowser()
        self.text.setOpenLinks(False)
        self.text.setFrameShape(QTextBrowser.Shape.NoFrame)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 2, 8, 8)
        column.addWidget(self.text)
        self.draw(None)

    def apply_theme(self, theme: Theme, scale: float) -> None:
        """Draw in `theme`."""
        self._theme = theme
        self._write()

    def draw(self, snapshot: Snapshot | None) -> None:
        """Show the statement of the snapshot."""
        statement = snapshot.statement if snapshot is not None else None
        if statement is not self._shown or not self.text.toPlainText():
            self._shown = statement
            self._write()

    def _write(self) -> None:
        place = self.text.verticalScrollBar().value()
        if self._shown is None:
            self.text.setHtml(f'<span style="color:{self._theme.dim}">{NOTHING}</span>')
        else:
            self.text.setHtml("".join(_chapter(chapter, self._theme) for chapter in self._shown.chapters))
        self.text.verticalScrollBar().setValue(place)


def _chapter(chapter: Chapter, theme: Theme) -> str:
    rows = "".join(
        f'<tr><td style="color:{theme.dim}">{wording.parameter_name(e.name)}&nbsp;&nbsp;</td>'
        f"<td>{escape(wording.in_words(e))}</td></tr>"
        for e in chapter.numbers
        if not e.fixed
    )
    sentences = "".join(f"<p style='margin:2px 0'>{_typeset(text)}</p>" for text in chapter.sentences)
    remarks = "".join(
        f'<p style="margin:2px 0; color:{theme.dim}">{_typeset(remark.message)}</p>' for remark in chapter.remarks
    )
    return f"<p style='margin:8px 0 2px 0'><b>{escape(chapter.name)}</b></p>{sentences}<table>{rows}</table>{remarks}"


def _typeset(text: str) -> str:
    return escape(wording.typeset(text))
