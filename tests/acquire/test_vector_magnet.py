"""A vector magnet that config.yaml names: whole runs along z and along a direction, and what goes wrong in them."""

import math
import threading

import numpy as np
import pytest

from acquire.__main__ import main
from acquire.config import ConfigError, parse
from acquire.magnet_errand import ENTER, REARM, run_errand
from acquire.run import load
from acquire.session import Session
from acquire.station import Station
from acquire.status import JobStatus, State
from acquire.trouble import UserError
from analysis.live import Settings
from drivers.clock import SteppedClock
from drivers.errors import LimitExceeded, Refused
from drivers.simulated.twin import Fault
from procedures.field_sweep import FieldSweep
from tests.acquire.conftest import ROOT
from tests.acquire.test_magnet_safety import orders
from tests.acquire.test_session import when

SUPPLY = """  magnet_{axis}:
    driver: ami430
    address: TCPIP::192.168.1.{host}::7180::SOCKET
    field_max_T: {field_T}
    ramp_rate_max_T_per_min: 1.5
"""
PLAIN = (ROOT / "config.yaml").read_text()
ONE = PLAIN[PLAIN.index("  magnet:") : PLAIN.index("  thermometer:")]
AXES = "".join(SUPPLY.format(axis=axis, host=host, field_T=field_T) for axis, host, field_T in
               (("x", 31, 1.0), ("y", 32, 1.0), ("z", 33, 5.0)))  # fmt: skip
VOLUME = "\nvector_magnet:\n  sphere_T: 1.0\n  cylinder_radius_T: 0.1\n  cylinder_half_length_T: 5.0\n"
TEXT = PLAIN.replace(ONE, AXES) + VOLUME
NAMES = ("magnet_x", "magnet_y", "magnet_z")


def tilted(polar_deg, azimuth_deg=0.0):
    return TEXT + f"  polar_deg: {polar_deg}\n  azimuth_deg: {azimuth_deg}\n"


class Made:
    """A session on the rig of a configuration."""

    def __init__(self, text, folder):
        self.station = Station(parse(text), SteppedClock())
        self.session = Session(self.station, folder, Settings())
        self.twins = {name: self.station.rack.twins[name] for name in NAMES if name in self.station.rack.twins}

    def run(self, sweep, wait=True):
        self.session.submit(sweep)
        self.session.start()
        assert not wait or self.session.wait(30)
        return self.session.status.jobs[-1]

    @property
    def field_T(self):
        """What each coil really has."""
        coils = [self.station.rack.coil(name) for name in self.twins]
        return tuple(coil.current_A * coil.field_per_ampere_T for coil in coils)


@pytest.fixture
def made(tmp_path):
    opened = []

    def make(text=TEXT):
        opened.append(Made(text, tmp_path))
        return opened[-1]

    yield make
    for one in opened:
        one.session.close()


def sweep(fields="-0.1:0.1:5", **more):
    return FieldSweep(field_list_T=fields, field_rate_T_per_min=1.0, set_temperature=False, current_nA=150.0, **more)


def test_along_z_the_run_is_that_of_an_ordinary_magnet(made, tmp_path):
    vector, plain = made(), made(PLAIN)
    files = [load(one.run(sweep()).path) for one in (vector, plain)]
    ours, theirs = (file.columns for file in files)
    assert np.array_equal(ours["field_T"], theirs["field_T"])
    assert ours["x_xx_V"] == pytest.approx(theirs["x_xx_V"], rel=1e-3)
    for axis in ("magnet_x", "magnet_y"):
        assert not any("RAMP" in line for line in orders(vector.twins[axis]))
    assert not any("z" in remark for remark in files[0].remarks)


def test_along_a_direction_every_axis_has_its_share_and_the_file_says_the_direction(made):
    rig = made(tilted(60.0, 30.0))
    shares = (math.sin(math.pi / 3) * math.cos(math.pi / 6), math.sin(math.pi / 3) / 2, 0.5)
    job = rig.run(sweep("0.2, 0.4", shape="single", at_end="hold"))
    assert job.status is JobStatus.FINISHED, job.message
    assert rig.field_T == pytest.approx([0.4 * share for share in shares], abs=2e-4)
    file = load(job.path)
    assert file.columns["field_T"] == pytest.approx([0.2, 0.4], abs=2e-4)
    assert "60.0 degrees from z" in file.remarks[0]
    assert rig.run(sweep("0.4", at_end="zero")).status is JobStatus.FINISHED
    assert rig.field_T == pytest.approx((0, 0, 0), abs=2e-4)


OTHERS = """  magnet_x:
    driver: ips120
    address: GPIB0::25::INSTR
    field_max_T: 1.0
    ramp_rate_max_T_per_min: 1.5
  magnet_z:
    driver: cryomagnetics4g
    address: GPIB0::10::INSTR
    field_max_T: 5.0
    ramp_rate_max_T_per_min: 1.5
    ramp_segments: [[0.1, 1.5], [5.0, 0.5]]
    coil_T_per_A: 0.1
"""


def test_axes_of_two_makers_each_with_its_own_segments_and_switch(made):
    """The IPS has a switch that is warm since nobody knows when: the run waits for it; the 4G has none."""
    rig = made(tilted(30.0).replace(AXES, OTHERS))
    job = rig.run(sweep("0.1, 0.5", shape="single"))
    assert job.status is JobStatus.FINISHED, job.message
    assert rig.field_T == pytest.approx((0.25, 0.5 * math.sqrt(0.75)), abs=2e-4)
    columns = load(job.path).columns
    assert columns["field_T"] == pytest.approx([0.1, 0.5], abs=2e-4)
    assert columns["time_s"][0] > rig.station.instruments["magnet_x"].heating_time_s
    slow_s = 60 * (0.5 * math.sqrt(0.75) - 0.1) / 0.5
    assert np.diff(columns["time_s"])[0] > slow_s
    assert sweep("0.1, 0.5", shape="single").estimate_s(rig.station.rig) > 2 * slow_s  # there and back


def test_a_field_outside_the_allowed_volumes_is_refused_when_it_is_queued(made):
    rig = made(tilted(90.0))
    heard = {name: len(orders(twin)) for name, twin in rig.twins.items()}
    with pytest.raises(ValueError, match=r"2 T along \(1\.0, 0\.0, 0\.0\) is not allowed"):
        rig.session.submit(sweep("0, 2"))
    assert made().session.submit(sweep("0, 4")).number == 1  # the long thin cylinder along z
    assert {name: len(orders(twin)) for name, twin in rig.twins.items()} == heard


@pytest.mark.parametrize("word", ["hold", "stop"])
def test_hold_and_stop_reach_all_axes(made, word):
    rig, blocked = made(tilted(45.0)), threading.Event()
    ramp_to = rig.station.rig.magnet.ramp_to

    def watched(field_T, *words, **more):
        return ramp_to(field_T, *words, **more, on_reading=lambda now_T: now_T > 0.05 and blocked.set())

    rig.station.rig.magnet.ramp_to = watched
    rig.run(sweep("0, 0.9", shape="single"), wait=False)
    assert blocked.wait(10)
    before = {name: len(orders(twin)) for name, twin in rig.twins.items()}
    getattr(rig.session, word)()
    when(lambda: all("PAUSE" in orders(twin)[before[name] :] for name, twin in rig.twins.items()))
    when(lambda: not any(twin.coil.ramping for twin in rig.twins.values()))
    rig.session.stop()
    assert rig.session.wait(10)
    assert rig.session.status.jobs[-1].status is JobStatus.ABORTED
    assert not any(twin.coil.ramping for twin in rig.twins.values())


@pytest.mark.parametrize("name", NAMES)
def test_an_axis_that_is_lost_for_a_moment_costs_no_row(made, name):
    rig = made(tilted(45.0, 45.0))
    rows, put = [], rig.session.put

    def losing(row):
        put(row)
        rows.append(row)
        if len(rows) == 3:
            rig.twins[name].faults.plan(Fault.DISCONNECT)

    rig.session.put = losing
    job = rig.run(sweep("0:0.3:7", shape="single"))
    assert job.status is JobStatus.FINISHED, job.message
    assert [row["field_set_T"] for row in rows] == pytest.approx(np.linspace(0, 0.3, 7))
    assert "disconnect" in {said.text for said in rig.twins[name].wire_log if said.direction == "fault"}


@pytest.mark.parametrize("name", NAMES)
def test_an_axis_that_stays_away_ends_the_run_with_the_others_held(made, name, monkeypatch):
    monkeypatch.setattr("procedures.measurement.RECONNECT_S", 0.3)
    rig = made(tilted(45.0, 45.0))
    library = rig.station.rack.library

    def unplug(row):
        rig.twins[name].faults.plan(Fault.DISCONNECT)
        for address in [address for address, twin in library.twins.items() if twin is rig.twins[name]]:
            del library.twins[address]

    rig.session.put = unplug
    job = rig.run(sweep("0.1:0.3:7", shape="single"))
    assert job.status is JobStatus.FAILED
    assert job.message.startswith(f"{name}: ")
    for other, twin in rig.twins.items():
        if other != name:
            assert orders(twin)[-1] == "PAUSE"
    assert not any(twin.coil.ramping for twin in rig.twins.values())


@pytest.mark.parametrize("quenched", NAMES)
def test_a_quench_of_one_axis_ends_the_run_and_the_others_hold(made, quenched):
    rig = made(tilted(45.0, 45.0))
    rig.session.put = lambda row: rig.twins[quenched].coil.quench() if row["field_set_T"] > 0.25 else None
    job = rig.run(sweep("0.1:0.5:9", shape="single", at_end="zero"))
    assert job.status is JobStatus.FAILED
    assert f"{quenched}: quench" in job.message or "QUENCH" in job.message
    assert rig.session.status.state is State.QUENCH
    for name, twin in rig.twins.items():
        assert not twin.coil.ramping
        if name != quenched:
            assert orders(twin)[-1] == "PAUSE"
    rig.station.clock.sleep(60)
    rig.session.do_errand(REARM)
    assert rig.session.wait(10)
    assert rig.session.status.state is State.IDLE, rig.session.status.sentence
    rig.session.put = lambda row: None
    assert rig.run(sweep("0, 0.1")).status is JobStatus.FINISHED


def test_the_supervisor_sees_a_quench_while_nothing_runs_though_another_axis_is_away(made):
    rig = made()
    library = rig.station.rack.library
    address = next(address for address, twin in library.twins.items() if twin is rig.twins["magnet_x"])
    away = library.twins.pop(address)
    away.faults.plan(Fault.DISCONNECT)
    when(lambda: any("magnet_x" in fault for fault in rig.session.readings.faults))
    rig.twins["magnet_y"].coil.quench()
    when(lambda: rig.session.status.state is State.QUENCH)
    library.twins[address] = away
    when(lambda: rig.session.readings.magnet == "quench" and not rig.session.readings.faults)


def test_above_temperature_stop_all_axes_set_out_for_zero(made):
    rig = made("temperature_stop_K: 10.0\n" + tilted(45.0))
    magnet = rig.station.rig.magnet
    magnet.ramp_to(0.5, 1.0)
    rig.session._interlock.judge_temperature(20.0)
    when(lambda: rig.station.clock.sleep(1.0) or rig.field_T == pytest.approx((0, 0, 0), abs=2e-4))
    for field_T, rate in ((0.1, None), (0.0, 0.5)):
        with pytest.raises(Refused, match="nothing was sent"):
            magnet.start_ramp(field_T, rate)


@pytest.mark.parametrize("bad", [math.nan, math.inf, "0.1", None, True, 3.0])
def test_what_is_no_field_along_the_direction_puts_no_byte_on_a_wire(made, bad):
    rig = made(tilted(45.0))
    rig.session.close()  # without it the supervisor speaks
    station = Station(parse(tilted(45.0)), SteppedClock())
    said = len(station.rack.wire_log)
    for ask in (station.rig.magnet.check_field, station.rig.magnet.ramp_to):
        with pytest.raises(LimitExceeded, match="magnet: "):
            ask(bad)
    assert len(station.rack.wire_log) == said
    station.close()


def test_the_persistent_mode_of_several_axes_is_refused(made):
    rig = made()
    with pytest.raises(UserError, match="each of its axes has its own switch"):
        run_errand(ENTER, rig.station.rig.magnet, threading.Event(), print)


def test_check_shows_every_axis_the_volumes_and_the_direction_and_sends_nothing(tmp_path, capsys, monkeypatch):
    path = tmp_path / "c.yaml"
    path.write_text(tilted(90.0, 90.0))
    racks = []
    make_rack = Station.__init__.__globals__["make_rack"]
    monkeypatch.setattr("acquire.station.make_rack", lambda *a: (racks.append(make_rack(*a)), racks[-1])[1])
    assert main(["check", "--config", str(path)]) == 0
    shown = capsys.readouterr().out
    for word in (*NAMES, "Sphere(radius_T=1.0)", "Cylinder(radius_T=0.1", "share of the field along y", "nothing was"):
        assert word in shown
    assert all(orders(racks[0].twins[name]) == [] for name in NAMES)
    assert main(["magnet", "--config", str(path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4


def refused(text):
    with pytest.raises(ConfigError) as caught:
        parse(text, "config.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("sphere_T: 1.0", "sfere_T: 1.0", "did you mean sphere_T?"),
        ("sphere_T: 1.0", "sphere_T: -1.0", "must be a positive number"),
        ("sphere_T: 1.0", "polar_deg: 200.0", "polar_deg = 200.0 must be a number from 0 to 180"),
        ("  cylinder_radius_T: 0.1\n", "", "belong together"),
        ("sphere_T: 1.0", "box_T: [1.0, 5.0]", "not one number for each of x, y, z"),
        ("  magnet_x:", "  magnet:", "magnet and magnet_y, magnet_z; take the one or the others"),
        ("  magnet_x:", "  magnet_w:", "did you mean magnet"),
        (VOLUME, "", "a section vector_magnet with its allowed fields"),
        (VOLUME, "\nvector_magnet: {}\n", "no allowed volume"),
        (AXES, ONE, "needs two or three of magnet_x, magnet_y, magnet_z"),
        (AXES, "", "magnet missing"),
        (AXES, AXES[AXES.index("  magnet_z:") :], "has two or three of magnet_x"),
        (AXES, AXES[: AXES.index("  magnet_z:")], "there is no axis z"),
        ("driver: ami430", "driver: ppms_magnet", "ppms_magnet"),
        ("192.168.1.32", "192.168.1.31", "stands twice"),
    ],
)  # fmt: skip
def test_mistakes_in_a_vector_magnet_are_refused(old, new, words):
    assert old in TEXT
    assert words in refused(TEXT.replace(old, new, 1))


def test_a_direction_that_needs_an_axis_that_is_not_there_is_refused():
    two = tilted(90.0, 30.0).replace(AXES, AXES[: AXES.index("  magnet_y:")] + AXES[AXES.index("  magnet_z:") :])
    assert "need a field along y, and the magnet has x, z" in refused(two)
    assert parse(two.replace("azimuth_deg: 30.0", "azimuth_deg: 180.0")).axes == {"x": "magnet_x", "z": "magnet_z"}
