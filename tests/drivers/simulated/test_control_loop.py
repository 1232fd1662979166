import pytest

from drivers.simulated.control_loop import ControlLoop

PI = {"gain_percent_per_K": 10.0, "integral_per_s": 0.1, "derivative_s": 0.0}


def test_proportional_integral_and_derivative():
    loop = ControlLoop()
    assert loop.output_percent(1.0, 0.5, **PI) == pytest.approx(10 * (1 + 0.1 * 0.5))
    assert loop.output_percent(1.0, 0.5, **PI) == pytest.approx(10 * (1 + 0.1 * 1.0))
    loop = ControlLoop()
    loop.output_percent(1.0, 0.5, **PI)
    d = {"gain_percent_per_K": 10.0, "integral_per_s": 0.0, "derivative_s": 2.0}
    assert loop.output_percent(1.1, 0.5, **d) == pytest.approx(10 * (1.1 + 2 * 0.2))


@pytest.mark.parametrize(("error_K", "end"), [(50.0, 100.0), (-50.0, 0.0)])
def test_the_sum_stands_still_while_the_heater_is_at_its_end(error_K, end):
    loop = ControlLoop()
    for _ in range(1000):
        assert loop.output_percent(error_K, 0.1, **PI) == end
    assert loop.integral_Ks == 0
    loop.output_percent(-0.01 * error_K, 0.1, **PI)
    assert abs(loop.integral_Ks) < 0.1  # it lets go at once


def test_reset_forgets_the_sum():
    loop = ControlLoop()
    loop.output_percent(1.0, 10.0, **PI)
    loop.reset()
    assert loop.output_percent(0.0, 0.1, **PI) == 0
