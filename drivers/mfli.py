"""Zurich Instruments MFLI lock-in amplifier, through LabOne's data server (optional: cusp[mfli])."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drivers.errors import DriverError, Garbled, Lost, Refused, Timeout
from drivers.labone import ADDRESS, LabOneSession, NodeLibrary, NodeSession
from drivers.library_instrument import LibraryInstrument
from drivers.limited import is_number
from drivers.lock_in import OscillatorSettings
from drivers.patience import insist
from drivers.roles import LockIn, LockInReading

INPUT_RANGES_V = (1e-3, 3e-3, 10e-3, 30e-3, 100e-3, 300e-3, 1.0, 3.0)
"""Peak."""
FULL_SCALES_V = tuple(range_V / math.sqrt(2) for range_V in INPUT_RANGES_V)
CLIPPING = 0.99
"""Part of the range of the input at which it is taken to clip."""
WAIT_S = 1e-3
"""Between two looks for a new sample."""


class NodeQuantity:
    """A quantity that is a node of the device.

    Parameters
    ----------
    node : str
        Its path below the device.
    docs : str
        Begins with Get, Set, Control or Measure and names the unit in brackets.
    low, high : float
        Between which the value must be.
    factor : float
        Value over what the node holds.
    settable : bool
    share : float
        How far the value taken may be from the one sent, over it; the device rounds.
    """

    def __init__(
        self, node: str, docs: str, low: float, high: float, *,
        factor: float = 1.0, settable: bool = False, share: float = 1e-4,
    ) -> None:  # fmt: skip
        self.node, self.low, self.high = node, low, high
        self.factor, self.settable, self.share = factor, settable, share
        self.__doc__ = docs

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, device: MFLI | None, owner: type | None = None) -> Any:
        if device is None:
            return self
        return device.number(self.node, self.low, self.high) * self.factor

    def __set__(self, device: MFLI, value: Any) -> None:
        if not self.settable:
            raise AttributeError(f"{device.name}: {self.name} can be read only")
        number = device.check_limit(self.name, value)
        with device.lock:
            device.put(self.node, number / self.factor)
            taken = insist(lambda: self.__get__(device))
        if abs(taken - number) > self.share * abs(number) + 1e-9:
            raise Refused(
                f"{device.name}: {self.name} = {value!r} was sent, but the device says {taken!r}; look at it in "
                "LabOne, then set it again",
                instrument=device.name,
            )


class MFLI(LibraryInstrument, LockIn):
    """Zurich Instruments MFLI at an address such as dev1234@127.0.0.1:8004: device, data server, port.

    The first demodulator, the voltage input and the first output. The full scale is the rms of a sine
    that fills the range of the input. What is switched off (output, data transfer) stays so: a person
    sets the device up in LabOne.
    """

    driver_name = "mfli"
    ADDRESS_EXAMPLE = "dev1234@127.0.0.1:8004"
    role = "lockin"
    model = "MFLI"
    IDENTITY_QUERY = "features/devtype"
    IDENTITY = re.compile(r"^MFLI$")
    SNAPSHOT = (
        "frequency_Hz", "phase_deg", "oscillator_V", "harmonic_number", "sensitivity_V", "time_constant_s",
        "filter_stages", "input_coupling_ac", "input_differential", "external_reference",
    )  # fmt: skip
    KEPT = ("oscillator_V", "phase_deg", "time_constant_s", "filter_stages")
    SHOWS_POWER = False
    FULL_SCALES_V = FULL_SCALES_V

    @dataclass(frozen=True)
    class Settings(OscillatorSettings):
        """Limits of the oscillator output."""

        MAKE, MOST_V = "an MFLI", 7.0
        oscillator_max_V: float = 1.0

    frequency_Hz: Any = NodeQuantity(
        "oscs/0/freq", """Control the reference frequency [Hz].""", 0, 5.1e6, settable=True
    )
    phase_deg: Any = NodeQuantity(
        "demods/0/phaseshift", """Control the reference phase [deg].""", -360, 360, settable=True
    )
    harmonic_number: Any = NodeQuantity("demods/0/harmonic", """Get the harmonic that is detected [1].""", 1, 1023)
    time_constant_s: Any = NodeQuantity(
        "demods/0/timeconstant", """Control the time constant of the filter [s].""", 1e-8, 100,
        settable=True, share=0.02,
    )  # fmt: skip
    filter_stages: Any = NodeQuantity(
        "demods/0/order", """Control the number of RC stages of the filter, 6 dB/octave each [1].""", 1, 8,
        settable=True,
    )  # fmt: skip
    input_coupling_ac: Any = NodeQuantity("sigins/0/ac", """Get whether the input is coupled AC [1].""", 0, 1)
    input_differential: Any = NodeQuantity("sigins/0/diff", """Get whether A-B is measured [1].""", 0, 1)
    external_reference: Any = NodeQuantity(
        "extrefs/0/enable", """Get whether the oscillator follows a reference from outside [1].""", 0, 1
    )

    def _own_limits(self) -> dict[str, tuple[float, float]]:
        return {
            "oscillator_V": (0.0, self.settings.oscillator_max_V),
            "frequency_Hz": (0.001, 5e6),
            "phase_deg": (-180.0, 180.0),
            "sensitivity_V": (FULL_SCALES_V[0], FULL_SCALES_V[-1]),
            "time_constant_s": (1e-6, 80.0),
            "filter_stages": (1, 8),
        }

    # opening and closing

    def _connect(self, library: Any) -> None:
        self.lock = threading.RLock()
        self._library = library
        self._last_timestamp: float | None = None
        self._is_lost = False
        self._session = self._open()

    def _open(self) -> NodeSession:
        found = ADDRESS.fullmatch(self.address)
        if not found:
            raise Lost(
                f"{self.name}: {self.address!r} is no address of an MFLI; write device@host:port, such as "
                "dev1234@127.0.0.1:8004",
                instrument=self.name,
            )
        try:
            if isinstance(self._library, NodeLibrary):
                return self._library.session(self.address)
            return LabOneSession(found[1], found[2], int(found[3]))
        except ImportError as error:
            raise Lost(
                f"{self.name}: an MFLI needs zhinst-toolkit, which is not installed; pip install cusp[mfli]",
                instrument=self.name,
            ) from error
        except OSError as error:
            raise Lost(
                f"{self.name}: cannot open {self.address}: {error}; is LabOne's data server running there, and does "
                "it see the device?",
                instrument=self.name,
            ) from error

    @classmethod
    def accepts_address(cls, address: str) -> bool:
        """Return whether this is device@host:port."""
        return ADDRESS.fullmatch(address) is not None

    def _identify(self) -> str:
        kind = self._get(self.IDENTITY_QUERY)
        if not (isinstance(kind, str) and self.IDENTITY.search(kind)):
            raise Lost(
                f"{self.name}: what answers at {self.address} is no MFLI, it says {kind!r}; correct the address",
                instrument=self.name,
            )
        serial = self._get("features/serial")
        if not re.fullmatch(r"[A-Za-z0-9]{1,20}", str(serial)):
            raise self._garbled("features/serial", serial, "is no serial number")
        return f"Zurich Instruments,{kind},{serial}"

    def reconnect(self) -> None:
        """Open the connection again if it was lost; raises Lost or Timeout."""
        with self.lock:
            if not self._is_lost:
                return
            self._session.close()
            self._session = self._open()
            if (identity := self._identify()) != self.identity:
                raise Lost(f"{self.name}: {self.address} is now {identity}, was {self.identity}", instrument=self.name)
            self._is_lost = False

    def close(self) -> None:
        """Close the connection; the device stays as it is."""
        with self.lock:
            self._session.close()

    # nodes

    def _get(self, node: str) -> Any:
        with self.lock:
            try:
                return self._session.get(node)
            except OSError as error:
                raise self._wire_error(error, node) from error

    def put(self, node: str, value: float) -> None:
        """Set a node. Only for values that have passed `check_limit`."""
        with self.lock:
            try:
                self._session.set(node, value)
            except OSError as error:
                raise self._wire_error(error, node) from error

    def number(self, node: str, low: float, high: float) -> float:
        """Return the value of a node, which must be a number between these two.

        Raises
        ------
        Timeout, Garbled, Lost
        """
        value = self._get(node)
        if not (is_number(value) and low <= value <= high):
            raise self._garbled(node, value, f"is not a number from {low:g} to {high:g}")
        return float(value)

    def _garbled(self, node: str, value: Any, why: str) -> Garbled:
        return Garbled(f"{self.name}: {node} = {str(value)[:80]!r} {why}; look at it in LabOne", instrument=self.name)

    def _wire_error(self, error: OSError, node: str) -> DriverError:
        if isinstance(error, TimeoutError):
            return Timeout(f"{self.name}: {node} did not come in time from {self.address}", instrument=self.name)
        self._is_lost = True
        return Lost(
            f"{self.name}: the connection to {self.address} is gone at {node}: {error}; check data server and cable",
            instrument=self.name,
        )

    # what is more than one node

    @property
    def sensitivity_V(self) -> float:
        """Control the full scale, rms [V]."""
        return self.number("sigins/0/range", 1e-4, 10) / math.sqrt(2)

    @sensitivity_V.setter
    def sensitivity_V(self, value: float) -> None:
        index = self.index_of("sensitivity_V", FULL_SCALES_V, self.check_limit("sensitivity_V", value))
        with self.lock:
            self.put("sigins/0/range", INPUT_RANGES_V[index])
            taken_V = insist(lambda: self.sensitivity_V)
        if not math.isclose(taken_V, FULL_SCALES_V[index], rel_tol=0.1):
            raise Refused(
                f"{self.name}: sensitivity_V = {value!r} was sent, but the device says {taken_V:g}; look in LabOne",
                instrument=self.name,
            )

    @property
    def oscillator_V(self) -> float:
        """Control the oscillator output, rms [V]; 0 while it is switched off."""
        return self._output_on() * self.number("sigouts/0/amplitudes/1", 0, 10) / math.sqrt(2)

    @oscillator_V.setter
    def oscillator_V(self, value: float) -> None:
        volts = self.check_oscillator(value)
        with self.lock:
            if not insist(self._output_on):
                raise Refused(
                    f"{self.name}: its output is switched off; switch it on in LabOne (sigouts/0/on, enables/1)",
                    instrument=self.name,
                )
            self.put("sigouts/0/amplitudes/1", volts * math.sqrt(2))
            taken_V = insist(lambda: self.oscillator_V)
        if abs(taken_V - volts) > 1e-3 * volts + 1e-6:
            raise Refused(
                f"{self.name}: oscillator_V = {value!r} was sent, but the device says {taken_V:g}; "
                "is the range of its output large enough?",
                instrument=self.name,
            )

    def _output_on(self) -> bool:
        return bool(self.number("sigouts/0/on", 0, 1) and self.number("sigouts/0/enables/1", 0, 1))

    def check_oscillator(self, volts: float) -> float:
        """Return the voltage [V] if the oscillator may be set to it; raises LimitExceeded."""
        return self.check_limit("oscillator_V", volts)

    def read(self) -> LockInReading:
        """Measure X and Y [V], one sample newer than the last, with the status of this moment.

        Raises
        ------
        Timeout
            No new sample comes; is the data transfer of the demodulator on?
        Garbled, Lost
        """
        with self.lock:
            x_V, y_V = self._new_sample()
            high = self.number("sigins/0/max", -2, 2)
            low = self.number("sigins/0/min", -2, 2)
            unlocked = bool(self.external_reference) and not self.number("extrefs/0/locked", 0, 1)
        return LockInReading(x_V, y_V, high >= CLIPPING or low <= -CLIPPING, unlocked)

    def _new_sample(self) -> tuple[float, float]:
        until_s = self.clock.now() + self.timeout_s
        while True:
            x_V, y_V, timestamp = self._sample()
            if timestamp != self._last_timestamp:
                self._last_timestamp = timestamp
                return x_V, y_V
            if self.clock.now() >= until_s:
                raise Timeout(
                    f"{self.name}: no new sample within {self.timeout_s:g} s; switch on the data transfer of the first "
                    "demodulator in LabOne (demods/0/enable)",
                    instrument=self.name,
                )
            self.clock.sleep(self.clock.poll_interval_s(WAIT_S))

    def _sample(self) -> tuple[float, float, float]:
        node = "demods/0/sample"
        sample = self._get(node)
        try:
            if not isinstance(sample, Mapping):
                raise TypeError("not a mapping")
            values = [float(sample[part][-1]) for part in ("x", "y", "timestamp")]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise self._garbled(node, sample, "has no x, y and timestamp") from error
        if not all(map(math.isfinite, values)) or max(map(abs, values[:2])) > 10:
            raise self._garbled(node, sample, "is not a voltage")
        return values[0], values[1], values[2]
