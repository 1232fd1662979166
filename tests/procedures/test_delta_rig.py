"""A whole field sweep on a rig without a lock-in: a 6221 and a 2182A in delta mode measure the film."""

import numpy as np
import pytest

from analysis.live import Settings, analyse
from analysis.row import COLUMNS
from analysis.sample import Sample
from procedures.control import Control
from procedures.field_sweep import FieldSweep
from procedures.rig import Rig
from tests.drivers.rig import RESISTOR_OHM, make_rack, open_driver

FIELDS_T = "-0.4:-0.1:7, -0.08:-0.03:6, -0.02:0.02:21, 0.03:0.08:6, 0.1:0.4:7"


def test_delta_mode_finds_the_length_of_the_film():
    rack, sample, rows = make_rack(driver="keithley6221"), Sample(squares=5.0), []
    delta, magnet, thermometer = (open_driver(rack, name) for name in ("lockin_xx", "magnet", "thermometer"))
    run = FieldSweep(
        field_list_T=FIELDS_T, temperature_K=2.0, field_rate_T_per_min=1.0, current_nA=150.0,
        temperature_tolerance_K=0.03, temperature_dwell_s=20.0,
    )  # fmt: skip
    run.rig = Rig(rack.clock, magnet, thermometer, delta, None, RESISTOR_OHM, sample)
    run.control = Control()
    run.emit = lambda topic, record: rows.append(record) if topic == "results" else None
    run.startup()
    run.execute()
    run.shutdown()
    columns = {name: np.array([row[name] for row in rows], dtype=float) for name in COLUMNS}
    assert len(rows) == 2 * 47
    assert not columns["flags"].any()
    assert columns["current_A"] == pytest.approx(150e-9)
    fitted = analyse(columns, Settings(model="hln_full", sample=sample)).fit["l_phi_nm"]
    truth_nm = rack.cryostat.film.truth(2.0)["l_phi_nm"]
    assert fitted.error < 0.05 * truth_nm
    assert fitted.value == pytest.approx(truth_nm, abs=4 * fitted.error)
