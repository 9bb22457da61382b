/** The console's scripts; every page is whole without them. */

import * as brush from "./brush.js";
import * as chart from "./chart.js";
import * as clock from "./clock.js";
import * as complete from "./complete.js";
import * as pages from "./pages.js";
import * as theme from "./theme.js";

for (const part of [theme, clock, pages, brush, chart, complete]) part.start();
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.closest("input, select, textarea")) return;
  event.preventDefault();
  document.querySelector('[role="search"] input').focus();
});
