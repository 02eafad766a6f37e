// The tools above a message's text: they write the markup at the cursor, as a person would. Works on #body.
function replaceSelection(area, text, from, to) {
  area.focus();
  const at = area.selectionStart;
  area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  area.setSelectionRange(at + from, at + to);
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("click", (event) => {
  const tool = event.target.closest("[data-wrap], [data-link], [data-item], [data-insert]");
  const area = tool && document.getElementById("body");
  if (!area) return;
  const chosen = area.value.slice(area.selectionStart, area.selectionEnd);
  const { wrap, insert } = tool.dataset;
  if (wrap) replaceSelection(area, wrap + chosen + wrap, wrap.length, wrap.length + chosen.length);
  else if (insert) {
    tool.closest("[popover]")?.hidePopover();
    replaceSelection(area, insert, insert.length, insert.length);
  } else if ("link" in tool.dataset) replaceSelection(area, `[${chosen}](https://)`, 1, 1 + chosen.length);
  else {
    const begins = !area.selectionStart || area.value[area.selectionStart - 1] === "\n";
    const text = (begins ? "- " : "\n- ") + chosen.replaceAll("\n", "\n- ");
    replaceSelection(area, text, text.length, text.length);
  }
});
