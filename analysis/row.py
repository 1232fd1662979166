"""One measured row: its columns, their order and the meaning of its flags.

This is the vocabulary that procedures write, the journal stores and the live
analysis reads. It lives on floor 1 because the analysis must know the names it
reads and may import nothing above it.
"""

from __future__ import annotations

from enum import IntFlag

SWEEP = "sweep"
"""Number of the field sweep within a run, from 0: rows of one sweep share it."""

BRANCH = "branch"
"""Number of the leg within the sweep, from 0; the field moves one way on a leg."""

TIME = "time_s"
FIELD_SET = "field_set_T"
FIELD = "field_T"
TEMPERATURE_SET = "temperature_set_K"
TEMPERATURE = "temperature_K"
CURRENT = "current_A"
X_XX = "x_xx_V"
Y_XX = "y_xx_V"
X_XY = "x_xy_V"
Y_XY = "y_xy_V"
FLAGS = "flags"

COLUMNS: tuple[str, ...] = (
    SWEEP, BRANCH, TIME, FIELD_SET, FIELD, TEMPERATURE_SET, TEMPERATURE, CURRENT, X_XX, Y_XX, X_XY, Y_XY, FLAGS,
)  # fmt: skip
"""The columns of a row, in the order of the file. Times in s since the run began,
fields in T, temperatures in K, the rms excitation current in A, rms lock-in volts in V.
A rig without a transverse lock-in writes nan in `x_xy_V` and `y_xy_V`."""

V_REF = "v_ref_V"
"""Voltage over a resistor in series with the film [V rms]."""

GATE, GATE_CURRENT = "gate_V", "gate_A"
"""Set point of the gate as its source says it, and what leaks through it: nan while its output is off, and what leaks
also where the source does not measure."""

OPTIONAL_COLUMNS: tuple[str, ...] = (V_REF, GATE, GATE_CURRENT)
"""Columns that the rows of a rig may have behind `COLUMNS`, in the order of the file; all rows of a file, or none."""

INTEGER_COLUMNS: frozenset[str] = frozenset({SWEEP, BRANCH, FLAGS})


class Flag(IntFlag):
    """Why a row is not to be fitted; 0 is a good row. Fits use no flagged row."""

    OVERLOAD_XX = 1
    OVERLOAD_XY = 2
    UNLOCK_XX = 4
    UNLOCK_XY = 8
    TEMPERATURE_OFF = 16
    """The temperature was outside the settling band when the row was taken."""
    REPEATED = 32
    """A reply was lost or garbled and the reading was taken a second time."""


def words(flags: int) -> str:
    """Return the flags of a row as words, `"ok"` for none."""
    names = [flag.name.lower().replace("_", " ") for flag in Flag if flag & flags and flag.name]
    return ", ".join(names) or "ok"
