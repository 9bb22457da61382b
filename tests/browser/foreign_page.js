// Sends every shot in every way that a page has, and returns those whose answer the page could see.
async (ports) => {
  const within = (work) => Promise.race([
    Promise.resolve().then(work).catch(() => ""),
    new Promise((resolve) => setTimeout(resolve, 1000, "")),
  ]);
  const element = (tag, url, extra = {}) => new Promise((resolve) => {
    const node = Object.assign(document.createElement(tag), extra);
    node.onload = node.onloadeddata = () => resolve(tag === "iframe" ? document_of(node) : "loaded");
    node.onerror = () => resolve("");
    node[{link: "href", object: "data"}[tag] ?? "src"] = url;
    document.body.append(node);
  });
  const document_of = (frame) => {
    try { return frame.contentDocument?.body?.innerText ?? ""; } catch { return ""; }
  };
  const form = (url, method, enctype, fields, target) => new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.name = target ?? `frame${Math.random()}`;
    frame.onload = () => resolve(document_of(frame));
    document.body.append(frame);
    const node = Object.assign(document.createElement("form"), {action: url, method, enctype, target: frame.name});
    for (const [name, value] of fields) {
      node.append(Object.assign(document.createElement("input"), {type: "hidden", name, value}));
    }
    document.body.append(node);
    setTimeout(() => node.submit(), 0);
  });
  const read = async (url, options) => {
    const answer = await fetch(url, options);
    return answer.type === "opaque" ? "" : `${answer.status} ${await answer.text()}`;
  };
  const xhr = (url, method, body) => new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    request.onload = () => resolve(`${request.status} ${request.responseText}`);
    request.onerror = () => resolve("");
    request.send(body);
  });
  const socket = (url) => new Promise((resolve) => {
    const connection = new WebSocket(url.replace("http", "ws"), ["mqtt"]);
    connection.onopen = () => resolve("open");
    connection.onerror = () => resolve("");
  });
  const events = (url) => new Promise((resolve) => {
    const source = new EventSource(url);
    source.onopen = () => resolve("open");
    source.onerror = () => { source.close(); resolve(""); };
  });
  const worker = (url) => new Promise((resolve) => {
    const code = `try { importScripts("${url}"); postMessage("ran"); } catch { postMessage(""); }`;
    new Worker(URL.createObjectURL(new Blob([code]))).onmessage = (message) => resolve(message.data);
  });

  const reads = {
    img: (url) => element("img", url),
    script: (url) => element("script", url),
    module: (url) => element("script", url, {type: "module"}),
    style: (url) => element("link", url, {rel: "stylesheet"}),
    prefetch: (url) => element("link", url, {rel: "prefetch"}),
    iframe: (url) => element("iframe", url),
    object: (url) => element("object", url),
    video: (url) => element("video", url),
    css: (url) => { document.body.style.backgroundImage = `url("${url}")`; return ""; },
    worker,
    events,
    xhr: (url) => xhr(url, "GET"),
    cors: (url) => read(url),
    credentials: (url) => read(url, {credentials: "include"}),
    "no-cors": (url) => read(url, {mode: "no-cors"}),
    form: (url) => form(url.split("?")[0], "get", "", new URL(url).searchParams),
  };
  const writes = {
    form: (url, shot, body, fields) => form(url, "post", "application/x-www-form-urlencoded", fields),
    multipart: (url, shot, body, fields) => form(url, "post", "multipart/form-data", fields),
    "text form": (url, shot, body) => form(url, "post", "text/plain", [[body.toString(), ""]]),
    text: (url, shot, body) => read(url, {method: "POST", mode: "no-cors", body}),
    urlencoded: (url, shot, body, fields) =>
      read(url, {method: "POST", mode: "no-cors", body: new URLSearchParams(fields)}),
    untyped: (url, shot, body) => read(url, {method: "POST", mode: "no-cors", body: new Blob([body])}),
    beacon: (url, shot, body) => { navigator.sendBeacon(url, body); return ""; },
    keepalive: (url, shot, body) => read(url, {method: "POST", mode: "no-cors", keepalive: true, body}),
    xhr: (url, shot, body) => xhr(url, "POST", body),
  };
  const anything = {
    cors: (url, shot, body) => read(url, {method: shot.method, headers: shot.headers, body: body || undefined}),
    json: (url, shot, body) => read(url, {
      method: shot.method, body: body || undefined, headers: {...shot.headers, "Content-Type": "application/json"},
    }),
  };

  const tries = [];
  const seen = [];
  const attempt = (way, url, work) => tries.push(
    within(work).then((answer) => { if (answer) seen.push([way, url, String(answer).slice(0, 200)]); }));
  for (const {base, shots} of ports) {
    attempt("websocket", base, () => socket(`${base}/`));
    for (const shot of shots) {
      const url = base + shot.path;
      const body = Array.isArray(shot.body) ? new Uint8Array(shot.body) : shot.body;
      const fields = Array.isArray(shot.body) ? [] : [...new URLSearchParams(shot.body)];
      const ways = shot.method === "GET" ? reads : shot.method === "POST" ? {...writes, ...anything} : anything;
      for (const [way, work] of Object.entries(ways)) attempt(way, url, () => work(url, shot, body, fields));
    }
  }
  await Promise.all(tries);
  return seen;
}
