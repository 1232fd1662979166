import pytest

from drivers.clock import Clock
from drivers.simulated.cryostat import Cryostat, CryostatSettings
from drivers.simulated.mercuryips import MercuryIPSTwin
from drivers.simulated.sample import Film
from drivers.simulated.server import Server

PSU = "DEV:GRPZ:SPSU"


@pytest.fixture
def cryostat(still_cryostat):
    return still_cryostat


@pytest.fixture
def twin(clock, coil, cryostat):
    twin = MercuryIPSTwin(clock, coil, type(coil)(coil.settings, cryostat.moment))
    twin.moment = cryostat.moment
    return twin


def read(twin, node):
    reply = twin.feed(f"READ:{PSU}:{node}")
    assert reply.startswith(f"STAT:{PSU}:{node}:")
    return reply.removeprefix(f"STAT:{PSU}:{node}:")


def put(twin, node):
    return twin.feed(f"SET:{PSU}:{node}").rpartition(":")[2]


def test_units_of_the_replies(twin):
    nodes = ("SIG:FLD", "SIG:RFST", "SIG:CURR", "SIG:RCST", "SIG:VOLT", "ATOB", "SIG:SWHT", "ACTN", "STAT")
    assert [read(twin, node) for node in nodes] == [
        "0.00000T", "0.30000T/m", "0.00000A", "3.00000A/m", "0.00000V", "10.0000", "OFF", "CLMP", "00000000",
    ]  # fmt: skip
    twin.short = True
    assert read(twin, "SIG:RFST") == "300.0000mT/m"


def test_a_ramp_ends_in_a_hold(twin, clock, coil):
    assert put(twin, "SIG:FSET:0.5") == put(twin, "SIG:RFST:0.6") == "VALID"
    assert put(twin, "ACTN:RTOS") == "INVALID"  # clamped
    assert put(twin, "ACTN:HOLD") == put(twin, "ACTN:RTOS") == "VALID"
    clock.advance(10)
    assert (read(twin, "SIG:FLD"), read(twin, "SIG:CURR"), read(twin, "SIG:VOLT")) == (
        "0.10000T",
        "1.00000A",
        "0.50000V",
    )
    assert read(twin, "ACTN") == "RTOS"
    clock.advance(41)
    assert read(twin, "ACTN") == "HOLD"
    assert coil.current_A == pytest.approx(5)
    assert put(twin, "ACTN:CLMP") == "INVALID"  # not at a current
    put(twin, "ACTN:RTOZ")
    clock.advance(51)
    assert read(twin, "ACTN") == "HOLD"
    assert coil.current_A == 0
    assert put(twin, "SIG:FSET:12.1") == put(twin, "SIG:RFST:0") == put(twin, "ACTN:FROG") == "INVALID"


def test_the_switch_has_its_delay_and_its_guard(twin, clock, coil):
    twin.install_switch()
    put(twin, "ACTN:HOLD")
    assert put(twin, "SIG:SWHT:ON") == "VALID"
    assert put(twin, "ACTN:RTOS") == "INVALID"  # the switch is still being heated
    clock.advance(21)
    put(twin, "SIG:FSET:0.2")
    put(twin, "ACTN:RTOS")
    clock.advance(60)
    assert coil.current_A == pytest.approx(2)
    put(twin, "SIG:SWHT:OFF")
    clock.advance(21)
    put(twin, "ACTN:RTOZ")
    clock.advance(60)
    assert (read(twin, "SIG:FLD"), read(twin, "SIG:PFLD"), read(twin, "SIG:PCUR")) == (
        "0.00000T",
        "0.20000T",
        "2.00000A",
    )
    assert put(twin, "SIG:SWHT:ON") == "INVALID"
    assert not coil.quenched


def test_a_quench_stays_until_it_is_clamped(twin, clock, coil):
    put(twin, "ACTN:HOLD")
    coil.quench()
    assert read(twin, "STAT") == "00000100"
    clock.advance(30)
    assert put(twin, "ACTN:RTOS") == put(twin, "SIG:SWHT:ON") == "INVALID"
    assert read(twin, "STAT") == "00000100"
    assert put(twin, "ACTN:CLMP") == "VALID"
    assert read(twin, "STAT") == "00000000"


@pytest.fixture
def served():
    """QCoDeS sleeps by the wall, so this one's clock runs with it, fast."""
    clock = Clock(speed=200)
    cryostat = Cryostat(clock, Film(), CryostatSettings(field_per_ampere_T=0.1, trapped_flux_T=0.0))
    coil = cryostat.coil
    twin = MercuryIPSTwin(clock, coil, type(coil)(coil.settings, cryostat.moment))
    twin.moment = cryostat.moment
    twin.leave_warm()
    with Server({"magnet": twin}, clock) as server:
        yield twin, server.connections()[0]["resource"]


@pytest.mark.long
def test_qcodes_reads_every_parameter_and_ramps_to_field(served):
    oxford = pytest.importorskip("qcodes.instrument_drivers.oxford")
    twin, resource = served
    ips = oxford.OxfordMercuryiPS("ips", resource, visalib="@py")
    try:
        assert ips.IDN()["firmware"] == "2.6.04.000"
        assert (ips.magnet_temp(), ips.pt1_temp(), ips.pt2_temp()) == (4.2, 4.2, 4.2)
        for axis in (ips.GRPX, ips.GRPY, ips.GRPZ):
            readable = {name: parameter() for name, parameter in axis.parameters.items()}
            assert len(readable) == 12
            assert all(
                isinstance(value, float)
                for name, value in readable.items()
                if name not in ("heater_switch", "ramp_status")
            )
        assert ips.GRPZ.heater_switch() == "ON"
        ips.GRPZ.field_ramp_rate(0.01)
        assert ips.GRPZ.field_ramp_rate() == pytest.approx(0.01)
        ips.z_target(0.3)
        ips.ramp("safe")
        assert ips.GRPZ.field() == pytest.approx(0.3)
        assert ips.GRPZ.ramp_status() == "HOLD"
        ips.x_target(0.05)
        ips.ramp("simul_block")
        assert ips.x_measured() == pytest.approx(0.05)
    finally:
        ips.close()
