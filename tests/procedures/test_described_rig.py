"""A whole field sweep on a rig without a single driver of its own: all described by their command strings."""

import numpy as np
import pytest

from analysis.live import Settings, analyse
from analysis.row import COLUMNS
from analysis.sample import Sample
from procedures.control import Control
from procedures.field_sweep import FieldSweep
from procedures.rig import Rig
from tests.drivers.rig import HANGS_ON, RESISTOR_OHM, make_rack, open_driver

FIELDS_T = "-0.4:-0.1:7, -0.08:-0.03:6, -0.02:0.02:21, 0.03:0.08:6, 0.1:0.4:7"
FULL_SCALE_V = {"lockin_xx": 500e-6, "lockin_xy": 50e-6}


def swept(described):
    """Return the rack and the rows of a sweep at 2 K, as columns."""
    rack = make_rack(noise_V_per_sqrtHz=5e-9)
    spoken_by = {native: generic for generic, native in HANGS_ON.items()}
    drivers = {}
    for name, twin in rack.twins.items():
        own = {"full_scale_V": FULL_SCALE_V[name]} if described and name in FULL_SCALE_V else {}
        twin.driver_name = spoken_by[twin.driver_name] if described else twin.driver_name
        drivers[name] = open_driver(rack, name, **own)
    rows, sample = [], Sample(squares=5.0)
    run = FieldSweep(
        field_list_T=FIELDS_T, temperature_K=2.0, field_rate_T_per_min=1.0, current_nA=150.0,
        temperature_tolerance_K=0.03, temperature_dwell_s=20.0,
    )  # fmt: skip
    run.rig = Rig(
        rack.clock, drivers["magnet"], drivers["thermometer"], drivers["lockin_xx"], drivers["lockin_xy"],
        RESISTOR_OHM, sample,
    )  # fmt: skip
    run.control = Control()
    run.emit = lambda topic, record: rows.append(record) if topic == "results" else None
    run.startup()
    run.execute()
    run.shutdown()
    return rack, {name: np.array([row[name] for row in rows], dtype=float) for name in COLUMNS}, sample


def test_the_rows_and_the_length_are_those_of_the_native_drivers():
    _, native, sample = swept(described=False)
    rack, described, _ = swept(described=True)
    assert {twin.driver_name for twin in rack.twins.values()} == set(HANGS_ON)
    assert len(described["field_T"]) == 2 * 47
    for name in ("sweep", "branch", "field_set_T", "flags", "current_A", "temperature_set_K"):
        assert np.array_equal(described[name], native[name]), name
    assert np.allclose(described["field_T"], native["field_T"], atol=1e-5)
    assert np.allclose(described["temperature_K"], native["temperature_K"], rtol=5e-3)
    for name in ("x_xx_V", "y_xx_V", "x_xy_V", "y_xy_V"):
        assert np.allclose(described[name], native[name], rtol=1e-5, atol=1e-10), name
    assert np.ptp(np.diff(described["time_s"]) - np.diff(native["time_s"])) < 1
    before, now = (analyse(rows, Settings(model="hln_full", sample=sample)).fit for rows in (native, described))
    length, error = now["l_phi_nm"].value, now["l_phi_nm"].error
    assert length == pytest.approx(before["l_phi_nm"].value, abs=0.1 * error)
    assert length == pytest.approx(rack.cryostat.film.truth(2.0)["l_phi_nm"], abs=4 * error)
    assert error < 0.01 * length
