// Single keys (design/ui.md §6.8). Any element says its key: data-shortcut="m" is pressed, a field is focused.
// Two keys in a row: data-shortcut="g s". Off switch: the checkbox [data-shortcuts-switch], kept in localStorage.
const OFF = "ow-shortcuts-off";
const PAUSE = 1200;
let first = "";
let firstAt = 0;

const isOff = () => localStorage.getItem(OFF) === "1";

function isBusy(target) {
  if (document.querySelector("dialog[open], .menu:popover-open")) return true;
  return target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
}

function visible(selector) {
  return [...document.querySelectorAll(selector)].find((one) => one.checkVisibility());
}

function press(keys) {
  const found = visible(`[data-shortcut="${CSS.escape(keys)}"]`);
  if (!found || found.disabled) return false;
  found.focus(); // a dialog that opens now gives the focus back here
  if (!found.matches("input:not([type=checkbox]), select, textarea")) found.click();
  return true;
}

function move(step) {
  const boxes = [...document.querySelectorAll(".index tbody :is(.cell-check input, .cell-main a)")];
  const stops = boxes.filter((one) => one.matches("input") || !one.closest("tr").querySelector(".cell-check"));
  if (!stops.length) return;
  const here = stops.indexOf(document.activeElement);
  stops[Math.max(0, Math.min(here + step, stops.length - 1))].focus();
}

document.addEventListener("keydown", (event) => {
  if (isOff() || event.metaKey || event.ctrlKey || event.altKey || event.isComposing || isBusy(event.target)) return;
  const key = event.key;
  const isSecond = first && Date.now() - firstAt < PAUSE;
  const both = `${first} ${key}`;
  first = "";
  if (isSecond && press(both)) return event.preventDefault();
  if (key === "g") [first, firstAt] = [key, Date.now()];
  else if (key === "j" || key === "k") move(key === "j" ? 1 : -1);
  else if (key === "x" || key === "X") document.activeElement.matches(".cell-check input") && document.activeElement.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: event.shiftKey }));
  else if (key === "Escape") press("Escape");
  else if (key.length === 1 && key !== " ") press(key) && event.preventDefault();
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
});

const setting = document.querySelector("[data-shortcuts-switch]");
if (setting) {
  setting.checked = !isOff();
  setting.addEventListener("change", () => (setting.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1")));
}
