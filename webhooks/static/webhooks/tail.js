// The rows as they come: new ones and those whose state is another now are marked, and it can be held still.

const button = document.querySelector("[data-pause]");
let before = new Map();

const states = () => new Map(
  [...document.querySelectorAll("#deliveries tbody tr")].map((row) => [row.id, row.querySelector(".state").textContent]),
);

/** Whether somebody wants the page to stand still. */
export const paused = () => button?.getAttribute("aria-pressed") === "true";

/** Stand still, or go on. */
export function pause() {
  if (!button) return;
  const still = !paused();
  button.setAttribute("aria-pressed", String(still));
  button.querySelector("span").textContent = still ? "Go on" : "Pause";
  document.querySelector("[data-live-words]").textContent = still ? "Paused" : "Live";
}

button?.addEventListener("click", pause);

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.target.id === "deliveries") before = states();
});

document.addEventListener("htmx:afterSwap", () => {
  if (before.size === 0) return;
  for (const [id, state] of states()) {
    if (before.get(id) !== state) document.getElementById(id).classList.add("fresh");
  }
  before = new Map();
});

function say(words) {
  const place = document.querySelector("[data-live-words]");
  if (place && !paused()) place.textContent = words;
}

for (const name of ["htmx:sendError", "htmx:responseError"]) {
  document.addEventListener(name, (event) => {
    if (event.target.id === "deliveries") say("Not connected: trying again");
  });
}
document.addEventListener("htmx:afterOnLoad", (event) => {
  if (event.target.id === "deliveries") say("Live");
});
