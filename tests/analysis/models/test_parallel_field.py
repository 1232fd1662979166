import json
import math
import os
from pathlib import Path

import numpy as np
import pytest

from analysis.channels import FIELD_NM2
from analysis.constants import G0, HBAR, E
from analysis.curve import Curve
from analysis.fit import fit
from analysis.model import MODELS
from analysis.models.parallel_field import of_roughness, of_thickness
from analysis.sample import Sample

FOLDER = Path(os.environ.get("CUSP_REFERENCE_GOLDEN", Path(__file__).resolve().parents[4] / "shared" / "golden"))
FIELD = np.linspace(-8, 8, 161)
NO_SPIN_ORBIT = math.inf


def entries(file, key, name):
    path = FOLDER / file
    if not path.is_file():
        pytest.skip(f"no golden values at {path}; set CUSP_REFERENCE_GOLDEN")
    return [entry for entry in json.loads(path.read_text(encoding="utf-8"))["entries"] if entry.get(key) == name]


def test_golden_film():
    found = entries("golden_rest.json", "function", "dsigma_parallel_film")
    assert len(found) == 3
    for entry in found:
        b, l_phi, t = (float(entry["arguments"][name]) for name in ("B", "Lphi", "t"))
        value = MODELS["parallel_film"].value(np.array([b]), 1e9 * l_phi, NO_SPIN_ORBIT, 1e9 * t)[0]
        assert value * G0 == pytest.approx(float(entry["value"]), rel=1e-12)


def test_golden_roughness():
    found = entries("golden2d.json", "model", "B_rough")
    if not found:
        pytest.skip("the file names B_rough, but has no entry of it")
    for entry in found:
        d, correlation, path = (1e9 * float(entry["params"][name]) for name in ("d", "L", "l"))
        shift = of_roughness(np.array([float(entry["B_T"])]), d, correlation, path)[0]
        assert shift == pytest.approx(float(entry["value"]), rel=1e-12)


def test_roughness_in_si():
    # sqrt(pi) e d^2 L B^2/(2 hbar l)
    si = math.sqrt(math.pi) * E * 1e-9**2 * 8e-9 * 5.0**2 / (2 * HBAR * 200e-9)
    assert of_roughness(np.array([5.0]), 1.0, 8.0, 200.0)[0] == pytest.approx(si, rel=1e-12)


def test_flux_through_a_film_is_that_of_a_vector_potential_averaged_over_the_thickness():
    # 1/(D tau_B) = (2 e/hbar)^2 <A^2> with A = B z, z from -t/2 to t/2, by numerical average
    z = (np.arange(100000) + 0.5) / 100000 - 0.5
    inverse = (2 * E / HBAR) ** 2 * np.mean((3.0 * z * 20e-9) ** 2)
    assert of_thickness(np.array([3.0]), 20.0)[0] == pytest.approx(HBAR / (4 * E) * inverse, rel=1e-9)


def test_spin_orbit_limits_of_the_film():
    model, b = MODELS["parallel_film"], of_thickness(FIELD, 20.0)
    plain = np.log1p(b * 300.0**2 / FIELD_NM2)
    assert model.value(FIELD, 300.0, NO_SPIN_ORBIT, 20.0) == pytest.approx(plain, rel=1e-12)
    assert model.value(FIELD, 300.0, 1e-3, 20.0) == pytest.approx(-plain / 2, rel=1e-6)


def test_roughness_from_a_parallel_sweep_with_l_phi_known():
    known = {"l_phi_nm": 900.0, "correlation_nm": 8.0, "mean_free_path_nm": 200.0}
    dsigma = MODELS["parallel_rough"].value(FIELD, 900.0, 1.0, 1.2, 8.0, 200.0)
    curve = Curve(FIELD, dsigma + np.random.default_rng(0).normal(0, 1e-3, FIELD.size), np.full(FIELD.size, 1e-3))
    result = fit("parallel_rough", curve, fixed=known)
    assert result["roughness_nm"].value == pytest.approx(1.2, rel=5e-3)
    assert "assumed" not in {remark.code for remark in result.remarks}
    assert "assumed" in {remark.code for remark in fit("parallel_rough", curve).remarks}


def test_film_thickness_comes_from_the_sample():
    dsigma = MODELS["parallel_film"].value(FIELD, 400.0, 60.0, 20.0)
    curve = Curve(FIELD, dsigma + np.random.default_rng(0).normal(0, 1e-3, FIELD.size), np.full(FIELD.size, 1e-3))
    result = fit("parallel_film", curve, sample=Sample(thickness_nm=20.0, mean_free_path_nm=3.0))
    assert result["l_phi_nm"].value == pytest.approx(400, rel=0.05)
    assert result["l_so_nm"].value == pytest.approx(60, rel=0.05)
    assert {remark.code for remark in result.remarks} <= {"parallel", "short_l_phi"}
    codes = {remark.code for remark in fit("parallel_film", curve, sample=Sample(mean_free_path_nm=70.0)).remarks}
    assert {"assumed", "flux_cancellation"} <= codes
