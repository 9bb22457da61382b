/** The shelf: the lanterns as the page came with them, and their present stock and prices. */

import { formatMoney } from "./money.js";

const FEW = 10;

export function stockText(stock) {
  if (stock < 1) return "Sold out";
  return stock <= FEW ? `Only ${stock} left` : `${stock} in stock`;
}

/** The lanterns of the page, a Map by sku; null when the page came without a shelf. */
export function readShelf(body) {
  if (body.dataset.hasShelf !== "yes") return null;
  return new Map(cardsOf(body).map((card) => [card.dataset.sku, productOf(card)]));
}

/** The lanterns as the API has them now, a Map by sku; null when it does not say. */
export async function fetchShelf(send = fetch) {
  try {
    const answer = await send("/api/products", { headers: { Accept: "application/json" } });
    const { products } = await answer.json();
    return new Map(products.filter(isProduct).map((product) => [product.sku, product]));
  } catch {
    return null;
  }
}

/** Write the present stock and prices on the cards; a lantern that is gone counts as sold out. */
export function updateCards(body, shelf) {
  for (const card of cardsOf(body)) {
    const { stock, price, currency } = shelf.get(card.dataset.sku) ?? { ...productOf(card), stock: 0 };
    Object.assign(card.dataset, { stock, price, currency });
    card.querySelector(".price").textContent = formatMoney(price, currency);
    const label = card.querySelector(".stock");
    label.textContent = stockText(stock);
    label.classList.toggle("is-low", stock <= FEW);
  }
}

/** Switch the "Add" buttons on where there is something left, and say how many are in the basket already. */
export function showOnCards(body, quantityOf) {
  for (const card of cardsOf(body)) {
    card.querySelector(".add").disabled = Number(card.dataset.stock) < 1;
    card.dataset.inBasket = quantityOf(card.dataset.sku) || "";
  }
}

/** Call `add` with the sku of the card whose button was pressed. */
export function onAdd(body, add) {
  for (const card of cardsOf(body)) {
    card.querySelector(".add").addEventListener("click", () => add(card.dataset.sku));
  }
}

function cardsOf(body) {
  return [...body.querySelectorAll(".card")];
}

function productOf(card) {
  const { sku, name, price, currency, stock } = card.dataset;
  const image = card.querySelector("img").getAttribute("src");
  return { sku, name, price: Number(price), currency, stock: Number(stock), image };
}

function isProduct(product) {
  return (
    [product?.sku, product?.name, product?.currency].every((text) => typeof text === "string") &&
    [product.price, product.stock].every(Number.isInteger)
  );
}
