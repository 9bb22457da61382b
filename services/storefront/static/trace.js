/** Trace ids: out of X-Ray's header, and into a link. */

import { element } from "./dom.js";

/** What an X-Amzn-Trace-Id header says ("Root=1-…;Sampled=1"): {id, isSampled}; id "" when it has none. */
export function traceOf(header) {
  const id = /(?:^|;)\s*Root=(1-[0-9a-f]{8}-[0-9a-f]{24})\s*(?:;|$)/i.exec(header ?? "")?.[1] ?? "";
  return { id: /[1-9a-f]/i.test(id.slice(1)) ? id : "", isSampled: !/(?:^|;)\s*Sampled=0/i.test(header ?? "") };
}

/** The address of a trace's page, or "" when `template` is not a web address with {trace_id} in it. */
export function traceHref(template, traceId) {
  if (!traceId || !template.includes("{trace_id}")) return "";
  const href = template.replaceAll("{trace_id}", encodeURIComponent(traceId));
  return /^(https?:\/\/|\/(?!\/))/i.test(href) ? href : "";
}

/** A trace's id as a link where there is a page for it, else as text. */
export function traceNode(template, { id, isSampled }) {
  const href = isSampled ? traceHref(template, id) : "";
  const node = element(href ? "a" : "code", id || "not known", "trace");
  if (id && !isSampled) node.textContent += " (not sampled)";
  if (href) Object.assign(node, { href, target: "_blank", rel: "noopener" });
  return node;
}
