/** Makes one tree of elements like another and touches only what differs: focus, scrolling and open details stay. */

/** Change `from` until it equals `to`; elements marked data-keep stay as the user left them. */
export function morph(from, to) {
  if (from.nodeName !== to.nodeName || keyOf(from) !== keyOf(to)) {
    from.replaceWith(document.importNode(to, true));
    return;
  }
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
    return;
  }
  if (from.hasAttribute("data-keep")) return;
  matchAttributes(from, to);
  matchChildren(from, to);
}

function matchAttributes(from, to) {
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && !isUsers(from, name)) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value && !isUsers(from, name)) from.setAttribute(name, value);
  }
}

/** Whether the user sets an attribute: open details, the value of a focused field. */
function isUsers(element, name) {
  return (name === "open" && element.nodeName === "DETAILS") || (name === "value" && element === document.activeElement);
}

function matchChildren(from, to) {
  const keyed = new Map([...from.children].filter(keyOf).map((child) => [keyOf(child), child]));
  let next = from.firstChild;
  for (const target of [...to.childNodes]) {
    const known = keyOf(target) && keyed.get(keyOf(target));
    if (known && known.parentNode === from) {
      if (known === next) next = next.nextSibling;
      else from.insertBefore(known, next);
      morph(known, target);
    } else if (next && next.nodeName === target.nodeName && !keyOf(next) && !keyOf(target)) {
      const following = next.nextSibling;
      morph(next, target);
      next = following;
    } else {
      from.insertBefore(document.importNode(target, true), next);
    }
  }
  while (next) {
    const following = next.nextSibling;
    next.remove();
    next = following;
  }
}

function keyOf(node) {
  return node.dataset?.key ?? "";
}
