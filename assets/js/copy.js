// <button class="chip" data-copy="NORA20" data-copied="Copied">: copies and says so.
import { announce } from "./announce.js";

document.addEventListener("click", async (event) => {
  const chip = event.target.closest("[data-copy]");
  if (!chip) return;
  try {
    await navigator.clipboard.writeText(chip.dataset.copy);
  } catch {
    return; // no permission: the text is selectable, nothing to undo
  }
  const use = chip.querySelector("use");
  const before = use?.getAttribute("href");
  use?.setAttribute("href", before.replace(/#.*/, "#check"));
  announce(chip.dataset.copied);
  setTimeout(() => before && use.setAttribute("href", before), 2000);
});
