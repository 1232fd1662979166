"""The published table, from the raw lock-in volts."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

FILE = Path(__file__).resolve().parents[2] / "examples" / "tbg_wse2.py"
spec = importlib.util.spec_from_file_location("tbg_wse2", FILE)
tbg = importlib.util.module_from_spec(spec)
sys.modules["tbg_wse2"] = tbg  # dataclasses look their module up
spec.loader.exec_module(tbg)

FOLDER = tbg.data_folder(None)
pytestmark = pytest.mark.skipif(
    not (FOLDER / "Data_array.txt").is_file(), reason=f"no measurement at {FOLDER}; set CUSP_REFERENCE_DATA"
)


@pytest.fixture(scope="module")
def processed():
    return tbg.processed_curves(FOLDER)


def test_curves_from_raw_volts_are_those_of_the_authors(processed):
    authors = np.loadtxt(FOLDER / "Data_array.txt")
    assert np.tile(tbg.fields(), 4) == pytest.approx(1e-3 * authors[0], rel=1e-6)
    assert np.abs(np.concatenate(list(processed.values())) - authors[1]).max() < 1e-8


@pytest.mark.parametrize("row", tbg.PUBLISHED, ids=["v_F = 3.5e5", "v_F = 4.5e5"])
def test_published_fit(processed, row):
    chi2, own = tbg.own_row(tbg.fit_as_published(tbg.as_curves(processed), row))
    assert chi2 == pytest.approx(row.chi2, rel=1e-6)
    for (value, error), (published, published_error) in zip(own, row.times_ps, strict=True):
        assert value == pytest.approx(published, rel=1e-4)
        assert error == pytest.approx(published_error, rel=1e-2)


def test_velocity_left_free_is_not_determined(processed):
    joint = tbg.fit_with_free_velocity(tbg.as_curves(processed))
    velocity = joint["v_f_m_per_s"]
    assert not velocity.determined
    assert (velocity.value, velocity.error, velocity.lower, velocity.upper) == (None, None, None, None)
    assert joint.chi2 / np.pi**2 == pytest.approx(0.49049, abs=1e-5)


def test_script_prints_the_table_and_writes_the_curves(capsys, tmp_path):
    assert tbg.main([str(FOLDER), "--write-tables", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    for words in ("0.52459938", "0.50052712", "28.9738 +- 0.8909", "v_F determined: no"):
        assert words in printed
    files = sorted(tmp_path.iterdir())
    assert len(files) == 4
    assert files[0].read_text(encoding="utf-8").splitlines()[0] == "field_T,dsigma_e2_per_pi_h"
    assert np.loadtxt(files[0], delimiter=",", skiprows=1).shape == (120, 2)


def test_missing_folder_is_one_line(capsys, tmp_path):
    assert tbg.main([str(tmp_path / "nowhere")]) == 1
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "name the folder" in captured.err
