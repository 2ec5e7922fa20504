"""Lets the book's search find numbers: `401` and `429` are words that readers look for.

Sphinx leaves words made of digits out of its index (``SearchLanguage.word_filter``), and its page
drops them from the question, which ``docs/_static/search-numbers.js`` puts right.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish


class EnglishAndNumbers(SearchEnglish):
    def word_filter(self, word: str) -> bool:
        return word not in self.stopwords


def add_script(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    if pagename == "search":
        app.add_js_file("search-numbers.js")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_search_language(EnglishAndNumbers)
    app.connect("html-page-context", add_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
