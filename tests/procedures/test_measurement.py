import dataclasses
import math

import pytest

from analysis.row import COLUMNS, Flag
from drivers.instrument import Garbled, Timeout
from drivers.roles import LockInReading, RampOutcome
from procedures.catalogue import PROCEDURES
from procedures.control import Control
from procedures.field_sweep import FieldSweep
from procedures.measurement import HOLD, ZERO, MeasurementError, Stopped
from procedures.temperature_series import TemperatureSeries
from tests.stubs import StubLockIn, stub_rig


def prepared(procedure, rig=None):
    rows = []
    procedure.rig = rig or stub_rig()
    procedure.control = Control()
    procedure.emit = lambda topic, record: rows.append(record) if topic == "results" else None
    procedure.should_stop = procedure.control.stop.is_set
    return procedure, rows


def sweep(**parameters):
    return FieldSweep(**{"field_start_T": -0.1, "field_stop_T": 0.1, "field_step_T": 0.05, **parameters})


def test_every_procedure_is_found_by_its_title():
    assert {"Field sweep": FieldSweep, "Temperature series": TemperatureSeries}.items() <= PROCEDURES.items()


def test_a_sweep_up_and_down_takes_every_field_twice():
    procedure, rows = prepared(sweep())
    procedure.startup()
    procedure.execute()
    assert [round(r["field_set_T"], 9) for r in rows] == [-0.1, -0.05, 0, 0.05, 0.1, 0.1, 0.05, 0, -0.05, -0.1]
    assert [r["branch"] for r in rows] == [0] * 5 + [1] * 5
    assert all(tuple(r) == COLUMNS for r in rows)
    assert rows[0]["current_A"] == pytest.approx(1e-7)


def test_a_row_is_taken_only_when_the_filter_has_settled():
    procedure, rows = prepared(sweep(settle_percent=1.0))
    procedure.startup()
    procedure.execute()
    times = [r["time_s"] for r in rows]
    # 24 dB/octave: 10.05 time constants of 0.1 s until 1 % of a step is left
    assert min(b - a for a, b in zip(times, times[1:], strict=False)) >= 1.0045


def test_a_series_takes_one_sweep_a_temperature():
    series = TemperatureSeries(
        temperatures_K="2, 4, 8", field_start_T=0, field_stop_T=0.1, field_step_T=0.1, shape="single"
    )
    procedure, rows = prepared(series)
    procedure.startup()
    procedure.execute()
    assert [(r["sweep"], r["temperature_set_K"]) for r in rows] == [(0, 2), (0, 2), (1, 4), (1, 4), (2, 8), (2, 8)]
    assert procedure.rig.thermometer.log == ["ramp 2", "ramp 4", "ramp 8"]


def test_the_temperature_may_be_left_alone():
    procedure, rows = prepared(sweep(set_temperature=False))
    procedure.startup()
    procedure.execute()
    assert procedure.rig.thermometer.log == []
    assert math.isnan(rows[0]["temperature_set_K"])
    assert rows[0]["flags"] == 0


@pytest.mark.parametrize(
    "parameters",
    [{"field_stop_T": 1.5}, {"field_rate_T_per_min": 3.0}, {"current_nA": 1e4}, {"temperature_K": 350.0},
     {"field_list_T": "0, nan"}, {"field_list_T": "0, 2"}, {"field_rate_T_per_min": math.nan}],
)  # fmt: skip
def test_what_is_beyond_a_limit_is_refused_before_any_command(parameters):
    procedure = sweep()
    for name, value in parameters.items():
        setattr(procedure, name, value)
    procedure, rows = prepared(procedure)
    with pytest.raises(ValueError, match=r"\w"):
        procedure.startup()
    assert procedure.rig.magnet.log == []
    assert procedure.rig.lockin_xx.oscillator_V == 0


def test_overload_and_unlock_stand_in_the_row():
    rig = stub_rig()
    over = StubLockIn("lockin_xx", rig.clock, lambda: LockInReading(1e-3, 0, True, False))
    loose = StubLockIn("lockin_xy", rig.clock, lambda: LockInReading(1e-6, 0, False, True))
    procedure, rows = prepared(sweep(), dataclasses.replace(rig, lockin_xx=over, lockin_xy=loose))
    procedure.startup()
    procedure.execute()
    assert all(r["flags"] == Flag.OVERLOAD_XX | Flag.UNLOCK_XY for r in rows)


@pytest.mark.parametrize("error", [Timeout, Garbled])
def test_one_lost_reply_is_asked_again_and_flagged_the_third_ends_the_run(error):
    rig = stub_rig()
    answers = iter([1, 1, 0, 1, 0, 0, 0])  # the first clears the status bits, then rows

    def read():
        if next(answers):
            return LockInReading(1e-4, 0, False, False)
        raise error("lockin_xx: no answer", instrument="lockin_xx")

    procedure, rows = prepared(sweep(), dataclasses.replace(rig, lockin_xx=StubLockIn("lockin_xx", rig.clock, read)))
    procedure.startup()
    with pytest.raises(error, match="lockin_xx"):
        procedure.execute()
    assert [r["flags"] for r in rows] == [0, Flag.REPEATED]


def test_a_magnet_paused_by_somebody_else_ends_the_run():
    procedure, _ = prepared(sweep())
    procedure.rig.magnet.on_ramp = lambda field_T: RampOutcome.ABORTED
    procedure.startup()
    with pytest.raises(MeasurementError, match="front panel"):
        procedure.execute()


def test_a_hold_is_waited_out_and_the_same_field_approached_again():
    procedure, rows = prepared(sweep(shape="single"))
    held = iter([True])

    def on_ramp(field_T):
        if field_T == 0 and next(held, False):
            procedure.control.request_hold()
            procedure.control.resume()
            procedure.control.interrupt.set()  # as it was when the driver looked
            return RampOutcome.ABORTED
        procedure.control.interrupt.clear()
        return RampOutcome.HOLDING

    procedure.rig.magnet.on_ramp = on_ramp
    procedure.startup()
    procedure.execute()
    assert len(rows) == 5
    assert procedure.rig.magnet.log.count("ramp 0") == 2


def test_a_stop_ends_it_between_two_rows():
    procedure, rows = prepared(sweep())
    procedure.emit = lambda topic, record: (
        topic == "results" and (rows.append(record), procedure.control.request_stop())
    )
    procedure.startup()
    with pytest.raises(Stopped):
        procedure.execute()
    assert len(rows) == 1
    with pytest.raises(Stopped):
        procedure.go_to_temperature(20.0, 0.1, 1.0, 10.0)
    assert procedure.rig.thermometer.log == ["ramp 1.5"]  # no ramp after the stop


@pytest.mark.parametrize(("at_end", "log"), [(HOLD, ["hold"]), (ZERO, ["hold", "ramp 0"])])
def test_shutdown_holds_or_goes_to_zero(at_end, log):
    procedure, _ = prepared(sweep(at_end=at_end))
    procedure.shutdown()
    assert procedure.rig.magnet.log == log


def test_shutdown_after_a_failure_only_holds():
    procedure, _ = prepared(sweep(at_end=ZERO))
    procedure.status = procedure.FAILED
    procedure.shutdown()
    assert procedure.rig.magnet.log == ["hold"]


def test_a_failing_step_of_the_shutdown_is_told_and_the_next_still_done():
    procedure, _ = prepared(sweep(at_end=ZERO))

    def fail():
        raise Timeout("magnet: no answer", instrument="magnet")

    procedure.rig.magnet.hold = fail
    with pytest.raises(MeasurementError, match="magnet hold: magnet: no answer"):
        procedure.shutdown()
    assert procedure.rig.magnet.log == ["ramp 0"]


def test_the_estimate_is_close_to_the_time_that_it_takes():
    procedure, rows = prepared(sweep(set_temperature=False))
    expected = procedure.estimate_s(procedure.rig)
    # the stub ramps in no time: what is left are the waits for the filter
    ramps = 60 * (0.2 + 0.2) / procedure.field_rate_T_per_min
    procedure.startup()
    procedure.execute()
    assert expected - ramps == pytest.approx(rows[-1]["time_s"], rel=0.01)
