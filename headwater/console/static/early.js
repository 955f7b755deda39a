// Runs before anything is drawn, so that nothing changes its colour or place afterwards.
document.documentElement.classList.add("js");
try {
  const theme = localStorage.getItem("headwater-theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  // A browser that keeps nothing shows what the system prefers.
}
window.isDark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};
