// Shows what a report gives while it is being built; without it the button does the same.
const builder = document.getElementById("builder");
const hidden = document.querySelector("#save input[name=draft]");

const fit = () => {
  const own = builder.elements.period.value === "custom";
  for (const part of builder.querySelectorAll("[data-only-with]")) part.hidden = !own;
};

let asked = 0;
const show = async () => {
  const address = new URLSearchParams(new FormData(builder)).toString();
  const number = ++asked;
  const before = document.getElementById("preview");
  before.classList.add("is-waiting");
  try {
    const answer = await fetch(`${builder.dataset.preview}?${address}`);
    if (number !== asked) return;
    const found = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("preview");
    // Without a preview it is a page that says what is wrong, or asks to sign in.
    if (!found) return location.assign(`${builder.action}?${address}`);
    before.replaceWith(found);
    if (hidden) hidden.value = found.dataset.address;
    history.replaceState(null, "", `${builder.action}?${address}`);
    document.dispatchEvent(new Event("figures"));
  } catch {
    before.classList.remove("is-waiting");
    const said = document.createElement("p");
    said.className = "problem";
    said.setAttribute("role", "alert");
    said.textContent = "The server did not answer. This still shows what was chosen before.";
    before.replaceChildren(said, ...before.querySelectorAll(":scope > :not([role=alert])"));
  }
};

let waiting;
builder.addEventListener("change", (event) => {
  if (event.target.matches("[data-narrow]")) return;
  fit();
  // What is saved is what is chosen, also where the preview has not come yet, or never will.
  if (hidden) hidden.value = new URLSearchParams(new FormData(builder)).toString();
  // Other things to choose from come with a whole page.
  if (event.target.matches("[name=resource], [name=workspace]")) return builder.requestSubmit();
  clearTimeout(waiting);
  waiting = setTimeout(show, 150);
});

for (const search of builder.querySelectorAll("[data-narrow]")) {
  const narrow = () => {
    const words = search.value.toLowerCase().split(/\s+/);
    for (const box of search.parentElement.querySelectorAll(".box")) {
      box.hidden = !words.every((word) => box.textContent.toLowerCase().includes(word));
    }
  };
  search.addEventListener("input", narrow);
  search.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  narrow();
}
fit();

// What somebody chose before this script came, or the browser kept from an earlier visit, counts as well.
const isChanged = (element) =>
  element.options
    ? [...element.options].some((option) => option.selected !== option.defaultSelected)
    : element.checked !== element.defaultChecked || element.value !== element.defaultValue;
if ([...builder.querySelectorAll("input[name], select")].some(isChanged)) show();
