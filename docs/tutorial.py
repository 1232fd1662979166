"""Runs the code in tutorial.md and writes what it prints, and its figures, in: `python -m docs.tutorial`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
TEXT = HERE / "tutorial.md"
PICTURES = HERE / "pictures" / "tutorial"
BLOCK = re.compile(r"```python\n(.*?)```\n(?:\n```text\n.*?```\n)?", re.DOTALL)
END = "--- end of block ---"


def blocks(text: str) -> list[str]:
    """Return the pieces of code in their order."""
    return BLOCK.findall(text)


def answers(code: list[str], folder: Path) -> list[str]:
    """Run the pieces one after the other in a fresh interpreter; return what each printed.

    Raises
    ------
    subprocess.CalledProcessError
        A piece failed.
    """
    script = f"\nprint({END!r})\n".join(code)
    ran = subprocess.run(  # noqa: S603  our own text
        [sys.executable, "-c", script], cwd=folder, check=True, stdout=subprocess.PIPE, text=True, timeout=300
    )
    return ran.stdout.split(f"{END}\n")


def with_answers(text: str, printed: list[str]) -> str:
    """Return the text with what each piece printed below it."""
    left = iter(printed)

    def fill(found: re.Match[str]) -> str:
        said = next(left)
        return f"```python\n{found[1]}```\n" + (f"\n```text\n{said}```\n" if said else "")

    return BLOCK.sub(fill, text)


def main() -> None:
    """Write the tutorial again."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    text = TEXT.read_text(encoding="utf-8")
    TEXT.write_text(with_answers(text, answers(blocks(text), PICTURES)), encoding="utf-8")


if __name__ == "__main__":
    main()
