"""What every twin of a temperature controller has, whoever made it: the stage of the cryostat, and a loop."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any, Self

from drivers.clock import Clock
from drivers.simulated.control_loop import ControlLoop
from drivers.simulated.cryostat import Heat
from drivers.simulated.twin import Twin

if TYPE_CHECKING:
    from drivers.simulated.rack import Rack

MINUTE_S = 60.0


class StageTwin(Twin):
    """A simulated temperature controller.

    Parameters
    ----------
    heat : Heat
        The stage with its sensor and heater. Something must call `step` every `period_s`.
    noise : float
        Scatter of the reading over the temperature.
    """

    PERIOD_S = (0.1, 0.2)

    def __init__(self, clock: Clock, heat: Heat, seed: int = 0, *, noise: float = 5e-5) -> None:
        self.heat, self.noise = heat, noise
        self._random = random.Random(seed)  # noqa: S311  no secret
        self._loop = ControlLoop()
        self.percent = 0.0
        super().__init__(clock, seed)
        self.freeze()

    @classmethod
    def hang(cls, rack: Rack, name: str, seed: int) -> Self:
        """Return one that is connected to the stage of the cryostat."""
        return cls(rack.clock, rack.cryostat.heat, seed)

    def _noisy_K(self, true_K: float) -> float:
        """Return what is shown of a temperature [K]: 0 where the sensor is broken."""
        return 0.0 if math.isnan(true_K) else true_K * (1 + self.noise * self._random.gauss(0, 1))


class OxfordStageTwin(StageTwin):
    """One of Oxford Instruments: a proportional band, and times in minutes."""

    def __init__(self, clock: Clock, heat: Heat, seed: int = 0, **more: Any) -> None:
        self.setpoint_K = 0.0
        self.band_K, self.integral_min, self.derivative_min = 10.0, 0.2, 0.0
        super().__init__(clock, heat, seed, **more)

    def _output_percent(self, now_K: float) -> float:
        """Return what the loop gives the heater at a temperature; nothing where the sensor is broken [%]."""
        if math.isnan(now_K):
            return 0.0
        return self._loop.output_percent(
            self.setpoint_K - now_K, self.period_s, gain_percent_per_K=100 / max(self.band_K, 1e-3),
            integral_per_s=1 / (MINUTE_S * self.integral_min) if self.integral_min else 0.0,
            derivative_s=MINUTE_S * self.derivative_min,
        )  # fmt: skip
