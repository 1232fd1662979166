"""Simulated instruments that speak the real command sets, and the film they measure."""
