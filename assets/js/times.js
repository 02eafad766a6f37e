// Times in the reader's zone. The server writes UTC into `datetime` and a readable fallback as text.
const root = document.documentElement;
const exact = new Intl.DateTimeFormat(root.lang || "en", { dateStyle: "medium", timeStyle: "short" });
const day = new Intl.DateTimeFormat(root.lang || "en", { dateStyle: "medium" });

function localise(within) {
  for (const time of within.querySelectorAll("time[datetime]:not([data-seen])")) {
    time.dataset.seen = "";
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.valueOf())) continue;
    time.title = exact.format(moment);
    if (time.dataset.local === "exact") time.textContent = exact.format(moment);
    if (time.dataset.local === "day") time.textContent = day.format(moment);
  }
}

localise(document);
document.addEventListener("htmx:after:swap", () => localise(document));
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) document.cookie = `zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
