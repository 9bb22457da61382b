/**
 * The basket's rules. A basket is {lines: [{sku, name, price, currency, quantity}], key}; no function changes the
 * one that it is given. `key` is the Idempotency-Key of a submission whose answer is still unknown: it lives as long
 * as the lines stay as they were sent, so that a repeated click or a reloaded page cannot order twice.
 */

export const MAX_LINES = 20;
export const MAX_QUANTITY = 10;
export const EMPTY = Object.freeze({ lines: Object.freeze([]), key: "" });

/** A basket from stored text; whatever cannot be understood is left out. */
export function parse(text) {
  let stored;
  try {
    stored = JSON.parse(text);
  } catch {
    return EMPTY;
  }
  const found = Array.isArray(stored?.lines) ? stored.lines : [];
  const bySku = new Map(found.filter(isLine).map((line) => [line.sku, pick(line)]));
  const lines = [...bySku.values()].slice(0, MAX_LINES);
  const isWhole = lines.length === found.length && typeof stored.key === "string";
  return { lines, key: isWhole && /^[\x21-\x7e]{1,255}$/.test(stored.key) ? stored.key : "" };
}

/** One more of `product`, up to the limits. */
export function add(basket, product) {
  const line = basket.lines.find(({ sku }) => sku === product.sku);
  if (line) return setQuantity(basket, product.sku, line.quantity + 1);
  if (basket.lines.length >= MAX_LINES) return basket;
  return changed([...basket.lines, pick({ ...product, quantity: 1 })]);
}

export function setQuantity(basket, sku, wanted) {
  const quantity = Math.min(Math.max(Math.trunc(wanted) || 1, 1), MAX_QUANTITY);
  const line = basket.lines.find((each) => each.sku === sku);
  if (!line || line.quantity === quantity) return basket;
  return changed(basket.lines.map((each) => (each.sku === sku ? { ...each, quantity } : each)));
}

export function remove(basket, sku) {
  const lines = basket.lines.filter((line) => line.sku !== sku);
  return lines.length === basket.lines.length ? basket : changed(lines);
}

/** The basket as the shelf (a Map by sku) has it now, and what to tell: lanterns that are gone, prices that changed. */
export function reconcile(basket, shelf) {
  const gone = basket.lines.filter(({ sku }) => !shelf.has(sku));
  const kept = basket.lines.filter(({ sku }) => shelf.has(sku));
  const repriced = kept.filter(({ sku, price, currency }) => {
    const now = shelf.get(sku);
    return now.price !== price || now.currency !== currency;
  });
  const notes = [
    ...gone.map(({ name }) => ({ kind: "gone", name })),
    ...repriced.map((line) => ({ kind: "price", name: line.name, from: line, to: pick({ ...line, ...shelf.get(line.sku) }) })),
  ];
  const lines = kept.map((line) => pick({ ...line, ...shelf.get(line.sku) }));
  return { basket: { lines, key: gone.length ? "" : basket.key }, notes };
}

/** The basket with a key: the one it has, so that a retry is the same order, else a new one. */
export function withKey(basket, newKey) {
  return basket.key ? basket : { ...basket, key: newKey() };
}

export function withoutKey(basket) {
  return { ...basket, key: "" };
}

/** What the API takes. */
export function itemsOf(basket) {
  return basket.lines.map(({ sku, quantity }) => ({ sku, quantity }));
}

export function quantityOf(basket, sku) {
  return basket.lines.find((line) => line.sku === sku)?.quantity ?? 0;
}

export function countOf(basket) {
  return basket.lines.reduce((sum, { quantity }) => sum + quantity, 0);
}

export function totalOf(basket) {
  return basket.lines.reduce((sum, { price, quantity }) => sum + price * quantity, 0);
}

function changed(lines) {
  return { lines, key: "" };
}

function pick({ sku, name, price, currency, quantity }) {
  return { sku, name, price, currency, quantity };
}

function isLine(line) {
  return (
    [line?.sku, line?.name, line?.currency].every((text) => typeof text === "string" && text !== "" && text.length <= 200) &&
    Number.isSafeInteger(line.price) &&
    line.price >= 0 &&
    Number.isInteger(line.quantity) &&
    line.quantity >= 1 &&
    line.quantity <= MAX_QUANTITY
  );
}
