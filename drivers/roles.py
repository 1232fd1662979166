"""What a lock-in, a magnet supply, a temperature controller, a source and a voltmeter can do, whoever made them.

The loops that wait for an instrument stand with each role, once: they poll through the clock, can
be interrupted, and end by a deadline. A driver supplies the single questions and commands.
"""

from drivers.lock_in import LockIn, LockInReading
from drivers.magnet_supply import MagnetState, MagnetSupply, RampOutcome
from drivers.source import Source, SourceFunction, SourceReading
from drivers.temperature_controller import TemperatureController
from drivers.voltmeter import Voltmeter

__all__ = [
    "LockIn", "LockInReading", "MagnetState", "MagnetSupply", "RampOutcome", "Source", "SourceFunction",
    "SourceReading", "TemperatureController", "Voltmeter",
]  # fmt: skip
