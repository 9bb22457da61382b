/** The few things that every view does to the page. */

export function show(element, isShown) {
  element.hidden = !isShown;
}

/** Put texts into the elements marked with data-slot. */
export function fill(root, texts) {
  for (const [slot, text] of Object.entries(texts)) root.querySelector(`[data-slot="${slot}"]`).textContent = text;
}

/** An element with a text and, if given, a class. */
export function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}
