// The tree by keyboard: j and k open the next and the previous step, arrows move along, left and right fold.
const tree = document.querySelector("[data-tree]");
const nodes = [...tree.children];
const depthOf = (node) => Number(node.dataset.depth);
const linkOf = (node) => node?.querySelector("a");
const shown = () => nodes.filter((node) => !node.hidden);
const current = () => tree.querySelector("a[aria-current]")?.parentElement;

function below(node) {
  const start = nodes.indexOf(node) + 1;
  const end = nodes.findIndex((other, index) => index >= start && depthOf(other) <= depthOf(node));
  return nodes.slice(start, end < 0 ? undefined : end);
}

function fold(node, folded) {
  node.querySelector(".fold").setAttribute("aria-expanded", String(!folded));
  let closedDepth = folded ? depthOf(node) : Infinity;
  for (const other of below(node)) {
    if (depthOf(other) <= closedDepth && !folded) closedDepth = Infinity;
    other.hidden = depthOf(other) > closedDepth;
    const inner = other.querySelector(".fold");
    if (!other.hidden && inner?.getAttribute("aria-expanded") === "false") closedDepth = depthOf(other);
  }
}

for (const button of tree.querySelectorAll(".fold")) {
  button.hidden = false;
  button.addEventListener("click", () =>
    fold(button.parentElement, button.getAttribute("aria-expanded") === "true"),
  );
}

current()?.scrollIntoView({ block: "center" });

function neighbour(node, distance) {
  const rows = shown();
  return rows[rows.indexOf(node) + distance] ?? (node ? null : rows[0]);
}

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const focused = event.target.closest("[data-tree] > li");
  const here = focused ?? current();
  const act = {
    j: () => linkOf(neighbour(here, 1))?.click(),
    k: () => linkOf(neighbour(here, -1))?.click(),
    c: () => document.querySelector(".segments a")?.click(),
    ArrowDown: focused && (() => linkOf(neighbour(focused, 1))?.focus()),
    ArrowUp: focused && (() => linkOf(neighbour(focused, -1))?.focus()),
    ArrowLeft: focused?.querySelector(".fold") && (() => fold(focused, true)),
    ArrowRight: focused?.querySelector(".fold") && (() => fold(focused, false)),
  }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
