/** Draws what came of an order: the receipt, or what went wrong. */

import { element, fill, show } from "./dom.js";
import { formatMoney } from "./money.js";
import { skuOf } from "./order.js";
import { traceNode } from "./trace.js";
import { showVersion } from "./version.js";

/** Show the receipt and move the focus to its heading; `done` is called when the buyer has seen it. */
export function drawReceipt(page, { order, trace, version }, { traceUrl, done }) {
  const receipt = page.receiptTemplate.content.firstElementChild.cloneNode(true);
  fill(receipt, { order: order.order_id, total: formatMoney(order.total, order.currency) });
  receipt.querySelector(".receipt-lines").replaceChildren(...order.items.map((line) => receiptLine(line, order.currency)));
  receipt.querySelector('[data-slot="trace"]').replaceChildren(traceNode(traceUrl, trace));
  showVersion(receipt.querySelector('[data-slot="version"]'), version || "not known");
  drawTime(receipt.querySelector("time"), order.placed_at);
  receipt.querySelector("button").addEventListener("click", done);
  page.confirmation.replaceChildren(receipt);
  show(page.confirmation, true);
  receipt.querySelector("h3").focus();
  receipt.scrollIntoView({ block: "nearest" });
}

/** Say what went wrong, about which lantern, and under which trace. */
export function drawProblem(page, { problem, trace }, { traceUrl, items, nameOf }) {
  const { title, detail, errors } = problem;
  const isRepeated = errors.length > 0 && errors.every(({ message }) => detail.includes(message));
  const parts = [element("h3", title), element("p", isRepeated ? "" : detail)];
  if (errors.length) parts.push(errorList(errors, items, nameOf));
  if (trace.id) {
    const line = element("p", "Trace of this click: ");
    line.append(traceNode(traceUrl, trace));
    parts.push(line);
  }
  page.problemText.replaceChildren(...parts.filter((part) => part.textContent));
  show(page.problem, true);
}

export function clearOutcome(page) {
  page.confirmation.replaceChildren();
  page.problemText.replaceChildren();
  show(page.confirmation, false);
  show(page.problem, false);
}

function receiptLine({ name, quantity, line_total: total }, currency) {
  const item = document.createElement("li");
  item.append(element("span", `${quantity} × ${name}`), element("span", formatMoney(total, currency)));
  return item;
}

function errorList(errors, items, nameOf) {
  const list = document.createElement("ul");
  list.append(
    ...errors.map(({ field, message }) => {
      const item = element("li", `: ${message}`);
      item.prepend(element("strong", nameOf(skuOf(field, items)) || field));
      return item;
    }),
  );
  return list;
}

function drawTime(time, text) {
  const placed = new Date(text);
  time.textContent = Number.isNaN(placed.getTime()) ? "just now" : placed.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
  time.dateTime = time.textContent === "just now" ? "" : placed.toISOString();
}
