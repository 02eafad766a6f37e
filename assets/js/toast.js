// <ow-toast class="toast" data-seconds="20">: leaves after its time, waits while pointed at or focused.
// Without data-seconds it stays until closed (progress). The server may also send
// HX-Trigger: {"toast": {"text": "…", "tone": "ok"}}.
import { announce } from "./announce.js";

class Toast extends HTMLElement {
  connectedCallback() {
    this.left = Number(this.dataset.seconds || 0) * 1000;
    this.addEventListener("pointerenter", () => this.pause());
    this.addEventListener("pointerleave", () => this.run());
    this.addEventListener("focusin", () => this.pause());
    this.addEventListener("focusout", () => this.run());
    this.addEventListener("click", (event) => event.target.closest("[data-close]") && this.remove());
    if (this.dataset.announce !== undefined) announce(this.querySelector(".text")?.textContent.trim());
    this.run();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  run() {
    if (!this.left || this.timer) return;
    this.since = Date.now();
    this.timer = setTimeout(() => this.remove(), this.left);
  }

  pause() {
    if (!this.timer) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.left = Math.max(2000, this.left - (Date.now() - this.since));
  }
}
customElements.define("ow-toast", Toast);

export function toast(text, tone = "ok") {
  const blank = document.getElementById("toast-blank");
  const place = document.getElementById("toasts");
  if (!blank || !place || !text) return;
  const made = blank.content.cloneNode(true).firstElementChild;
  made.classList.add(tone);
  made.querySelector(".text").textContent = text;
  place.append(made);
}

document.addEventListener("toast", (event) => toast(event.detail?.text ?? event.detail?.value, event.detail?.tone));
