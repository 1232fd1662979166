import itertools
import math
import random
import threading

import pytest

from drivers.clock import SteppedClock
from drivers.errors import LimitExceeded, Lost, Quench
from drivers.field_volume import Box, Cylinder, Sphere, covered
from drivers.roles import RampOutcome
from drivers.simulated.cryostat import CryostatSettings
from drivers.vector_magnet import VectorMagnet
from tests.drivers.rig import heard, make_rack, open_driver, orders

VOLUMES = (Sphere(0.6), Cylinder(0.25, 1.0))
"""A ball, and a long thin cylinder along z that sticks out of it."""
COIL = CryostatSettings(trapped_flux_T=0.0, inductance_H=0.05)
FAST = {"field_max_T": 1.0, "ramp_rate_max_T_per_min": 60.0}


class WatchedClock(SteppedClock):
    """Goes in small steps and lets somebody look at each of them."""

    def __init__(self):
        super().__init__()
        self.look = lambda: None

    def advance(self, seconds):
        for _ in range(8):
            super().advance(seconds / 8)
            self.look()


class Set:
    """Two or three supplies, each with a coil of its own, on one clock."""

    def __init__(self, names="xyz", driver="ami430", volumes=VOLUMES):
        self.clock, self.names = WatchedClock(), names
        self.racks = {name: make_rack(self.clock, driver=driver, alone=True, cryostat=COIL) for name in names}
        self.magnet = VectorMagnet(
            {name: open_driver(rack, "magnet", **FAST) for name, rack in self.racks.items()}, volumes
        )
        self.volumes, self.worst = volumes, []
        self.clock.look = self.look

    @property
    def field_T(self):
        return tuple(0.1 * rack.cryostat.coil.current_A for rack in self.racks.values())

    def look(self):
        """The true field must be in one of the volumes, to a tenth of a microtesla."""
        shrunk = tuple(part * (1 - 1e-7) for part in self.field_T)
        if not any(volume.holds(shrunk) for volume in self.volumes):
            self.worst.append(self.field_T)

    def heard(self):
        return {name: len(heard(rack, "magnet")) for name, rack in self.racks.items()}


@pytest.fixture
def three():
    return Set()


def in_volumes(x, y, z):
    """The same two volumes, written once more."""
    return math.sqrt(x * x + y * y + z * z) <= 0.6 + 1e-9 or (math.sqrt(x * x + y * y) <= 0.25 + 1e-9 and abs(z) <= 1)


def visit(magnets, points):
    """Ask for every point; each must be reached or refused, rightly, and the way never leaves the volumes."""
    reached = 0
    for point in points:
        before, asked = magnets.field_T, magnets.heard()
        if in_volumes(*point):
            assert magnets.magnet.ramp_to(point, 60.0) is RampOutcome.HOLDING
            assert magnets.field_T == pytest.approx(point, abs=2e-4)
            reached += 1
        else:
            with pytest.raises(LimitExceeded, match="outside the allowed volumes.*nothing was sent"):
                magnets.magnet.ramp_to(point, 60.0)
            assert magnets.heard() == asked
            assert magnets.field_T == before
    assert magnets.worst == []
    return reached


GRID = [tuple(0.2 * part for part in point) for point in itertools.product(range(-5, 6), repeat=3)]


def test_points_of_the_grid_are_reached_or_refused_and_the_way_stays_inside(three):
    random_ = random.Random(3)
    allowed = [point for point in GRID if in_volumes(*point)]
    others = [point for point in GRID if not in_volumes(*point)]
    points = random_.sample(allowed, 20) + random_.sample(others, 20)
    random_.shuffle(points)
    assert visit(three, points) == 20


@pytest.mark.long
@pytest.mark.timeout(900)
def test_every_point_of_the_grid_is_reached_or_refused_and_the_way_stays_inside(three):
    points = list(GRID)
    random.Random(4).shuffle(points)
    assert len(points) == 11**3
    assert visit(three, points) == sum(in_volumes(*point) for point in points)


def test_what_gets_smaller_moves_first_through_zero_in_two_pieces(three):
    magnet = three.magnet
    assert magnet.way((0.1, 0.5, 0.0), (0.2, -0.1, 0.5)) == [("y", 0.0), ("x", 0.2), ("y", -0.1), ("z", 0.5)]
    assert magnet.way((0.0, 0.0, 0.9), (0.5, 0.1, 0.1)) == [("z", 0.1), ("x", 0.5), ("y", 0.1)]
    assert magnet.way((0.1, 0.1, 0.1), (0.1, 0.1, 0.1)) == []


def test_a_way_through_what_is_not_allowed_is_refused_although_both_ends_are():
    """Two separate balls: no way from the one to the other."""

    class Shifted(Sphere):
        def span(self, start_T, end_T):
            return super().span(tuple(part - 0.5 for part in start_T), tuple(part - 0.5 for part in end_T))

        def holds(self, field_T):
            return super().holds(tuple(part - 0.5 for part in field_T))

    magnets = Set("xy", volumes=(Sphere(0.2), Shifted(0.2)))
    before = {name: orders(rack, "magnet") for name, rack in magnets.racks.items()}
    with pytest.raises(LimitExceeded, match="on the way from"):
        magnets.magnet.ramp_to((0.5, 0.5), 60.0)
    assert {name: orders(rack, "magnet") for name, rack in magnets.racks.items()} == before
    assert magnets.magnet.ramp_to((0.1, -0.1), 60.0) is RampOutcome.HOLDING


@pytest.mark.parametrize(
    "bad",
    [(math.nan, 0, 0), (0, math.inf, 0), (0, 0, -math.inf), ("0.1", 0, 0), (True, 0, 0), (None, 0, 0), (0, 0),
     (0, 0, 0, 0), "xyz", 0.1, None, {"x": 0.1}, (1.5, 0, 0), (0.5, 0.5, 0)],
)  # fmt: skip
def test_what_is_no_allowed_vector_puts_no_byte_on_a_wire(three, bad):
    before = three.heard()
    for ask in (three.magnet.ramp_to, three.magnet.check_field):
        with pytest.raises(LimitExceeded):
            ask(bad)
    for rate in (math.nan, -1, "1", 1e9):
        with pytest.raises(LimitExceeded):
            three.magnet.ramp_to((0, 0, 0), rate)
    assert three.heard() == before


def test_an_interrupt_holds_all_axes(three):
    interrupt = threading.Event()
    outcome = three.magnet.ramp_to(
        (0.3, 0.3, 0.1), 6.0, interrupt=interrupt, on_reading=lambda field_T: field_T[1] > 0.1 and interrupt.set()
    )
    assert outcome is RampOutcome.ABORTED
    assert all(orders(rack, "magnet")[-1] == "PAUSE" for rack in three.racks.values())
    assert three.field_T[2] == 0
    here = three.field_T
    three.clock.advance(10)
    assert three.field_T == here


def test_hold_tries_every_axis_even_if_one_raises(three, monkeypatch):
    def gone():
        raise Lost("magnet: the connection is gone", instrument="magnet")

    monkeypatch.setattr(three.magnet.axes["x"], "hold", gone)
    monkeypatch.setattr(three.magnet.axes["y"], "hold", gone)
    with pytest.raises(Lost) as caught:
        three.magnet.hold()
    assert "and: magnet: the connection" in caught.value.__notes__[0]
    assert orders(three.racks["z"], "magnet") == ["PAUSE"]


@pytest.mark.parametrize("quenched", ["x", "y"])
def test_a_quench_on_one_axis_holds_the_others(three, quenched):
    def fate(field_T):
        if field_T[0] > 0.1:
            three.racks[quenched].cryostat.coil.quench()

    with pytest.raises(Quench):
        three.magnet.ramp_to((0.4, 0.2, 0.1), 6.0, on_reading=fate)
    for name in "xyz":
        if name != quenched:
            assert orders(three.racks[name], "magnet")[-1] == "PAUSE"
    before = {name: orders(rack, "magnet") for name, rack in three.racks.items()}
    with pytest.raises(Quench):
        three.magnet.ramp_to((0.0, 0.0, 0.0), 6.0)
    after = {name: orders(rack, "magnet")[len(before[name]) :] for name, rack in three.racks.items()}
    assert all(set(lines) <= {"PAUSE"} for lines in after.values())


def test_two_axes_of_another_maker():
    magnets = Set("xz", driver="lakeshore625", volumes=(Box((0.2, 1.0)),))
    assert magnets.magnet.ramp_to((0.2, 0.9), 60.0) is RampOutcome.HOLDING
    assert magnets.field_T == pytest.approx((0.2, 0.9), abs=1e-3)
    with pytest.raises(LimitExceeded):
        magnets.magnet.ramp_to((0.3, 0.0))
    assert magnets.worst == []


@pytest.mark.parametrize("volume", [Box((0.3, 0.5, 0.7)), Sphere(0.6), Cylinder(0.3, 0.7), Cylinder(0.3, 0.7, axis=0)])
def test_the_span_of_a_straight_way_agrees_with_looking_at_every_point(volume):
    random_ = random.Random(repr(volume))
    for _ in range(100):
        start, end = (tuple(random_.uniform(-1, 1) for _ in range(3)) for _ in range(2))
        if random_.random() < 0.5:
            end = (*start[:2], end[2])  # along one axis, as the supplies move
        inside = [
            volume.holds(tuple(a + t * (b - a) for a, b in zip(start, end, strict=True)))
            for t in (step / 400 for step in range(401))
        ]
        span = volume.span(start, end)
        seen = sum(inside) / 401
        assert (0.0 if span is None else span[1] - span[0]) == pytest.approx(seen, abs=0.006)
        assert covered((volume,), start, end) == all(inside)


def test_sets_that_cannot_be():
    rack = make_rack(driver="ami430", alone=True)
    axis = open_driver(rack, "magnet")
    with pytest.raises(ValueError, match="two or three"):
        VectorMagnet({"z": axis}, VOLUMES)
    with pytest.raises(ValueError, match="field of zero"):
        VectorMagnet({"x": axis, "z": axis}, ())
    for make in (lambda: Sphere(0), lambda: Sphere(math.nan), lambda: Box((1, -1)), lambda: Cylinder(1, True)):
        with pytest.raises(ValueError, match="positive"):
            make()
