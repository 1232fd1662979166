import json
import math
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from acquire import journal
from acquire.journal import Journal, JournalError, read
from analysis.row import COLUMNS, INTEGER_COLUMNS, OPTIONAL_COLUMNS

ROOT = Path(__file__).parent.parent.parent


def a_row(number: int) -> dict[str, float]:
    row = {name: number + 0.1 * i for i, name in enumerate(COLUMNS)}
    return {name: int(value) if name in INTEGER_COLUMNS else value for name, value in row.items()}


def written(path: Path, rows: int, end: bool = True) -> Path:
    file = Journal(path, {"parameters": {}}, "procedures.field_sweep.FieldSweep", {"Field from": "-0.2 T"})
    for number in range(rows):
        file.append(a_row(number))
    if end:
        file.close("finished")
    else:
        file._stopping.set()
        file._syncer.join()
        os.close(file._file)
    return path


def test_rows_come_back_bit_for_bit(tmp_path):
    path = tmp_path / "a.csv"
    file = Journal(path, {})
    values = np.random.default_rng(1).normal(size=(20, len(COLUMNS))) * 10.0 ** np.arange(-6, 7)
    rows = [dict(zip(COLUMNS, row.tolist(), strict=True)) for row in values]
    for number, row in enumerate(rows):
        row.update({name: number for name in INTEGER_COLUMNS})
        file.append(row)
    file.close("finished")
    assert list(read(path).each_row()) == rows


def test_optional_columns_come_back_and_only_they_may_be_there(tmp_path):
    from pymeasure.experiment import Results

    from procedures.field_sweep import FieldSweep

    columns = (*COLUMNS, *OPTIONAL_COLUMNS)
    file = Journal(tmp_path / "a.csv", {}, "procedures.field_sweep.FieldSweep", {"Legs": "single"}, columns)
    rows = [a_row(number) | dict.fromkeys(OPTIONAL_COLUMNS, number / 3) for number in range(4)]
    for row in rows:
        file.append(row)
    with pytest.raises(JournalError, match="missing or unknown"):
        file.append(a_row(4))
    file.close("finished")
    assert read(file.path).each_row() == rows
    assert tuple(Results.load(str(file.path), procedure_class=FieldSweep).data.columns) == columns
    for odd in (columns[:-1] + ("odd",), (*columns, columns[-1]), (*COLUMNS, *OPTIONAL_COLUMNS[::-1]), COLUMNS[:-1]):
        other = tmp_path / "odd.csv"
        other.write_text(file.path.read_text().replace(",".join(columns), ",".join(odd)))
        with pytest.raises(JournalError, match="its columns are"):
            read(other)


def test_a_finished_file_says_so_and_has_no_damage(tmp_path):
    file = read(written(tmp_path / "a.csv", 5))
    assert (file.status, file.rows, file.torn, file.damage) == ("finished", 5, 0, "")
    assert file.end["rows"] == 5


def test_a_file_without_an_end_record_is_unfinished(tmp_path):
    file = read(written(tmp_path / "a.csv", 5, end=False))
    assert (file.status, file.rows) == ("unfinished", 5)


def test_pymeasure_reads_it(tmp_path):
    from pymeasure.experiment import Results

    from procedures.field_sweep import FieldSweep

    path = written(tmp_path / "a.csv", 7)
    data = Results.load(str(path), procedure_class=FieldSweep).data
    assert list(data.columns) == list(COLUMNS)
    assert len(data) == 7
    assert data["x_xx_V"].iloc[3] == a_row(3)["x_xx_V"]


def test_an_existing_file_is_never_touched(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("precious")
    with pytest.raises(JournalError, match="cannot make"):
        Journal(path, {})
    assert path.read_text() == "precious"


@pytest.mark.parametrize("change", [{"field_T": "high"}, {"sweep": None}, {"odd": 1.0}, {"field_T": ...}])
def test_a_row_that_is_no_row_is_refused(tmp_path, change):
    file = Journal(tmp_path / "a.csv", {})
    row = {**a_row(1), **change}
    if change.get("field_T") is ...:
        del row["field_T"]
    with pytest.raises(JournalError):
        file.append(row)
    file.append(a_row(0))
    file.close("finished")
    assert read(tmp_path / "a.csv").rows == 1


def test_every_cut_of_the_tail_keeps_every_whole_row(tmp_path):
    path = written(tmp_path / "a.csv", 6, end=False)
    whole = path.read_bytes()
    lines = whole.split(b"\n")
    for cut in range(len(whole) - sum(len(line) + 1 for line in lines[-4:-1]), len(whole)):
        path.write_bytes(whole[:cut])
        file = read(path)
        assert file.rows == whole[:cut].count(b"\n") - lines.index(",".join(COLUMNS).encode()) - 1
        assert file.status == "unfinished"
        assert (file.torn > 0) == (whole[cut - 1 : cut] != b"\n")


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, 10**6), value=st.integers(0, 255))
@example(at=-13, value=9)
@example(at=-13, value=13)
def test_a_changed_byte_never_gives_a_silently_wrong_row(tmp_path_factory, at, value):
    global _example
    path = tmp_path_factory.getbasetemp() / "changed.csv"
    if _example is None:
        _example = written(tmp_path_factory.mktemp("journal") / "a.csv", 20).read_bytes()
    position = at % len(_example)
    changed = _example[:position] + bytes([value]) + _example[position + 1 :]
    path.write_bytes(changed)
    try:
        file = read(path)
    except JournalError:
        return
    end = _example.rfind(b"#End: ") + 6
    # to JSON, which follows, blanks are alike
    if changed[:end] != _example[:end] or changed[end:].translate(_BLANKS) != _example[end:]:
        assert file.damage or file.end != read_end(_example) or file.status == "unfinished"


_example: bytes | None = None
_BLANKS = bytes.maketrans(b"\t\r", b"  ")


def read_end(content: bytes) -> dict:
    return json.loads(content.strip().split(b"\n")[-1][len(b"#End: ") :])


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b"#Cusp: {", b"#Cusp: {}\n#Data:\n", b"#Cusp: []\na\n", b"\xff" * 99]
)
def test_what_is_no_sweep_file_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(JournalError) as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_grow_refuses_the_row_and_keeps_the_others(tmp_path, monkeypatch):
    file = Journal(tmp_path / "a.csv", {})
    file.append(a_row(0))
    real = os.write
    monkeypatch.setattr(journal.os, "write", lambda fd, data: real(fd, data[: len(data) // 2]))
    with pytest.raises(JournalError, match="1 rows are on disk"):
        file.append(a_row(1))
    monkeypatch.undo()
    file.close("failed")
    back = read(tmp_path / "a.csv")
    assert (back.rows, back.status, back.damage) == (1, "failed", "")


KILLED = textwrap.dedent("""
    import sys
    from pathlib import Path
    from acquire.journal import Journal
    from tests.acquire.test_journal import a_row
    file = Journal(Path(sys.argv[1]), {})
    for number in range(10**6):
        file.append(a_row(number))
        sys.stdout.write(f"{number}\\n")
        sys.stdout.flush()
""")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_no_acknowledged_row_is_lost_to_a_kill(tmp_path):
    rng = np.random.default_rng(4)
    for attempt in range(3):
        path = tmp_path / f"{attempt}.csv"
        process = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, cwd=ROOT)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(float(rng.uniform(0.01, 0.2)))
        process.kill()
        acknowledged = process.stdout.read().split(b"\n")
        process.wait()
        last = int(acknowledged[-2]) if len(acknowledged) > 1 else 0
        process.stdout.close()
        file = read(path)
        assert file.rows >= last + 1
        assert file.status == "unfinished"


@pytest.mark.parametrize(
    ("name", "safe"), [("../../etc/passwd", "etc-passwd"), ("", "sweep"), ("a b/c", "a-b-c"), ("ü", "sweep")]
)
def test_file_names_are_slugs(name, safe):
    assert journal.slug(name) == safe


def test_a_disk_that_does_not_sync_fails_the_file(tmp_path):
    file = Journal(tmp_path / "a.csv", {})
    file.append(a_row(0))
    file._sync_fault = OSError(5, "Input/output error")
    with pytest.raises(JournalError, match="not synced"):
        file.close("finished")
    assert read(tmp_path / "a.csv").status == "failed"


@pytest.mark.parametrize(
    ("name", "value"), [("field_T", math.inf), ("sweep", 2.7), ("sweep", 1e300), ("field_T", "3.0")]
)
def test_what_the_reader_would_refuse_is_not_written(tmp_path, name, value):
    file = Journal(tmp_path / "a.csv", {})
    with pytest.raises(JournalError):
        file.append({**a_row(0), name: value})
    file.close("finished")


def test_a_damaged_end_record_leaves_the_rows_countable(tmp_path):
    path = written(tmp_path / "a.csv", 5)
    path.write_bytes(path.read_bytes().replace(b'#End: {"', b"#End: ("))
    file = read(path)
    assert file.rows == 5
    assert "end record" in file.damage
