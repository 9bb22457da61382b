/** The "Try again" button: it counts down what Retry-After asks for, then it may be pressed. */

import { show } from "./dom.js";

/** Offer `button` after `seconds`; returns a function that takes the offer back. */
export function offerRetry(button, seconds) {
  let left = seconds;
  const draw = () => {
    button.disabled = left > 0;
    button.textContent = left > 0 ? `Try again in ${left} s` : "Try again";
  };
  const timer = setInterval(() => {
    left -= 1;
    draw();
    if (left <= 0) clearInterval(timer);
  }, 1000);
  draw();
  show(button, true);
  return () => {
    clearInterval(timer);
    show(button, false);
  };
}
