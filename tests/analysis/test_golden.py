"""Golden values of the reference for every model that is here, computed elsewhere with 50 digits."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from analysis.constants import HBAR_OVER_4E
from analysis.model import MODELS
from analysis.special import cooperon, f_and_derivative

FOLDER = Path(os.environ.get("CUSP_REFERENCE_GOLDEN", Path(__file__).resolve().parents[3] / "shared" / "golden"))
FILE = FOLDER / "golden2d.json"
ENTRIES = json.loads(FILE.read_text(encoding="utf-8"))["entries"] if FILE.is_file() else []

pytestmark = pytest.mark.skipif(not ENTRIES, reason=f"no golden values at {FILE}; set CUSP_REFERENCE_GOLDEN")


def entries(model, quantity=None):
    chosen = [e for e in ENTRIES if e["model"] == model and quantity in (None, e["quantity"])]
    return [pytest.param(e, id=e["id"]) for e in chosen]


def numbers(entry):
    return {name: float(value) for name, value in entry["params"].items()}


def length_nm(field_T):
    return 1e9 * np.sqrt(HBAR_OVER_4E / field_T)


def check(value, entry, rel=1e-12):
    assert value == pytest.approx(float(entry["value"]), rel=max(rel, entry["rel_tol"]), abs=2e-15)


@pytest.mark.parametrize("entry", entries("f"))
def test_f(entry):
    value = f_and_derivative(np.array([numbers(entry)["x"]]))[0][0]
    assert value == pytest.approx(float(entry["value"]), rel=1e-12, abs=0)


@pytest.mark.parametrize("entry", entries("f_prime"))
def test_f_prime(entry):
    value = f_and_derivative(np.array([numbers(entry)["x"]]))[1][0]
    assert value == pytest.approx(float(entry["value"]), rel=1e-12, abs=0)


@pytest.mark.parametrize("entry", entries("hln_simple"))
def test_one_term(entry):
    p = numbers(entry)
    field = np.array([float(entry["B_T"])])
    value = MODELS["hln"].value(field, p["alpha"], 1e9 * p["L_phi_m"])[0]
    assert value == pytest.approx(float(entry["value"]), rel=1e-12, abs=0)


@pytest.mark.parametrize("entry", entries("hln_iso", "delta_sigma"))
def test_full_with_the_magnetic_term_folded_in(entry):
    # magnetic scattering is not a parameter of hln_full, but its channels are sums of the same function
    p = numbers(entry)
    field = np.array([float(entry["B_T"])])
    triplet = p["Bphi"] + 4 / 3 * p["Bso"] + 2 / 3 * p["Bs"]
    value = np.array([-1, 1.5, -0.5]) @ cooperon(field, np.array([p["Be"], triplet, p["Bphi"] + 2 * p["Bs"]]))[0]
    check(value[0], entry)
    # a film without it, with the same three channels: B_phi' = B_phi + 2 B_s, 4/3 B_so' = 4/3 (B_so - B_s)
    lengths = (length_nm(p["Bphi"] + 2 * p["Bs"]), length_nm(p["Bso"] - p["Bs"]), length_nm(p["Be"]))
    check(MODELS["hln_full"].value(field, *lengths)[0], entry)


@pytest.mark.parametrize("entry", entries("hln_iso", "delta_sigma"))
def test_full_with_magnetic_scattering(entry):
    p = numbers(entry)
    lengths = (length_nm(p[name]) for name in ("Bphi", "Bso", "Bs", "Be"))
    check(MODELS["hln_magnetic"].value(np.array([float(entry["B_T"])]), *lengths)[0], entry)


@pytest.mark.parametrize("entry", entries("hln_iso", "sigma_abs"))
def test_full_with_the_cut_off(entry):
    # sigma(B) itself needs the elastic field as its cut-off: at B = 0 it is the logarithms of the same four fields
    p, field = numbers(entry), np.array([float(entry["B_T"])])
    lengths = (length_nm(p[name]) for name in ("Bphi", "Bso", "Bs", "Be"))
    triplet, singlet = p["Bphi"] + 4 / 3 * p["Bso"] + 2 / 3 * p["Bs"], p["Bphi"] + 2 * p["Bs"]
    at_zero = -np.log(p["Be"]) + 1.5 * np.log(triplet) - 0.5 * np.log(singlet)
    check(at_zero + MODELS["hln_magnetic"].value(field, *lengths)[0], entry)


@pytest.mark.parametrize("entry", entries("hln_dp", "delta_sigma"))
def test_full_with_in_plane_spin_orbit_fields(entry):
    p = numbers(entry)
    lengths = (length_nm(p[name]) for name in ("Bphi", "Bso", "Be"))
    check(MODELS["hln_dp"].value(np.array([float(entry["B_T"])]), *lengths)[0], entry)


@pytest.mark.parametrize("entry", entries("hln_general", "delta_sigma"))
def test_full_by_components(entry):
    p = numbers(entry)
    lengths = (length_nm(max(p[name], 1e-30)) for name in ("Bphi", "Bsox", "Bsoz", "Bsx", "Bsz", "Be"))
    check(MODELS["hln_general"].value(np.array([float(entry["B_T"])]), *lengths)[0], entry)


@pytest.mark.parametrize("entry", entries("graphene_soc"))
def test_graphene_with_spin_orbit_coupling(entry):
    p = numbers(entry)
    lengths = (length_nm(p[name]) for name in ("Bphi", "Basy", "Bsym"))
    check(MODELS["graphene_so"].value(np.array([float(entry["B_T"])]), *lengths)[0], entry)
