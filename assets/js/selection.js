// <ow-selection>: which members are selected, on this page and beyond. Markup: assets/README.md.
//
// The form works without us: it posts the ticked `ids`. We add what boxes cannot say, in hidden fields:
// `ids` (ticked on other pages, with commas), `all`, `exclude` and `up_to` (newest member when All was chosen).
// Ids survive paging and filters in sessionStorage (numbers only, no names, no search text);
// "all that match" means another set once filters change, so it is cleared then, and said.
// Without `data-key` a selection is of this page only: the boxes as they are.
import { announce, fill, grouped } from "./announce.js";

const PREFIX = "ow-selection:";

function brief(text) {
  let hash = 5381;
  for (const letter of text) hash = ((hash * 33) ^ letter.codePointAt(0)) >>> 0;
  return hash.toString(36);
}

class Selection extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => this.clicked(event));
    this.addEventListener("change", (event) => this.changed(event));
    this.onSwap = () => this.isConnected && this.restore();
    document.addEventListener("htmx:after:swap", this.onSwap);
    addEventListener("pageshow", this.onSwap); // back button: boxes come back ticked or not as the browser likes
    this.restore();
  }

  disconnectedCallback() {
    document.removeEventListener("htmx:after:swap", this.onSwap);
    removeEventListener("pageshow", this.onSwap);
  }

  get boxes() {
    return [...this.querySelectorAll('.cell-check input[name="ids"]')];
  }

  get total() {
    return this.dataset.total ? Number(this.dataset.total) : undefined;
  }

  restore() {
    const kept = this.dataset.key
      ? JSON.parse(sessionStorage.getItem(PREFIX + this.dataset.key) ?? "{}")
      : { ids: this.boxes.filter((one) => one.checked).map((one) => one.value) };
    this.ids = new Set(kept.ids ?? []);
    this.all = kept.all ?? false;
    this.exclude = new Set(kept.exclude ?? []);
    this.upTo = kept.upTo;
    if (this.all && kept.filter !== brief(this.dataset.filter ?? "")) {
      this.forget();
      announce(this.dataset.textCleared);
    }
    this.show();
  }

  keep() {
    if (!this.dataset.key) return;
    const key = PREFIX + this.dataset.key;
    if (!this.all && !this.ids.size) return sessionStorage.removeItem(key);
    const kept = { ids: [...this.ids], all: this.all, exclude: [...this.exclude], upTo: this.upTo };
    sessionStorage.setItem(key, JSON.stringify({ ...kept, filter: brief(this.dataset.filter ?? "") }));
  }

  forget() {
    this.ids = new Set();
    this.exclude = new Set();
    this.all = false;
    this.keep();
  }

  isSelected(id) {
    return this.all ? !this.exclude.has(id) : this.ids.has(id);
  }

  set(id, isWanted) {
    const list = this.all ? this.exclude : this.ids;
    if (isWanted === this.all) list.delete(id);
    else list.add(id);
  }

  clicked(event) {
    const box = event.target.closest('input[name="ids"]');
    if (box) return this.ranged(event, box);
    if (event.target.closest("[data-select-all]")) this.selectAll();
    else if (event.target.closest("[data-clear]")) this.clear();
  }

  // Shift-click: every row between the last one clicked and this one gets this one's state.
  ranged(event, box) {
    const boxes = this.boxes;
    const from = boxes.findIndex((one) => one.value === this.last);
    this.last = box.value;
    if (!event.shiftKey || from < 0) return;
    const to = boxes.indexOf(box);
    for (const one of boxes.slice(Math.min(from, to), Math.max(from, to) + 1)) this.set(one.value, box.checked);
    this.settle();
  }

  changed(event) {
    const box = event.target;
    if (box.matches("[data-page-box]")) this.boxes.forEach((one) => this.set(one.value, box.checked));
    else if (box.matches('input[name="ids"]')) this.set(box.value, box.checked);
    else return;
    this.settle();
  }

  selectAll() {
    this.forget();
    this.all = true;
    this.upTo = this.dataset.upTo;
    this.settle();
    this.querySelector("[data-clear]:not([hidden])")?.focus();
  }

  clear() {
    this.forget();
    this.settle();
    this.querySelector("[data-page-box]")?.focus();
  }

  // Tables of which only one is acted on at a time share a name: selecting here forgets what is selected there.
  leaveOthers() {
    const { alone } = this.dataset;
    if (!alone || !(this.all || this.ids.size)) return;
    for (const other of document.querySelectorAll(`ow-selection[data-alone="${CSS.escape(alone)}"]`)) {
      if (other === this) continue;
      other.forget();
      other.show();
    }
  }

  settle() {
    if (this.all && this.total !== undefined && this.exclude.size >= this.total) this.forget();
    this.keep();
    this.leaveOthers();
    this.show();
    announce(this.countText());
  }

  countText() {
    const here = this.boxes.filter((one) => this.ids.has(one.value)).length;
    const values = { total: this.dataset.totalLabel, n: grouped(this.ids.size), m: grouped(this.ids.size - here) };
    if (!this.all) return fill(this.dataset[this.ids.size > here ? "textElsewhere" : "textSelected"], values);
    values.n = this.total === undefined ? "" : grouped(this.total - this.exclude.size);
    values.m = grouped(this.exclude.size);
    if (!this.exclude.size) return fill(this.dataset.textSelected, { n: values.total });
    return fill(this.dataset[this.total === undefined ? "textExcept" : "textOf"], values);
  }

  show() {
    const boxes = this.boxes;
    boxes.forEach((one) => (one.checked = this.isSelected(one.value)));
    const ticked = boxes.filter((one) => one.checked).length;
    const isWholePage = boxes.length > 0 && ticked === boxes.length;
    const pageBox = this.querySelector("[data-page-box]");
    if (pageBox) {
      pageBox.checked = isWholePage;
      pageBox.indeterminate = ticked > 0 && !isWholePage;
    }
    this.toggleAttribute("data-active", this.all || this.ids.size > 0);
    const count = this.querySelector("[data-count]");
    if (count) count.textContent = this.countText();
    this.showStrip(boxes.length, isWholePage);
    this.fillForm(boxes);
  }

  showStrip(pageSize, isWholePage) {
    const strip = this.querySelector("[data-strip]");
    if (!strip) return;
    const hasMore = this.total === undefined || this.total > pageSize;
    strip.hidden = !(this.all || (isWholePage && hasMore));
    if (strip.hidden) return;
    const isAll = this.all && !this.exclude.size;
    strip.querySelector("[data-strip-text]").textContent = this.all
      ? isAll ? fill(this.dataset.textAll, { total: this.dataset.totalLabel }) : this.countText() + "."
      : fill(this.dataset.textPage, { n: grouped(pageSize) });
    strip.querySelector("[data-select-all]").hidden = this.all;
    strip.querySelector("[data-clear]").hidden = !this.all;
  }

  fillForm(boxes) {
    const here = new Set(boxes.map((one) => one.value));
    const write = (name, value) => {
      const field = this.querySelector(`[data-field="${name}"]`);
      if (field) field.value = value;
    };
    write("ids", this.all ? "" : [...this.ids].filter((id) => !here.has(id)).join(","));
    write("all", this.all ? "1" : "");
    write("exclude", this.all ? [...this.exclude].join(",") : "");
    write("up_to", this.all ? (this.upTo ?? "") : "");
  }
}
customElements.define("ow-selection", Selection);

// A signed-out page ends everything the last person selected.
if (document.body.matches("[data-signed-out]")) {
  Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX)).forEach((key) => sessionStorage.removeItem(key));
}
