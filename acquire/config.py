"""config.yaml, read strictly: every key known, every number a finite number, the unit in the name of the key."""

from __future__ import annotations

import dataclasses
import difflib
import re
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from acquire.trouble import UserError, nearest
from analysis.sample import Sample
from drivers.catalogue import DRIVERS
from drivers.field_direction import AXES, VectorSettings
from drivers.simulated.rack import RackSettings

LARGEST_FILE = 64 * 1024
SIMULATED = "simulated"
MAGNET_AXES = {f"magnet_{axis}": axis for axis in AXES}
"""The supplies of a vector magnet, two or three of them in the place of `magnet`, and their axes."""
ROLES = {
    "magnet": "magnet", "thermometer": "temperature", "lockin_xx": "lockin", "lockin_xy": "lockin", "gate": "source",
    **dict.fromkeys(MAGNET_AXES, "magnet"),
}  # fmt: skip
"""What each name under `instruments` does, as the role that its driver must play."""
NEEDED = ("thermometer", "lockin_xx")
"""Beside the magnet."""


class ConfigError(UserError):
    """A configuration that is not accepted; the text names file, key, value and what to do."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Instrument(_Strict):
    """How one instrument is reached; `settings` are those of its driver."""

    driver: str
    address: str
    timeout_s: float = Field(default=2.0, gt=0, le=60)
    read_termination: str | None = Field(default=None, pattern=r"^[\x00-\x7f]{1,4}$")
    write_termination: str | None = Field(default=None, pattern=r"^[\x00-\x7f]{1,4}$")
    settings: Any = None


class Config(_Strict):
    """The whole rig.

    Attributes
    ----------
    station : str
    visa_library : str
        ``simulated``, or what pyvisa is to use: empty for whatever it finds, ``@py``, a path.
    series_resistor_ohm : float
        Resistor through which the oscillator of `lockin_xx` drives the current [ohm].
    instruments : dict of str to Instrument
    vector_magnet : VectorSettings or None
        Allowed fields and direction of a magnet that `magnet_x`, `magnet_y` and `magnet_z` make, or two of them.
    sample : Sample
    simulation : RackSettings
    simulation_speed : float
        How many times faster than real time the simulated rig runs.
    temperature_pause_K, temperature_stop_K : float or None
        Above the first the magnet holds and the run waits until it is cold again, above the second the magnet goes to
        zero and the run ends [K]; whatever the procedure is doing.
    data_folder : Path
    """

    station: str = "rig"
    visa_library: str = ""
    series_resistor_ohm: float = Field(ge=1, le=1e12)
    instruments: dict[str, Instrument]
    vector_magnet: Any = None
    sample: Any = Sample()
    simulation: Any = None
    simulation_speed: float = Field(default=1.0, ge=0.1, le=10_000)
    temperature_pause_K: float | None = Field(default=None, gt=0, le=1000)
    temperature_stop_K: float | None = Field(default=None, gt=0, le=1000)
    data_folder: str = "data"

    @model_validator(mode="after")
    def _roles_filled(self) -> Config:
        needed = NEEDED if self.axes else ("magnet", *NEEDED)
        if missing := [name for name in needed if name not in self.instruments]:
            raise ValueError(f"instruments: {', '.join(missing)} missing; a rig needs {', '.join(needed)}")
        addresses = [
            entry.address.upper() for entry in self.instruments.values() if not DRIVERS[entry.driver].SHARES_ADDRESS
        ]
        twice = {address for address in addresses if addresses.count(address) > 1}
        if twice:
            raise ValueError(f"instruments: address {twice.pop()} stands twice; each instrument has its own")
        return self

    @model_validator(mode="after")
    def _vector_magnet_whole(self) -> Config:
        vector, axes = self.vector_magnet, self.axes
        if not axes:
            if vector is not None:
                raise ValueError(f"vector_magnet: needs two or three of {', '.join(MAGNET_AXES)} under instruments")
            return self
        if "magnet" in self.instruments:
            raise ValueError(f"instruments: magnet and {', '.join(axes.values())}; take the one or the others")
        if len(axes) < 2 or vector is None:
            raise ValueError(
                f"instruments: {', '.join(axes.values())}: a vector magnet has two or three of "
                f"{', '.join(MAGNET_AXES)}, and a section vector_magnet with its allowed fields"
            )
        for name in axes.values():
            if DRIVERS[self.instruments[name].driver].SHARES_ADDRESS:
                raise ValueError(f"instruments.{name}: {self.instruments[name].driver} cannot be one axis of several")
        try:
            vector.volumes(list(axes))
            vector.direction(list(axes))
        except ValueError as error:
            raise ValueError(f"vector_magnet: {error}") from error
        return self

    @model_validator(mode="after")
    def _current_means_the_same(self) -> Config:
        for name, entry in self.instruments.items():
            ohm = getattr(entry.settings, "equivalent_ohm", self.series_resistor_ohm)
            if ohm != self.series_resistor_ohm:
                raise ValueError(
                    f"instruments.{name}.equivalent_ohm = {ohm:g} must be series_resistor_ohm = "
                    f"{self.series_resistor_ohm:g}: currents would be wrong by that factor"
                )
        return self

    @model_validator(mode="after")
    def _gate_is_a_voltage(self) -> Config:
        gate = self.instruments.get("gate")
        if gate is not None and getattr(gate.settings, "function", "voltage") != "voltage":
            raise ValueError("instruments.gate.function must be voltage: gate_V of procedures and rows is one")
        return self

    @model_validator(mode="after")
    def _pause_below_stop(self) -> Config:
        if None not in (self.temperature_pause_K, self.temperature_stop_K):
            if not self.temperature_pause_K < self.temperature_stop_K:  # type: ignore[operator]
                raise ValueError("temperature_pause_K must be below temperature_stop_K")
        return self

    @property
    def axes(self) -> dict[str, str]:
        """The axes of a vector magnet and the names of their supplies; empty for an ordinary one."""
        return {axis: name for name, axis in MAGNET_AXES.items() if name in self.instruments}

    @property
    def simulated(self) -> bool:
        """Whether the rig is the simulated one."""
        return self.visa_library == SIMULATED


class _Loader(yaml.SafeLoader):
    """Plain data only: no aliases, no key twice, 1e-3 is a number, 12:30 and `on` are words."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.MarkedYAMLError(problem="an alias (*name) is not allowed", problem_mark=event.start_mark)
        tag = getattr(self.peek_event(), "tag", None)
        if tag is not None:
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(problem=f"a tag ({tag}) is not allowed", problem_mark=mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key must be one word", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"key {key.value!r} stands twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"true|false", "tf"),
    ("tag:yaml.org,2002:int", r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?", "-+0123456789."),
    ("tag:yaml.org,2002:null", r"~|null|", "~n"),
):
    _Loader.add_implicit_resolver(
        _tag, re.compile(rf"^(?:{_pattern})$"), list(_first) + ([""] if "null" in _tag else [])
    )


def load(path: Path) -> Config:
    """Read and check a configuration.

    Raises
    ------
    ConfigError
        The file is missing, too large, not YAML, or a key or value is not accepted.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; give a file with --config") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not a text file in UTF-8") from error
    if len(text) > LARGEST_FILE:
        raise ConfigError(f"{path}: {len(text)} characters, more than {LARGEST_FILE}; this is no configuration")
    return parse(text, str(path))


def parse(text: str, where: str = "config") -> Config:
    """Check the text of a configuration; `where` names it in messages. Raises ConfigError."""
    lines: dict[str, int] = {}
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            data = loader.construct_document(node) if node is not None else None
            _note_lines(node, "", lines)
        finally:
            loader.dispose()
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigError(f"{where}{_yaml_trouble(error)}") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{where}: not a mapping of keys to values; see config.yaml in the repository")
    try:
        return _build(data)
    except _KeyTrouble as trouble:
        raise ConfigError(f"{where}{_at(trouble.key, lines)}: {trouble}") from None


def _yaml_trouble(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).split("\n")[0]
    return f", line {mark.line + 1}: {problem}" if mark else f": {problem}"


def _note_lines(node: Any, prefix: str, lines: dict[str, int]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:  # keys are words by now
            name = f"{prefix}{key.value}"
            lines[name] = key.start_mark.line + 1
            _note_lines(value, f"{name}.", lines)


def _at(key: str, lines: Mapping[str, int]) -> str:
    return f", line {lines[key]}" if key in lines else ""


class _KeyTrouble(Exception):
    def __init__(self, key: str, text: str) -> None:
        super().__init__(f"{key}: {text}" if key else text)
        self.key = key


def _build(data: dict[str, Any]) -> Config:
    _known_keys(data, Config.model_fields, "")
    values = dict(data)
    values["sample"] = _dataclass(Sample, data.get("sample", {}), "sample")
    values["simulation"] = _dataclass(RackSettings, data.get("simulation", {}), "simulation")
    if (vector := data.get("vector_magnet")) is not None:
        values["vector_magnet"] = _dataclass(VectorSettings, vector, "vector_magnet")
    instruments = data.get("instruments", {})
    if not isinstance(instruments, dict):
        raise _KeyTrouble("instruments", "must be a mapping of names to instruments")
    _known_keys(instruments, ROLES, "instruments.")
    values["instruments"] = {name: _instrument(name, entry) for name, entry in instruments.items()}
    return _validated(Config, values, "")


def _instrument(name: str, entry: Any) -> Instrument:
    where = f"instruments.{name}"
    if not isinstance(entry, dict):
        raise _KeyTrouble(where, "must be a mapping with driver and address")
    if "driver" not in entry:
        close = difflib.get_close_matches("driver", list(map(str, entry)), n=1, cutoff=0.5)
        raise _KeyTrouble(where, "driver is missing" + (f"; is it meant by {close[0]}?" if close else ""))
    driver = entry["driver"]
    fitting = [known for known, cls in DRIVERS.items() if cls.role == ROLES[name]]
    if driver not in fitting:
        raise _KeyTrouble(
            f"{where}.driver",
            f"{driver!r} is no driver for a {ROLES[name]}{nearest(str(driver), fitting)}; "
            f"there are: {', '.join(fitting)}",
        )
    cls = DRIVERS[driver]
    if isinstance(address := entry.get("address"), str) and not cls.accepts_address(address):
        raise _KeyTrouble(
            f"{where}.address", f"{address!r} is no address for {driver}; write it like {cls.ADDRESS_EXAMPLE}"
        )
    settings = cls.Settings
    own = {key for key in Instrument.model_fields if key != "settings"}
    _known_keys(entry, [*own, *(field.name for field in dataclasses.fields(settings))], f"{where}.")
    values = {key: value for key, value in entry.items() if key in own}
    values["settings"] = _dataclass(settings, {k: v for k, v in entry.items() if k not in own}, where)
    return _validated(Instrument, values, where)


def _known_keys(data: Mapping[Any, Any], known: typing.Iterable[str], prefix: str) -> None:
    names = list(known)
    for key in data:
        if key not in names:
            raise _KeyTrouble(
                f"{prefix}{key}", f"not a known key{nearest(str(key), names)}; there are: {', '.join(names)}"
            )


def _dataclass(cls: type, data: Any, prefix: str) -> Any:
    """Build a settings dataclass from plain data, key by key, with strict types."""
    if not isinstance(data, dict):
        raise _KeyTrouble(prefix, "must be a mapping of keys to values")
    fields = {field.name: field for field in dataclasses.fields(cls)}
    _known_keys(data, fields, f"{prefix}.")
    hints = typing.get_type_hints(cls)
    required = [
        n for n, f in fields.items() if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    ]
    for name in required:
        if name not in data:
            raise _KeyTrouble(prefix, f"{name} is missing")
    values = {name: _value(hints[name], value, f"{prefix}.{name}") for name, value in data.items()}
    try:
        return cls(**values)
    except ValueError as error:
        raise _KeyTrouble(prefix, str(error)) from error


def _value(hint: Any, value: Any, key: str) -> Any:
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _dataclass(hint, value, key)
    if isinstance(hint, types.UnionType) and value is None and type(None) in typing.get_args(hint):
        return None
    try:
        strictly = ConfigDict(strict=True, allow_inf_nan=False)
        adapter: TypeAdapter[Any] = TypeAdapter(typing.cast(Any, hint), config=strictly)
        checked = adapter.validate_python(_tuples(value))
    except ValidationError as error:
        raise _KeyTrouble(key, _first_trouble(error, value)) from None
    return checked


def _tuples(value: Any) -> Any:
    """Return the lists of YAML as the tuples that frozen settings hold."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _validated(cls: type[BaseModel], values: dict[str, Any], prefix: str) -> Any:
    try:
        return cls(**values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join([*filter(None, [prefix]), *map(str, first["loc"])])
        raise _KeyTrouble(key, _first_trouble(error, first.get("input"))) from None


def _first_trouble(error: ValidationError, value: Any) -> str:
    first = error.errors()[0]
    text = first["msg"].removeprefix("Value error, ")
    if first["type"] in ("missing", "value_error"):
        return text
    return f"{value!r} is not accepted: {text[0].lower()}{text[1:]}"
