/** Draws the basket. Lines that stay keep their elements, so that the keyboard's place is not lost. */

import { MAX_QUANTITY, countOf, totalOf } from "./basket.js";
import { formatMoney } from "./money.js";
import { fill, show } from "./dom.js";

/**
 * `shelf` may be null. `change` is {setQuantity(sku, quantity), remove(sku)}.
 * `mayBuy` is false while a service that buying needs is down or an order is on its way.
 */
export function drawBasket(page, basket, { shelf, change, mayBuy }) {
  const isEmpty = basket.lines.length === 0;
  show(page.emptyText, isEmpty && page.confirmation.hidden);
  show(page.form, !isEmpty);
  drawLines(page, basket, shelf, change);
  page.total.textContent = formatMoney(totalOf(basket), basket.lines[0]?.currency ?? "EUR");
  page.placeButton.disabled = isEmpty || !mayBuy;
  page.count.textContent = isEmpty ? "" : String(countOf(basket));
  show(page.count, !isEmpty);
}

/** Say what changed while the basket lay in the browser. */
export function drawNotes(list, notes) {
  list.replaceChildren(
    ...notes.map((note) => {
      const item = document.createElement("li");
      item.textContent = noteText(note);
      return item;
    }),
  );
  show(list, notes.length > 0);
}

export function noteText({ kind, name, from, to }) {
  if (kind === "gone") return `${name} is no longer sold and was taken out.`;
  return `${name} now costs ${formatMoney(to.price, to.currency)} instead of ${formatMoney(from.price, from.currency)}.`;
}

/** What is wrong with a line, in view of the stock; "" when nothing is. */
export function warningOf({ sku, quantity }, shelf) {
  const stock = shelf?.get(sku)?.stock ?? quantity;
  if (stock >= quantity) return "";
  return stock < 1 ? "Sold out: please remove it." : `Only ${stock} left: please take fewer.`;
}

function drawLines(page, basket, shelf, change) {
  const drawn = new Map([...page.lines.children].map((item) => [item.dataset.line, item]));
  const items = basket.lines.map((line) => drawn.get(line.sku) ?? newLine(page.lineTemplate, line.sku, change));
  basket.lines.forEach((line, position) => drawLine(items[position], line, shelf));
  for (const [sku, item] of drawn) {
    if (!basket.lines.some((line) => line.sku === sku)) item.remove();
  }
  items.forEach((item, position) => {
    if (page.lines.children[position] !== item) page.lines.insertBefore(item, page.lines.children[position] ?? null);
  });
}

function newLine(template, sku, change) {
  const item = template.content.firstElementChild.cloneNode(true);
  const select = item.querySelector("select");
  for (let quantity = 1; quantity <= MAX_QUANTITY; quantity += 1) select.add(new Option(quantity, quantity));
  item.dataset.line = sku;
  select.addEventListener("change", () => change.setQuantity(sku, Number(select.value)));
  item.querySelector("button").addEventListener("click", () => change.remove(sku));
  return item;
}

function drawLine(item, line, shelf) {
  const warning = warningOf(line, shelf);
  const image = shelf?.get(line.sku)?.image;
  const picture = item.querySelector("img");
  show(picture, Boolean(image));
  if (image && picture.getAttribute("src") !== image) picture.src = image;
  item.querySelector("select").value = String(line.quantity);
  fill(item, {
    name: line.name,
    each: formatMoney(line.price, line.currency),
    total: formatMoney(line.price * line.quantity, line.currency),
    "quantity-label": `Quantity of ${line.name}`,
    "remove-label": line.name,
    warning,
  });
  show(item.querySelector(".line-warning"), warning !== "");
}
