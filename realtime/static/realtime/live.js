// Keeps a page current: fragments reload themselves when an event concerns them, and the page says whether it is live.
//
// <body data-live>                                        connect at all
// <section data-refresh-on="order.paid order.refunded"    events that concern this fragment
//          data-refresh-url="/orders/1001/status"         where its HTML comes from anew
//          data-refresh-match="1001">                     only events that carry this value somewhere (optional)
// <span data-live-state></span>                           says the state in words

import { connect } from "./client.js";

const WORDS = { connecting: "Connecting…", live: "Live", offline: "Not connected: reload to see changes" };
const loading = new WeakMap(); // fragment → whether it must be loaded once more

const fragments = () => document.querySelectorAll("[data-refresh-on][data-refresh-url]");

const carries = (value, wanted) =>
  value !== null && typeof value === "object"
    ? Object.values(value).some((part) => carries(part, wanted))
    : String(value) === wanted;

const concerns = ({ dataset }, { name, data }) =>
  dataset.refreshOn.split(/\s+/).includes(name) &&
  (!dataset.refreshMatch || carries(data, dataset.refreshMatch));

/** Load the fragment's HTML and put it in its place; one request at a time, the last event counts. */
async function refresh(fragment) {
  if (loading.has(fragment)) return loading.set(fragment, true);
  loading.set(fragment, false);
  try {
    const response = await fetch(fragment.dataset.refreshUrl, {
      credentials: "same-origin",
      headers: { "X-Live": "1" },
    });
    if (!response.ok || response.redirected) throw new Error(`${response.url} answered ${response.status}`);
    return replace(fragment, await response.text(), loading.get(fragment));
  } catch (error) {
    loading.delete(fragment); // what is shown stays, and the next event tries again
    return console.warn("Could not refresh", error);
  }
}

/** Renew the fragment in place, since a screen reader announces only what changes inside a region it knows. */
function replace(fragment, html, onceMore) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = template.content.getElementById(fragment.id) ?? template.content.firstElementChild;
  loading.delete(fragment);
  if (!fresh || !fragment.isConnected) return;
  if (!fresh.hasAttribute("aria-live")) fresh.setAttribute("aria-live", "polite");
  if (!fragment.isEqualNode(fresh)) {
    const focused = fragment.contains(document.activeElement) ? document.activeElement.id : "";
    for (const name of fragment.getAttributeNames()) fragment.removeAttribute(name);
    for (const { name, value } of fresh.attributes) fragment.setAttribute(name, value);
    fragment.replaceChildren(...fresh.childNodes);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }
  if (onceMore) refresh(fragment);
}

function show(state) {
  for (const place of document.querySelectorAll("[data-live-state]")) {
    place.dataset.liveState = state;
    place.textContent = WORDS[state];
  }
  // Once more on every connection: something may have happened between the page and the hello.
  if (state === "live") fragments().forEach(refresh);
}

if (document.body.hasAttribute("data-live")) {
  connect({
    onEvent: (event) => [...fragments()].filter((one) => concerns(one, event)).forEach(refresh),
    onReset: () => fragments().forEach(refresh),
    onState: show,
  });
}
