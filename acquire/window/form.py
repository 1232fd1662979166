"""The measurement form: a procedure's parameters with units and limits, refusing while one types."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from pymeasure.experiment import BooleanParameter, FloatParameter, IntegerParameter, ListParameter, Parameter, Procedure
from PyQt5.QtCore import QSettings, Qt, QTimer, pyqtSignal
from PyQt5.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from acquire import wording
from acquire.window.choice import Choice

CHECK_AFTER_MS = 150
"""The station is asked this long after the last key [ms]."""
NO_LIMIT = 1e9
"""PyMeasure's own default for a limit that nobody set."""


class Entry(QWidget):
    """One parameter's value on the form.

    PyMeasure's own `ScientificInput` shows six digits and writes them back; here a number is what was typed.
    """

    changed = pyqtSignal()

    def __init__(self, parameter: Parameter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.parameter = parameter
        self.editor = self._make_editor()
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.editor)
        self.editor.setMinimumWidth(1)
        self.editor.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def _make_editor(self) -> QLineEdit | QComboBox | QCheckBox:
        parameter = self.parameter
        if isinstance(parameter, ListParameter):
            choices = Choice()
            for choice in parameter.choices:
                choices.addItem(str(choice), choice)
            choices.currentIndexChanged.connect(self.changed)
            return choices
        if isinstance(parameter, BooleanParameter):
            box = QCheckBox()
            box.toggled.connect(self.changed)
            return box
        line = QLineEdit()
        line.setMaxLength(4000)
        line.textChanged.connect(self.changed)
        return line

    @property
    def text(self) -> str:
        """The value as it stands on the form."""
        if isinstance(self.editor, QLineEdit):
            return self.editor.text().strip()
        if isinstance(self.editor, QCheckBox):
            return "true" if self.editor.isChecked() else "false"
        return self.editor.currentText()

    def set_value(self, value: Any) -> None:
        """Show `value`, every digit of it; an unknown choice leaves the entry as it is."""
        if isinstance(self.editor, QLineEdit):
            self.editor.setText("" if value is None else repr(value) if isinstance(value, float) else str(value))
            self.editor.setCursorPosition(0)
        elif isinstance(self.editor, QCheckBox):
            self.editor.setChecked(value is True or str(value).lower() == "true")
        elif (index := self.editor.findText(str(value))) >= 0:
            self.editor.setCurrentIndex(index)

    def value(self) -> Any:
        """Return the value.

        Raises
        ------
        ValueError
            It is no number, or outside the parameter's limits.
        """
        parameter = self.parameter
        if isinstance(self.editor, QCheckBox):
            return self.editor.isChecked()
        if isinstance(self.editor, QComboBox):
            return self.editor.currentData()
        if isinstance(parameter, IntegerParameter | FloatParameter):
            return _number(self.text, parameter)
        return self.text

    def mark(self, refused: bool) -> None:
        """Show in red that the value is refused."""
        if self.editor.property("refused") != refused:
            self.editor.setProperty("refused", refused)
            style = self.editor.style()
            if style is not None:
                style.unpolish(self.editor)
                style.polish(self.editor)


def _number(text: str, parameter: IntegerParameter | FloatParameter) -> float | int:
    unit = parameter.units or ""
    whole = isinstance(parameter, IntegerParameter)
    try:
        number = int(text) if whole else float(text)
    except ValueError:
        raise ValueError(f"{parameter.name}: {text!r} is not a {'whole ' if whole else ''}number") from None
    if not math.isfinite(number):
        raise ValueError(f"{parameter.name}: {text!r} is not finite; give a number")
    low, high = parameter.minimum, parameter.maximum
    if not low <= number <= high:
        word, limit = ("below", low) if number < low else ("above", high)
        raise ValueError(f"{parameter.name}: {text} {unit} is {word} the limit, {limit:g} {unit}")
    return number


def _in_order(procedure: type[Procedure]) -> dict[str, Parameter]:
    """Return the parameters as written down: the procedure's own first, then those of what it builds on."""
    found: dict[str, Parameter] = {}
    for cls in procedure.__mro__:
        for name, thing in vars(cls).items():
            if isinstance(thing, Parameter):
                found.setdefault(name, thing)
    return found


def _hint(parameter: Parameter) -> str:
    parts = [str(parameter.description or "")]
    if isinstance(parameter, IntegerParameter | FloatParameter):
        low = None if abs(parameter.minimum) >= NO_LIMIT else f"from {parameter.minimum:g}"
        high = None if abs(parameter.maximum) >= NO_LIMIT else f"to {parameter.maximum:g}"
        limits = " ".join(filter(None, (low, high)))
        parts.append(f"{limits} {parameter.units or ''}".strip() if limits else "")
    return "\n".join(filter(None, parts))


class Sheet(QWidget):
    """The entries of one procedure, one a line: name, value, unit."""

    changed = pyqtSignal()

    def __init__(self, procedure: type[Procedure], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.procedure = procedure
        self.entries: dict[str, Entry] = {}
        self._lines: dict[str, tuple[QWidget, ...]] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        for row, (name, parameter) in enumerate(_in_order(procedure).items()):
            self._add(grid, row, name, parameter)
        grid.setRowStretch(grid.rowCount(), 1)
        self._show_groups()

    def _add(self, grid: QGridLayout, row: int, name: str, parameter: Parameter) -> None:
        entry = Entry(parameter)
        entry.set_value(parameter.default)
        label, unit = QLabel(parameter.name), QLabel(str(getattr(parameter, "units", None) or ""))
        for caption in (label, unit):
            caption.setProperty("role", "caption")
            caption.setTextFormat(Qt.TextFormat.PlainText)
        for widget in (label, entry, unit):
            widget.setToolTip(_hint(parameter))
        grid.addWidget(label, row, 0)
        grid.addWidget(entry, row, 1, 1, 1 if unit.text() else 2)
        grid.addWidget(unit, row, 2)
        label.setBuddy(entry.editor)
        self.entries[name], self._lines[name] = entry, (label, entry, unit)
        entry.changed.connect(self._show_groups)
        entry.changed.connect(self.changed)

    def _show_groups(self) -> None:
        """Hide what another choice makes pointless (PyMeasure's `group_by`)."""
        for name, entry in self.entries.items():
            met = all(self._met(group, wanted) for group, wanted in (entry.parameter.group_by or {}).items())
            for widget in self._lines[name]:
                widget.setVisible(met)

    def _met(self, group: str, wanted: Any) -> bool:
        if group not in self.entries:
            return True
        try:
            value = self.entries[group].value()
        except ValueError:
            return True
        return bool(wanted(value)) if callable(wanted) else value == wanted

    def make(self) -> Procedure:
        """Return the procedure with the values of the form.

        Raises
        ------
        ValueError
            A value is refused; its entry is red, the others are not.
        """
        values, refusal = {}, None
        for name, entry in self.entries.items():
            try:
                values[name] = entry.value()
                entry.mark(False)
            except ValueError as error:
                entry.mark(not entry.isHidden())
                # a hidden entry does not count: the default stands in for it
                refusal = refusal or (None if entry.isHidden() else error)
                values[name] = entry.parameter.default
        if refusal is not None:
            raise refusal
        procedure = self.procedure()
        procedure.set_parameters(values)
        return procedure

    def texts(self) -> dict[str, str]:
        """Return every entry as text, to be remembered."""
        return {name: entry.text for name, entry in self.entries.items()}

    def recall(self, texts: Mapping[str, str]) -> None:
        """Show remembered values; what is not accepted any more keeps its default."""
        for name, entry in self.entries.items():
            if name not in texts:
                continue
            before = entry.text
            entry.set_value(texts[name])
            try:
                entry.value()
            except ValueError:
                entry.set_value(before)


class Form(QWidget):
    """Procedure, parameters, expected duration, Start and Queue.

    Parameters
    ----------
    procedures : mapping of str to Procedure class
    check, estimate_s : callable
        The session's; `check` raises ValueError where the rig refuses the parameters.
    memory : QSettings
        Remembers the last values.

    Signals
    -------
    start, queue : a Procedure that has passed all checks.
    """

    start = pyqtSignal(object)
    queue = pyqtSignal(object)

    def __init__(
        self, procedures: Mapping[str, type[Procedure]], check: Callable[[Any], None],
        estimate_s: Callable[[Any], float], memory: QSettings, parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._procedures, self._check, self._estimate_s, self._memory = procedures, check, estimate_s, memory
        self._running = False
        self.sheet: Sheet | None = None
        self.procedure = Choice()
        self.procedure.addItems(list(procedures))
        self.takes, self.refusal = QLabel(""), QLabel("")
        self.takes.setProperty("role", "caption")
        self.refusal.setProperty("role", "fault")
        self.refusal.setWordWrap(True)
        self.refusal.setTextFormat(Qt.TextFormat.PlainText)
        self.start_button, self.queue_button = QPushButton("Start"), QPushButton("Queue")
        self.start_button.setProperty("role", "start")
        self.start_button.setToolTip("Measure now (Ctrl+Enter)")
        self.queue_button.setToolTip("Put it at the end of the queue")
        self.start_button.clicked.connect(self.press_start)
        self.queue_button.clicked.connect(lambda: self._send(self.queue))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(CHECK_AFTER_MS)
        self._timer.timeout.connect(self.look)
        self._lay_out()
        remembered = str(memory.value("form/procedure", ""))
        self.procedure.setCurrentIndex(max(self.procedure.findText(remembered), 0))
        self.procedure.currentTextChanged.connect(self._show_sheet)
        self._show_sheet(self.procedure.currentText())

    def _lay_out(self) -> None:
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        buttons = QHBoxLayout()
        buttons.addWidget(self.start_button, 2)
        buttons.addWidget(self.queue_button, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 4, 12, 10)
        column.setSpacing(8)
        column.addWidget(self.procedure)
        column.addWidget(self._scroll, 1)
        column.addWidget(self.refusal)
        column.addWidget(self.takes)
        column.addLayout(buttons)

    def _show_sheet(self, title: str) -> None:
        if title not in self._procedures:
            self.look()
            return
        self.sheet = Sheet(self._procedures[title])
        self.sheet.recall(self._recalled(title))
        self.sheet.changed.connect(self._on_changed)
        self._scroll.setWidget(self.sheet)
        self.procedure.setToolTip((self._procedures[title].__doc__ or "").strip())
        self._memory.setValue("form/procedure", title)
        self.look()

    def _recalled(self, title: str) -> dict[str, str]:
        try:
            texts = json.loads(str(self._memory.value(f"form/{title}", "{}")))
        except ValueError:
            return {}
        return {str(k): str(v) for k, v in texts.items()} if isinstance(texts, dict) else {}

    def _on_changed(self) -> None:
        # at once what the form knows by itself, a moment later what the rig says
        self._make()
        self._timer.start()

    def _make(self) -> Procedure | None:
        """Return the procedure, or show why there is none."""
        if self.sheet is None:
            return None
        try:
            procedure = self.sheet.make()
        except ValueError as error:
            self._refuse(str(error))
            return None
        self._refuse("")
        return procedure

    def look(self) -> Procedure | None:
        """Check the form, the rig's limits included; return the procedure, or None and show why not."""
        self._timer.stop()
        procedure = self._make()
        if procedure is None:
            self.start_button.setEnabled(False)
            self.queue_button.setEnabled(False)
            return None
        try:
            self._check(procedure)
            seconds = self._estimate_s(procedure)
        except ValueError as error:
            self._refuse(str(error))
            return None
        self.takes.setText(f"takes {wording.duration(seconds)}")
        return procedure

    def _refuse(self, why: str) -> None:
        self.refusal.setText(wording.one_line(why, 300))
        self.refusal.setVisible(bool(why))
        if why:
            self.takes.setText("")
        self.start_button.setEnabled(not why and not self._running)
        self.queue_button.setEnabled(not why)

    def set_running(self, running: bool) -> None:
        """Say whether something runs: then Start has to wait, Queue has not."""
        if running != self._running:
            self._running = running
            self.start_button.setToolTip("Something runs: use Queue" if running else "Measure now (Ctrl+Enter)")
            self.start_button.setEnabled(not running and not self.refusal.text())

    def press_start(self) -> None:
        """Start what the form says, if it is accepted and nothing runs."""
        if not self._running:
            self._send(self.start)

    def _send(self, where: Any) -> None:
        procedure = self.look()
        if procedure is None or self.sheet is None:
            return
        self._memory.setValue(f"form/{self.procedure.currentText()}", json.dumps(self.sheet.texts()))
        where.emit(procedure)

    def refuse(self, why: str) -> None:
        """Show why the session did not take a procedure."""
        self._refuse(why)
