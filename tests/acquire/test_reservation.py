"""Two programs on one instrument: the second is told who has it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from acquire.reservation import InUseError, Reservation

ADDRESSES = {"magnet": "TCPIP0::192.168.1.20::7180::SOCKET", "lockin_xx": "GPIB0::8::INSTR"}
HOLDER = """
import sys, time
from pathlib import Path
from acquire.reservation import Reservation
held = Reservation({"magnet": sys.argv[2]}, Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path), ADDRESSES["magnet"]], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_the_second_program_is_refused_at_once_and_told_who_has_it(holder, tmp_path):
    began = time.monotonic()
    with pytest.raises(InUseError, match=rf"^magnet: TCPIP0::192.*in use by process {holder.pid} on .* since"):
        Reservation(ADDRESSES, tmp_path)
    assert time.monotonic() - began < 1
    Reservation({"lockin_xx": ADDRESSES["lockin_xx"]}, tmp_path).release()  # nothing was kept of the attempt


def test_the_lock_of_a_dead_program_is_no_lock(holder, tmp_path):
    holder.kill()
    holder.wait()
    Reservation(ADDRESSES, tmp_path).release()


def test_another_way_to_write_the_address_is_the_same_instrument(tmp_path):
    first = Reservation({"a": "TCPIP::192.168.1.20::7180::SOCKET"}, tmp_path)
    with pytest.raises(InUseError, match=f"process {os.getpid()} "):
        Reservation({"b": "tcpip0::192.168.1.20::7180::socket"}, tmp_path)
    first.release()
    Reservation({"b": "tcpip0::192.168.1.20::7180::socket"}, tmp_path).release()


@pytest.mark.parametrize(
    "note", ["", "[]", '{"pid": "x"}', "\x00" * 5000, json.dumps({"pid": 1e999}), '{"pid":1,"host":']
)
def test_a_note_that_says_nothing_is_survived(tmp_path, note):
    first = Reservation({"a": "GPIB0::8::INSTR"}, tmp_path)
    next(tmp_path.glob("*.json")).write_text(note)
    with pytest.raises(InUseError, match="left no note"):
        Reservation({"b": "GPIB0::8::INSTR"}, tmp_path)
    first.release()


def test_the_note_of_another_user_who_has_gone_is_not_taken_for_ours(tmp_path, monkeypatch):
    """It cannot be written over, and would name a process that has nothing to do with it."""
    Reservation({"a": "GPIB0::8::INSTR"}, tmp_path).release()
    next(tmp_path.glob("*.json")).write_text('{"pid": 7, "host": "other", "program": "cusp", "since": 1}')
    write_text = Path.write_text

    def forbidden(path, *words, **more):
        if path.exists():
            raise PermissionError(path)
        return write_text(path, *words, **more)

    monkeypatch.setattr(Path, "write_text", forbidden)
    first = Reservation({"a": "GPIB0::8::INSTR"}, tmp_path)
    with pytest.raises(InUseError, match=f"process {os.getpid()} "):
        Reservation({"b": "GPIB0::8::INSTR"}, tmp_path)
    first.release()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(Exception, match="magnet: .*cannot be reserved in"):
        Reservation(ADDRESSES, file / "below")
