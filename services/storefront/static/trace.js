/** Trace ids: out of X-Ray's header, and into a link. */

/** The id in an X-Amzn-Trace-Id header ("Root=1-…;Sampled=1"), or "". */
export function traceIdOf(header) {
  return /(?:^|;)\s*Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)/i.exec(header ?? "")?.[1] ?? "";
}

/** The address of a trace's page, or "" when `template` is not a web address with {trace_id} in it. */
export function traceHref(template, traceId) {
  if (!traceId || !template.includes("{trace_id}")) return "";
  const href = template.replaceAll("{trace_id}", encodeURIComponent(traceId));
  return /^(https?:\/\/|\/(?!\/))/i.test(href) ? href : "";
}

/** The trace id as a link where there is a page for it, else as text. */
export function traceNode(template, traceId) {
  const href = traceHref(template, traceId);
  const node = document.createElement(href ? "a" : "code");
  node.textContent = traceId || "not known";
  node.className = "trace";
  if (href) Object.assign(node, { href, target: "_blank", rel: "noopener" });
  return node;
}
