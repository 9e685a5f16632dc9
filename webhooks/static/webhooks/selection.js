// Which deliveries are chosen: it outlives the rows, which are renewed while somebody looks at them.

const form = document.querySelector("[data-selection]");
const chosen = new Set();

const boxes = () => [...(form?.querySelectorAll("input[name=pick]") ?? [])];
const whole = () => form?.querySelector("[data-all]");

function show() {
  const all = boxes();
  for (const box of all) box.checked = chosen.has(box.value);
  const count = all.filter((box) => box.checked).length;
  whole().checked = count > 0 && count === all.length;
  whole().indeterminate = count > 0 && count < all.length;
  form.querySelector("[data-chosen]").textContent = count ? `${count} chosen` : "None chosen";
  for (const row of form.querySelectorAll("tbody tr")) {
    row.toggleAttribute("data-picked", chosen.has(row.id.replace("row-", "")));
  }
}

function set(box, wanted) {
  if (wanted) chosen.add(box.value);
  else chosen.delete(box.value);
}

const here = () => document.activeElement.closest("tr")?.querySelector("input[name=pick]");

/** Choose the row that has the focus, or give it up. */
export function choose() {
  const box = here();
  if (!box) return;
  set(box, !box.checked);
  show();
}

/** Choose every row on the page, or give them all up. */
export function chooseAll() {
  if (!form) return;
  const wanted = !boxes().every((box) => box.checked);
  for (const box of boxes()) set(box, wanted);
  show();
}

/** With nothing chosen, the row that has the focus is meant. */
export function chooseHere() {
  if (boxes().every((box) => !box.checked) && here()) choose();
}

form?.addEventListener("change", (event) => {
  if (event.target === whole()) return chooseAll();
  if (event.target.name === "pick") set(event.target, event.target.checked);
  return show();
});

// Rows that are gone are chosen no more.
document.addEventListener("htmx:afterSwap", () => {
  if (!form) return;
  const there = new Set(boxes().map((box) => box.value));
  for (const value of [...chosen]) if (!there.has(value)) chosen.delete(value);
  show();
});

if (form) {
  for (const box of boxes()) set(box, box.checked); // a page that the browser brought back
  show();
}
