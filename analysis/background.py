"""What a curve holds besides localization: classical magnetoresistance and the interaction in a field.

A background is declared like a model and adds to any of them: `with_backgrounds(model, KOHLER)`, or by name,
`MODELS["hln_full+kohler"]`, is a model like every other. It is even in the field and 0 at B = 0. Data that hold none
of it give a bound. It costs information, the more the less of the logarithm the sweep shows: add it where it is due.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.channels import thinned
from analysis.constants import G0, KB, MU_B, E
from analysis.curve import Curve
from analysis.interaction import zeeman_interaction_and_slope
from analysis.model import Model, Parameter, Remark, Starts
from analysis.sample import Sample

_TINY = 1e-4  # of what is there: where nothing is seen of a background its search starts from this
_TURNS = 3  # model and background are guessed in turn
_OUTER = 0.5  # of the sweep: beyond, a background is looked for before there is a model
_STARTS = 4
_MOBILITIES = np.geomspace(0.03, 100, 12)  # over 1/B_max: those whose field dependence shows


def _one_trial(highest_T: float, held: Mapping[str, float]) -> Sequence[dict[str, float]]:
    return ({},)


@dataclass(frozen=True)
class Background:
    """A background, declared.

    Attributes
    ----------
    name, title, source, parameters, both
        As of a `Model`. A parameter with the name of one of the model's is that one.
    guess : callable
        `guess(field_T, dsigma, held)` gives the parameters from what a model leaves over, an offset included.
    remarks : callable
        `remarks(values, curve)` says what the user should know.
    trials : callable
        `trials(highest_T, held)` gives values of parameters that decide the shape, each to be tried as if it were held.
    """

    name: str
    title: str
    source: str
    parameters: tuple[Parameter, ...]
    both: Callable[..., tuple[np.ndarray, np.ndarray]]
    guess: Callable[[np.ndarray, np.ndarray, Mapping[str, float]], dict[str, float]]
    remarks: Callable[[Mapping[str, float], Curve], list[Remark]]
    trials: Callable[[float, Mapping[str, float]], Sequence[dict[str, float]]] = _one_trial


def _amplitude(shape: np.ndarray, dsigma: np.ndarray) -> float:
    """Return how much of the shape is in the data, a constant left free."""
    centred = shape - shape.mean()
    return float(centred @ dsigma / max(centred @ centred, 1e-300))


def _positive(amplitude: float, shape: np.ndarray, dsigma: np.ndarray) -> float:
    """Return the amplitude, if there is one, else one that hardly shows."""
    return max(amplitude, _TINY * float(np.ptp(dsigma)) / max(float(np.ptp(shape)), 1e-300), 1e-300)


# --- classical magnetoresistance ------------------------------------------------------------------------------------


def _parabola(sign: float) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    def both(field_T: np.ndarray, size: float) -> tuple[np.ndarray, np.ndarray]:
        shape = sign * np.square(field_T)
        return size * shape, shape[:, np.newaxis]

    return both


def _parabola_guess(name: str, sign: float) -> Callable[..., dict[str, float]]:
    def guess(field_T: np.ndarray, dsigma: np.ndarray, held: Mapping[str, float]) -> dict[str, float]:
        shape = sign * np.square(field_T)
        return {name: _positive(_amplitude(shape, dsigma), shape, dsigma)}

    return guess


def _kohler_remarks(values: Mapping[str, float], curve: Curve) -> list[Remark]:
    taken = values["kohler_G0_per_T2"] * float(np.abs(curve.field_T).max()) ** 2
    spread = float(np.ptp(curve.dsigma))
    if taken < spread:
        return []
    text = f"the classical parabola takes {taken:.3g} G0 at the highest field, the whole curve spans {spread:.3g} G0"
    return [Remark("large_background", f"{text}: fit a smaller window, where localization is most of it")]


KOHLER = Background(
    name="kohler",
    title="classical magnetoresistance: -k B^2",
    source="M. Kohler, Ann. Phys. (Leipzig) 424, 211 (1938), doi:10.1002/andp.19384240124 (DOI not confirmed)",
    parameters=(
        Parameter(
            "kohler_G0_per_T2",
            "G0_per_T2",
            1e-12,
            1e12,
            "k of the classical term -k B^2; (sigma_0/G0) mu^2 for one band, whose sigma_xx falls so",
        ),
    ),  # fmt: skip
    both=_parabola(-1.0),
    guess=_parabola_guess("kohler_G0_per_T2", -1.0),
    remarks=_kohler_remarks,
)
"""Kohler's rule: rho(B)/rho(0) is a function of B/rho(0), a parabola at low field."""


def _rise_remarks(values: Mapping[str, float], curve: Curve) -> list[Remark]:
    text = f"beta = {values['rise_G0_per_T2']:.3g} G0/T^2 is what is left of every channel beyond the sweep"
    return [Remark("rise", f"{text}, less the classical term: alone it identifies none of them")]


RISE = Background(
    name="rise",
    title="channels beyond the sweep: +beta B^2",
    source="B. A. Assaf et al., Appl. Phys. Lett. 102, 012102 (2013), doi:10.1063/1.4773207 (DOI not confirmed)",
    parameters=(
        Parameter(
            "rise_G0_per_T2",
            "G0_per_T2",
            1e-12,
            1e12,
            "beta of the term +beta B^2 that triplet channels leave at B << B_so; 1/24 sum w_j/B_j^2",
        ),
    ),  # fmt: skip
    both=_parabola(1.0),
    guess=_parabola_guess("rise_G0_per_T2", 1.0),
    remarks=_rise_remarks,
)
"""For the one-term formula, where spin-orbit and elastic scattering are too strong to be seen as more."""


# --- interaction ----------------------------------------------------------------------------------------------------

F_TILDE = Parameter(
    "f_tilde",
    "",
    -5.0,
    5.0,
    "interaction constant F~ of the triplet channel, K_ee = 1 - 3/4 F~",
    log=False,
    shared=True,
)
G_FACTOR = Parameter("g_factor", "", 1e-3, 500.0, "Lande factor, its size", known=True, shared=True, default=2.0)
TEMPERATURE = Parameter("temperature_K", "K", 1e-3, 1e3, "temperature T of the electrons", known=True)


def _interaction(
    field_T: np.ndarray, f_tilde: float, g_factor: float, temperature_K: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give -F~/2 g2(g mu_B B/(k T)) and its derivative."""
    g2, slope = zeeman_interaction_and_slope(g_factor * MU_B / KB * np.abs(field_T) / temperature_K)
    by_ln_h = -f_tilde / 2 * slope
    return -f_tilde / 2 * g2, np.stack([-g2 / 2, by_ln_h / g_factor, -by_ln_h / temperature_K], axis=1)


def _interaction_guess(field_T: np.ndarray, dsigma: np.ndarray, held: Mapping[str, float]) -> dict[str, float]:
    """Take F~ by linear regression."""
    g_factor, temperature = held.get("g_factor", 2.0), held["temperature_K"]
    f_tilde = _amplitude(_interaction(field_T, 1.0, g_factor, temperature)[0], dsigma)
    f_tilde = min(max(f_tilde, F_TILDE.lower), F_TILDE.upper)
    return {"f_tilde": f_tilde, "g_factor": g_factor, "temperature_K": temperature}


def _temperatures(highest_T: float, held: Mapping[str, float]) -> Sequence[dict[str, float]]:
    """Try temperatures whose Zeeman splitting the sweep shows, where nobody measured it."""
    if "temperature_K" in held:
        return ({},)
    highest = held.get("g_factor", 2.0) * MU_B / KB * highest_T
    return tuple({"temperature_K": t} for t in (highest / np.geomspace(0.5, 50, 8)).tolist())


def _interaction_remarks(values: Mapping[str, float], curve: Curve) -> list[Remark]:
    h = values["g_factor"] * MU_B / KB * float(np.abs(curve.field_T).max()) / values["temperature_K"]
    if h > 3:
        return []
    text = f"the field ends at g mu_B B = {h:.2g} k T: the interaction is a parabola there, as classical terms are"
    return [Remark("interaction_range", f"{text}; above 3 k T its logarithm tells it apart")]


INTERACTION = Background(
    name="interaction",
    title="interaction and Zeeman splitting: -F~/2 g2(g mu_B B/kT)",
    source="P. A. Lee, T. V. Ramakrishnan, Rev. Mod. Phys. 57, 287 (1985), doi:10.1103/RevModPhys.57.287",
    parameters=(F_TILDE, G_FACTOR, TEMPERATURE),
    both=_interaction,
    guess=_interaction_guess,
    remarks=_interaction_remarks,
    trials=_temperatures,
)
"""The temperature is that of each curve, where it has one. The field is taken to be the perpendicular one."""


# --- two bands ------------------------------------------------------------------------------------------------------

_BANDS = tuple(
    parameter
    for band, which in ((1, "more"), (2, "less"))
    for parameter in (
        Parameter(f"density_{band}_per_m2", "per_m2", 1e10, 1e22, f"density of {which} mobile carriers", shared=True),
        Parameter(f"mobility_{band}_m2_per_Vs", "m2_per_Vs", 1e-7, 1e5, "their mobility", shared=True),
    )
)  # fmt: skip


def _two_band(field_T: np.ndarray, *parameters: float) -> tuple[np.ndarray, np.ndarray]:
    """Give the sum of -(n e mu/G0) (mu B)^2/(1 + (mu B)^2) and its derivative."""
    value, columns = np.zeros(field_T.shape), []
    for density, mobility in zip(parameters[::2], parameters[1::2], strict=True):
        square = np.square(mobility * field_T)
        share = -(density * E * mobility / G0) * square / (1 + square)
        value = value + share
        columns += [share / density, share / mobility * (3 + square) / (1 + square)]
    return value, np.stack(columns, axis=1)


def _two_band_guess(field_T: np.ndarray, dsigma: np.ndarray, held: Mapping[str, float]) -> dict[str, float]:
    """Try pairs of mobilities, the densities by linear regression."""
    mobilities = _MOBILITIES / float(np.abs(field_T).max())
    names = [parameter.name for parameter in _BANDS]
    shapes = np.array([_two_band(field_T, 1 / (E * m / G0), m)[0] for m in mobilities])
    shapes -= shapes.mean(axis=1, keepdims=True)
    found = []
    for i, j in zip(*np.tril_indices(mobilities.size, -1), strict=True):
        pair = shapes[[i, j]]
        size = np.linalg.lstsq(pair.T, dsigma - dsigma.mean(), rcond=1e-6)[0]
        size = np.array([_positive(size[k], pair[k], dsigma) for k in (0, 1)])
        found.append((float((dsigma - size @ pair).var()), i, j, size))
    _, i, j, size = min(found, key=lambda one: one[0])
    density = size * G0 / E / mobilities[[i, j]]
    values = (density[0], mobilities[i], density[1], mobilities[j])
    return dict(zip(names, map(float, values), strict=True))


def _two_band_remarks(values: Mapping[str, float], curve: Curve) -> list[Remark]:
    turned = values["mobility_1_m2_per_Vs"] * float(np.abs(curve.field_T).max())
    if turned > 0.5:
        return []
    text = f"mu B reaches {turned:.2g} only: two bands are a parabola there, of which n mu^3 is known"
    return [Remark("two_band_range", f"{text}; add `kohler` instead, or hold what R_xx and R_yx together say")]


TWO_BAND = Background(
    name="two_band",
    title="two bands: -sum_i (n_i e mu_i/G0) (mu_i B)^2/(1 + (mu_i B)^2)",
    source="N. W. Ashcroft, N. D. Mermin, Solid State Physics (1976), chapter 12; as in `analysis.two_band`",
    parameters=_BANDS,
    both=_two_band,
    guess=_two_band_guess,
    remarks=_two_band_remarks,
)
"""sigma_xx of two Drude bands, of either sign. `fit_two_band` finds them from rho_xx and rho_yx; hold them here."""

BACKGROUNDS: Mapping[str, Background] = {one.name: one for one in (KOHLER, RISE, INTERACTION, TWO_BAND)}
"""Every background by name."""


# --- a model with backgrounds ---------------------------------------------------------------------------------------


def background(name: str) -> Background:
    """Return the background of that name.

    Raises
    ------
    KeyError
        There is none.
    """
    if name not in BACKGROUNDS:
        raise KeyError(f"no background {name!r}; there are {', '.join(BACKGROUNDS)}")
    return BACKGROUNDS[name]


def with_backgrounds(model: Model, *backgrounds: Background) -> Model:
    """Return the model with backgrounds added: an ordinary model, called e.g. "hln+kohler".

    Raises
    ------
    ValueError
        A background is added twice.
    """
    if len({one.name for one in backgrounds}) < len(backgrounds):
        raise ValueError(f"model {model.name}: a background of {'+'.join(b.name for b in backgrounds)} comes twice")
    for one in backgrounds:
        model = _with(model, one)
    return model


def _with(model: Model, added: Background) -> Model:
    own = [parameter for parameter in added.parameters if parameter.name not in model.names]
    # the curve is no longer proportional to the model's prefactor
    parameters = (*(replace(parameter, prefactor=False) for parameter in model.parameters), *own)
    names = [parameter.name for parameter in parameters]
    places = [names.index(parameter.name) for parameter in added.parameters]

    def both(field_T: np.ndarray, *values: float) -> tuple[np.ndarray, np.ndarray]:
        value, slope = model.both(field_T, *values[: len(model.names)])
        more, its_slope = added.both(field_T, *(values[place] for place in places))
        derivative = np.zeros((value.size, len(values)))
        derivative[:, : len(model.names)] = slope
        derivative[:, places] += its_slope
        return value + more, derivative

    def validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
        return [*model.validity(values, curve, sample), *added.remarks(values, curve)]

    def twin(values: Mapping[str, float]) -> dict[str, float]:
        other = model.twin({name: values[name] for name in model.names})
        return {**values, **other} if other else {}

    return replace(
        model, name=f"{model.name}+{added.name}", title=f"{model.title}; {added.title}",
        source=f"{model.source}; {added.source}", parameters=parameters, both=both,
        guess=_guess(model, added), validity=validity, twin=twin, alone=model.alone or model,
    )  # fmt: skip


def _guess(model: Model, added: Background) -> Callable[[Curve, Mapping[str, float]], Starts]:
    """Return a guess that takes the background from what the model leaves, and the model from what that leaves."""
    defaults = {p.name: p.default for p in (*model.parameters, *added.parameters) if p.default is not None}

    def guess(curve: Curve, held: Mapping[str, float]) -> Starts:
        field, dsigma = thinned(curve)
        trials = added.trials(float(field.max()), {**defaults, **held})
        starts = []
        for trial in trials:
            found = _in_turn(model, added, field, dsigma, {**defaults, **held, **trial}, {**held, **trial})
            starts += found[: 1 if len(trials) > 1 else _STARTS]
        return tuple(starts)

    return guess


def _in_turn(
    model: Model, added: Background, field_T: np.ndarray, dsigma: np.ndarray, known: Mapping[str, float],
    held: Mapping[str, float],
) -> list[dict[str, float]]:  # fmt: skip
    """Guess model and background in turn, from either end; return the different guesses, the best first."""
    own = {name: value for name, value in held.items() if name in model.names}
    common = {parameter.name: held[parameter.name] for parameter in added.parameters if parameter.name in held}
    found: list[tuple[float, dict[str, float]]] = []
    # a background that is most of the curve misleads the model, a cusp that is most of it the background
    for share in (np.zeros(field_T.size), _outer_share(added, known, field_T, dsigma)):
        for _ in range(_TURNS):
            for start in model.guess(Curve(field_T, dsigma - share), own):
                values = {**known, **start}
                left = dsigma - model.value(field_T, *(values[name] for name in model.names))
                of_background = {**added.guess(field_T, left, values), **common}
                left = left - _value(added, of_background, field_T)
                found.append((float(left.var()), {**of_background, **start}))
            share = _value(added, {**known, **min(found, key=lambda one: one[0])[1]}, field_T)
    found.sort(key=lambda one: one[0])
    return [start for i, (_, start) in enumerate(found) if start not in [other for _, other in found[:i]]]


def _value(added: Background, values: Mapping[str, float], field_T: np.ndarray) -> np.ndarray:
    return added.both(field_T, *(values[parameter.name] for parameter in added.parameters))[0]


def _outer_share(
    added: Background, known: Mapping[str, float], field_T: np.ndarray, dsigma: np.ndarray
) -> np.ndarray:  # fmt: skip
    """Return the background as the outer part of the curve alone gives it."""
    far = field_T >= _OUTER * field_T.max()
    return _value(added, {**added.guess(field_T[far], dsigma[far], known), **known}, field_T)
