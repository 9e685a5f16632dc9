// The portal's conveniences; each form works without them. Boxes that a wider one includes rest, secrets are copied.

function rest(box) {
  const within = document.querySelector(box.dataset.whole);
  if (within) within.disabled = box.checked;
}

function grow(root) {
  for (const box of root.querySelectorAll("[data-whole]")) rest(box);
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
}

async function copy(button) {
  const source = document.querySelector(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    button.textContent = "Copied";
  } catch {
    // No clipboard here, as on a page without https: what is selected can be copied by hand.
    getSelection().selectAllChildren(source);
    button.textContent = "Selected";
  }
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-whole]")) rest(event.target);
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});
document.addEventListener("htmx:load", (event) => {
  grow(event.target);
  event.target.querySelector("[autofocus]")?.focus();
});
grow(document);
