"""What the tests of all magnets share."""

from __future__ import annotations

from drivers.catalogue import DRIVERS
from drivers.simulated.catalogue import TWINS
from drivers.wired_magnet import WiredMagnet
from tests.drivers.rig import make_rack, open_driver, orders, still

EVERY_MAGNET = [driver for driver, cls in DRIVERS.items() if cls.role == "magnet"]
MAGNETS = [driver for driver in EVERY_MAGNET if issubclass(DRIVERS[driver], WiredMagnet)]
"""Those on a wire. MultiVu ramps by itself, and a second behind what it is told: test_ppms has its tests."""
SWITCHABLE = [driver for driver in MAGNETS if hasattr(TWINS.get(driver), "install_switch")]
T_PER_A = 0.1


def magnet_rack(driver):
    return make_rack(driver=driver, alone=True, cryostat=still())


def coil_T(rack):
    return rack.cryostat.coil.current_A * T_PER_A


def told(rack, since_s=-1.0):
    """What was sent since then that was no question."""
    twin = rack.twins["magnet"]
    lines = [said for said in twin.wire_log if said.direction == "in" and said.time_s > since_s]
    return [said.text for said in lines if not twin.asks(said.text)]


def hold_orders(driver):
    """What a driver sends to hold, and nothing else."""
    rack = magnet_rack(driver)
    open_driver(rack, "magnet").hold()
    return orders(rack, "magnet")
