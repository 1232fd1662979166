"""The command line as a person types it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from acquire.__main__ import COMMANDS, main
from acquire.config import load
from acquire.journal import read
from acquire.reservation import Reservation
from analysis.constants import G0
from drivers.catalogue import DRIVERS
from tests.analysis.simulated_sweep import dsigma

ROOT = Path(__file__).parent.parent.parent
CONFIG = ROOT / "config.yaml"
QUICK = ["--set", "field_list_T=-0.1:0.1:9", "--set", "set_temperature=no", "--set", "field_rate_T_per_min=1.5",
         "--set", "current_nA=150"]  # fmt: skip


@pytest.fixture(scope="module")
def fast(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("rig") / "config.yaml"
    path.write_text(CONFIG.read_text().replace("simulation_speed: 60.0", "simulation_speed: 2000.0"))
    return path


@pytest.fixture(scope="module")
def sweep(fast, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sweeps")
    assert main(["run", "field-sweep", *QUICK, "--config", str(fast), "--output", str(folder)]) == 0
    return next(folder.glob("*.csv"))


def one_line(capsys) -> str:
    told = capsys.readouterr().err.strip()
    assert told.startswith("cusp: ")
    assert "\n" not in told
    return told


def test_run_leaves_a_finished_file(sweep):
    assert read(sweep).status == "finished"
    assert read(sweep).rows == 18


def test_fit_writes_what_the_design_says(sweep, tmp_path, capsys):
    out = tmp_path / "out.json"
    assert main(["fit", str(sweep), "--json", str(out)]) == 0
    (record,) = json.loads(out.read_text())
    promised = (
        "file temperature_K model symmetry_class parameters window_T field_offset_T chi2_reduced points warnings "
        "candidates software"
    )
    assert set(promised.split()) <= set(record)
    assert record["symmetry_class"] in ("orthogonal", "symplectic", "unitary", "crossover", "undetermined")
    assert set(record["parameters"]["l_phi_nm"]) == {"value", "error", "lower", "upper", "determined", "fixed"}
    assert record["software"]["version"]


def test_fit_to_the_terminal_is_pure_json(sweep, capsys):
    assert main(["fit", str(sweep), "--model", "hln", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["model"] == "hln"


def test_fit_compares_the_models_of_the_material(sweep, capsys):
    assert main(["fit", str(sweep), "--material", "quantum_well", "--json", "-"]) == 0
    record = json.loads(capsys.readouterr().out)[0]
    assert {"hln", "hln_dp", "rashba"} <= {one["model"] for one in record["candidates"]}


def test_replay_without_a_window(sweep, capsys):
    assert main(["replay", str(sweep), "--headless"]) == 0
    assert "L_phi" in capsys.readouterr().out


def test_check_prints_everything_and_changes_nothing(fast, capsys, monkeypatch):
    from acquire.commands import check

    stations = []
    real = check.Station
    monkeypatch.setattr(check, "Station", lambda *a, **k: stations.append(real(*a, **k)) or stations[-1])
    assert main(["check", "--config", str(fast)]) == 0
    out = capsys.readouterr().out
    for word in ("AMERICAN MAGNETICS", "MODEL336", "SR830", "field_T", "nothing was changed"):
        assert word in out
    sent = [said.text for _, said in stations[0].rack.wire_log if said.direction == "in"]
    assert sent
    assert [text for text in sent if "?" not in text] == []


@pytest.mark.parametrize("word", ["models", "instruments"])
def test_lists(word, capsys):
    assert main([word]) == 0
    out = capsys.readouterr().out
    assert ("l_phi_nm" if word == "models" else "sr830") in out


@pytest.mark.parametrize("word", ["models", "instruments", "check"])
@pytest.mark.parametrize("columns", [60, 80, 200])
def test_nothing_is_cut_at_the_edge_of_the_terminal(word, columns, fast, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main([word, *(["--config", str(fast)] if word == "check" else [])]) == 0
    out = capsys.readouterr().out
    assert max(len(line.rstrip()) for line in out.splitlines()) <= columns
    assert all(line.rstrip()[-1] in "│┃" for line in out.splitlines() if line[:1] in tuple("│┃"))
    if word == "instruments":
        assert {"ramp_rate_max_T_per_min,", "switch_heating_time_s=0.0,"} <= set(out.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert len(capsys.readouterr().out) > 100


@pytest.mark.parametrize("words", ["fti", "fit", "run", "fit x --modle hln", "replay --speed fast x"])
def test_a_wrong_word_is_usage(words, capsys):
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    assert ended.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["fit", "none.csv"], "no such file"),
        (["fit", str(CONFIG)], "--column"),
        (["fit", "SWEEP", "--model", "nln"], "not known"),
        (["fit", "SWEEP", "--fix", "l_phi=3"], "l_phi_nm"),
        (["fit", "SWEEP", "--fix", "l_so_nm=x"], "name=number"),
        (["fit", "SWEEP", "--window-T", "nan"], "window"),
        (["fit", "SWEEP", "--fix", "l_phi_nm=-5"], "outside"),
        (["fit", "SWEEP", "--fix", "l_asy_nm=5"], "l_asy_nm"),
        (["fit", str(ROOT)], "is a folder"),
        (["fit", "SWEEP", "--model", "hnl"], "did you mean hln"),
        (["fit", "SWEEP", "--temperature-K", "4"], "--temperature-K: is for plain tables"),
        (["fit", "SWEEP", "--column", "field_T=B"], "--column: is for plain tables"),
        (["fit", "SWEEP", "--statement", "/nowhere/out.json"], "there is no folder"),
        (["run", "field-sweep", "--set", "field_step_T=0"], "--set field_step_T=0: give a number from 1e-07 to 10 T"),
        (["run", "field-sweep", "--set", "shape=round"], "give one of up and down, single, five quadrants"),
        (["run", "field-sweep", "--set", "settle_percent=nan", "--config", "CONFIG"], "nan"),
        (["fit", "SWEEP", "--squares", "-1"], "--squares"),
        (["fit", "SWEEP", "--material", "quantumwell"], "did you mean quantum_well"),
        (["fit", "SWEEP", "--column", "feild_T=B"], "did you mean field_T"),
        (["fit", "SWEEP", "--json", "/nowhere/out.json"], "cannot be written"),
        (["replay", "SWEEP", "--speed", "0"], "--speed"),
        (["run", "feild-sweep", "--config", "CONFIG"], "did you mean field-sweep"),
        (["run", "field-sweep", "--set", "current=3", "--config", "CONFIG"], "did you mean current_nA"),
        (["run", "field-sweep", "--set", "current_nA=much", "--config", "CONFIG"], "current_nA"),
        (["run", "field-sweep", "--set", "current_nA", "--config", "CONFIG"], "name=value"),
        (["run", "field-sweep", "--set", "field_stop_T=9", "--config", "CONFIG"], "9"),
        (["run", "field-sweep", "--set", "field_list_T=a", "--config", "CONFIG"], "field list"),
        (["run", "field-sweep", "--set", "temperature_K=100", "--config", "CONFIG"], "100"),
        (["run", "field-sweep", "--config", "none.yaml"], "none.yaml"),
        (["check", "--config", "none.yaml"], "--config"),
        (["rack", "--speed", "-1"], "--speed"),
        (["--config", "none.yaml"], "none.yaml"),
    ],
)
def test_a_mistake_is_told_in_one_line_and_fails(words, told, sweep, fast, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = [{"SWEEP": str(sweep), "CONFIG": str(fast)}.get(word, word) for word in words]
    assert main(words) == 1
    assert told in one_line(capsys)


TABLE = ["--column", "field_T=B", "--column", "resistance_ohm=R", "--temperature-K", "1.5", "--width-um", "100"]


@pytest.mark.parametrize(("factor", "points", "told"), [
    (1e3, 81, "must be in tesla"), (1e4, 81, "must be in tesla"), (1.0, 2, "only 2 good rows"),
])  # fmt: skip
def test_why_a_table_is_not_fitted_is_told(factor, points, told, tmp_path, capsys):
    table(tmp_path / "t.csv", factor, points)
    assert main(["fit", str(tmp_path / "t.csv"), *TABLE]) == 0
    assert told in capsys.readouterr().err


def test_a_table_of_resistances_says_nothing_of_heating(tmp_path, capsys):
    table(tmp_path / "t.csv")
    assert main(["fit", str(tmp_path / "t.csv"), *TABLE]) == 0
    told = capsys.readouterr()
    assert "excitation current is not known" in told.out
    assert " nA" not in told.out + told.err
    assert main(["fit", str(tmp_path / "t.csv"), *TABLE, "--excitation-nA", "100"]) == 0
    assert "100 nA" in capsys.readouterr().out


def table(path: Path, factor: float = 1.0, points: int = 81) -> None:
    """Write a sweep of a film of 500 ohm, the field times `factor`."""
    field = np.linspace(-0.4, 0.4, points)
    noise = np.random.default_rng(0).normal(scale=1e-3, size=points)
    ohm = 1 / (1 / 500 + G0 * dsigma(field, 300.0)) + noise
    np.savetxt(path, np.column_stack([factor * field, ohm]), header="B,R", comments="", delimiter=",")


def test_a_damaged_file_is_named_and_not_fitted(sweep, tmp_path, capsys):
    damaged = tmp_path / "damaged.csv"
    content = bytearray(sweep.read_bytes())
    at = content.rindex(b"\n", 0, content.rindex(b"#End")) - 3
    content[at] = ord("1") if content[at] != ord("1") else ord("2")
    damaged.write_bytes(content)
    assert main(["fit", str(damaged)]) == 1
    assert "checksum" in one_line(capsys)


def test_an_unfinished_file_is_fitted_and_says_so(sweep, tmp_path, capsys):
    torn = tmp_path / "torn.csv"
    torn.write_bytes(sweep.read_bytes().split(b"#End")[0][:-7])
    assert main(["fit", str(torn)]) == 0
    assert "unfinished, 17 whole rows" in capsys.readouterr().err


def test_an_instrument_that_is_not_there_is_named(tmp_path, capsys):
    path = tmp_path / "config.yaml"
    text = CONFIG.read_text().replace("visa_library: simulated", 'visa_library: "@py"')
    path.write_text(text.replace("TCPIP::192.168.1.20::7180", "TCPIP::127.0.0.1::1"))
    assert main(["run", "field-sweep", "--config", str(path)]) == 1
    assert "magnet" in one_line(capsys)


@pytest.mark.parametrize(
    ("setting", "says"),
    [("field_stop_T=9", "field_T = 9.0 is not a number from -5 to 5"), ("current_nA=1e9", "from 0.01 to 1e+06 nA"),
     ("current_nA=much", "from 0.01 to 1e+06 nA")],
)  # fmt: skip
def test_a_value_beyond_a_limit_is_answered_by_what_was_typed_and_the_limit(setting, says, capsys):
    assert main(["run", "field-sweep", "--set", setting, "--config", str(CONFIG)]) == 1
    assert says in one_line(capsys)


@pytest.mark.parametrize("command", [["check"], ["run", "field-sweep"]])
def test_instruments_that_another_program_has_are_refused(tmp_path, capsys, command):
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.read_text().replace("visa_library: simulated", 'visa_library: "@py"'))
    held = Reservation({"x": load(path).instruments["magnet"].address})
    try:
        assert main([*command, "--config", str(path)]) == 1
        assert f"magnet: TCPIP::192.168.1.20::7180::SOCKET is in use by process {os.getpid()}" in one_line(capsys)
    finally:
        held.release()


def cusp(*words: str, **more) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-m", "acquire", *words], cwd=ROOT, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, **more)  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="signals of another kind")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_as_the_stop_button_does(number, tmp_path):
    process = cusp("run", "field-sweep", *QUICK[2:4], *QUICK[6:], "--output", str(tmp_path))
    try:
        while not (files := list(tmp_path.glob("*.csv"))) or files[0].read_text().count("\n0,") < 3:
            assert process.poll() is None
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 1
    assert "aborted" in err
    assert "Traceback" not in err
    assert read(files[0]).status == "aborted"


def test_the_rack_serves_on_loopback_and_other_programs_talk_to_it(tmp_path):
    process = cusp("rack", "--all", "--speed", "10", "--wire-log", str(tmp_path / "wire.txt"))
    try:
        assert process.stdout is not None
        instruments = json.loads(process.stdout.readline())["instruments"]
        assert {i["model"] for i in instruments} >= {"sr830", "ami430", "lakeshore336"}
        assert {i["host"] for i in instruments} == {"127.0.0.1"}
        import pyvisa

        manager = pyvisa.ResourceManager("@py")
        for i in instruments:
            with manager.open_resource(i["resource"], read_termination=i["read_termination"],
                                       write_termination=i["write_termination"]) as instrument:  # fmt: skip
                driver = DRIVERS[i["driver"]]
                instrument.write(driver.IDENTITY_QUERY)  # type: ignore[attr-defined]
                said = (instrument.read() for _ in range(4))  # type: ignore[attr-defined]  # a banner may come first
                assert any(driver.IDENTITY.search(line) for line in said), i
        manager.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.communicate()
    assert "'*IDN?'" in (tmp_path / "wire.txt").read_text()
