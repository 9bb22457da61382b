/** Keeps the basket in localStorage, or in this page's memory where storage is switched off or full. */

import { EMPTY, parse } from "./basket.js";

export const STORAGE_KEY = "lantern.basket";

export function loadBasket() {
  try {
    return parse(localStorage.getItem(STORAGE_KEY) ?? "");
  } catch {
    return EMPTY; // reading localStorage itself throws when cookies are blocked
  }
}

export function saveBasket(basket) {
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(basket));
  } catch {
    // blocked or full: the basket lasts as long as the page
  }
}

/** Call `changed` when another tab changed the basket. */
export function onOtherTab(changed) {
  window.addEventListener("storage", ({ key }) => {
    if (key === STORAGE_KEY || key === null) changed();
  });
}
