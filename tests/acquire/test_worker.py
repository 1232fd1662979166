import os
import signal
import threading

import pytest

from acquire import journal as journals
from acquire.journal import Journal, read
from acquire.worker import Worker, stopping_signals
from drivers.instrument import Quench, Timeout
from procedures.control import Control
from procedures.field_sweep import FieldSweep
from tests.stubs import stub_rig


class Mail(list):
    put = list.append


class Run:
    """A worker on stub instruments, run on the test's own thread."""

    def __init__(self, folder, procedure=None, rig=None, mail=None):
        self.ends = []
        self.mail = Mail() if mail is None else mail
        self.path = folder / "sweep.csv"
        self.rig = rig or stub_rig()
        self.procedure = procedure or FieldSweep(field_start_T=-0.1, field_stop_T=0.1, field_step_T=0.05)
        self.progress = []
        self.worker = Worker(
            self.procedure, Control(), self.rig, Journal(self.path, {}), self.mail, self.progress.append,
            lambda status, message: self.ends.append((status, message)),
        )  # fmt: skip

    def run(self):
        self.worker.run()
        return self


def test_a_good_run_is_stored_mailed_and_told_once(tmp_path):
    run = Run(tmp_path).run()
    assert run.ends == [("finished", "")]
    assert run.progress[-1] == 1.0
    assert read(run.path).each_row() == list(run.mail)
    assert read(run.path).status == "finished"


def test_the_status_is_told_after_the_shutdown_and_the_end_record(tmp_path):
    run = Run(tmp_path)
    run.worker._on_end = lambda status, message: run.ends.append((run.rig.magnet.log[-1], read(run.path).status))
    run.run()
    assert run.ends == [("hold", "finished")]


def test_an_exception_fails_the_run_and_the_magnet_holds(tmp_path):
    run = Run(tmp_path)

    def fail(field_T):
        raise Timeout("magnet: not at 0 T", instrument="magnet")

    run.rig.magnet.on_ramp = fail
    run.run()
    assert run.ends == [("failed", "magnet: not at 0 T")]
    assert run.rig.magnet.log[-1] == "hold"
    assert read(run.path).end["message"] == "magnet: not at 0 T"


def test_a_shutdown_that_raises_fails_the_run_and_the_file_is_still_closed(tmp_path):
    run = Run(tmp_path)
    run.rig.magnet.hold = lambda: (_ for _ in ()).throw(Timeout("magnet: silent", instrument="magnet"))
    run.run()
    (status, message), = run.ends  # fmt: skip
    assert status == "failed"
    assert "magnet hold: magnet: silent" in message
    assert read(run.path).status == "failed"


def test_the_first_refused_row_fails_the_run_and_the_magnet_holds(tmp_path, monkeypatch):
    run = Run(tmp_path)
    real, count = os.write, iter(range(100))

    def full(fd, data):
        if next(count) >= 3:
            raise OSError(28, "No space left on device")
        return real(fd, data)

    monkeypatch.setattr(journals.os, "write", full)
    run.run()
    monkeypatch.undo()
    assert run.ends[0][0] == "failed"
    assert "No space left" in run.ends[0][1]
    assert len(run.mail) == 3 == read(run.path).rows
    assert run.rig.magnet.log[-1] == "hold"


def test_a_stop_is_an_abort(tmp_path):
    class Stopping(Mail):
        def put(self, row):
            self.append(row)
            run.worker.control.request_stop()

    run = Run(tmp_path, mail=Stopping())
    run.run()
    assert run.ends[0][0] == "aborted"
    assert len(run.mail) == 1
    assert read(run.path).status == "aborted"


def test_a_quench_is_remembered(tmp_path):
    run = Run(tmp_path)
    run.rig.magnet.on_ramp = lambda field_T: (_ for _ in ()).throw(Quench("magnet: quench", instrument="magnet"))
    run.run()
    assert run.worker.control.quenched
    assert run.ends[0][0] == "failed"


def test_a_procedure_that_emits_an_odd_topic_or_column_fails(tmp_path):
    for number, word in enumerate((("log", "hello"), ("results", {"field": 1.0}))):
        folder = tmp_path / str(number)
        folder.mkdir()
        run = Run(folder)
        run.procedure.measure = lambda word=word, run=run: run.procedure.emit(*word)
        run.run()
        assert run.ends[0][0] == "failed"


def test_even_a_system_exit_ends_in_a_shutdown(tmp_path):
    run = Run(tmp_path)
    run.procedure.measure = lambda: (_ for _ in ()).throw(SystemExit(3))
    run.run()
    assert run.ends[0][0] == "failed"
    assert run.rig.magnet.log == ["hold"]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_signals_stop_instead_of_ending_the_program(name):
    stopped = threading.Event()
    before = signal.getsignal(getattr(signal, name))
    with stopping_signals(stopped.set):
        signal.raise_signal(getattr(signal, name))
        assert stopped.wait(1)
    assert signal.getsignal(getattr(signal, name)) is before
