// <button data-copy="NORA20" data-copied="…"> copies; with data-share it shares where the phone can, else copies.
import { announce } from "./announce.js";

const canShare = "share" in navigator && matchMedia("(pointer: coarse)").matches;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  if (button.dataset.share && canShare) {
    try {
      await navigator.share({ title: button.dataset.title, url: button.dataset.share });
    } catch {
      // closed without sharing: nothing to undo
    }
    return;
  }
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    select(button.querySelector(".mono")); // no permission: the text is selected, for the person's own copying
    return;
  }
  done(button);
});

function select(text) {
  const range = document.createRange();
  range.selectNodeContents(text);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

function done(button) {
  const word = button.querySelector("[data-word]");
  word.dataset.before ??= word.textContent;
  word.textContent = word.dataset.done;
  button.classList.add("is-done");
  announce(button.dataset.copied);
  clearTimeout(button.timer);
  button.timer = setTimeout(() => {
    word.textContent = word.dataset.before;
    button.classList.remove("is-done");
  }, 2500);
}
