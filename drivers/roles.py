"""What a lock-in, a magnet supply and a temperature controller can do, whoever made them.

The loops that wait for an instrument stand with each role, once: they poll through the clock, can
be interrupted, and end by a deadline. A driver supplies the single questions and commands.
"""

from drivers.lock_in import LockIn, LockInReading
from drivers.magnet_supply import MagnetState, MagnetSupply, RampOutcome
from drivers.temperature_controller import TemperatureController

__all__ = ["LockIn", "LockInReading", "MagnetState", "MagnetSupply", "RampOutcome", "TemperatureController"]
