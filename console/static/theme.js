/** The switch between light and dark; without it the system's own preference holds. */

export function start() {
  const button = document.querySelector("[data-theme-switch]");
  button.hidden = false;
  button.toggleAttribute("data-keep", true);
  button.addEventListener("click", () => {
    const root = document.documentElement;
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
    document.cookie = `lantern-theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=strict`;
  });
}
