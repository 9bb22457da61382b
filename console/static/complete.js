/** Completes the word before the caret in a filter expression. */

/** The word that ends at `caret`: {word, start}. */
export function wordBefore(text, caret) {
  const word = /[A-Za-z_][\w.]*$/.exec(text.slice(0, caret))?.[0] ?? "";
  return { word, start: caret - word.length };
}

/** Up to eight of `words` that begin with the typed text, then those that contain it. */
export function matches(words, typed) {
  if (!typed) return [];
  const low = typed.toLowerCase();
  const begin = words.filter((word) => word.toLowerCase().startsWith(low) && word !== typed);
  const contain = words.filter((word) => word.toLowerCase().includes(low, 1) && !begin.includes(word));
  return [...begin, ...contain].slice(0, 8);
}

/** `text` with the word before `caret` replaced, and the new caret: between the word's brackets if it has any. */
export function replaced(text, caret, word) {
  const { start } = wordBefore(text, caret);
  const inside = /[([]/.exec(word)?.index;
  return { text: text.slice(0, start) + word + text.slice(caret), caret: start + (inside === undefined ? word.length : inside + 1) };
}

export function start() {
  const attachAll = () => document.querySelectorAll("[data-complete]:not([role])").forEach(attach);
  document.addEventListener("lantern:shown", attachAll);
  attachAll();
}

function attach(input) {
  const words = JSON.parse(input.dataset.complete);
  const list = document.createElement("ul");
  Object.assign(list, { id: "completions", role: "listbox", hidden: true, className: "completions" });
  list.setAttribute("aria-label", "Completions");
  input.after(list);
  for (const [name, value] of [["role", "combobox"], ["aria-controls", list.id], ["aria-expanded", "false"], ["aria-autocomplete", "list"]]) {
    input.setAttribute(name, value);
  }
  let active = -1;
  const close = () => draw([]);
  const draw = (completions) => {
    active = -1;
    list.replaceChildren(...completions.map(option));
    list.hidden = !completions.length;
    input.setAttribute("aria-expanded", String(Boolean(completions.length)));
    input.removeAttribute("aria-activedescendant");
  };
  const take = (word) => {
    const next = replaced(input.value, input.selectionStart, word);
    input.value = next.text;
    input.setSelectionRange(next.caret, next.caret);
    close();
  };
  const move = (step) => {
    const options = [...list.children];
    active = (active + step + options.length) % options.length;
    options.forEach((choice, n) => choice.setAttribute("aria-selected", String(n === active)));
    input.setAttribute("aria-activedescendant", options[active].id);
  };
  input.addEventListener("input", () => draw(matches(words, wordBefore(input.value, input.selectionStart).word)));
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Escape") close();
    else if ((event.key === "Enter" || event.key === "Tab") && active >= 0) take(list.children[active].textContent);
    else return;
    event.preventDefault();
  });
  list.addEventListener("mousedown", (event) => {
    event.preventDefault();
    if (event.target.role === "option") take(event.target.textContent);
  });
  if (input.dataset.wrongAt !== undefined) {
    input.focus();
    input.setSelectionRange(Number(input.dataset.wrongAt), Number(input.dataset.wrongAt) + 1);
  }
}

function option(word, n) {
  const item = document.createElement("li");
  item.textContent = word;
  item.id = `completion-${n}`;
  item.role = "option";
  item.setAttribute("aria-selected", "false");
  return item;
}
