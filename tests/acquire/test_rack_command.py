"""`cusp rack`, without the server."""

from acquire.commands.rack import follow
from tests.drivers.rig import make_rack


class AfterThree:
    """An event that is set at the third look; a minute passes before each."""

    def __init__(self, clock):
        self.clock, self.looks = clock, 0

    def wait(self, _):
        self.clock.advance(60)
        self.looks += 1
        return self.looks == 3


def test_time_passes_in_the_rack_while_nobody_asks():
    """After a night, whoever asks first would else wait for as many steps of the simulation as there were in it."""
    rack, seen = make_rack(), []
    rack.cryostat.every(10, seen.append)
    follow([rack], AfterThree(rack.clock))
    assert len(seen) == 12
