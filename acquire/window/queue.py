"""The queue: what has run, what runs with progress and time left, what is to come."""

from __future__ import annotations

from typing import Any

from PyQt5.QtCore import QModelIndex, QPoint, QRectF, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QKeyEvent, QPainter
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from acquire import wording
from acquire.status import Job, JobStatus, Status
from acquire.window.theme import DARK, Theme

HEADS = ("#", "procedure", "settings", "progress", "left", "status", "file")
WIDTHS = (28, 120, 0, 80, 66, 66, 150)
PROGRESS = HEADS.index("progress")


class ProgressBar(QStyledItemDelegate):
    """Paints a cell as a thin bar: accent while it runs, red where it failed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Paint one bar."""
        job = index.data(Qt.ItemDataRole.UserRole)
        if painter is None or not isinstance(job, Job):
            return
        theme = self.theme
        room = QRectF(option.rect.adjusted(4, 0, -8, 0))
        bar = QRectF(room.left(), room.center().y() - 2, room.width(), 4)
        colours = {JobStatus.FAILED: theme.red, JobStatus.RUNNING: theme.accent}
        painter.fillRect(bar, QColor(theme.line))
        part = min(max(job.progress, 0.0), 1.0)
        bar.setWidth(bar.width() * part)
        painter.fillRect(bar, QColor(colours.get(job.status, theme.dim)))


class Queue(QTableWidget):
    """One line a job; a right click or Alt+Up, Alt+Down, Delete change its order.

    Signals
    -------
    moved : number of a job, and by how many places.
    removed : number of a job.
    run : run the queue as it stands.
    """

    moved = pyqtSignal(int, int)
    removed = pyqtSignal(int)
    run = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(HEADS), parent)
        self._jobs: tuple[Job, ...] = ()
        self._theme: Theme = DARK
        self._bars = ProgressBar(self)
        self.setItemDelegateForColumn(PROGRESS, self._bars)
        self.setHorizontalHeaderLabels(HEADS)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._on_menu)
        rows, columns = self.verticalHeader(), self.horizontalHeader()
        assert rows is not None
        assert columns is not None
        rows.hide()
        columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        columns.setHighlightSections(False)
        columns.setSectionResizeMode(HEADS.index("settings"), QHeaderView.ResizeMode.Stretch)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Alt+Up and Alt+Down move the selected job, Delete removes it."""
        alt = event.modifiers() == Qt.KeyboardModifier.AltModifier
        places = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if alt and places:
            self._move_selected(places)
        elif event.key() == Qt.Key.Key_Delete:
            self._remove_selected()
        else:
            super().keyPressEvent(event)

    def apply_theme(self, theme: Theme, scale: float) -> None:
        """Draw in `theme`."""
        self._theme = self._bars.theme = theme
        rows, columns = self.verticalHeader(), self.horizontalHeader()
        if rows is not None and columns is not None:
            rows.setMinimumSectionSize(1)
            rows.setDefaultSectionSize(round(20 * scale))
            columns.setFixedHeight(round(20 * scale))
        for column, width in enumerate(WIDTHS):
            if width:
                self.setColumnWidth(column, round(width * scale))
        jobs, self._jobs = self._jobs, ()
        self._draw_jobs(jobs)

    def draw(self, status: Status) -> None:
        """Show the queue; lines that did not change are left alone."""
        if status.jobs != self._jobs:
            self._draw_jobs(status.jobs)

    def _draw_jobs(self, jobs: tuple[Job, ...]) -> None:
        grown = len(jobs) > self.rowCount()
        self.setRowCount(len(jobs))
        for row, job in enumerate(jobs):
            if row >= len(self._jobs) or self._jobs[row] != job:
                self._draw_job(row, job)
        self._jobs = jobs
        running = next((row for row, job in enumerate(jobs) if job.status is JobStatus.RUNNING), None)
        if grown or running is not None:
            self.scrollTo(self.model().index(len(jobs) - 1 if running is None else running, 0))

    def _draw_job(self, row: int, job: Job) -> None:
        left = wording.duration(job.seconds_left) if job.seconds_left is not None else ""
        texts = (
            str(job.number),
            job.title,
            job.settings,
            "",
            left,
            job.status.value,
            job.path.name if job.path else "",
        )
        theme = self._theme
        bright = job.status in (JobStatus.RUNNING, JobStatus.QUEUED)
        colour = theme.red if job.status is JobStatus.FAILED else theme.text if bright else theme.dim
        tip = "\n".join(filter(None, (job.settings, job.message, str(job.path) if job.path else "")))
        for column, text in enumerate(texts):
            item = self.item(row, column)
            if item is None:
                item = QTableWidgetItem()
                self.setItem(row, column, item)
            item.setText(wording.one_line(text, 500))
            item.setForeground(QColor(colour))
            item.setToolTip(tip)
            if column == PROGRESS:
                item.setData(Qt.ItemDataRole.UserRole, job)

    def _selected(self) -> Job | None:
        row = self.currentRow()
        return self._jobs[row] if 0 <= row < len(self._jobs) else None

    def _move_selected(self, places: int) -> None:
        job = self._selected()
        if job is not None and job.status is JobStatus.QUEUED:
            self.moved.emit(job.number, places)
            target = self.currentRow() + places
            if 0 <= target < self.rowCount() and self._jobs[target].status is JobStatus.QUEUED:
                self.selectRow(target)

    def _remove_selected(self) -> None:
        job = self._selected()
        if job is not None and job.status is not JobStatus.RUNNING:
            self.removed.emit(job.number)

    def _on_menu(self, place: QPoint) -> None:
        self.menu().exec(self.mapToGlobal(place))

    def menu(self) -> QMenu:
        """Return what can be done with the selected job."""
        menu, job = QMenu(self), self._selected()
        queued = job is not None and job.status is JobStatus.QUEUED
        entries: tuple[tuple[str, bool, Any], ...] = (
            ("Run the queue", any(j.status is JobStatus.QUEUED for j in self._jobs), self.run.emit),
            ("Earlier\tAlt+Up", queued, lambda: self._move_selected(-1)),
            ("Later\tAlt+Down", queued, lambda: self._move_selected(1)),
            ("Remove\tDel", job is not None and job.status is not JobStatus.RUNNING, self._remove_selected),
        )
        for text, possible, act in entries:
            action = menu.addAction(text)
            assert action is not None
            action.setEnabled(possible)
            action.triggered.connect(lambda checked=False, act=act: act())
        return menu
