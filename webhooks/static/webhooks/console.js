// The console by keyboard: j and k walk the rows, Enter opens one, / searches, u goes back. The focus is the selection.
// A control with data-key is pressed by that key.

import { choose, chooseAll, chooseHere } from "./selection.js";
import { pause, paused } from "./tail.js";

const rows = () => [...document.querySelectorAll("[data-row]")];
const typing = (element) => element.closest("input:not([type=checkbox]), select, textarea, [contenteditable]") !== null;

function walk(step) {
  const all = rows();
  if (all.length === 0) return;
  const here = all.indexOf(document.activeElement);
  const next = here < 0 ? 0 : Math.min(Math.max(here + step, 0), all.length - 1);
  all[next].focus();
  all[next].scrollIntoView({ block: "nearest" });
}

function find() {
  const field = document.querySelector("[data-search]");
  field?.focus();
  field?.select();
}

function press(key) {
  const control = document.querySelector(`[data-key="${key}"]`);
  if (control?.closest("[data-selection]")) chooseHere();
  control?.click();
}

async function copy(button) {
  await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent);
  const words = button.firstChild;
  const before = words.textContent;
  words.textContent = "Copied ";
  setTimeout(() => { words.textContent = before; }, 1500);
}

const KEYS = {
  j: () => walk(1),
  k: () => walk(-1),
  "/": find,
  "?": () => document.getElementById("keys").showModal(),
  a: chooseAll,
  c: () => press("c"),
  d: () => press("d"),
  f: () => document.querySelector("[data-offer]")?.click(),
  p: pause,
  r: () => press("r"),
  u: () => document.querySelector("[data-back]")?.click(),
  x: choose,
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Escape" && typing(event.target)) return event.target.blur();
  if (typing(event.target) || !Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

// Nobody looks, somebody wants it to stand still, or is about to copy: what is on the screen stays.
document.addEventListener("htmx:beforeRequest", (event) => {
  const pausable = event.target.hasAttribute("data-pausable");
  if (pausable && (paused() || document.hidden || !getSelection().isCollapsed)) event.preventDefault();
});
