/** The shop's page: ties the basket's rules to what the visitor sees and presses. */

import { add, countOf, EMPTY, itemsOf, MAX_LINES, MAX_QUANTITY, quantityOf, reconcile, remove, setQuantity, totalOf, withKey, withoutKey } from "./basket.js";
import { drawBasket, drawNotes } from "./basket-view.js";
import { newKey } from "./key.js";
import { formatMoney } from "./money.js";
import { placeOrder } from "./order.js";
import { clearOutcome, drawProblem, drawReceipt } from "./order-view.js";
import { offerRetry } from "./retry.js";
import { fetchShelf, onAdd, readShelf, showOnCards, updateCards } from "./shelf.js";
import { loadBasket, onOtherTab, saveBasket } from "./storage.js";
import { paint, showVersion } from "./version.js";

const byId = (id) => document.getElementById(id);
const page = {
  announcer: byId("announcer"),
  confirmation: byId("confirmation"),
  count: byId("basket-count"),
  emptyText: byId("basket-empty"),
  form: byId("order-form"),
  lines: byId("basket-lines"),
  lineTemplate: byId("basket-line"),
  notes: byId("basket-notes"),
  placeButton: byId("place-order"),
  problem: byId("problem"),
  problemText: byId("problem-text"),
  receiptTemplate: byId("confirmed"),
  retryButton: byId("retry"),
  shelfTitle: byId("shelf-title"),
  title: byId("basket-title"),
  total: byId("basket-total"),
  version: byId("served-version"),
};
const { traceUrl, missing, version: pageVersion } = document.body.dataset;

let shelf = readShelf(document.body);
let basket = EMPTY;
let isOrdering = false;
let withdrawRetry = () => {};

start();

function start() {
  showServedBy(pageVersion);
  onAdd(document.body, addLantern);
  page.form.addEventListener("submit", (event) => {
    event.preventDefault();
    order();
  });
  page.retryButton.addEventListener("click", () => {
    page.placeButton.focus(); // the button that was pressed goes away
    order();
  });
  onOtherTab(() => {
    if (!isOrdering) take(loadBasket()); // not saved: two tabs with different prices would answer each other for ever
  });
  take(loadBasket());
  saveBasket(basket);
}

/** Show a basket that came from outside this page, as the shelf has it now. */
function take(found) {
  const { basket: known, notes } = shelf ? reconcile(found, shelf) : { basket: found, notes: [] };
  basket = known;
  drawNotes(page.notes, notes);
  draw();
}

function draw() {
  const mayBuy = missing === "" && !isOrdering;
  drawBasket(page, basket, { shelf, change: { setQuantity: setLine, remove: removeLine }, mayBuy });
  showOnCards(document.body, (sku) => quantityOf(basket, sku));
}

/** Take over a basket that the visitor changed. */
function change(changed, announcement) {
  if (isOrdering) {
    draw(); // what was sent is what is bought
    return announce("Please wait until the order is answered.");
  }
  if (changed !== basket) {
    basket = changed;
    saveBasket(basket);
    withdrawRetry();
    clearOutcome(page);
    drawNotes(page.notes, []);
  }
  draw();
  announce(`${announcement} ${countOf(basket)} in the basket, total ${page.total.textContent}.`);
}

function addLantern(sku) {
  const product = shelf.get(sku);
  const had = quantityOf(basket, sku);
  if (had >= MAX_QUANTITY) return change(basket, `${MAX_QUANTITY} is the most of one lantern.`);
  if (!had && basket.lines.length >= MAX_LINES) return change(basket, `The basket holds ${MAX_LINES} kinds of lantern.`);
  change(add(basket, product), `${product.name} added.`);
}

function setLine(sku, quantity) {
  change(setQuantity(basket, sku, quantity), `${nameOf(sku)}: ${quantity}.`);
}

function removeLine(sku) {
  const position = basket.lines.findIndex((line) => line.sku === sku);
  change(remove(basket, sku), `${nameOf(sku)} removed.`);
  const next = page.lines.children[Math.min(position, basket.lines.length - 1)];
  (next?.querySelector("button") ?? page.title).focus();
}

async function order() {
  if (isOrdering || basket.lines.length === 0 || missing !== "") return;
  isOrdering = true;
  basket = withKey(basket, newKey);
  saveBasket(basket); // before sending: a reload while the answer is unknown must not order twice
  withdrawRetry();
  clearOutcome(page);
  showWaiting(true);
  const sent = itemsOf(basket);
  const outcome = await placeOrder(sent, basket.key);
  isOrdering = false;
  showWaiting(false);
  if (outcome.version) showServedBy(outcome.version);
  if (outcome.order) confirmed(outcome);
  else await refused(outcome, sent);
}

function confirmed(outcome) {
  basket = EMPTY;
  saveBasket(basket);
  drawNotes(page.notes, []);
  drawReceipt(page, outcome, { traceUrl, done: closeReceipt });
  draw();
  refreshShelf();
}

function closeReceipt() {
  clearOutcome(page);
  draw();
  page.shelfTitle.focus();
}

async function refused(outcome, sent) {
  if (!outcome.isRetryable) {
    basket = withoutKey(basket); // this submission is over; the next one is another
    saveBasket(basket);
  }
  draw();
  drawProblem(page, outcome, { traceUrl, items: sent, nameOf });
  if (outcome.isRetryable) withdrawRetry = offerRetry(page.retryButton, outcome.retryAfterS);
  page.problem.scrollIntoView({ block: "nearest" });
  if (outcome.status === 409) await refreshShelf();
}

/** Stock and prices as they are now; without an answer the page keeps what it has. */
async function refreshShelf() {
  const now = shelf && (await fetchShelf());
  if (!now) return;
  shelf = now;
  updateCards(document.body, shelf);
  if (!isOrdering) take(basket);
  if (basket.lines.length) saveBasket(basket);
}

function showWaiting(isWaiting) {
  page.form.setAttribute("aria-busy", String(isWaiting));
  page.placeButton.textContent = isWaiting ? "Placing the order…" : "Place order";
  if (isWaiting) announce(`Placing the order, total ${formatMoney(totalOf(basket), basket.lines[0].currency)}.`);
}

function showServedBy(version) {
  paint(document.documentElement, version);
  showVersion(page.version, version);
}

function nameOf(sku) {
  return shelf?.get(sku)?.name ?? basket.lines.find((line) => line.sku === sku)?.name ?? sku;
}

function announce(text) {
  page.announcer.textContent = text;
}
