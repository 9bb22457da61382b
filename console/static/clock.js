/** The clock: writes instants in local time where the page says so, and reads from and to in the same zone. */

const PARTS = {
  ms: { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 },
  s: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  short: { hour: "2-digit", minute: "2-digit" },
};

/** The time of day of an instant in ISO 8601 in a zone, by default the browser's own. */
export function timeOfDay(instant, style, timeZone = undefined) {
  return new Date(instant).toLocaleTimeString("en-GB", { ...PARTS[style], hourCycle: "h23", timeZone }).replace(",", ".");
}

/** An instant as a field for date and time takes it, in the browser's zone. */
export function fieldValue(instant) {
  const when = new Date(instant);
  return new Date(when - when.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

export function start() {
  document.addEventListener("lantern:shown", write);
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-instants]") && isLocal()) asInstants(event.target);
  });
  write();
}

function isLocal() {
  return document.documentElement.dataset.clock === "local";
}

function write() {
  if (!isLocal()) return;
  for (const time of document.querySelectorAll("time[data-clock]")) time.textContent = timeOfDay(time.dateTime, time.dataset.clock);
  for (const text of document.querySelectorAll("text[data-instant]")) text.textContent = timeOfDay(text.dataset.instant, text.dataset.clock);
  for (const input of document.querySelectorAll("input[data-instant]")) {
    if (input !== document.activeElement) input.value = fieldValue(input.dataset.instant);
  }
}

/** Send the fields' local times as instants. */
function asInstants(form) {
  for (const text of document.querySelectorAll("text[data-instant]")) text.textContent = timeOfDay(text.dataset.instant, text.dataset.clock);
  for (const input of form.querySelectorAll("input[data-instant]")) {
    const instant = new Date(input.value).toISOString();
    input.type = "text";
    input.value = instant;
  }
}
