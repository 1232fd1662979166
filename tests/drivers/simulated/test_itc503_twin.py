import pytest
from pymeasure.instruments.oxfordinstruments import ITC503
from pymeasure.instruments.oxfordinstruments.base import OxfordVISAError

from drivers.clock import Clock
from drivers.simulated.cryostat import Cryostat, SensorFault
from drivers.simulated.itc503 import ITC503Twin
from drivers.simulated.library import SimulatedLibrary
from drivers.simulated.sample import Film
from drivers.simulated.server import Server


@pytest.fixture
def twin(on_stage):
    return on_stage(ITC503Twin)


def say(twin, *lines):
    return [twin.feed(line) for line in lines]


def test_manners(twin):
    assert twin.feed("V").startswith("ITC503 Version")
    assert twin.feed("X") == "X0A0C2S00H1L0"
    assert say(twin, "T5", "A1", "O10", "S1") == ["?T5", "?A1", "?O10", "?S1"]  # the front panel is in control
    assert say(twin, "C3", "T5.000000", "P20", "R0", "R8") == ["C", "T", "P", "R+5.000", "R+20.0"]
    assert say(twin, "$T6", "R0", "$T9999", "R0") == [None, "R+6.000", None, "R+6.000"]
    assert say(twin, "@1R0", "@2R0", "$@1T7", "@1$T8", "R0") == ["R+6.000", None, None, None, "R+8.000"]
    assert say(twin, "T9999", "T1e", "N1", "R14", "X1", "C9") == ["?T9999", "?T1e", "?N1", "?R14", "?X1", "?C9"]
    assert twin.feed("Q2") is None
    assert twin.feed("R1").startswith("R+4.")
    assert twin.feed("R2") == "R+0.000"


def test_the_sweep_table(twin, clock):
    say(twin, "C3", "T4")
    for row, values in enumerate([(10, 0.5, 0.2), (6, 0.1, 0)] + 14 * [(6, 0, 0)], 1):
        for column, value in enumerate(values, 1):
            say(twin, f"$x{row}", f"$y{column}", f"s{value}")
    assert say(twin, "x1", "y2", "r") == ["x", "y", "r+0.500"]
    assert twin.feed("S1") == "S"
    assert twin.feed("s3") == twin.feed("T3").replace("T", "s") == "?s3"
    clock.advance(15)
    assert twin.feed("X") == "X0A0C3S01H1L0"
    assert float(twin.feed("R0")[1:]) == pytest.approx(7, abs=0.03)
    clock.advance(20)
    assert twin.feed("X") == "X0A0C3S02H1L0"
    assert twin.feed("R0") == "R+10.000"
    clock.advance(10)
    assert twin.feed("X") == "X0A0C3S03H1L0"
    clock.advance(10)
    assert twin.feed("X") == "X0A0C3S00H1L0"
    assert twin.feed("R0") == "R+6.000"
    assert twin.feed("w") == "w"
    assert twin.feed("r") == "r+0.000"


@pytest.mark.parametrize("target", [1.6, 3.0, 8.0, 25.0])
def test_the_loop_settles(twin, clock, target):
    say(twin, "C3", f"T{target}", "A1")
    clock.advance(300)
    for _ in range(20):
        clock.advance(2)
        assert float(twin.feed("R4")[1:]) == pytest.approx(0, abs=2e-3 + 5e-4 * target)


def test_the_heater_saturates_and_lets_go_again(twin, clock, cryostat):
    say(twin, "C3", "T80", "A1")
    clock.advance(300)
    assert say(twin, "R5", "R6") == ["R+100.0", "R+40.0"]
    assert cryostat.heat.heater_W == 5
    say(twin, "T3")
    clock.advance(1)
    assert twin.feed("R5") == "R+0.0"


def test_by_hand(twin, clock, cryostat):
    say(twin, "C3", "O40")
    clock.advance(1)
    assert twin.feed("R5") == "R+40.0"
    assert cryostat.heat.heater_W == pytest.approx(2.0)
    assert say(twin, "A1", "O10", "A3", "G10", "A0", "G10", "R7") == ["A", "?O10", "A", "?G10", "A", "G", "R+10.0"]


def test_a_broken_sensor_is_not_heated(twin, clock, cryostat):
    say(twin, "C3", "T20", "A1")
    cryostat.heat.sensor_fault = SensorFault.OPEN
    clock.advance(5)
    assert twin.feed("R1") == "R+0.000"
    assert cryostat.heat.heater_W == 0


def test_it_comes_up_in_local_with_the_heater_off(twin, clock, cryostat):
    say(twin, "C3", "T20", "A1")
    clock.advance(5)
    twin.power_on()
    clock.advance(1)
    assert twin.feed("X") == "X0A0C2S00H1L0"
    assert cryostat.heat.heater_W == 0


class TestPyMeasure:
    @pytest.fixture
    def itc(self, twin, clock):
        library = SimulatedLibrary({"GPIB0::24::INSTR": twin}, clock)
        return ITC503("GPIB0::24::INSTR", visa_library=library)

    def test_every_readable_parameter(self, itc):
        assert itc.version.startswith("ITC503")
        assert itc.control_mode == "LU"
        assert itc.heater_gas_mode == "MANUAL"
        assert itc.auto_pid is False
        assert itc.sweep_status == 0
        assert (itc.heater, itc.heater_voltage, itc.gasflow) == (0, 0, 0)
        assert (itc.proportional_band, itc.integral_action_time, itc.derivative_action_time) == (10, 0.2, 0)
        assert itc.temperature_1 == pytest.approx(4.2, abs=0.01)
        assert (itc.temperature_2, itc.temperature_3, itc.temperature_setpoint) == (0, 0, 0)

    def test_a_temperature_set_and_settled(self, itc, clock, monkeypatch):
        monkeypatch.setattr("pymeasure.instruments.oxfordinstruments.itc503.sleep", clock.advance)
        monkeypatch.setattr("pymeasure.instruments.oxfordinstruments.itc503.time", clock.now)
        with pytest.raises(OxfordVISAError, match="did not understand"):
            itc.temperature_setpoint = 8
        itc.control_mode = "RU"
        itc.heater_gas_mode = "AM"
        itc.temperature_setpoint = 8
        itc.wait_for_temperature(error=0.02, thermalize_interval=10)
        assert itc.temperature_1 == pytest.approx(8, abs=0.03)

    def test_a_sweep(self, itc, clock):
        itc.control_mode = "RU"
        itc.temperature_setpoint = 4
        itc.program_sweep([10, 6], [0.5, 0.5], [0.0, 0.0])
        itc.sweep_status = 1
        clock.advance(15)
        assert itc.temperature_setpoint == pytest.approx(7, abs=0.05)
        clock.advance(60)
        assert itc.temperature_setpoint == 6
        itc.wipe_sweep_table()

    def test_tables_come_with_their_letter(self, itc):
        """PyMeasure takes the letter off the replies to R alone, and keeps the others as text."""
        itc.control_mode = "RU"
        itc.pointer = (1, 1)
        itc.sweep_table = 5
        itc.auto_pid_table = 7
        assert (itc.sweep_table, itc.auto_pid_table) == ("r+5.000", "q+7.000")


@pytest.mark.long
def test_qcodes_contrib_reads_every_parameter_and_sets_a_temperature():
    contrib = pytest.importorskip("qcodes_contrib_drivers.drivers.OxfordInstruments.ITC503")
    clock = Clock(speed=100)  # QCoDeS sleeps by the wall
    cryostat = Cryostat(clock, Film())
    twin = ITC503Twin(clock, cryostat.heat)
    twin.moment = cryostat.moment
    cryostat.every(twin.period_s, twin.step)
    contrib.ITC503._address = None  # it does not construct with this QCoDeS otherwise
    with Server({"thermometer": twin}, clock) as server:
        itc = contrib.ITC503("itc", str(server.connections()[0]["resource"]), visalib="@py")
        try:
            assert itc.temp_1() == pytest.approx(1.3, abs=3)
            assert (itc.temp_2(), itc.temp_3(), itc.temp_set_point(), itc.heater_power()) == (0, 0, 0, 0)
            assert (itc.remote_mode(), itc.heater_mode(), itc.select_heater()) == (
                "local_unlocked",
                "manual",
                "heater_1",
            )
            itc.remote_mode("remote_unlocked")
            itc.heater_mode("auto")
            itc.temp_set_point(8.0)
            clock.sleep(200)
            assert itc.temp_1() == pytest.approx(8, abs=0.05)
            assert itc.heater_power() > 0
        finally:
            itc.close()
