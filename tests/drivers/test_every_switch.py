"""Persistent mode, run over every driver of a magnet whose twin can have a switch."""

import random
import threading

import pytest

from drivers.errors import Quench, Refused, Timeout
from drivers.persistent_switch import SwitchState
from drivers.roles import RampOutcome
from drivers.simulated.twin import Fault
from tests.drivers.magnets import SWITCHABLE, coil_T, hold_orders, magnet_rack, told
from tests.drivers.rig import SWITCHED, open_driver, orders


@pytest.fixture(params=SWITCHABLE)
def switched(request):
    """A rack with a magnet across a switch, warm, at 0.2 T, and its driver."""
    return warm(request.param)


def warm(driver):
    rack = magnet_rack(driver)
    rack.twins["magnet"].install_switch()
    magnet = open_driver(rack, "magnet", **SWITCHED.get(driver, {}))
    rack.clock.advance(60)
    settle(rack, magnet)
    assert magnet.switch is SwitchState.COLD
    assert magnet.leave_persistent().done
    assert magnet.ramp_to(0.2, 1.0) is RampOutcome.HOLDING
    return rack, magnet


def settle(rack, magnet):
    """Let the time pass until whoever was found heated or not is known to be warm or cold."""
    for _ in range(3):
        magnet.switch  # noqa: B018
        rack.clock.advance(60)


def heater_orders(rack):
    """The lines on which the heater of the twin was told anything."""
    words = ("PS", "SWHT", "H0", "H1")  # SPSU is only the supply of a Mercury iPS
    return [line for line in orders(rack, "magnet") if any(word in line.upper().replace("SPSU", "") for word in words)]


def test_into_persistent_mode_and_out_again(switched):
    rack, magnet = switched
    seen = []
    began_s = rack.clock.now()
    ended = magnet.enter_persistent(on_progress=seen.append)
    assert ended.done
    assert ended.switch is SwitchState.COLD
    assert rack.clock.now() - began_s >= magnet.cooling_time_s
    assert [progress.step for progress in seen][0] == "holding"
    assert {"cooling the switch", "bringing the leads to zero"} <= {progress.step for progress in seen}
    assert rack.twins["magnet"].supply.output_A == pytest.approx(0, abs=0.01)
    assert coil_T(rack) == pytest.approx(0.2, abs=1e-3)
    assert magnet.magnet_field_T == pytest.approx(0.2, abs=1e-3)
    assert magnet.supply_field_T == pytest.approx(0, abs=1e-3)
    with pytest.raises(Refused, match="persistent switch is cold"):
        magnet.ramp_to(0.3, 1.0)
    began_s = rack.clock.now()
    ended = magnet.leave_persistent()
    assert ended.done
    assert ended.switch is SwitchState.WARM
    assert rack.clock.now() - began_s >= magnet.heating_time_s
    assert not rack.cryostat.coil.quenched
    assert coil_T(rack) == pytest.approx(0.2, abs=1e-3)
    assert magnet.ramp_to(0.3, 1.0) is RampOutcome.HOLDING


def test_unmatched_currents_heat_nothing(switched):
    rack, magnet = switched
    magnet.enter_persistent()
    twin = rack.twins["magnet"]
    before = heater_orders(rack)

    def drift(progress):
        """The magnet loses a tenth of its field while the leads come up."""
        if "leads" in progress.step and coil_T(rack) > 0.19:
            rack.cryostat.coil.start(1.8, 1e3)
            rack.clock.advance(0.1)
            if hasattr(twin, "stored_A"):
                twin.stored_A = 1.8

    with pytest.raises(Refused, match="was not heated"):
        magnet.leave_persistent(on_progress=drift)
    assert heater_orders(rack) == before
    assert magnet.switch is SwitchState.COLD
    assert not rack.cryostat.coil.quenched
    assert magnet.leave_persistent().done
    assert not rack.cryostat.coil.quenched


@pytest.mark.parametrize("driver", SWITCHABLE)
def test_an_interrupt_at_any_time_leaves_a_safe_state_that_can_be_finished(driver):
    random_ = random.Random(driver)
    rack, magnet = warm(driver)
    for number in range(8):
        command, wanted = (
            (magnet.enter_persistent, SwitchState.COLD), (magnet.leave_persistent, SwitchState.WARM),
        )[number % 2]  # fmt: skip
        interrupt, before = threading.Event(), len(heater_orders(rack))
        at_s = rack.clock.now() + random_.uniform(0, 50)

        def watch(_, interrupt=interrupt, at_s=at_s):
            if rack.clock.now() >= at_s:
                interrupt.set()

        ended = command(interrupt, watch)
        assert len(heater_orders(rack)) - before <= 1
        assert ended.done or ended.step.startswith("interrupted")
        rack.clock.advance(60)
        settle(rack, magnet)
        assert command().done
        assert len(heater_orders(rack)) - before == 1
        assert magnet.switch is wanted
        assert coil_T(rack) == pytest.approx(0.2, abs=2e-3)
        assert not rack.cryostat.coil.quenched


@pytest.mark.parametrize("driver", SWITCHABLE)
def test_lost_replies_leave_what_can_be_finished_and_switch_no_heater_twice(driver):
    """Questions are asked again; a command whose answer is lost ends it, and is not sent again."""
    random_ = random.Random(f"lost {driver}")
    rack, magnet = warm(driver)
    before, faults = len(heater_orders(rack)), rack.twins["magnet"].faults
    for command in (magnet.enter_persistent, magnet.leave_persistent):
        for number in range(20):
            faults.plan(Fault.DROP, skip=80 * number + random_.randrange(60))
        try:
            command()
        except Timeout:
            rack.clock.advance(60)
            settle(rack, magnet)
        faults._plan.clear()
        assert command().done
    assert len(heater_orders(rack)) - before == 2
    assert not rack.cryostat.coil.quenched


@pytest.mark.parametrize("driver", SWITCHABLE)
def test_a_quench_at_any_time_ends_it_and_the_heater_is_left_alone(driver):
    random_ = random.Random(f"quench {driver}")
    for number in range(4):
        rack, magnet = warm(driver)
        if number % 2:
            magnet.enter_persistent()
        when, began_s = [], rack.clock.now()

        def fate(time_s, rack=rack, when=when):
            if not when:
                when.append(time_s)
                rack.cryostat.coil.quench()

        rack.cryostat.every(random_.uniform(0.5, 30), fate)
        command = magnet.leave_persistent if number % 2 else magnet.enter_persistent
        with pytest.raises(Quench):
            command()
        assert when[0] > began_s
        assert rack.clock.now() - when[0] <= 0.5
        assert set(told(rack, when[0])) <= set(hold_orders(driver))


def test_without_a_switch_there_is_no_persistent_mode():
    for driver in SWITCHABLE:
        rack = magnet_rack(driver)
        magnet = open_driver(rack, "magnet")
        assert magnet.switch is SwitchState.ABSENT
        for command in (magnet.enter_persistent, magnet.leave_persistent):
            with pytest.raises(Refused, match="switch is absent"):
                command()
        assert orders(rack, "magnet") == []
