"""Count the words of the pages: all, and those of text, without numbers, table bars, code and generated parts.

``python docs/words.py [FOLDER]`` counts the pages in a folder, by default this one. Results of sweeps are left out.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

GENERATED = re.compile(r"<!-- generated: .*?<!-- end -->", re.DOTALL)
FENCE = re.compile(r"^(```|---$).*?^\1$", re.DOTALL | re.MULTILINE)
INDENTED = re.compile(r"^ {4,}\S.*$", re.MULTILINE)
LETTERS = re.compile(r"[^\W\d_]{2,}")


def count(text: str) -> tuple[int, int]:
    """Return the words of a page as ``wc -w`` counts them, and those of text."""
    hand_written = INDENTED.sub("", FENCE.sub("", GENERATED.sub("", text)))
    return len(text.split()), sum(LETTERS.search(word) is not None for word in hand_written.split())


def main(folder: Path) -> None:
    """Print both numbers for every page, and in total."""
    pages = [path for path in sorted(folder.rglob("*.md")) if path.name != "summary.md"]
    counts = [count(path.read_text(encoding="utf-8")) for path in pages]
    for path, (words, text) in sorted(zip(pages, counts, strict=True), key=lambda page: -page[1][0]):
        print(f"{words:7,} {text:7,}  {path.relative_to(folder)}")
    print(f"{sum(words for words, _ in counts):7,} {sum(text for _, text in counts):7,}  total")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
