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

  // Fields that only mean something beside a choice are shown with it.
  for (const part of document.querySelectorAll("[data-when]")) {
    const choice = part.closest("form").elements[part.dataset.when];
    const show = () => (part.hidden = choice.value !== part.dataset.is);
    choice.addEventListener("change", show);
    show();
  }

  // What is too large is said before it is sent.
  for (const files of document.querySelectorAll("[data-most-bytes]")) {
    files.addEventListener("change", () => {
      const bytes = [...files.files].reduce((sum, one) => sum + one.size, 0);
      const { mostBytes, mostFiles } = files.dataset;
      const words =
        files.files.length > Number(mostFiles) ? `These are more than ${mostFiles} files.`
        : bytes > Number(mostBytes) ? `These files are ${(bytes / 2 ** 20).toFixed(1)} MiB together, which is too much.`
        : "";
      files.setCustomValidity(words);
      files.reportValidity();
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
