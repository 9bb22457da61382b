/** Dragging over a histogram chooses a stretch of response times. */

/** The stretch between two places of a picture (0 to 1) on an axis from `start` to `end`, rounded outwards to 0.1. */
export function stretch(first, second, start, end) {
  const [low, high] = [Math.min(first, second), Math.max(first, second)].map((at) => Math.min(1, Math.max(0, at)));
  const least = Math.floor((start + low * (end - start)) * 10) / 10;
  const most = Math.ceil((start + high * (end - start)) * 10) / 10;
  return { least, most };
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
  const { least, most } = stretch(from, to, Number(picture.dataset.start), Number(picture.dataset.end));
  const form = picture.closest("form");
  form.elements.least_ms.value = least;
  form.elements.most_ms.value = most;
  const brushed = picture.querySelector(".brushed");
  const [low, high] = [Math.min(from, to), Math.max(from, to)].map((at) => 100 * Math.min(1, Math.max(0, at)));
  brushed.setAttribute("x", low);
  brushed.setAttribute("width", high - low);
}
