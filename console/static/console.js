/** The console's scripts; every page is whole without them. */

import * as brush from "./brush.js";
import * as chart from "./chart.js";
import * as clock from "./clock.js";
import * as complete from "./complete.js";
import * as pages from "./pages.js";
import * as theme from "./theme.js";

for (const part of [theme, clock, pages, brush, chart, complete]) part.start();
if (matchMedia("(max-width: 760px)").matches) {
  for (const details of document.querySelectorAll("details[data-roomy]")) details.open = false;
}
addEventListener("keydown", (event) => {
  if (event.key === "Escape") return close();
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  if (event.key === "b") document.querySelector(".beamer-switch").click();
  if (event.key !== "/") return;
  event.preventDefault();
  document.querySelector('[role="search"] input').focus();
});

/** Close what is open above the page: a sheet of the head, else the panel beside the map. */
function close() {
  const open = document.querySelector("header details[open]");
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
  } else document.querySelector(".panel .close")?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
}
