import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import Lost, Quench
from drivers.field_direction import FieldAlong, VectorSettings
from drivers.field_volume import Box, Cylinder, Sphere
from drivers.roles import MagnetState
from drivers.simulated.twin import Fault
from tests.drivers.test_vector_magnet import VOLUMES, Set

XYZ = ("x", "y", "z")


@given(st.floats(0, 180), st.floats(-180, 360))
def test_a_direction_is_a_unit_vector_at_these_angles(polar_deg, azimuth_deg):
    x, y, z = VectorSettings(1.0, polar_deg=polar_deg, azimuth_deg=azimuth_deg).direction(XYZ)
    assert math.hypot(x, y, z) == pytest.approx(1.0)
    assert math.degrees(math.atan2(math.hypot(x, y), z)) == pytest.approx(polar_deg, abs=1e-6)
    assert x * math.sin(math.radians(azimuth_deg)) == pytest.approx(y * math.cos(math.radians(azimuth_deg)), abs=1e-9)


@pytest.mark.parametrize(
    ("angles", "axes", "direction"),
    [((0, 0), "xz", (0, 1)), ((180, 0), "xyz", (0, 0, -1)), ((90, 0), "xz", (1, 0)), ((90, 180), "xz", (-1, 0)),
     ((90, 90), "yz", (1, 0)), ((90, 270), "xy", (0, -1))],
)  # fmt: skip
def test_along_an_axis_the_others_have_no_share_at_all(angles, axes, direction):
    assert VectorSettings(1.0, polar_deg=angles[0], azimuth_deg=angles[1]).direction(axes) == direction


def test_the_volumes_are_those_that_are_given():
    whole = VectorSettings(0.5, 0.1, 1.0, (0.2, 0.3, 0.4))
    assert whole.volumes(XYZ) == (Sphere(0.5), Cylinder(0.1, 1.0, 2), Box((0.2, 0.3, 0.4)))
    assert VectorSettings(0.5).volumes("xy") == (Sphere(0.5),)
    with pytest.raises(ValueError, match="no axis z"):
        VectorSettings(None, 0.1, 1.0).volumes("xy")


@pytest.fixture
def along():
    made = Set("xz", volumes=(Sphere(0.6),))
    return made, FieldAlong(made.magnet, (0.6, 0.8))


def test_it_goes_along_and_brings_what_is_across_to_zero(along):
    made, magnet = along
    made.magnet.ramp_to((-0.4, 0.3), 60.0)  # across
    assert magnet.field_T == pytest.approx(0.0, abs=2e-4)
    seen = []
    magnet.ramp_to(0.5, 60.0, on_reading=seen.append)
    assert made.field_T == pytest.approx((0.3, 0.4), abs=2e-4)
    assert magnet.field_T == pytest.approx(0.5, abs=2e-4) == pytest.approx(magnet.target_T, abs=2e-4)
    assert max(seen) <= 0.501
    assert made.worst == []
    magnet.ramp_to(-0.5, 60.0)
    assert made.field_T == pytest.approx((-0.3, -0.4), abs=2e-4)
    assert made.worst == []


def test_it_takes_as_long_as_the_axes_one_after_another(along):
    made, magnet = along
    began_s = made.clock.now()
    magnet.ramp_to(0.5, 1.0)
    expected_s = magnet.duration_s(0.0, 0.5, 1.0)
    assert expected_s == pytest.approx(60 * 0.5 * 1.4)
    assert made.clock.now() - began_s == pytest.approx(expected_s, rel=0.2)


def test_one_state_says_what_matters_most(along):
    made, magnet = along
    magnet.ramp_to(0.5, 60.0)
    assert magnet.state is MagnetState.HOLDING
    made.magnet.axes["x"].start_ramp(0.0, 1.0)
    assert magnet.state is MagnetState.RAMPING
    made.racks["z"].cryostat.coil.quench()
    made.clock.advance(1)
    assert magnet.state is MagnetState.QUENCH
    assert isinstance(magnet.latched_error(MagnetState.QUENCH), Quench)


def test_a_quench_is_seen_beside_an_axis_that_is_lost_and_a_lost_axis_alone_is_an_error(along):
    made, magnet = along
    rack = made.racks["x"]
    made.racks["x"].library.twins.clear()
    rack.twins["magnet"].faults.plan(Fault.DISCONNECT)
    with pytest.raises(Lost):
        _ = magnet.state
    made.racks["z"].cryostat.coil.quench()
    made.clock.advance(1)
    assert magnet.state is MagnetState.QUENCH


def test_volumes_of_the_vector_magnet_hold_with_a_field_every_smaller_one():
    """What `start_zero` rests on."""
    for volume in (*VOLUMES, Box((0.2, 0.3, 0.4))):
        for scale in ((1, 1, 0.3), (0.5, 1, 1), (0, 0.2, 0.9), (0, 0, 0)):
            for field_T in ((0.1, 0.2, 0.3), (0.2, -0.1, 0.4), (0.0, 0.2, -0.4)):
                assert volume.holds(field_T)
                assert volume.holds(tuple(part * s for part, s in zip(field_T, scale, strict=True)))
