// Everything the browser runs: htmx and our light-DOM elements. No strings here: texts come from data-* attributes.
import htmx from "htmx.org/dist/htmx.esm.js";
import "./chart.js";
import "./composer.js";
import "./connection.js";
import "./copy.js";
import "./dialog.js";
import "./menu.js";
import "./selection.js";
import "./shortcuts.js";
import "./theme.js";
import "./times.js";
import "./toast.js";

window.htmx = htmx;
