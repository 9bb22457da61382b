/** Dragging over a histogram chooses a range of response times. */

const BARS = 30;

/** The range between two places of a picture (0 to 1), widened to whole bars: {low, high}. */
export function barsBetween(first, second) {
  const [low, high] = [Math.min(first, second), Math.max(first, second)].map((at) => Math.min(1, Math.max(0, at)));
  return { low: Math.floor(low * BARS) / BARS, high: Math.ceil(high * BARS) / BARS };
}

/** A share of an axis from `start` to `end`, to a tenth. */
export function valueAt(share, start, end) {
  return Math.round((start + share * (end - start)) * 10) / 10;
}

export function start() {
  let picture = null;
  let from = 0;
  document.addEventListener("pointerdown", (event) => {
    picture = event.target.closest?.("[data-brush]") ?? null;
    if (!picture) return;
    event.preventDefault();
    from = place(picture, event);
    document.documentElement.dataset.busy = "brushing";
  });
  document.addEventListener("pointermove", (event) => picture && choose(picture, from, place(picture, event)));
  document.addEventListener("pointerup", () => {
    picture = null;
    delete document.documentElement.dataset.busy;
  });
}

function place(picture, event) {
  const box = picture.getBoundingClientRect();
  return (event.clientX - box.left) / box.width;
}

function choose(picture, from, to) {
  const { low, high } = barsBetween(from, to);
  const axis = [Number(picture.dataset.start), Number(picture.dataset.end)];
  const form = picture.closest("form");
  form.elements.least_ms.value = valueAt(low, ...axis);
  form.elements.most_ms.value = valueAt(high, ...axis);
  const brushed = picture.querySelector(".brushed");
  brushed.setAttribute("x", 100 * low);
  brushed.setAttribute("width", 100 * (high - low));
}
