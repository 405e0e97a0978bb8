"""Check the built site: every local link and anchor exists, and no page loads anything from another machine.

Usage: ``python docs/check_site.py build/docs``. Links to other sites are not followed, so that the check runs offline.
"""

from __future__ import annotations

import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADING = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "link": "href"}


class Page(HTMLParser):
    """The anchors, the links and the resources of one HTML file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.resources: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Collect what one element refers to."""
        values = {name: value for name, value in attributes if value}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif tag in LOADING and LOADING[tag] in values:
            self.resources.append(values[LOADING[tag]])


@cache
def parse(path: Path) -> Page:
    """Parse one HTML file."""
    return Page(path)


def problems(site: Path) -> list[str]:
    """Describe everything that is wrong with a site, one line each."""
    found = []
    for path in sorted(site.rglob("*.html")):
        page, name = parse(path), path.relative_to(site)
        found += [f"{name}: loads {each}" for each in page.resources if urlsplit(each).netloc]
        local = [*page.links, *page.resources]
        found += [f"{name}: {each} leads nowhere" for each in local if not _exists(path, each)]
    for style in sorted(site.rglob("*.css")):
        text = style.read_text(encoding="utf-8")
        found += [f"{style.relative_to(site)}: loads from a network"] * any(
            mark in text for mark in ("url(http", "url(//", 'url("http', "@import")
        )
    return found


def _exists(page: Path, link: str) -> bool:
    url = urlsplit(link)
    if url.scheme or url.netloc:
        return True
    target = page.parent / unquote(url.path) if url.path else page
    if not target.is_file():
        return False
    return not url.fragment or target.suffix != ".html" or unquote(url.fragment) in parse(target).anchors


def main() -> int:
    """Print the problems, and return 1 if there are any."""
    site = Path(sys.argv[1])
    pages = len(list(site.rglob("*.html")))
    found = problems(site)
    print("\n".join([*found, f"{pages} pages, {len(found)} problems"]))
    return int(bool(found) or not pages)


if __name__ == "__main__":
    sys.exit(main())
