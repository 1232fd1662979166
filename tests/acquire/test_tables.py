import numpy as np
import pytest

from acquire.importers.tables import Columns, parse_column, read_table
from acquire.journal import JournalError
from analysis.curve import Curve
from analysis.row import COLUMNS


def columns(*words, **more):
    return Columns(dict(parse_column(word) for word in words), **more)


@pytest.mark.parametrize(
    "text",
    ["B,R\n-0.1,10\n0,12\n0.1,10\n", "# B R\n-0.1 10\n0 12\n0.1 10\n", "B\tR\n-0.1\t10\n0\t12\n0.1\t10",
     "# made by hand\n#B;R\n-0.1;10\n0;12\n0.1;10\n", "some words here\nB R\n -0.1 10 \n\n 0 12\n 0.1 10\n"],
)  # fmt: skip
def test_commas_tabs_and_spaces(tmp_path, text):
    path = tmp_path / "t.txt"
    path.write_text(text)
    rows, _ = read_table(path, columns("field_T=B*1e-3", "resistance_ohm=R", temperature_K=4.0, excitation_nA=10))
    assert isinstance(rows, dict)
    assert set(rows) == set(COLUMNS)
    assert rows["field_T"].tolist() == [-1e-4, 0, 1e-4]
    assert (rows["x_xx_V"] / rows["current_A"]).tolist() == pytest.approx([10, 12, 10])
    assert rows["temperature_K"].tolist() == [4, 4, 4]


def test_columns_by_number_and_a_reduced_curve(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("1 2 0.1\n2 3 0.1\n")
    curve, _ = read_table(path, columns("field_T=1*1e-3", "dsigma_e2_per_pi_h=2", "dsigma_error_e2_per_pi_h=3"))
    assert isinstance(curve, Curve)
    assert curve.field_T.tolist() == [0.001, 0.002]
    assert curve.error is not None
    assert curve.error.tolist() == [0.1, 0.1]


@pytest.mark.parametrize(
    ("name", "resistance"), [("resistance_ohm", 2.0), ("sheet_resistance_ohm", 10.0), ("sigma_S", 2.5), ("x_V", 2e9)]
)
def test_every_quantity_becomes_the_resistance_of_the_bar(tmp_path, name, resistance):
    path = tmp_path / "t.txt"
    path.write_text("B x\n0 2\n1 2\n")
    rows, _ = read_table(path, columns("field_T=B", f"{name}=x", excitation_nA=1.0, squares=5.0))
    assert isinstance(rows, dict)
    assert rows["x_xx_V"] / rows["current_A"] == pytest.approx(np.full(2, resistance))


def test_a_table_that_lies_on_its_side_is_suspected(tmp_path):
    path = tmp_path / "t.txt"
    np.savetxt(path, [np.arange(20), np.arange(20)])
    _, remarks = read_table(path, columns("field_T=1", "dsigma_e2_per_pi_h=2"))
    assert remarks == ("t.txt: 2 rows of 20 columns: does it lie on its side? Transpose it",)


def test_a_torn_line_is_named(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("B R Vg\n0 2 -5\n\n1 4 -5\n2 4\n")
    with pytest.raises(JournalError, match="line 5 has 2 columns, the first row has 3; if the file was cut there"):
        read_table(path, columns("field_T=B", "resistance_ohm=R"))


def test_a_gate_may_be_among_the_columns(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("B R Vg\n0 2 -5\n1 4 -5\n")
    rows, _ = read_table(path, columns("field_T=B", "resistance_ohm=R", "gate_V=Vg*1e-3"))
    assert isinstance(rows, dict)
    assert rows["gate_V"].tolist() == [-5e-3, -5e-3]


def test_the_current_may_come_from_a_reference_resistor_row_by_row(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("B x ref\n0 2e-3 1e-3\n1 4e-3 2e-3\n2 4e-3 0\n")
    words = ("field_T=B", "x_V=x", "v_ref_V=ref")
    rows, remarks = read_table(path, columns(*words, reference_ohm=1e4))
    assert isinstance(rows, dict)
    assert rows["current_A"] == pytest.approx([1e-7, 2e-7])
    assert rows["x_xx_V"] / rows["current_A"] == pytest.approx([2e4, 2e4])
    assert "1 rows left out" in remarks[0]
    for half in (columns(*words), columns(*words[:2], reference_ohm=1e4)):
        with pytest.raises(JournalError, match="--reference-ohm"):
            read_table(path, half)


def test_legs_are_numbered_by_the_direction_of_the_field(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("B R\n" + "".join(f"{b} 1\n" for b in [0, 1, 2, 2, 1, 0, 0, 1]))
    rows, _ = read_table(path, columns("field_T=B", "resistance_ohm=R"))
    assert isinstance(rows, dict)
    assert rows["branch"].tolist() == [0, 0, 0, 0, 1, 1, 1, 2]


def test_decimal_commas_beside_semicolons(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("B;R\n0,1;100,5\n0,2;101,5\n")
    rows, _ = read_table(path, columns("field_T=B", "resistance_ohm=R"))
    assert isinstance(rows, dict)
    assert rows["field_T"].tolist() == [0.1, 0.2]
    assert rows["x_xx_V"].tolist() == [100.5, 101.5]


def test_rows_without_a_number_are_left_out_and_counted(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("B,s\n0.1,1\n0.2,ERR\n0.3,0\n0.4,2\n")
    rows, remarks = read_table(path, columns("field_T=B", "sigma_S=s"))
    assert isinstance(rows, dict)
    assert rows["field_T"].tolist() == [0.1, 0.4]
    assert "2 rows left out" in remarks[0]


def test_a_heading_that_does_not_fit_the_columns_is_not_trusted(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("B (T) Rxx (Ohm) Rxy (Ohm)\n0.1 100 1\n")
    with pytest.raises(JournalError, match="by number"):
        read_table(path, columns("field_T=B", "resistance_ohm=Rxx"))
    rows, _ = read_table(path, columns("field_T=1", "resistance_ohm=2"))
    assert isinstance(rows, dict)
    assert rows["x_xx_V"].tolist() == [100]


@pytest.mark.parametrize("text", ["", "words only\n", "B R\n1 2\n1 2 3\n", "B R\nnan nan\n", "B,R\n1,\n"])
def test_what_holds_no_table_is_refused_in_one_line(tmp_path, text):
    path = tmp_path / "t.txt"
    path.write_text(text)
    with pytest.raises(JournalError) as caught:
        read_table(path, columns("field_T=B", "resistance_ohm=R"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("words", [("field_T=B",), ("field_T=B", "x_V=R"), ("field_T=C", "resistance_ohm=R"),
                                   ("field_T=B", "resistance_ohm=R", "sigma_S=R")])  # fmt: skip
def test_missing_columns_are_named(tmp_path, words):
    path = tmp_path / "t.txt"
    path.write_text("B R\n1 2\n")
    with pytest.raises(JournalError):
        read_table(path, columns(*words))


@pytest.mark.parametrize("word", ["field_T", "field=B", "field_T=", "field_T=B*x", "field_T=B*0", "feild_T=B"])
def test_a_wrong_column_word_is_refused(word):
    with pytest.raises(ValueError, match="--column"):
        parse_column(word)


def test_the_nearest_known_quantity_is_proposed():
    with pytest.raises(ValueError, match="did you mean field_T"):
        parse_column("feild_T=B")


@pytest.mark.parametrize("signal", ["resistance_ohm", "dsigma_e2_per_pi_h"])
def test_a_temperature_column_without_a_number_is_refused(tmp_path, signal):
    path = tmp_path / "t.csv"
    path.write_text("B,R,T\n-1,2,nan\n0,3,\n1,2,nan\n")
    with pytest.raises(JournalError, match="temperature_K holds no number"):
        read_table(path, columns("field_T=B", f"{signal}=R", "temperature_K=T"))
