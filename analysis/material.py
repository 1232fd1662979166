"""What a film can be made of, and so the models that `auto` chooses from.

The material decides which mechanisms there can be: spins relax otherwise in a metal film than in a quantum well, and
only graphene has valleys that localize. Curves of different mechanisms can be alike while their L_phi are not, so that
models are compared within a material, never across.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Material:
    """The models of one material.

    Attributes
    ----------
    name : str
        As it stands in config.yaml.
    title : str
        In words.
    models : tuple of str
        Compared by AICc for every sweep.
    if_asked : tuple of str
        Those of them that the data must ask for, by an AICc lower by 10: a prefactor that stands for any class, a
        mechanism that this material has only where something was added to it.
    richer : tuple of str
        Tried besides once a sweep is complete, for they are slow: a model of which several others are limits.
    beyond : str or None
        The exact sum to use beyond diffusion, where there is one for the spins of this material.
    """

    name: str
    title: str
    models: tuple[str, ...]
    if_asked: tuple[str, ...] = ("hln",)
    richer: tuple[str, ...] = ()
    beyond: str | None = None


METAL = "metal"
_LISTED = (
    Material(METAL, "film of a metal, isotropic spin-orbit scattering", ("hln", "hln_full"), beyond="ballistic_so"),
    Material(
        "quantum_well", "two-dimensional electrons with Rashba or Dresselhaus splitting: III-V wells, oxide interfaces",
        ("hln", "hln_dp", "rashba"), richer=("rashba_cubic",), beyond="ballistic_rashba",
    ),
    Material(
        "graphene", "one layer; valleys scattered within and between, spin-orbit coupling if the data ask for it",
        ("graphene_mono", "graphene_so"), ("graphene_so",),
    ),
    Material(
        "bilayer_graphene", "two layers of graphene; valleys as in one, with the Berry phase of two",
        ("graphene_bilayer", "graphene_so"), ("graphene_so",),
    ),
    Material(
        "graphene_on_tmd", "graphene with spin-orbit coupling from its neighbour, strong scattering between valleys",
        ("hln", "hln_dp", "graphene_so"),
    ),
    Material("tmd", "transition-metal dichalcogenide, strong scattering between valleys", ("hln", "hln_dp", "tmd")),
    Material(
        "topological_insulator", "helical surfaces: one, or two that are coupled, with or without a gap",
        ("hln", "coupled_channels", "massive_dirac"),
    ),
)  # fmt: skip
MATERIALS: Mapping[str, Material] = {one.name: one for one in _LISTED}
"""Every material by name."""


def material(name: str) -> Material:
    """Return the material of that name.

    Raises
    ------
    ValueError
        There is none; the text names the nearest.
    """
    if name in MATERIALS:
        return MATERIALS[name]
    close = difflib.get_close_matches(str(name), MATERIALS, n=1, cutoff=0.4)
    meant = f", did you mean {close[0]}?" if close else ""
    raise ValueError(f"material = {name!r} is not known{meant}; there are {', '.join(MATERIALS)}")
