/** Charts: a crosshair with values by pointer and arrow keys, and a range by dragging. */

import { show } from "./pages.js";

const LEAST_PX = 8;

/** The index of the number nearest to `place`; -1 without any. */
export function nearest(places, place) {
  let best = -1;
  places.forEach((each, n) => {
    if (best < 0 || Math.abs(each - place) < Math.abs(places[best] - place)) best = n;
  });
  return best;
}

/** The address of the page over the part of an axis (epoch seconds) between two places from 0 to 1. */
export function addressOf(href, axis, first, second) {
  const [low, high] = [Math.min(first, second), Math.max(first, second)].map((at) => Math.min(1, Math.max(0, at)));
  const instant = (share) => new Date(1000 * Math.round(axis.start + share * (axis.end - axis.start))).toISOString();
  const url = new URL(href);
  for (const name of ["range", "paused"]) url.searchParams.delete(name);
  url.searchParams.set("start", instant(low));
  url.searchParams.set("end", instant(high));
  return url.href;
}

export function start() {
  let drag = null;
  document.addEventListener("pointerdown", (event) => {
    const chart = event.target.closest?.(".chart");
    if (!chart || event.button || event.target.closest("a")) return;
    drag = { chart, from: place(chart, event), x: event.clientX };
    document.documentElement.dataset.busy = "dragging";
    event.preventDefault();
    chart.focus({ focusVisible: false });
  });
  document.addEventListener("pointermove", (event) => {
    if (drag) return brush(drag.chart, drag.from, place(drag.chart, event));
    const chart = event.target.closest?.(".chart");
    if (chart) point(chart, nearest(places(chart), 100 * place(chart, event)));
  });
  document.addEventListener("pointerup", (event) => {
    if (!drag) return;
    const { chart, from, x } = drag;
    drag = null;
    delete document.documentElement.dataset.busy;
    const to = place(chart, event);
    brush(chart, 0, 0);
    if (Math.abs(event.clientX - x) < LEAST_PX) return;
    const axis = { start: Number(chart.dataset.start), end: Number(chart.dataset.end) };
    const href = addressOf(location.href, axis, from, to);
    show(href).then((shown) => (shown ? history.pushState(null, "", href) : location.assign(href)));
  });
  document.addEventListener("keydown", (event) => {
    const chart = event.target.closest?.(".chart");
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!chart || (!step && event.key !== "Escape")) return;
    event.preventDefault();
    const count = places(chart).length;
    const now = Number(chart.dataset.at ?? (step > 0 ? -1 : count));
    point(chart, step ? Math.min(count - 1, Math.max(0, now + step)) : -1);
  });
}

function place(chart, event) {
  const box = chart.querySelector(".plot").getBoundingClientRect(); // that of .lines is as wide as what it draws
  return (event.clientX - box.left) / box.width;
}

function rows(chart) {
  return [...chart.closest("[data-chart]").querySelectorAll("tr[data-x]")];
}

function places(chart) {
  return rows(chart).map((row) => Number(row.dataset.x));
}

/** Put the crosshair at a moment and write its values below the chart. */
function point(chart, at) {
  const figure = chart.closest("[data-chart]");
  const row = rows(chart)[at];
  const cross = chart.querySelector(".cross");
  const reading = figure.querySelector(".reading");
  cross.classList.toggle("on", Boolean(row));
  chart.dataset.at = at;
  if (!row) return void (reading.textContent = "");
  cross.setAttribute("x1", `${row.dataset.x}%`);
  cross.setAttribute("x2", `${row.dataset.x}%`);
  const heads = [...figure.querySelectorAll("thead th")].map((head) => head.textContent);
  const [when, ...values] = [...row.children].map((cell) => cell.textContent);
  const words = values.map((value, n) => value && `${heads[n + 1]} ${value}`).filter(Boolean);
  reading.textContent = `${when}: ${words.join(" · ")}`;
}

function brush(chart, from, to) {
  const brushed = chart.querySelector(".brushed");
  brushed.setAttribute("x", `${100 * Math.max(0, Math.min(from, to))}%`);
  brushed.setAttribute("width", `${100 * Math.abs(to - from)}%`);
}
