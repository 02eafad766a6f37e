// Times in the reader's zone, written as rules/written_dates.py writes them: “23 Nov 2026, 22:12”.
// The server writes UTC into `datetime` and a readable fallback as text.
const parts = new Intl.DateTimeFormat(document.documentElement.lang || "en", {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});

function localise(within) {
  for (const time of within.querySelectorAll("time[datetime]:not([data-seen])")) {
    time.dataset.seen = "";
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.valueOf())) continue;
    const part = Object.fromEntries(parts.formatToParts(moment).map(({ type, value }) => [type, value]));
    const day = `${part.day} ${part.month} ${part.year}`;
    time.title = `${day}, ${part.hour}:${part.minute}`;
    if (time.dataset.local === "exact") time.textContent = time.title;
    if (time.dataset.local === "day") time.textContent = day;
  }
}

localise(document);
document.addEventListener("htmx:after:swap", () => localise(document));
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) document.cookie = `zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
