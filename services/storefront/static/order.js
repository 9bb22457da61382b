/** Places an order at the storefront, and says in one shape what came of it. */

import { traceOf } from "./trace.js";

const PATIENCE_MS = 20_000; // far over the storefront's own deadline; the key makes asking again safe
const LONGEST_WAIT_S = 60;

/**
 * Resolves, never rejects, with {trace, version} and either {order} or {problem, status, isRetryable, retryAfterS}.
 * `problem` is {title, detail, errors: [{field, message}]}; status 0 means that no answer came.
 */
export async function placeOrder(items, key, send = fetch) {
  let answer;
  try {
    answer = await send("/api/orders", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "Idempotency-Key": key },
      body: JSON.stringify({ items }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    return { problem: NO_ANSWER, status: 0, isRetryable: true, retryAfterS: 0, trace: traceOf(""), version: "" };
  }
  return outcomeOf(answer, await answer.json().catch(() => null));
}

export function outcomeOf(answer, body) {
  const trace = traceOf(answer.headers.get("X-Amzn-Trace-Id"));
  const version = answer.headers.get("X-Service-Version") ?? "";
  if (answer.ok && isOrder(body)) return { order: body, trace, version };
  return {
    problem: answer.ok ? NOT_UNDERSTOOD : problemOf(body, answer.status),
    status: answer.status,
    isRetryable: answer.ok || answer.status >= 500 || answer.status === 429,
    retryAfterS: secondsOf(answer.headers.get("Retry-After")),
    trace: { ...trace, id: trace.id || traceOf(`Root=${textOf(body?.trace_id)}`).id },
    version,
  };
}

/** An RFC 9457 document with every part in place, whatever the answer held. */
export function problemOf(body, status) {
  const errors = Array.isArray(body?.errors) ? body.errors : [];
  return {
    title: textOf(body?.title) || `The shop answered with status ${status}`,
    detail: textOf(body?.detail),
    errors: errors.map((each) => ({ field: textOf(each?.field), message: textOf(each?.message) })),
  };
}

/** The sku that a field such as items[1].quantity speaks of, or "". */
export function skuOf(field, items) {
  const position = /^items\[(\d+)\]/.exec(field)?.[1];
  return items[Number(position)]?.sku ?? "";
}

function secondsOf(text) {
  const seconds = /^\d{1,6}$/.test(text ?? "") ? Number(text) : 0;
  return Math.min(seconds, LONGEST_WAIT_S);
}

function textOf(value) {
  return typeof value === "string" ? value : "";
}

function isOrder(body) {
  return (
    typeof body?.order_id === "string" &&
    Number.isInteger(body.total) &&
    typeof body.currency === "string" &&
    Array.isArray(body.items) &&
    body.items.every((line) => typeof line?.name === "string" && Number.isInteger(line.line_total))
  );
}

const NO_ANSWER = Object.freeze({
  title: "The shop did not answer",
  detail: "Perhaps the connection was lost. Trying again is safe: the same basket is ordered only once.",
  errors: [],
});
const NOT_UNDERSTOOD = Object.freeze({
  title: "The answer could not be read",
  detail: "Trying again is safe: the same basket is ordered only once.",
  errors: [],
});
