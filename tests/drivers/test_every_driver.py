"""What every driver must keep, generated over the catalogue: a new driver is tested by being there."""

import dataclasses
import enum
import inspect
import math
import random
import re

import pytest

from drivers.catalogue import DRIVERS
from drivers.errors import DriverError, Garbled, LimitExceeded
from drivers.instrument import Instrument
from drivers.limited import Limited
from drivers.quantity import Quantity
from drivers.roles import LockIn, MagnetSupply, Source, TemperatureController, Voltmeter
from drivers.simulated.catalogue import TWINS
from tests.drivers.rig import HANGS_ON, NAMES, heard, make_rack, open_driver, orders

ROLES = {
    "lockin": LockIn, "magnet": MagnetSupply, "temperature": TemperatureController, "source": Source,
    "voltmeter": Voltmeter,
}  # fmt: skip
UNITS = re.compile(r"_(V|Hz|s|deg|T|K|A|percent|T_per_min|K_per_min|T_per_A|ohm)$")
MUTATIONS = [1_000, pytest.param(10_000, marks=pytest.mark.long)]


def ours(cls):
    """The quantities and properties of a driver that we wrote."""
    return {
        name: thing
        for name, thing in inspect.getmembers(cls)
        if not name.startswith("_")
        and (isinstance(thing, Quantity) or (isinstance(thing, property) and _module(thing).startswith("drivers.")))
    }


def _module(thing):
    return getattr(thing.fget, "__module__", "") or ""


ON_A_WIRE = {driver: cls for driver, cls in DRIVERS.items() if issubclass(cls, Instrument)}
"""Those that are reached through VISA; the others speak through their maker's own library."""
QUANTITIES = [(driver, name) for driver, cls in DRIVERS.items() for name in ours(cls)]


def inherited(driver, name):
    """Whether another driver, from which this one derives, has this very quantity, and is tested with it."""
    parents = [cls for cls in DRIVERS[driver].__mro__[1:] if cls in DRIVERS.values()]
    own = inspect.getattr_static(DRIVERS[driver], name)
    return any(inspect.getattr_static(parent, name, None) is own for parent in parents)


READABLE = [(driver, name) for driver, name in QUANTITIES if driver in ON_A_WIRE and not inherited(driver, name)]
READABLE += [
    (driver, "read") for driver, cls in ON_A_WIRE.items() if issubclass(cls, LockIn) and not inherited(driver, "read")
]


def test_there_are_drivers():
    assert {"sr830", "ami430", "lakeshore336"} <= set(DRIVERS)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_driver_plays_its_role_and_has_a_twin(driver):
    cls = DRIVERS[driver]
    assert issubclass(cls, Limited)
    assert issubclass(cls, ROLES[cls.role])
    assert not inspect.isabstract(cls)
    assert driver not in ON_A_WIRE or TWINS[HANGS_ON.get(driver, driver)].model
    assert cls.__doc__
    assert dataclasses.is_dataclass(cls.Settings)
    assert cls.Settings.__dataclass_params__.frozen
    numbers = [f.name for f in dataclasses.fields(cls.Settings) if f.type == "float"]
    assert all(UNITS.search(name) for name in numbers), "a unit at the end of every name"


@pytest.mark.parametrize(("driver", "name"), QUANTITIES)
def test_docstrings_say_what_and_in_which_unit(driver, name):
    docs = ours(DRIVERS[driver])[name].__doc__
    assert re.match(r"(Get|Set|Control|Measure) ", docs), docs
    assert name == "state" or "[" in docs, f"{name}: no unit in {docs!r}"


@pytest.mark.parametrize("driver", ON_A_WIRE)
def test_opening_and_snapshot_set_nothing(driver):
    rack = make_rack(driver=driver)
    instrument = open_driver(rack, NAMES[driver])
    assert heard(rack, NAMES[driver])[0] == DRIVERS[driver].IDENTITY_QUERY
    snapshot = instrument.snapshot()
    assert {"driver", "address", "identity", *instrument.SNAPSHOT} == set(snapshot)
    assert all(type(value) in (str, int, float, bool) for value in snapshot.values())
    assert instrument.limits()
    assert orders(rack, NAMES[driver]) == []
    instrument.close()


@pytest.mark.parametrize("driver", ON_A_WIRE)
def test_limits_refuse_everything_outside_without_a_byte(driver):
    rack, random_ = make_rack(driver=driver), random.Random(5)
    instrument = open_driver(rack, NAMES[driver])
    before = heard(rack, NAMES[driver])
    for quantity, (low, high) in instrument.limits().items():
        outside = [math.nan, math.inf, -math.inf, "1", None, True, 10 * high + 1, math.nextafter(high, math.inf)]
        outside += [low - 10 ** random_.uniform(-3, 6) for _ in range(300)]
        outside += [high + 10 ** random_.uniform(-3, 6) for _ in range(300)]
        for value in outside:
            with pytest.raises(LimitExceeded, match=f"{instrument.name}: {quantity}"):
                instrument.check_limit(quantity, value)
            if isinstance(ours(DRIVERS[driver]).get(quantity), Quantity):
                with pytest.raises(LimitExceeded):
                    setattr(instrument, quantity, value)
        assert instrument.check_limit(quantity, low) == low
        assert instrument.check_limit(quantity, high) == high
    assert heard(rack, NAMES[driver]) == before


@pytest.mark.long
@pytest.mark.parametrize("driver", ON_A_WIRE)
def test_a_hundred_thousand_requested_values_put_no_byte_on_the_wire(driver):
    rack, random_ = make_rack(driver=driver), random.Random(11)
    instrument = open_driver(rack, NAMES[driver])
    before, limits = len(heard(rack, NAMES[driver])), instrument.limits()
    odd = [math.nan, math.inf, -math.inf, "1", "", "nan", None, True, b"1", [1.0], 1j]
    for _ in range(100_000):
        quantity = random_.choice(list(limits))
        low, high = limits[quantity]
        value = (
            random_.choice(odd) if random_.random() < 0.1 else random_.choice([-1, 1]) * 10 ** random_.uniform(-12, 12)
        )
        try:
            taken = instrument.check_limit(quantity, value)
        except LimitExceeded:
            assert not (type(value) is float and low <= value <= high)
        else:
            assert low <= taken <= high
    assert instrument.check_limit(quantity, -0.0 if low <= 0 <= high else low) in (0.0, low)
    assert len(heard(rack, NAMES[driver])) == before


@pytest.mark.parametrize("driver", ON_A_WIRE)
def test_whatever_can_be_set_can_be_read_back_from_the_twin(driver):
    rack, random_ = make_rack(driver=driver), random.Random(7)
    instrument = open_driver(rack, NAMES[driver])
    for name, quantity in ours(DRIVERS[driver]).items():
        if not (isinstance(quantity, Quantity) and quantity.command):
            continue
        low, high = instrument.limits()[name]
        values = quantity.table or [low, high, *(random_.uniform(low, high) for _ in range(20))]
        for value in values:
            setattr(instrument, name, value)
            assert getattr(instrument, name) == pytest.approx(value, rel=quantity.share, abs=quantity.within)


class Spoilt:
    """Stands between a driver and its wire: remembers the good replies, then spoils them."""

    def __init__(self, instrument, monkeypatch):
        self.good: dict[str, bytes] = {}
        self.spoilt: dict[str, bytes] = {}
        self._write, self._read = instrument.adapter.write, instrument.adapter.read_bytes
        self._asked = ""
        monkeypatch.setattr(instrument.adapter, "write", self.write)
        monkeypatch.setattr(instrument.adapter, "read_bytes", self.read)

    def write(self, command):
        self._asked = command
        if command not in self.good:
            self._write(command)

    def read(self, *args, **kwargs):
        if self._asked not in self.good:
            self.good[self._asked] = self._read(*args, **kwargs)
        return self.spoilt.get(self._asked, self.good[self._asked])


def mutated(reply, random_, terminator):
    """A reply cut, or with bytes changed, lost, doubled or put in; its terminator is mostly left."""
    end = random_.choice([b"", b"\n", b"\r\n", terminator, terminator])
    body = bytearray(reply.rstrip(b"\r\n\x00"))
    for _ in range(random_.randint(1, 3)):
        where = random_.randrange(len(body) + 1)
        kind = random_.randrange(5)
        if kind == 0:
            del body[where:]
        elif kind == 1 and where < len(body):
            body[where] = random_.choice([*b"0123456789+-.eE,#~ \x00\xb2\xff", random_.randrange(256)])
        elif kind == 2 and where < len(body):
            del body[where]
        elif kind == 3:
            body[where:where] = bytes([random_.choice(b"0123456789+-.eE,x\r\n")])
        else:
            body[where:where] = body[:where]
    return bytes(body) + end


def legal(value):
    if dataclasses.is_dataclass(value):
        return all(legal(part) for part in dataclasses.astuple(value))
    return isinstance(value, bool | int | enum.Enum) or (isinstance(value, float) and math.isfinite(value))


def outcome(ask):
    try:
        return ask(), None
    except DriverError as error:
        return None, error


def named(error, name):
    return str(error).startswith(f"{name}: ") and error.instrument == name


@pytest.mark.parametrize("mutations", MUTATIONS)
@pytest.mark.parametrize(("driver", "name"), READABLE)
def test_spoilt_replies_give_no_illegal_value(driver, name, mutations, monkeypatch):
    instrument = open_driver(make_rack(driver=driver), NAMES[driver])
    wire, random_ = Spoilt(instrument, monkeypatch), random.Random(f"{driver} {name}")
    ask = getattr(instrument, name) if name == "read" else lambda: getattr(instrument, name)
    good = ask()
    assert legal(good)
    refused = 0
    asked = [command for command in wire.good if command != DRIVERS[driver].IDENTITY_QUERY]
    if not asked:
        return  # known since opening
    for _ in range(mutations):
        command = random_.choice(asked)
        wire.spoilt = {command: mutated(wire.good[command], random_, instrument._termination)}
        got, error = outcome(ask)
        assert legal(got) if error is None else named(error, instrument.name)
        refused += error is not None
        instrument._out_of_step = False
        wire.good.pop("STATE?", None) if name == "field_T" else None
    assert refused > mutations / 4
    wire.spoilt = {}


@pytest.mark.parametrize(("driver", "name"), READABLE)
def test_a_reply_without_its_end_is_never_accepted(driver, name, monkeypatch):
    instrument = open_driver(make_rack(driver=driver), NAMES[driver])
    wire = Spoilt(instrument, monkeypatch)
    ask = getattr(instrument, name) if name == "read" else lambda: getattr(instrument, name)
    ask()
    for command, reply in dict(wire.good).items():
        for keep in range(len(reply)):
            wire.spoilt = {command: reply[:keep]}
            with pytest.raises(Garbled):
                ask()
            instrument._out_of_step = False
