// <ow-dialog>: a native dialog filled by htmx (target #dialog-content). The same address is a full page without us.
//
// Each step names itself with #dialog-title (tabindex="-1"), which gets the focus: never a red button.
// <template data-on-close> in a step is put among the toasts when the dialog closes, because a modal
// dialog makes toasts behind it inert.
class Dialog extends HTMLElement {
  connectedCallback() {
    this.dialog = this.querySelector("dialog");
    this.content = this.querySelector("[data-content]");
    this.dialog.addEventListener("close", () => this.closed());
    this.dialog.addEventListener("click", (event) => {
      const control = event.target.closest("[data-close]");
      if (control) event.preventDefault();
      if (control || event.target === this.dialog) this.dialog.close();
    });
    this.dialog.addEventListener("keydown", (event) => this.submitted(event));
    document.addEventListener("htmx:after:swap", () => this.swapped());
  }

  swapped() {
    if (!this.content?.hasChildNodes() || !this.content.textContent.trim()) return;
    if (!this.dialog.open) {
      this.opener = document.activeElement;
      this.dialog.showModal();
    }
    const step = this.content.querySelector("[data-step]")?.dataset.step ?? "";
    if (step === this.step) return; // a poll or a preview inside the same step keeps the focus
    this.step = step;
    this.content.querySelector("#dialog-title")?.focus();
  }

  // ⌘↵ or Ctrl↵ presses the step's main button.
  submitted(event) {
    if (event.key !== "Enter" || !(event.metaKey || event.ctrlKey)) return;
    const main = this.content?.querySelector(".dialog-foot :is(.primary, .danger):not(:disabled)");
    if (!main) return;
    event.preventDefault();
    main.click();
  }

  closed() {
    if (!this.content) return;
    const toasts = document.getElementById("toasts");
    for (const kept of this.content.querySelectorAll("template[data-on-close]")) {
      const made = kept.content.cloneNode(true);
      const added = [...made.children];
      toasts?.append(made);
      added.forEach((one) => window.htmx.process(one));
    }
    this.content.replaceChildren();
    this.step = undefined;
    if (this.opener?.isConnected) this.opener.focus();
  }
}
customElements.define("ow-dialog", Dialog);
