// The reading line of a chart: pointer or arrow keys. Words and numbers are those of the chart's own table.
class Chart extends HTMLElement {
  connectedCallback() {
    this.plot = this.querySelector(".chart-plot");
    if (!this.plot || this.rows.length < 2) return;
    this.plot.tabIndex = 0;
    this.plot.setAttribute("role", "group");
    this.plot.setAttribute("aria-label", this.dataset.label);
    this.plot.addEventListener("pointermove", (event) => this.show(this.nearest(event)));
    this.plot.addEventListener("pointerleave", () => this.hide());
    this.plot.addEventListener("blur", () => this.hide());
    this.plot.addEventListener("keydown", (event) => this.step(event));
  }

  get rows() {
    return this.querySelector("tbody").rows;
  }

  nearest({ clientX }) {
    const { left, width } = this.plot.getBoundingClientRect();
    return Math.round(((clientX - left) / width) * (this.rows.length - 1));
  }

  step(event) {
    const last = this.rows.length - 1;
    const here = this.at ?? last + 1;
    const to = { ArrowLeft: here - 1, ArrowRight: (this.at ?? -1) + 1, Home: 0, End: last }[event.key];
    if (event.key === "Escape") this.hide();
    if (to === undefined) return;
    event.preventDefault();
    this.show(to);
  }

  show(wanted) {
    const last = this.rows.length - 1;
    const at = Math.max(0, Math.min(last, wanted));
    if (this.at === at) return;
    this.at = at;
    this.parts ??= this.make();
    const [line, dot, tip] = this.parts;
    const row = this.rows[at];
    const across = (at / last) * 100;
    for (const part of this.parts) part.hidden = false;
    for (const part of [line, dot]) part.style.left = `${across}%`;
    dot.style.top = `${Number(row.dataset.place) / 10}%`;
    const [days, now, before] = [...row.cells].map((cell) => cell.textContent);
    const heading = this.querySelector("thead").rows[0].cells[2]?.textContent;
    tip.replaceChildren(...[["span", days], ["b", now], ...(before ? [["span", `${heading} ${before}`]] : [])].map(([name, text]) => {
      const told = document.createElement(name);
      told.textContent = text;
      return told;
    }));
    const isRight = across > 55;
    tip.style.left = isRight ? "auto" : `calc(${across}% + 12px)`;
    tip.style.right = isRight ? `calc(${100 - across}% + 12px)` : "auto";
  }

  hide() {
    this.at = undefined;
    for (const part of this.parts ?? []) part.hidden = true;
  }

  make() {
    return ["chart-line-at", "chart-dot", "chart-tip"].map((name) => {
      const part = document.createElement("div");
      part.className = name;
      if (name === "chart-tip") part.setAttribute("role", "status");
      this.plot.append(part);
      return part;
    });
  }
}

customElements.define("ow-chart", Chart);

// A choice of days closes with Escape or a press elsewhere; without this script it stays until its button is pressed.
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.range[open]")) if (!open.contains(event.target)) open.open = false;
});
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && document.querySelector("details.range[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});
