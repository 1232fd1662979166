"""Round trips a second to a simulated instrument: through the VISA library object, and over loopback TCP."""

import sys
import time

import pyvisa

from drivers.clock import SteppedClock
from drivers.simulated.rack import Rack, RackSettings
from drivers.simulated.server import Server
from drivers.sr830 import SR830

LIBRARY_PER_S, TCP_PER_S = 20_000, 8_000
ADDRESS = "GPIB0::8::INSTR"
SECONDS = 1.0
REPEATS = 3


def rate(ask):
    """The best of a few: what else this machine does at the time is not what is measured."""
    best = 0.0
    for _ in range(REPEATS):
        count, began = 0, time.perf_counter()
        while time.perf_counter() - began < SECONDS:
            for _ in range(100):
                ask()
            count += 100
        best = max(best, count / (time.perf_counter() - began))
    return best


def main():
    clock = SteppedClock()  # stands still: the wire is measured, not the cryostat
    rack = Rack(clock, RackSettings(), {"lockin_xx": ("sr830", ADDRESS)}, series_resistor_ohm=1e6)
    plain = pyvisa.ResourceManager(rack.library).open_resource(ADDRESS, read_termination="\n", write_termination="\n")
    strict = SR830(ADDRESS, name="xx", settings=SR830.Settings(), clock=clock, visa_library=rack.library)
    raw = rate(lambda: plain.query("SNAP? 1,2,3"))
    library = rate(lambda: strict.frequency_Hz)
    print(f"simulated library, plain pyvisa: {raw:.0f} a second")
    print(f"simulated library, strict driver: {library:.0f} a second (>= {LIBRARY_PER_S})")
    with Server(rack.twins, clock) as server:
        address = str(server.connections()[0]["resource"])
        remote = SR830(address, name="xx", settings=SR830.Settings(), clock=clock, visa_library="@py")
        tcp = rate(lambda: remote.frequency_Hz)
        remote.close()
    print(f"loopback TCP, strict driver: {tcp:.0f} a second (>= {TCP_PER_S})")
    return bool(library < LIBRARY_PER_S or tcp < TCP_PER_S)


if __name__ == "__main__":
    sys.exit(main())
