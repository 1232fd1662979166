"""The tutorial is code: each piece runs, prints what the text shows, and makes its figures."""

import ast
import re
from pathlib import Path

import pytest

from docs.tutorial import PICTURES, TEXT, answers, blocks, with_answers

WORDS = TEXT.read_text(encoding="utf-8")


def test_every_piece_is_code_and_every_figure_is_there():
    for code in blocks(WORDS):
        ast.parse(code)
    shown = re.findall(r"!\[.*?\]\((.*?)\)", WORDS)
    assert len(shown) >= 4
    assert all((Path(TEXT).parent / name).is_file() for name in shown)
    assert {Path(name).name for name in shown} == {path.name for path in PICTURES.glob("*.png")}


@pytest.mark.long
def test_it_prints_what_it_shows(tmp_path):
    code = blocks(WORDS)
    again = with_answers(WORDS, answers(code, tmp_path))
    assert again == WORDS
    assert {path.name for path in tmp_path.glob("*.png")} == {path.name for path in PICTURES.glob("*.png")}
