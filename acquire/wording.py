"""Numbers in words: values with errors, fields, durations, names of parameters."""

from __future__ import annotations

import math
import re

from analysis.fit import Estimate

DASH = "—"
LARGEST = 1e6
"""From here on, and below 1e-4, a number is written with a power of ten."""
MINUS = "\u2212"


def _plain(text: str) -> str:
    return text.replace("-", MINUS)


def value_with_error(value: float, error: float | None, unit: str = "") -> str:
    """Return `512 ± 6 nm`: the error with one digit (two if it begins with 1 or 2), the value as far."""
    tail = f" {unit}" if unit else ""
    size = max(abs(value), error if error is not None and math.isfinite(error) else 0.0)
    if 0 < size < math.inf and not 1e-4 <= size < LARGEST:
        power = math.floor(math.log10(size))
        scale = 10.0**power
        shown = value_with_error(value / scale, None if error is None else error / scale)
        return f"({shown})·10{_raised(power)}{tail}" if "±" in shown else f"{shown}·10{_raised(power)}{tail}"
    if error is None or not math.isfinite(error) or error <= 0:
        return _plain(f"{value:.4g}") + tail
    decimals = -math.floor(math.log10(error))
    if f"{error:.1e}"[0] in "12":
        decimals += 1
    if decimals < 0:
        value, error, decimals = round(value, decimals), round(error, decimals), 0
    return f"{_plain(f'{value:.{decimals}f}')} ± {error:.{decimals}f}{tail}"


def _raised(power: int) -> str:
    return str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def length_nm(value_nm: float, error_nm: float | None) -> str:
    """Return a length in nm, or in µm from 10 µm on."""
    if abs(value_nm) >= 1e4:
        return value_with_error(value_nm / 1e3, None if error_nm is None else error_nm / 1e3, "µm")
    return value_with_error(value_nm, error_nm, "nm")


def engineering(value: float | None, unit: str, digits: int = 4) -> str:
    """Return `value` with an SI prefix, `—` for None."""
    if value is None or not math.isfinite(value):
        return DASH
    if value == 0:
        return f"0 {unit}"
    power = min(max(3 * math.floor(math.log10(abs(value)) / 3), -12), 9)
    prefix = {-12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}[power]
    scaled = value / 10.0**power
    decimals = max(digits - 1 - math.floor(math.log10(abs(scaled))), 0)
    return _plain(f"{scaled:.{decimals}f} {prefix}{unit}")


def field(value_T: float | None) -> str:
    """Return a field as `+0.0873 T`, `—` for None."""
    return DASH if value_T is None else _plain(f"{value_T:+.4f} T")


def temperature(value_K: float | None) -> str:
    """Return a temperature as `1.502 K`, `—` for None."""
    if value_K is None:
        return DASH
    return f"{value_K:.3f} K" if value_K < 100 else f"{value_K:.2f} K"


def duration(seconds: float | None) -> str:
    """Return `40 s`, `6 min`, `2 h 05 min`, `3 d 4 h`; `—` for None."""
    if seconds is None or not math.isfinite(seconds):
        return DASH
    seconds = max(round(seconds), 0)
    if seconds < 100:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d} min"
    return f"{hours // 24} d {hours % 24} h"


def one_line(text: str, longest: int = 2000) -> str:
    """Return `text` with control characters taken out, in one line, cut at `longest`."""
    clean = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"


def typeset(text: str) -> str:
    """Return plain text with L_phi written as Lφ, as on the axes, and true signs."""
    words = text.replace("l_phi_nm", "Lφ").replace("_phi", "φ").replace(" phi", " φ").replace("+-", "±")
    return re.sub(r"(?<!\w)-(?=\d)", MINUS, words)


_GREEK = {"alpha": "α", "beta": "β", "gamma": "γ", "phi": "φ", "tau": "τ", "delta": "Δ"}
_UNIT = r"(?:nm|um|T|K|ps|meV|eV|ohm|S|cm2|m2|m|A|V)"
_UNIT_END = re.compile(rf"_(?:{_UNIT}_)?per_\w+$|_{_UNIT}$")


def parameter_name(name: str) -> str:
    """Return a parameter's name as rich text: `l_phi_nm` becomes L with the subscript φ."""
    parts = _UNIT_END.sub("", name).split("_")
    words = [_GREEK.get(part, part) for part in parts]
    head = words[0].upper() if words[0] in ("l", "b") else words[0]
    rest = ",".join(words[1:])
    return f"<i>{head}</i><sub>{rest}</sub>" if rest else f"<i>{head}</i>"


def in_words(estimate: Estimate) -> str:
    """Return what the data say of a parameter: value and error, given, a bound, or not determined."""
    unit = estimate.unit
    if estimate.value is not None and (estimate.determined or estimate.fixed):
        if unit == "nm":
            text = length_nm(estimate.value, estimate.error)
        else:
            text = value_with_error(estimate.value, estimate.error, unit)
        return f"{text} (given)" if estimate.fixed else text
    if estimate.lower is not None and estimate.upper is None:
        return f"> {value_with_error(estimate.lower, None, unit)}"
    if estimate.upper is not None and estimate.lower is None:
        return f"< {value_with_error(estimate.upper, None, unit)}"
    return "not determined"
