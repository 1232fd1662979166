"""The answer: a large L_phi with its error, the symmetry class in words, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QFontMetrics, QResizeEvent
from PyQt5.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from acquire import version, wording
from acquire.window.theme import DARK, TemperatureColours, Theme, font
from acquire.wording import in_words
from analysis.fit import Estimate, FitResult
from analysis.selection import Symmetry
from analysis.snapshot import Snapshot, SweepResult

IN_WORDS = {
    "orthogonal": "weak localization",
    "symplectic": "weak antilocalization",
    "unitary": "interference suppressed",
    "crossover": "crossover",
    "undetermined": "class not determined",
}
LARGEST = 2.6
"""Height of the large number, in heights of the text."""


def phase_coherence(fit: FitResult | None) -> Estimate | None:
    """Return L_phi of a fit, None where the model has none."""
    if fit is None:
        return None
    return next((e for e in fit.estimates if e.name.startswith("l_phi")), None)


class Result(QWidget):
    """Everything known of the sweep in focus."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme: Theme = DARK
        self._scale = 1.0
        self._final = True
        self._plain = ""
        self.sweep, self.number, self.bound = _label("caption"), _label(""), _label("small")
        self.symmetry, self.evidence = _label("value"), _label("caption", wrap=True)
        self.advice = _label("advice", wrap=True)
        self.remarks, self.print = _label("small", wrap=True), _label("caption", wrap=True)
        for plain in (self.bound, self.evidence, self.advice):
            plain.setTextFormat(Qt.TextFormat.PlainText)
        self.number.setMinimumWidth(1)
        self.table = QGridLayout()
        self.table.setHorizontalSpacing(12)
        self.table.setVerticalSpacing(3)
        self.table.setColumnStretch(1, 1)
        self._cells: list[QLabel] = []
        self._lay_out()
        self.draw(None, None, TemperatureColours([], DARK), None, "")

    def _lay_out(self) -> None:
        inner = QWidget()
        checks = QVBoxLayout(inner)
        checks.setContentsMargins(0, 0, 0, 0)
        checks.addWidget(self.remarks)
        checks.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 6, 12, 10)
        column.setSpacing(3)
        for widget in (self.sweep, self.number, self.bound, self.symmetry, self.evidence):
            column.addWidget(widget)
        column.addSpacing(6)
        column.addWidget(self.advice)
        column.addSpacing(6)
        column.addLayout(self.table)
        column.addSpacing(6)
        column.addWidget(scroll, 1)
        column.addWidget(self.print)

    def apply_theme(self, theme: Theme, scale: float) -> None:
        """Draw in `theme`."""
        self._theme, self._scale = theme, scale
        self._size_number()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the large number as large as there is room."""
        super().resizeEvent(event)
        self._size_number()

    def draw(
        self, snapshot: Snapshot | None, focus: SweepResult | None, colours: TemperatureColours,
        path: Path | None, model: str,
    ) -> None:  # fmt: skip
        """Show the sweep in `focus`, from the file at `path`, fitted with the model asked for."""
        if focus is None:
            self._show_number("no data yet", "no data yet", False)
            self._show_words("", "start a measurement, or open a sweep", "")
            self.sweep.setText("")
            self.bound.hide()
            self._show_table([])
            self.remarks.setText("")
            self.print.setText("")
            return
        colour = colours.colour(focus.temperature_K).name()
        stage = "final" if focus.final else "running"
        where = wording.temperature(focus.temperature_K)
        self.sweep.setText(f'<span style="color:{colour}">■</span> {where} &nbsp;·&nbsp; sweep {focus.sweep}, {stage}')
        together = snapshot.joint.of(focus.sweep) if snapshot is not None and snapshot.joint is not None else None
        length, symmetry = together or (phase_coherence(focus.fit), focus.symmetry)
        self._show_length(length, focus.final)
        advice = "" if together else focus.advice  # what one sweep lacks, the series may have
        self._show_words(IN_WORDS.get(symmetry.symmetry_class, ""), _evidence(symmetry), wording.typeset(advice))
        self._show_table([*_joint_lines(snapshot, focus), *_lines(focus)])
        self.remarks.setText(_remarks(focus, self._theme))
        self.print.setText(_small_print(focus, snapshot, path, model))

    def _show_length(self, length: Estimate | None, final: bool) -> None:
        determined = length is not None and length.determined and length.value is not None
        if length is not None and determined and length.value is not None:
            text = wording.length_nm(length.value, length.error)
            self._show_number(f"<i>L</i><sub>φ</sub> = {text}", f"Lφ = {text}", final)
            self.bound.hide()
            return
        text = "not determined" if final else "not determined yet"
        self._show_number(text, text, False)
        bound = "" if length is None else in_words(length)
        self.bound.setText(f"Lφ {bound}" if bound[:1] in "<>" and bound else "")
        self.bound.setVisible(bool(self.bound.text()))

    def _show_number(self, rich: str, plain: str, final: bool) -> None:
        self.number.setText(rich)
        self._plain, self._final = plain, final
        self._size_number()

    def _size_number(self) -> None:
        size = LARGEST
        room = self.width() - 32
        while size > 1 and QFontMetrics(font(self._scale, size, True)).horizontalAdvance(self._plain) > room:
            size -= 0.1
        colour = self._theme.text if self._final else self._theme.dim
        pixels = font(self._scale, size).pixelSize()
        sheet = f"font-size: {pixels}px; font-weight: 600; color: {colour}"
        if self.number.styleSheet() != sheet:
            self.number.setStyleSheet(sheet)

    def _show_words(self, symmetry: str, evidence: str, advice: str) -> None:
        for label, text in ((self.symmetry, symmetry), (self.evidence, evidence), (self.advice, advice)):
            label.setText(wording.one_line(text, 400))
            label.setVisible(bool(text))

    def _show_table(self, lines: list[tuple[str, str]]) -> None:
        while len(self._cells) < 2 * len(lines):
            cell = _label("caption" if len(self._cells) % 2 == 0 else "")
            cell.setTextFormat(Qt.TextFormat.RichText)
            self.table.addWidget(cell, len(self._cells) // 2, len(self._cells) % 2)
            self._cells.append(cell)
        texts = [text for pair in lines for text in pair]
        for index, cell in enumerate(self._cells):
            cell.setVisible(index < len(texts))
            if index < len(texts):
                cell.setText(texts[index])
                undetermined = "not determined" in texts[index] or texts[index][:4] in ("&lt;", "&gt;")
                cell.setStyleSheet(f"color: {self._theme.dim}" if undetermined else "")


def _label(role: str, wrap: bool = False) -> QLabel:
    label = QLabel()
    label.setProperty("role", role)
    label.setWordWrap(wrap)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return label


def _evidence(symmetry: Symmetry) -> str:
    """Return the class and its evidence; the words that stand above it already are not said twice."""
    if symmetry.symmetry_class == "undetermined" or not symmetry.sentence:
        return wording.typeset(symmetry.sentence)
    sentence = symmetry.sentence.removeprefix(f"{IN_WORDS.get(symmetry.symmetry_class)}: ")
    return wording.typeset(f"{symmetry.symmetry_class}: {sentence}")


def _lines(focus: SweepResult) -> list[tuple[str, str]]:
    fit = focus.fit
    lines: list[tuple[str, str]] = []
    if focus.gate_V is not None:
        lines.append(("<i>V</i><sub>g</sub>", wording.value_with_error(focus.gate_V, None, "V")))
    for estimate in fit.estimates if fit is not None else ():
        if not estimate.name.startswith("l_phi"):
            lines.append((wording.parameter_name(estimate.name), escape(in_words(estimate))))
    if focus.field_offset_error_T is not None or focus.field_offset_T:
        error = focus.field_offset_error_T
        text = wording.value_with_error(1e3 * focus.field_offset_T, None if error is None else 1e3 * error, "mT")
        lines.append(("<i>B</i><sub>0</sub>", text))
    if fit is not None:
        lines.append(("<i>χ</i>²", f"{fit.chi2_reduced:.2f} ({fit.points} points)"))
    return lines


def _joint_lines(snapshot: Snapshot | None, focus: SweepResult) -> list[tuple[str, str]]:
    """Return what the large number comes from, where it is the joint fit of all temperatures, and what this sweep says.

    One sweep at the warm end cannot tell L_phi from L_so; together with the cold ones it can.
    """
    joint = snapshot.joint if snapshot is not None else None
    if joint is None or focus.sweep not in joint.sweeps:
        return []
    lines = [("joint fit", f"{len(joint.sweeps)} temperatures, <i>χ</i>² {joint.chi2_reduced:.2f}")]
    lines += [(wording.parameter_name(e.name), escape(in_words(e))) for e in joint.shared if not e.fixed]
    own = phase_coherence(focus.fit)
    if own is not None:
        lines.append(("alone", f"{wording.parameter_name(own.name)} {escape(in_words(own))}"))
    return lines


def _remarks(focus: SweepResult, theme: Theme) -> str:
    """Return the checks as rich text, each thing once."""
    fit = focus.fit
    remarks = {(r.code, r.message): None for r in (*focus.remarks, *(fit.remarks if fit is not None else ()))}
    if not remarks and fit is not None:
        remarks = {("checks", "all passed"): None}
    told = {message for _, message in remarks}
    examined = focus.examination.sentences if focus.examination is not None else ()
    remarks |= {("examined", sentence): None for sentence in examined if sentence not in told}
    return "<br>".join(_marked(code, message, theme) for code, message in remarks)


def _marked(code: str, message: str, theme: Theme) -> str:
    name, text = (escape(wording.typeset(t)) for t in (code.replace("_", " "), wording.one_line(message, 400)))
    return f'<span style="color:{theme.dim}">{name}</span> &nbsp;{text}'


def _small_print(focus: SweepResult, snapshot: Snapshot | None, path: Path | None, model: str) -> str:
    fit = focus.fit
    flagged = f" ({focus.flagged} flagged)" if focus.flagged else ""
    parts = [f"{focus.rows} rows{flagged}"]
    if fit is not None:
        low, high = fit.window_T
        parts.append(f"{wording.engineering(low, 'T', 3)} to {wording.engineering(high, 'T', 3)}")
        parts.append(f"{fit.model}{' (auto)' if model == 'auto' else ''}")
    parts.append(f"Cusp {version()}")
    lines: Iterable[str] = filter(None, (path.name if path else "", " · ".join(parts)))
    return "<br>".join(escape(text).replace("_", "_\u200b") for text in lines)
