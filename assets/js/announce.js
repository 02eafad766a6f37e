// The one polite live region: settled results only, never each tick.
export function announce(text) {
  const region = document.getElementById("announcer");
  if (!region || !text) return;
  region.textContent = "";
  setTimeout(() => (region.textContent = text), 50);
}

// "{n} selected" with {n: "6"} → "6 selected"
export function fill(template, values) {
  return (template ?? "").replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

const numbers = new Intl.NumberFormat(document.documentElement.lang || "en");
export const grouped = (number) => numbers.format(number);
