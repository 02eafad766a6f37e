// Offerwell's snippet, version 1; this file never changes. What it does: docs/api/conversions.md
(() => {
  "use strict";
  const own = document.currentScript, place = "ow_clicks";
  const oldest = Date.now() - (Number(own.dataset.days) || 28) * 864e5;
  const area = (name) => {
    try { return window[name]; } catch { return null; }
  };
  const long = area("localStorage"), short = area("sessionStorage");
  let page = [];
  const kept = (storage) => {
    try { return JSON.parse(storage.getItem(place)).filter((one) => one.at > oldest); } catch { return null; }
  };
  const keep = (storage, list) => {
    try { list ? storage.setItem(place, JSON.stringify(list)) : storage.removeItem(place); } catch { /* page keeps */ }
  };
  const all = () => [...page, ...(kept(short) || []), ...(kept(long) || [])]
    .sort((a, b) => b.at - a.at)
    .filter((one, at, list) => list.findIndex((other) => other.id === one.id) === at)
    .slice(0, 5);

  const id = new URLSearchParams(location.search).get("ow_click");
  if (/^[0-9a-f-]{32,36}$/i.test(id)) {
    page = [{ id, at: Date.now() }];
    keep(kept(long) ? long : short, all());
  }
  window.offerwell = {
    consent(given) {
      const list = all();
      keep(given ? long : short, list);
      keep(given ? short : long, null);
    },
    click: () => all()[0]?.id || "",
    order: ({ ref, net, currency, codes = [] }) =>
      fetch(new URL(`/conversions/${own.dataset.shop}/browser`, own.src), {
        method: "POST",
        credentials: "omit",
        keepalive: true,
        headers: { "Content-Type": "text/plain" },
        body: JSON.stringify({ ref, net, currency, codes, clicks: all().map((one) => one.id) }),
      }).then((answer) => answer.ok, () => false),
  };
})();
