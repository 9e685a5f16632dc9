// The console by keyboard: j and k walk the rows, Enter opens one, / finds, u goes back. The focus is the selection.

const rows = () => [...document.querySelectorAll("[data-row]")];
const typing = (element) => element.closest("input, select, textarea, [contenteditable]") !== null;

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

const KEYS = {
  j: () => walk(1),
  k: () => walk(-1),
  "/": find,
  u: () => document.querySelector("[data-back]")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && typing(event.target)) return event.target.blur();
  if (typing(event.target) || !Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
});

// Nobody looks, or somebody is about to copy: what is on the screen stays.
document.addEventListener("htmx:beforeRequest", (event) => {
  const pausable = event.target.hasAttribute("data-pausable");
  if (pausable && (document.hidden || !getSelection().isCollapsed)) event.preventDefault();
});
