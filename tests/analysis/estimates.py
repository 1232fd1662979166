"""Estimates to feed to what takes them."""

from analysis.estimate import Estimate


def known(value, error, name=""):
    return Estimate(name, "", value, error, value - error, value + error, determined=True)


def unknown(lower=None, upper=None, name=""):
    return Estimate(name, "", None, None, lower, upper, determined=False)
