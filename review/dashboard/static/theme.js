// Light or dark by choice. A cookie remembers it, so that the server sends the next page in the right theme at once.
const button = document.querySelector("[data-theme-toggle]");
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

if (button) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const root = document.documentElement;
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches;
    root.dataset.theme = isDark ? "light" : "dark";
    const { pathname } = new URL(document.querySelector(".brand").href);
    const path = pathname.replace(/\/threads$/, "") || "/";
    document.cookie = `theme=${root.dataset.theme}; path=${path}; max-age=31536000; samesite=lax`;
  });
}
