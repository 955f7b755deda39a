// What makes pages more comfortable; all of them can be read and used without it.
{
  const root = document.documentElement;

  for (const button of document.querySelectorAll("[data-theme-switch]")) {
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      try {
        localStorage.setItem("headwater-theme", root.dataset.theme);
      } catch {
        // Then it holds until the next page.
      }
      document.dispatchEvent(new Event("theme"));
    });
  }

  // On wide screens the menu is always open; without scripts CSS alone does it where it can.
  const menu = document.querySelector("details.menu");
  if (menu) {
    const wide = matchMedia("(min-width: 800px)");
    wide.addEventListener("change", () => (menu.open = wide.matches));
    menu.open ||= wide.matches;
  }

  // Of more tabs than fit, the one that is open is in sight.
  document.querySelector(".tabs [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

  for (const form of document.querySelectorAll("form[data-sure]")) {
    form.addEventListener("submit", (event) => {
      if (!confirm(form.dataset.sure)) event.preventDefault();
    });
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = "Copied";
    });
  }

  // Tokens come behind the # of a mailed link, which browsers send to nobody.
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  const wanted = document.querySelector("input[data-from-link]");
  if (token && wanted) {
    wanted.value = token;
    wanted.closest(".field").hidden = true;
    history.replaceState(null, "", location.pathname + location.search);
  }

  for (const field of document.querySelectorAll("[aria-invalid]")) {
    field.focus();
    break;
  }
}
