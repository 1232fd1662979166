"""The PID loop of a temperature controller: proportional, integral, derivative, an end to the heater and to windup."""

from __future__ import annotations

FULL_PERCENT = 100.0


class ControlLoop:
    """Turns the error of a temperature into a heater output.

    Attributes
    ----------
    integral_Ks : float
        The error that has been summed up [K s].
    """

    __slots__ = ("integral_Ks", "_last_error_K")

    def __init__(self) -> None:
        self.integral_Ks = self._last_error_K = 0.0

    def reset(self) -> None:
        """Forget the sum of the errors, as when the heater is switched off."""
        self.integral_Ks = 0.0

    def output_percent(
        self, error_K: float, period_s: float, *,
        gain_percent_per_K: float, integral_per_s: float, derivative_s: float,
    ) -> float:  # fmt: skip
        """Return the heater output for the error of now [%]; the sum stands still while the heater is at its end.

        Parameters
        ----------
        error_K : float
            Set point less temperature [K].
        period_s : float
            Time since the last call [s].
        gain_percent_per_K, integral_per_s, derivative_s : float
            P [%/K], one over the integral time [1/s], and the derivative time [s].
        """
        slope_K_per_s = (error_K - self._last_error_K) / period_s
        self._last_error_K = error_K
        integral_Ks = self.integral_Ks + error_K * period_s
        wanted = gain_percent_per_K * (error_K + integral_per_s * integral_Ks + derivative_s * slope_K_per_s)
        if 0 < wanted < FULL_PERCENT or (wanted >= FULL_PERCENT) == (error_K < 0):
            self.integral_Ks = integral_Ks
        return max(0.0, min(FULL_PERCENT, wanted))
