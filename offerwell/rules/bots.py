"""Who is no person: programs that say so, and arrivals that no person makes.

The list is that of isbot 5.2.3 (https://isbot.js.org, Unlicense: public domain), two patterns written as Python
reads them. It is a marking for counts, not a defence: whoever wants to look like a browser can.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_AGENT = 400
# fmt: off
_LISTED = (
    r" daum[ /]", r" deusu/", r"(?:^|[^g])news(?!sapphire)",
    r"(?<! channel/)(?<!google/)google(?!(?:wv|app|/google| pixel))", r"(?<! cu)bots?(?:\b|_)", r"(?<!cam)scan",
    r"(?<!lib)http", r"24x7", r";\s\w+;$", r"@[a-z][\w-]+\.", r"\(\)", r"\.com\b", r"\b\w+/1\.0;", r"\bbw/",
    r"\bdlc\b", r"\bort/", r"\bperl\b", r"\btime/", r"\|", r"^[<\(;]",
    r"^[\w \.\-\(?:\):%]+(?:/v?\d+(?:\.\d+)?(?:\.\d{1,10})*?)?(?:,|$)", r"^[\w\-]+/[\w]+$", r"^[^ ]{50,}$", r"^\d+\b",
    r"^\w*search\b", r"^\w+/[\w\(\)]*$", r"^\w+/\d\.\d\s\([\w@]+\)$", r"^active", r"^ad muncher", r"^amaya",
    r"^apache/", r"^avsdevicesdk/", r"^azure", r"^biglotron", r"^blackbox exporter", r"^bot", r"^clamav[ /]",
    r"^claude-code/", r"^client/", r"^cobweb/", r"^custom", r"^ddg[_-]android", r"^discourse", r"^dispatch/\d",
    r"^downcast/", r"^duckduckgo", r"^email", r"^exodusmovement", r"^facebook", r"^getright/", r"^gozilla/",
    r"^hobbit", r"^hotzonu", r"^hwcdn/", r"^igetter/", r"^jeode/", r"^jetty/", r"^jigsaw", r"^microsoft bits",
    r"^movabletype", r"^mozilla/\d\.\d\s[\w\.-]+$",
    r"^mozilla/\d\.\d\s\((?:compatible;)?(?:\s?[\w\d.-]+[\s/]\d+\.\d+)?\)$", r"^navermailapp", r"^netsurf",
    r"^offline", r"^openai/", r"^owler", r"^php", r"^postman", r"^ps_daily/", r"^python", r"^rank", r"^read",
    r"^reed", r"^remove\.bg/", r"^rest", r"^rss", r"^snapchat", r"^sora ", r"^space bison", r"^stape/", r"^svn",
    r"^swcd ", r"^taringa", r"^thumbor/", r"^track", r"^w3c", r"^webbandit/", r"^webcopier", r"^wget", r"^whatsapp",
    r"^wordpress", r"^xenu link sleuth", r"^yahoo", r"^yandex", r"^zdm/\d", r"^zoom marketplace/", r"abuse",
    r"advisor", r"agent\b", r"analyzer", r"archive", r"ask jeeves/teoma", r"attracta", r"audit", r"bluecoat drtr",
    r"browsex", r"burpcollaborator", r"capture", r"catch", r"check\b", r"checker", r"chrome-lighthouse",
    r"chromeframe", r"classifier", r"cloudflare", r"collapsify\b", r"convertify", r"cookiehubverify/", r"crawl",
    r"cursor/", r"cypress/", r"dareboost", r"datanyze", r"dejaclick", r"detect", r"discovery", r"dmbrowser",
    r"download", r"exaleadcloudview", r"feed", r"firephp", r"foregenix", r"functionize", r"grab", r"hardenize\b",
    r"headless", r"hotjar", r"httrack", r"hubspot marketing grader", r"ibisbrowser", r"infrawatch", r"insight",
    r"inspect", r"iplabel", r"java(?!;)", r"library", r"linkcheck", r"linktiger", r"mail\.ru/", r"manus-user/",
    r"marketgoo/", r"measure", r"monitor\b", r"neustar wpm", r"node\b", r"nutch", r"offbyone", r"openvas",
    r"optimize", r"pageburst", r"pagespeed", r"parser", r"phantomjs", r"pingdom", r"playwright", r"powermarks",
    r"preview", r"productfinder", r"prospectingstudio", r"proxy", r"ptst[ /]\d", r"radar", r"readable/", r"retriever",
    r"rexx;", r"rigor", r"rss\b", r"scrape", r"securityheaders", r"selenium", r"server", r"silktide", r"sindup/",
    r"sogou", r"sparkler/", r"speedcurve", r"spider", r"splash", r"statuscake", r"supercleaner", r"synapse",
    r"synthetic", r"testlocally", r"tools", r"torrent", r"transcoder", r"url", r"validator", r"virtuoso",
    r"wappalyzer", r"watchtowr", r"webglance", r"webkit2png", r"whatcms/", r"xtate/",
)
# fmt: on
_AGENT = re.compile("|".join(_LISTED), re.IGNORECASE | re.ASCII)
_PURPOSES = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_AHEAD = ("prefetch", "preview", "prerender")


class Bot(StrEnum):
    """Why an arrival is not counted as a person's."""

    LISTED = "listed"
    NO_AGENT = "no_agent"
    HEAD = "head"
    PREFETCH = "prefetch"
    FLOOD = "flood"


def bot_of(method: str, agent: str, headers: Mapping[str, str]) -> str:
    """A `Bot`, or empty. `headers` are those that say why a page is loaded, by lower-case name."""
    if method == "HEAD":
        return Bot.HEAD
    if any(word in headers.get(name, "").lower() for name in _PURPOSES for word in _AHEAD):
        return Bot.PREFETCH
    return _bot_by_agent(agent[:LONGEST_AGENT])


@lru_cache(maxsize=4096)
def _bot_by_agent(agent: str) -> str:
    if not agent.strip():
        return Bot.NO_AGENT
    return Bot.LISTED if _AGENT.search(agent) else ""
