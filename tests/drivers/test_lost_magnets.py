"""A magnet whose connection is gone in mid-ramp: nobody can stop it then, so it is stopped as soon as it can be."""

import pytest

from drivers.ami430 import AMI430
from drivers.errors import Lost, Quench, Tripped
from drivers.roles import MagnetState
from drivers.simulated.server import Server
from drivers.simulated.twin import Fault
from tests.drivers.magnets import EVERY_MAGNET, MAGNETS, coil_T, hold_orders, magnet_rack
from tests.drivers.rig import open_driver, orders


def lose(rack, magnet):
    """Let the connection be gone until the function that is returned is called."""
    twins = rack.library.twins
    address, twin = next(iter(twins.items()))
    twin.faults.plan(Fault.DISCONNECT)
    with pytest.raises(Lost, match="magnet: "):
        magnet.field_T  # noqa: B018
    del twins[address]
    return lambda: twins.update({address: twin})


def ramping(driver):
    rack = magnet_rack(driver)
    magnet = open_driver(rack, "magnet")
    magnet.start_ramp(0.5, 0.5)
    rack.clock.advance(5)
    return rack, magnet


@pytest.mark.parametrize("driver", EVERY_MAGNET)
def test_a_hold_that_finds_the_connection_gone_goes_out_when_it_is_opened_again(driver):
    rack, magnet = ramping(driver)
    find_again = lose(rack, magnet)
    with pytest.raises(Lost, match="magnet: "):
        magnet.hold()
    with pytest.raises(Lost, match="magnet: cannot open"):
        magnet.reconnect()
    find_again()
    magnet.reconnect()
    holds = hold_orders(driver) or orders(rack, "magnet")[1:]  # a PPMS holds by a new set point
    assert orders(rack, "magnet")[-len(holds) :] == holds
    rack.clock.advance(2)
    before_T = coil_T(rack)
    rack.clock.advance(20)
    assert coil_T(rack) == pytest.approx(before_T, abs=1e-6)
    assert before_T < 0.2
    sent = orders(rack, "magnet")
    magnet.reconnect()
    assert orders(rack, "magnet") == sent  # once


@pytest.mark.parametrize("driver", EVERY_MAGNET)
def test_a_connection_that_was_not_told_to_hold_is_opened_without_a_command(driver):
    rack, magnet = ramping(driver)
    sent = orders(rack, "magnet")
    lose(rack, magnet)()
    magnet.reconnect()
    assert orders(rack, "magnet") == sent
    assert magnet.state is MagnetState.RAMPING


@pytest.mark.parametrize("driver", [driver for driver in MAGNETS if driver != "generic_magnet"])
def test_a_power_cycle_that_took_the_connection_with_it_is_latched_before_a_hold_can_hide_it(driver):
    rack, magnet = ramping(driver)
    find_again = lose(rack, magnet)
    with pytest.raises(Lost):
        magnet.hold()
    rack.twins["magnet"].power_on()
    find_again()
    magnet.reconnect()
    assert magnet.state is MagnetState.FAULT
    with pytest.raises(Tripped, match="its power was off"):
        magnet.ramp_to(0.1, 0.5)


@pytest.mark.parametrize("driver", EVERY_MAGNET)
def test_a_quench_while_the_connection_is_gone_is_seen_when_it_is_opened_again(driver):
    rack, magnet = ramping(driver)
    find_again = lose(rack, magnet)
    with pytest.raises(Lost):
        magnet.hold()
    rack.cryostat.coil.quench()
    rack.clock.advance(0.5)
    find_again()
    magnet.reconnect()
    sent = orders(rack, "magnet")
    with pytest.raises((Quench, Tripped), match="quench"):
        magnet.ramp_to(0.1, 0.5)
    assert orders(rack, "magnet") == sent


def test_a_hold_written_into_a_connection_whose_other_end_is_gone_is_not_taken_for_sent():
    """The system takes the bytes and says nothing; the supply would go on ramping."""
    rack = magnet_rack("ami430")
    with Server(rack.twins, rack.clock) as server:
        port = next(iter(server._ports.values()))
        magnet = AMI430(
            str(server.connections()[0]["resource"]), name="magnet", clock=rack.clock, visa_library="@py",
            settings=AMI430.Settings(field_max_T=1, ramp_rate_max_T_per_min=1), timeout_s=0.3,
        )  # fmt: skip
        magnet.start_ramp(0.5, 0.5)
        assert magnet.state is MagnetState.RAMPING  # it has come so far
        while port.clients:
            port.clients.pop().shutdown(2)
        with pytest.raises(Lost):
            magnet.hold()
        assert rack.cryostat.coil.ramping
        magnet.reconnect()
        assert not rack.cryostat.coil.ramping
        magnet.close()
