/** Shows another state of the page without loading it anew: for links marked data-swap, and for pages that refresh themselves. */

import { morph } from "./morph.js";

const QUIET_MS = 60_000;
let latest = 0;
let failures = 0;

/** Fetch `href` and make this page equal to that one. Resolves to whether it did. */
export async function show(href) {
  const request = ++latest;
  const fetched = await fetchDocument(href);
  if (!fetched || request !== latest || document.documentElement.dataset.busy) return false;
  const tail = document.querySelector("[data-tail]");
  const wasAtEnd = !tail || tail.scrollHeight - tail.scrollTop - tail.clientHeight < 40;
  document.title = fetched.title;
  morph(document.body, fetched.body);
  if (wasAtEnd) scrollToEnd();
  document.dispatchEvent(new CustomEvent("lantern:shown"));
  return true;
}

/** Scroll the log lines to the newest, at the end. */
export function scrollToEnd() {
  const tail = document.querySelector("[data-tail]");
  if (tail) tail.scrollTop = tail.scrollHeight;
}

/** Handle clicks on data-swap links and the browser's back button, and refresh the page while it is visible. */
export function start() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-swap]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    const href = link.href.baseVal ?? link.href;
    const opens = !document.querySelector(".panel");
    show(href).then((shown) => {
      if (!shown) return location.assign(href);
      history.pushState(null, "", href);
      if (opens) document.querySelector(".panel")?.focus();
    });
  });
  addEventListener("popstate", () => show(location.href).then((shown) => shown || location.reload()));
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });
  scrollToEnd();
  schedule();
}

function schedule() {
  const wait = Number(document.querySelector("main").dataset.live) * 2 ** failures;
  setTimeout(refresh, Math.min(wait || QUIET_MS, QUIET_MS));
}

async function refresh() {
  const isLive = document.querySelector("main").dataset.live;
  if (isLive && !document.hidden && !isSelecting() && !isReadingBack()) failures = (await show(location.href)) ? 0 : Math.min(failures + 1, 4);
  schedule();
}

/** Whether the user scrolled up in the log lines: they stand still then, and the page says so. */
function isReadingBack() {
  const tail = document.querySelector("[data-tail]");
  const isBack = Boolean(tail) && tail.scrollHeight - tail.scrollTop - tail.clientHeight > 40;
  const note = document.querySelector("[data-paused]");
  const words = isBack ? "Stopped following: scroll to the end to go on." : "";
  if (note && note.textContent !== words) note.textContent = words;
  return isBack;
}

function isSelecting() {
  return document.documentElement.dataset.busy || !getSelection().isCollapsed;
}

/** The document at `href`, an error page too. XMLHttpRequest parses it without running its scripts. */
function fetchDocument(href) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("GET", href);
    request.responseType = "document";
    request.timeout = 10_000;
    request.onloadend = () => resolve(request.response);
    request.send();
  });
}
