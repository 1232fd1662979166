"""The driver under test, opened on the `rack` that a test file makes."""

import pytest

from tests.drivers.rig import open_driver


@pytest.fixture
def magnet(rack):
    return open_driver(rack, "magnet")


@pytest.fixture
def thermometer(rack):
    return open_driver(rack, "thermometer")


@pytest.fixture
def lockin(rack):
    return open_driver(rack, "lockin_xx")
