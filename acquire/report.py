"""Results on paper: the figure and the table of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib import colormaps, colors
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter
from rich import box
from rich.table import Table

from acquire.wording import in_words
from analysis.fit import Estimate
from analysis.snapshot import Snapshot, SweepResult
from analysis.statement import Statement

MOST_POINTS = 300
"""A curve on paper shows no more points than this; the fit is drawn through all of them."""


def table(snapshot: Snapshot, files: Sequence[str] = ()) -> Table:
    """Return the results as a table for a terminal; with the joint fit where there is one.

    `files` names the file of each sweep; where they are not all the same they get a column.
    """
    out = Table(box=box.SIMPLE, padding=(0, 1), collapse_padding=True, pad_edge=False)
    joint, gated = snapshot.joint, any(sweep.gate_V is not None for sweep in snapshot.sweeps)
    headings = ["T (K)"] + (["gate (V)"] if gated else [])
    headings += ["model", "L_phi (nm)", "L_so (nm)", "chi2", "class"] + (["L_phi joint"] if joint else [])
    for heading in headings:
        out.add_column(heading, justify="left" if heading in ("model", "class") else "right", no_wrap=True)
    several = len(set(files)) > 1
    if several:
        out.add_column("file")
    for number, sweep in enumerate(snapshot.sweeps):
        fit, together = sweep.fit, joint.of(sweep.sweep) if joint else None
        cells = ["-" if sweep.temperature_K is None else f"{sweep.temperature_K:.3f}"]
        cells += ["-" if sweep.gate_V is None else f"{sweep.gate_V:.4g}"] if gated else []
        cells += [
            fit.model if fit else "-", _length(sweep, "l_phi_nm"), _length(sweep, "l_so_nm"), _chi2(sweep),
            sweep.symmetry.symmetry_class,
        ]  # fmt: skip
        cells += [_in_nm(together[0]) if together else "-"] if joint else []
        out.add_row(*cells, *(files[number : number + 1] if several else ()))
    if joint:
        out.caption = "joint: " + ", ".join(
            f"{estimate.name} = {in_words(estimate)}" for estimate in joint.shared if not estimate.fixed
        )
    elif snapshot.several_films:
        out.caption = "several gate voltages are several films: for L_phi(T), give the files of one voltage"
    return out


def remark_lines(sweeps: Sequence[SweepResult], names: Sequence[str] = ()) -> list[str]:
    """Return what a reader should know of each sweep as lines for a terminal; `names` are those of the sweeps."""
    lines = []
    for place, sweep in enumerate(sweeps):
        name = names[place] if names else f"sweep {sweep.sweep}"
        lines += [f"{name}: {text}" for text in (*(remark.message for remark in sweep.remarks), sweep.advice) if text]
    return lines


def statement_lines(statement: Statement) -> list[str]:
    """Return what the sweeps say of the film as lines for a terminal."""
    lines = []
    for chapter in statement.chapters:
        lines.append(chapter.name)
        lines += [f"  {text}" for text in chapter.sentences]
        told = [estimate for estimate in chapter.numbers if not estimate.fixed and estimate.determined]
        lines += [f"    {estimate.name.ljust(28)} {in_words(estimate)}" for estimate in told]
        lines += [f"  ({remark.code.replace('_', ' ')}: {remark.message})" for remark in chapter.remarks]
    return lines


def _length(sweep: SweepResult, name: str) -> str:
    if sweep.fit is None or name not in {e.name for e in sweep.fit.estimates}:
        return "-"
    return _in_nm(sweep.fit[name])


def _chi2(sweep: SweepResult) -> str:
    """Return chi^2 per degree of freedom; without error bars there is none."""
    if sweep.fit is None or sweep.curve is None or sweep.curve.error is None:
        return "-"
    return f"{sweep.fit.chi2_reduced:.2f}"


def _in_nm(estimate: Estimate) -> str:
    return in_words(estimate).removesuffix(" nm")


def save_figure(snapshot: Snapshot, stem: Path, truth_nm: Mapping[float, float] | None = None) -> list[Path]:
    """Draw delta sigma(B) with fits and L_phi(T); save it as PDF and PNG.

    Parameters
    ----------
    snapshot : Snapshot
    stem : Path
        Path of the files without their ending.
    truth_nm : mapping of float to float, optional
        Temperature [K] -> L_phi [nm] of a simulated film, drawn as a line.

    Returns
    -------
    list of Path
    """
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    shade = _shades(snapshot.sweeps)
    for sweep in snapshot.sweeps:
        _draw_curve(left, sweep, shade(sweep))
    left.set_xlabel("B (mT)")
    left.set_ylabel(r"$\Delta\sigma$ ($e^2/\pi h$)")
    left.legend(fontsize="small", frameon=False, title="T", loc="best")
    _draw_lengths(right, snapshot, shade, truth_nm)
    paths = [stem.with_suffix(".pdf"), stem.with_suffix(".png")]
    for path in paths:
        figure.savefig(path, dpi=160)
    return paths


def _shades(sweeps: Sequence[SweepResult]):  # noqa: ANN202 - a closure over the colour scale
    temperatures = [s.temperature_K for s in sweeps if s.temperature_K]
    scale = colors.LogNorm(min(temperatures, default=1.0), max(temperatures, default=10.0) * 1.15)
    return lambda sweep: colormaps["viridis"](scale(sweep.temperature_K) if sweep.temperature_K else 0.5)


def _draw_curve(axes: Axes, sweep: SweepResult, shade: tuple) -> None:
    if sweep.curve is None:
        return
    curve = sweep.curve
    some = slice(None, None, max(1, len(curve.field_T) // MOST_POINTS))
    error = None if curve.error is None else curve.error[some]
    label = f"{sweep.temperature_K:.3g} K" if sweep.temperature_K is not None else f"sweep {sweep.sweep}"
    axes.errorbar(
        1e3 * curve.field_T[some], curve.dsigma[some], error, fmt=".", ms=2.5, lw=0.6, color=shade, label=label
    )
    if sweep.drawn is not None:
        axes.plot(1e3 * sweep.drawn[0], sweep.drawn[1], "-", lw=1.2, color=shade)


def _draw_lengths(axes: Axes, snapshot: Snapshot, shade, truth_nm: Mapping[float, float] | None) -> None:  # noqa: ANN001
    for sweep in snapshot.sweeps:
        estimate = sweep.fit["l_phi_nm"] if sweep.fit is not None else None
        if estimate is not None and estimate.value is not None and sweep.temperature_K:
            axes.errorbar(
                sweep.temperature_K, estimate.value, estimate.error, fmt="o", ms=4, mfc="none", color=shade(sweep)
            )
    if snapshot.joint is not None:
        joint = snapshot.joint
        good = [
            (t, e.value, e.error)
            for t, e in zip(joint.temperature_K, joint.l_phi_nm, strict=True)
            if e.value is not None
        ]
        if good:
            t, value, error = map(np.array, zip(*good, strict=True))
            axes.errorbar(
                t, value, error.astype(float), fmt="s", ms=3, color="black", lw=1, label="joint fit, one $L_{so}$"
            )
    if truth_nm:
        axes.plot(list(truth_nm), list(truth_nm.values()), "--", lw=1, color="0.5", label="simulated film")
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(ScalarFormatter())
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("T (K)")
    axes.set_ylabel(r"$L_\varphi$ (nm)")
    if axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize="small", frameon=False)
