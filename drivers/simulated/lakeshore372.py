"""Twin of the Lake Shore Model 372 resistance bridge: sixteen channels behind a scanner, three heaters."""

from __future__ import annotations

from drivers.clock import Clock
from drivers.simulated.cryostat import Heat
from drivers.simulated.lakeshore import (
    ANY,
    CLOSED,
    COMMON,
    ETHERNET,
    FLAG,
    NAMES_AND_LIMITS,
    OFF,
    OPEN,
    ZONE,
    LakeShoreTwin,
    loops,
    sensors,
)  # fmt: skip
from drivers.simulated.twin import Field, Setting, number, on

CHANNELS = tuple(str(number) for number in range(1, 17))
INPUTS, OUTPUTS = (*CHANNELS, "A"), "012"
MODES = {0: OFF, 2: OPEN, 3: ZONE, 5: CLOSED}
STILL = 4
_NAME, _LIMIT = NAMES_AND_LIMITS


class LakeShore372Twin(LakeShoreTwin):
    """A simulated Model 372. A channel on which the scanner does not stand shows its last reading."""

    driver_name = "lakeshore372"
    model = "lakeshore372"
    ADDRESS = "TCPIP0::192.168.0.8::7777::SOCKET"
    IDENTITY = "LSCI,MODEL372,LSA9012/#######,1.5"
    INPUTS, OUTPUTS = INPUTS, OUTPUTS
    HEATED_INPUT, HEATER, RANGE_KEY = "1", "0", "0"
    RANGES_W = (0.0, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0)
    """31.6 uA to 100 mA into 100 ohm."""
    SHORTED, OPENED = 32, 16
    ZONE_FIELDS = (*LakeShoreTwin.ZONE_FIELDS[:6], Field(0.1, 0, 100, "%+.3f"), FLAG, FLAG)
    ZONE_RATE = 6
    SETTINGS = (
        *loops(OUTPUTS, pid=(50.0, 10.0, 0.0), most=(1000, 10_000, 2500), least=0.0, rate_shown="%+.3f"),
        *sensors(INPUTS)[:-1], *COMMON, *ETHERNET,
        Setting("ALARM", FLAG, Field(1, 1, 2), Field(0, 0), Field(0, 0), Field(0, 0), FLAG, FLAG, FLAG, keys=INPUTS),
        Setting("RANGE", Field(0, 0, 8), keys=OUTPUTS),
        Setting("OUTMODE", Field(5, 0, 6), Field("1", shown="%s"), FLAG, FLAG, FLAG, Field(5, 0, 255, "%03d"),
                keys=OUTPUTS),
        Setting("HTRSET", Field(100.0, 1, 2000, "%g"), Field(0, 0, 2), Field(0.0, 0, 2, "%+.3f"), Field(1, 1, 2),
                keys=OUTPUTS),
        Setting("INSET", Field(1, 0, 1), Field(10, 1, 200, "%03d"), Field(3, 3, 200, "%03d"), Field(0, 0, 59, "%02d"),
                Field(1, 1, 2), keys=INPUTS),
        Setting("INTYPE", FLAG, Field(2, 1, 22, "%02d"), Field(0, 0, 2), Field(11, 1, 22, "%02d"), FLAG,
                Field(1, 1, 2), keys=INPUTS),
        Setting("INNAME", _NAME, keys=INPUTS), Setting("TLIMIT", _LIMIT, keys=INPUTS),
        Setting("SCAN", Field(1, 1, 16, "%02d"), FLAG),
        Setting("STILL", Field(0.0, 0, 100, "%+.2f")),
        Setting("WARMUP", FLAG, Field(0.0, 0, 100, "%+.2f")),
        Setting("MONITOR", Field(0, 0, 5)), Setting("CMR", FLAG), Setting("BEEP", FLAG), Setting("DOUT", FLAG),
        Setting("FREQ", Field(2, 1, 5), keys=("0", *INPUTS)),
        Setting("DISPFLD", Field("1", shown="%s"), Field(1, 1, 6), keys="12345678"),
        Setting("DISPLAY", Field(0, 0, 2), Field(1, 0, 3), Field(0, 0, 3)),
        Setting("ANALOG", FLAG, Field(0, 0, 3), Field(1, 0, 16), Field(1, 1, 2), ANY, ANY, ANY, keys="12"),
    )  # fmt: skip

    def __init__(self, clock: Clock, heat: Heat, seed: int = 0, *, noise: float = 5e-5) -> None:
        self._held_K = heat.sensor_K
        self._there_since_s = 0.0
        super().__init__(clock, heat, seed, noise=noise)

    def power_on(self) -> None:
        """Come up with the heaters off; the analog output is the still's."""
        super().power_on()
        self.values["OUTMODE", "2"][:2] = [STILL, "0"]
        self.values["HTRSET", "1"][:2] = [1, 1]

    def _mode(self) -> str:
        return MODES.get(int(self.values["OUTMODE", self.HEATER][0]), "")

    def _source(self) -> str:
        return str(self.values["OUTMODE", self.HEATER][1]).lstrip("0").upper()

    def _terms(self) -> tuple[float, float, float]:
        gain, integral_s, derivative_s = self.values["PID", self.HEATER]
        return gain, 1 / integral_s if integral_s else 0.0, derivative_s

    def step(self, time_s: float) -> None:
        """Move the scanner on, then control."""
        if self._on_the_sensor():
            self._held_K = self.heat.sensor_K
        self._scan(time_s)
        super().step(time_s)

    def _on_the_sensor(self) -> bool:
        return str(int(self.value("SCAN"))) == self.HEATED_INPUT

    def _scan(self, time_s: float) -> None:
        here, automatic = (int(value) for value in self.values["SCAN", ""])
        _, dwell_s, pause_s, *_ = self.values["INSET", str(here)]
        if automatic and time_s - self._there_since_s >= dwell_s + pause_s:
            ahead = [(here - 1 + step) % len(CHANNELS) + 1 for step in range(1, len(CHANNELS) + 1)]
            self.values["SCAN", ""][0] = next((one for one in ahead if self.values["INSET", str(one)][0]), here)
            self._there_since_s = time_s

    def changed(self, head: str, key: str) -> None:
        """Count the dwell time from the moment at which somebody moves the scanner."""
        if head == "SCAN":
            self._there_since_s = self.clock.now()

    def _true_K(self, which: str) -> float:
        if which == self.HEATED_INPUT and not self._on_the_sensor():
            return self._held_K
        return super()._true_K(which)

    @on("RANGE")
    def _set_range(self, output: str, value: str) -> None:
        """Take a range: the sample heater has eight, the others are on or off."""
        most = len(self.RANGES_W) - 1 if self._output(output) == self.HEATER else 1
        self.values["RANGE", output] = [int(number(value, 0, most))]

    @on("RDGR?")
    def _resistance(self, which: str) -> str:
        return self._each(which, 0.0)

    @on("QRDG?", "RDGPWR?")
    def _small(self, which: str) -> str:
        return "+1.0000E-12" if self._input(which) else ""
