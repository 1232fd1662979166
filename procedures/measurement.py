"""What every procedure does with a rig: check, settle, take one row, and leave it safe."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from typing import Any, ClassVar

from pymeasure.experiment import BooleanParameter, FloatParameter, ListParameter, Procedure

from analysis.row import (
    BRANCH,
    COLUMNS,
    CURRENT,
    FIELD,
    FIELD_SET,
    FLAGS,
    GATE,
    GATE_CURRENT,
    SWEEP,
    TEMPERATURE,
    TEMPERATURE_SET,
    TIME,
    X_XX,
    X_XY,
    Y_XX,
    Y_XY,
    Flag,
)
from drivers.errors import DriverError, Lost
from drivers.patience import insist
from drivers.persistent_switch import PersistentSwitch, SwitchState
from drivers.roles import LockInReading, RampOutcome, Source
from procedures.control import Control
from procedures.rig import Rig

log = logging.getLogger(__name__)

HOLD, ZERO = "hold", "zero"
RECONNECT_S = 5.0
"""By the wall: how long a lost connection is tried again before the run ends."""
RECONNECT_TRIES = 3
"""Connections lost one after the other at one point, before the run ends."""
SWITCH_MARGIN = 1.5
"""A switch is waited for so many times as long as it is to be heated; after that the supply says what is wrong."""


class Stopped(Exception):
    """The user, or the supervisor, ended the run; the text says how."""


class MeasurementError(Exception):
    """A measurement that cannot go on; the text says why and what to do."""


class Measurement(Procedure):
    """A procedure that measures rows on a rig.

    The worker gives it `rig` and `control` before it starts. `startup`, `execute` and `shutdown`
    are PyMeasure's; a subclass writes `measure`, `estimate_s` and `check`.
    """

    DATA_COLUMNS = list(COLUMNS)
    title: ClassVar[str]
    """Its name for people; a class with a title is a procedure that can be run."""

    field_rate_T_per_min: Any = FloatParameter(
        "Ramp rate", units="T/min", default=0.2, minimum=1e-4, maximum=5.0,
        description="how fast the magnet goes from one field to the next",
    )  # fmt: skip
    current_nA: Any = FloatParameter(
        "Excitation current", units="nA", default=100.0, minimum=0.01, maximum=1e6,
        description="rms current through the sample; halve it once to see that it does not heat",
    )  # fmt: skip
    settle_percent: Any = FloatParameter(
        "Settled to", units="%", default=1.0, minimum=0.001, maximum=30.0,
        description="part of a step of the signal that the lock-in's filter may still owe when a row is taken",
    )  # fmt: skip
    set_gate: Any = BooleanParameter("Set gate", default=False, description="off: the gate stays as it is")
    gate_V: Any = FloatParameter(
        "Gate voltage", units="V", default=0.0, minimum=-1000, maximum=1000, group_by="set_gate",
        description="reached at the rate of config.yaml before the first sweep, and left there at the end",
    )  # fmt: skip
    auto_sensitivity: Any = BooleanParameter(
        "Auto sensitivity", default=False,
        description="before each sweep, find the smallest full scale of each lock-in that does not overload",
    )  # fmt: skip
    at_end: Any = ListParameter(
        "Magnet at the end", choices=[HOLD, ZERO], default=HOLD,
        description="what the magnet does when the run has ended: hold its field, or go to zero",
    )  # fmt: skip

    rig: Rig
    control: Control

    def check(self, rig: Rig) -> None:
        """Check every parameter against the limits of the rig, with no command to an instrument.

        Raises
        ------
        ValueError, LimitExceeded
            A parameter is outside its limits or those of an instrument.
        """
        self.refresh_parameters()
        self.check_parameters()
        for parameter in self.parameter_objects().values():
            if isinstance(parameter.value, float) and not math.isfinite(parameter.value):
                raise ValueError(f"{parameter.name}: {parameter.value} is not a number; give one")
        if self.set_gate:
            self._gate_of(rig).check_level(self.gate_V)
        rig.magnet.check_rate(self.field_rate_T_per_min)
        rig.lockin_xx.check_oscillator(self.oscillator_V(rig))

    def _gate_of(self, rig: Rig) -> Source:
        if rig.gate is None:
            raise ValueError("gate voltage: there is no gate in config.yaml; add an instrument `gate`, or set no gate")
        return rig.gate

    def oscillator_V(self, rig: Rig) -> float:
        """Return the oscillator voltage for the excitation current [V rms]."""
        return self.current_nA * 1e-9 * rig.series_resistor_ohm

    def startup(self) -> None:
        """Set the excitation; everything that can be refused is refused before."""
        self.check(self.rig)
        self.pause_if_held()
        self.began_s = self.rig.clock.now()
        self.wait_for_switch()
        insist(self._set_oscillator)
        self.current_A = insist(self.rig.current_A)
        insist(self.rig.look_at_filters)
        self.settling_s = self.rig.settling_s(self.settle_percent / 100)
        for lockin in self.rig.lockins:
            insist(lockin.read)  # clears status bits that belong to the time before this run
        if self.set_gate:
            self.through_lost_connections(self._go_to_gate)
        for instrument in self.rig.instruments:
            instrument.remember()

    def _go_to_gate(self) -> None:
        """Bring the gate to its voltage; a hold on the way is waited out. Raises Compliance where it leaks."""
        gate = self._gate_of(self.rig)
        outcome = RampOutcome.ABORTED
        while outcome is not RampOutcome.HOLDING:
            self.pause_if_held()
            outcome = gate.ramp_to(self.gate_V, interrupt=self.control.interrupt)
        log.info("%s: at %g V, leak %g A", gate.name, self.gate_V, insist(lambda: gate.reading).measured)

    def wait_for_switch(self) -> None:
        """Wait for a persistent switch that is being heated, for one after another where there are several.

        Of a switch that a driver finds warm it does not know since when, and lets the maker's wait pass once.
        """
        for supply in self.rig.magnet.supplies():
            if isinstance(supply, PersistentSwitch):
                self._wait_for_switch_of(supply)

    def _wait_for_switch_of(self, supply: PersistentSwitch) -> None:
        until_s = self.rig.clock.now() + SWITCH_MARGIN * insist(lambda: supply.heating_time_s)
        while insist(lambda: supply.switch) is SwitchState.HEATING and self.rig.clock.now() < until_s:
            log.info("%s: waiting for its persistent switch", supply.name)
            self.wait(1.0)

    def _set_oscillator(self) -> None:
        self.rig.lockin_xx.oscillator_V = self.oscillator_V(self.rig)

    def execute(self) -> None:
        """Measure until done; raises Stopped when the run is ended before."""
        self.measure()

    def measure(self) -> None:
        """Measure all rows; a subclass writes it."""
        raise NotImplementedError(f"{type(self).__name__} must say what it measures")

    def estimate_s(self, rig: Rig) -> float:
        """Return how long the run will take [s of experiment time]."""
        raise NotImplementedError(f"{type(self).__name__} must say how long it takes")

    def shutdown(self) -> None:
        """Leave the magnet holding, or bring it to zero, as `at_end` says.

        Every step is tried even when the one before it failed.

        Raises
        ------
        MeasurementError
            A step failed; the text says which, and why.
        """
        self.control.begin_end()
        steps: list[tuple[str, Callable[[], object]]] = [("magnet hold", self.rig.hold_magnet)]
        if (self.control.at_end or self.at_end) == ZERO and self.status != Procedure.FAILED:
            steps.append(("magnet to zero", self._to_zero))
        faults, stopped = [], None
        for name, step in steps:
            try:
                step()
            except Stopped as error:
                stopped = error
            except Exception as error:
                log.error("shutdown: %s failed: %s", name, error)
                faults.append(f"{name}: {error}")
        if faults:
            raise MeasurementError("shutdown: " + "; ".join(faults))
        if stopped:
            raise stopped

    def _to_zero(self) -> None:
        self.control.wait_for_pauses()
        outcome = RampOutcome.ABORTED
        if not self.control.held.is_set():
            log.info("magnet: going to zero")
            outcome = self.rig.magnet.ramp_to(0.0, self.field_rate_T_per_min, interrupt=self.control.held)
        if outcome is not RampOutcome.HOLDING:
            raise Stopped("stopped on the way to zero field: the magnet holds where it is")

    def go_to_field(self, field_T: float) -> None:
        """Bring the magnet to a field and wait for it; a hold on the way is waited out.

        Raises
        ------
        Stopped
            The run was ended on the way; the magnet holds.
        MeasurementError
            Somebody paused the magnet at its front panel.
        """
        while True:
            self.pause_if_held()
            self.control.wait_for_pauses()
            outcome = self.rig.magnet.ramp_to(field_T, self.field_rate_T_per_min, interrupt=self.control.interrupt)
            if outcome is RampOutcome.HOLDING:
                return
            if not self.control.interrupt.is_set():
                raise MeasurementError(
                    f"magnet: paused on the way to {field_T:g} T by somebody else; look at its front panel, start again"
                )

    def go_to_temperature(self, temperature_K: float, tolerance_K: float, dwell_s: float, timeout_s: float) -> None:
        """Set the temperature and wait until it has stayed in its band for the dwell time."""
        self.pause_if_held()
        self.rig.thermometer.start_ramp(temperature_K)
        settled = False
        while not settled:
            self.pause_if_held()
            settled = self.rig.thermometer.settle(
                temperature_K, tolerance_K=tolerance_K, dwell_s=dwell_s, timeout_s=timeout_s,
                interrupt=self.control.interrupt,
            )  # fmt: skip

    def choose_sensitivities(self) -> None:
        """Find the sensitivity of each lock-in; a hold or stop leaves the last good one.

        Raises
        ------
        Refused, LimitExceeded
            The sensitivity cannot be set from here, or the signal is larger than the largest full scale.
        """
        for lockin in self.rig.lockins:
            lockin.auto_sensitivity(self.control.interrupt)
            self.pause_if_held()

    def settle_filters(self) -> None:
        """Wait until the lock-ins have settled at a new point; the time is used to see that all is set as it was.

        Raises
        ------
        Restarted
            An instrument was switched off and on, or somebody turned a knob.
        """
        began_s = self.rig.clock.now()
        for instrument in self.rig.instruments:
            instrument.verify()
        self.wait(self.settling_s - (self.rig.clock.now() - began_s))

    def through_lost_connections(self, step: Callable[[], object]) -> None:
        """Do a step; when a connection is lost on the way, open it again and do the whole step again.

        Raises
        ------
        Lost
            It could not be opened again in time, or was lost again and again.
        """
        for _ in range(RECONNECT_TRIES):
            try:
                step()
                return
            except Lost as error:
                log.warning("%s (trying)", error)
                self._reconnect(error)
        step()

    def _reconnect(self, lost: Lost) -> None:
        """Open the connections again that are gone; raises the error itself when that takes too long."""
        until, pause_s = time.monotonic() + RECONNECT_S, 0.05
        while True:
            try:
                for instrument in self.rig.instruments:
                    instrument.reconnect()
            except DriverError as error:
                if time.monotonic() + pause_s > until or self.control.stop.is_set():
                    raise lost from error
                self.control.stop.wait(pause_s)
                pause_s *= 2
            else:
                log.info("%s: connected again", lost.instrument)
                return

    def wait(self, seconds: float) -> None:
        """Let experiment time pass; raises Stopped at once when the run is ended."""
        until = self.rig.clock.now() + seconds
        while (left := until - self.rig.clock.now()) > 0:
            self.pause_if_held()
            self.rig.clock.sleep(left, self.control.interrupt)
        self.pause_if_held()

    def pause_if_held(self) -> None:
        """Wait while the run is held; raises Stopped when it is ended."""
        while True:
            if self.control.stop.is_set():
                raise Stopped("stopped by the user")
            if not self.control.held.is_set():
                return
            # the wall's time, not the experiment's: a person decides when it goes on
            self.control.stop.wait(0.05)

    def take_row(
        self, *, sweep: int, branch: int, field_set_T: float, temperature_set_K: float, tolerance_K: float = math.inf
    ) -> dict[str, Any]:
        """Read the instruments once and emit the row; raises Restarted, and emits none, after a power cycle."""
        repeats: list[str] = []
        readings: dict[str, Any] = {
            name: insist(read, on_repeat=lambda name=name: repeats.append(name))
            for name, read in self._readings().items()
        }
        for instrument in self.rig.instruments:
            instrument.check_power()  # a row that was taken with the settings of a fresh start is not used
        flags = Flag.REPEATED if repeats else Flag(0)
        xx: LockInReading = readings["xx"]
        xy: LockInReading = readings.get("xy", LockInReading(math.nan, math.nan, False, False))
        for reading, overload, unlock in (
            (xx, Flag.OVERLOAD_XX, Flag.UNLOCK_XX), (xy, Flag.OVERLOAD_XY, Flag.UNLOCK_XY)
        ):  # fmt: skip
            # where the status word was lost nobody knows whether there was an overload
            flags |= overload if reading.overload or reading.status_lost else Flag(0)
            flags |= unlock if reading.unlocked else Flag(0)
        if math.isfinite(temperature_set_K) and abs(readings["temperature"] - temperature_set_K) > tolerance_K:
            flags |= Flag.TEMPERATURE_OFF
        row = {
            SWEEP: sweep, BRANCH: branch, TIME: self.rig.clock.now() - self.began_s,
            FIELD_SET: field_set_T, FIELD: readings["field"],
            TEMPERATURE_SET: temperature_set_K, TEMPERATURE: readings["temperature"], CURRENT: self.current_A,
            X_XX: xx.x_V, Y_XX: xx.y_V, X_XY: xy.x_V, Y_XY: xy.y_V, FLAGS: int(flags),
        }  # fmt: skip
        if gate := readings.get("gate"):
            row |= {GATE: gate.level, GATE_CURRENT: gate.measured}
        self.emit("results", row)
        return row

    def _readings(self) -> dict[str, Callable[[], Any]]:
        rig = self.rig
        readings: dict[str, Callable[[], Any]] = {"xx": rig.lockin_xx.read}
        if rig.lockin_xy is not None:
            readings["xy"] = rig.lockin_xy.read
        readings["field"] = lambda: rig.magnet.field_T
        readings["temperature"] = lambda: rig.thermometer.temperature_K
        if rig.gate is not None:
            readings["gate"] = rig.read_gate
        return readings
