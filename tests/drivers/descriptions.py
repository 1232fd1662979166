"""Instruments that there are drivers for, described by their command strings instead."""

from __future__ import annotations

from typing import Any

TIME_CONSTANTS = tuple((str(code), float(f"{(1, 3)[code % 2]}e{code // 2 - 5}")) for code in range(20))

SR830: dict[str, Any] = {
    "identity": "Stanford_Research_Systems,SR830",
    "event_query": "*ESR?",
    "expected_replies": (("OEXP?1", "0.00,0"), ("HARM?", "1")),
    "xyr_query": "SNAP? 1,2,3",
    "full_scale_V": 500e-6,
    "status_query": "LIAS?",
    "overload_bits": 7,
    "unlocked_bits": 8,
    "time_constant_query": "OFLT?",
    "time_constants": TIME_CONSTANTS,
    "filter_stages_query": "OFSL?",
    "filter_stages_codes": (("0", 1), ("1", 2), ("2", 3), ("3", 4)),
    "frequency_query": "FREQ?",
    "oscillator_query": "SLVL?",
    "oscillator_command": "SLVL%.3f",
    "oscillator_min_V": 0.004,
    "oscillator_max_V": 5.0,
    "oscillator_step_V": 0.0025,
}

STATES = (
    ("1", "ramping"), ("2", "holding"), ("3", "paused"), ("4", "manual"), ("5", "manual"), ("6", "zeroing"),
    ("7", "quench"), ("8", "at zero"),
)  # fmt: skip

AMI430: dict[str, Any] = {
    "identity": "AMERICAN MAGNETICS INC.,MODEL 430",
    "event_query": "*ESR?",
    "expected_replies": (("FIELD:UNITS?", "1"), ("RAMP:RATE:UNITS?", "1"), ("RAMP:RATE:SEG?", "1")),
    "field_max_T": 1.0,
    "ramp_rate_max_T_per_min": 1.0,
    "field_query": "FIELD:MAG?",
    "target_query": "FIELD:TARG?",
    "target_command": "CONF:FIELD:TARG %.6f",
    "rate_query": "RAMP:RATE:FIELD:1?",
    "rate_reply": "%g,%*g",
    "rate_command": "CONF:RAMP:RATE:FIELD 1,%.6f,10.0",
    "go_command": "RAMP",
    "hold_command": "PAUSE",
    "rearm_command": "QU 0",
    "state_query": "STATE?",
    "states": STATES,
}
"""In tesla and minutes."""

AMI430_KG_S: dict[str, Any] = AMI430 | {
    "expected_replies": (("FIELD:UNITS?", "0"), ("RAMP:RATE:UNITS?", "0"), ("RAMP:RATE:SEG?", "1")),
    "field_factor_T": 0.1,
    "rate_factor_T_per_min": 6.0,
    "rate_command": "CONF:RAMP:RATE:FIELD 1,%.9f,100.0",
}
"""In kilogauss and seconds."""

LAKESHORE336: dict[str, Any] = {
    "identity": "LSCI,MODEL336",
    "event_query": "*ESR?",
    "expected_replies": (("OUTMODE? 1", "1,1,0"), ("INTYPE? A", "3,1,6,1,1")),
    "temperature_query": "KRDG? A",
    "sensor_query": "RDGST? A",
    "setpoint_query": "SETP? 1",
    "setpoint_command": "SETP 1,%.4f",
    "rate_query": "RAMP? 1",
    "rate_reply": "%*g,%g",
    "rate_command": "RAMP 1,1,%.1f",
    "jump_command": "RAMP 1,0,10",
    "heater_query": "HTR? 1",
    "heater_on_command": "RANGE 1,2",
    "heater_off_command": "RANGE 1,0",
}
