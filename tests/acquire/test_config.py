from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquire.config import LARGEST_FILE, ConfigError, load, parse
from acquire.demo import demo_config

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "config.yaml").read_text(encoding="utf-8")


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text, "config.yaml")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_rig_of_the_repository_and_of_the_demo_are_accepted():
    assert load(ROOT / "config.yaml").simulated
    assert demo_config().simulated


def test_numbers_with_an_exponent_are_numbers():
    assert (
        parse(TEXT.replace("field_max_T: 5.0", "field_max_T: 1e-3")).instruments["magnet"].settings.field_max_T == 1e-3
    )


def test_one_line_makes_it_real():
    assert not parse(TEXT.replace("visa_library: simulated", 'visa_library: ""')).simulated


def keys() -> list[str]:
    return sorted(
        {line.split(":")[0].strip() for line in TEXT.splitlines() if ":" in line and not line.lstrip().startswith("#")}
    )


@pytest.mark.parametrize("key", keys())
def test_every_one_letter_typo_of_every_key_is_refused_with_its_line(key):
    for at in range(len(key)):
        for typo in {key[:at] + key[at + 1 :], key[:at] + "q" + key[at + 1 :]} - {key}:
            if not typo:
                continue
            text = TEXT.replace(f"{key}:", f"{typo}:", 1)
            message = refused(text)
            assert typo in message or "missing" in message


def test_the_nearest_key_is_proposed():
    message = refused(TEXT.replace("field_max_T", "feild_max_T"))
    assert "did you mean field_max_T?" in message
    assert "line " in message


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("field_max_T: 5.0", "field_max_T: .nan", "field_max_T"),
        ("field_max_T: 5.0", "field_max_T: -5.0", "field_max_T"),
        ("field_max_T: 5.0", "field_max_T: five", "field_max_T"),
        ("field_max_T: 5.0", "field_max_T: true", "field_max_T"),
        ("field_max_T: 5.0", "field_max_T: 1e999", "field_max_T"),
        ("field_max_T: 5.0", "field_max_T:", "field_max_T"),
        ("field_max_T: 5.0", "field_max_T: 5.0\n    field_max_T: 6.0", "twice"),
        ("driver: ami430", "driver: ami340", "did you mean ami430"),
        ("driver: ami430", "driver: sr830", "magnet"),
        ("driver: ami430", "driver: os.system", "no driver"),
        ("GPIB0::9::INSTR", "GPIB0::8::INSTR", "twice"),
        ("series_resistor_ohm: 1e6", "series_resistor_ohm: 0", "series_resistor_ohm"),
        ("simulation_speed: 60.0", "simulation_speed: 1e9", "simulation_speed"),
        ("station: simulated cryostat", "station: &a x", "station"),
        ("squares: 5.0", "squares: -5.0", "squares"),
        ("squares: 5.0", "squares: 0", "squares"),
        ("squares: 5.0", "material: grafene", "did you mean graphene"),
        ("address: GPIB0::8::INSTR", "address: nonsense", "write it like GPIB0::8::INSTR"),
        ("address: GPIB0::8::INSTR", "address: gpib0::9::instr", "twice"),
        ("series_resistor_ohm: 1e6", "series_resistor_ohm: 1e-300", "series_resistor_ohm"),
        ("station: simulated cryostat", "station: !!timestamp x", "tag"),
        ("station: simulated cryostat", "station: !!bool abc", "tag"),
        ("station: simulated cryostat", "station: !!float ''", "tag"),
        ("visa_library: simulated", "visa_library: 12:30", ""),
    ],
)
def test_mistakes_are_refused_in_one_line(old, new, word):
    assert old in TEXT
    if "12:30" in new:  # in YAML 1.1 this would be 750; here it is a word
        assert parse(TEXT.replace(old, new, 1)).visa_library == "12:30"
    elif "&a" in new:
        assert parse(TEXT.replace(old, new, 1)).station == "x"
    else:
        assert word in refused(TEXT.replace(old, new, 1))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "a", "a: [", "a: *b", "!!python/object/apply:os.system ['touch x']: 1", "? {a: b}\n: c", "a: &x [*x]",
     "instruments: 3\nseries_resistor_ohm: 1.0", "instruments: {magnet: 3}\nseries_resistor_ohm: 1.0", "\t", "a: \x00",
     "- " * 2000, "{" * 500],
)  # fmt: skip
def test_what_is_no_configuration_is_refused_in_one_line(text):
    refused(text)


@given(st.text(max_size=200))
def test_no_text_at_all_brings_it_down(text):
    with pytest.raises(ConfigError):
        parse(text)


def test_missing_and_too_large_files(tmp_path):
    with pytest.raises(ConfigError, match="--config"):
        load(tmp_path / "none.yaml")
    big = tmp_path / "big.yaml"
    big.write_text("a: 1\n" * LARGEST_FILE)
    with pytest.raises(ConfigError, match="no configuration"):
        load(big)
