"""What a person reads of an answer: the words of a page, the lines of a file."""

from __future__ import annotations

import csv
import io
import re
from html import unescape


def words(response):
    """The page's text without tags, white space folded."""
    html = re.sub(r"(?s)<(script|style|svg|template)\b.*?</\1>", " ", response.content.decode())
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def csv_lines(response):
    """The rows of a streamed CSV file."""
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))
