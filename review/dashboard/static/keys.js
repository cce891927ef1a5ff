// Keys that work on every page: "/" goes to the search box. The hints appear only where the keys work.
for (const hint of document.querySelectorAll("[data-key-hint]")) hint.hidden = false;

document.addEventListener("keydown", (event) => {
  const search = document.querySelector("[data-search]");
  const typing = event.target.closest("input, textarea, select");
  if (event.key !== "/" || !search || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  search.focus();
  search.select();
});
