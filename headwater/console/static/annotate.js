// A click on the chart fills the day of the annotation that is to be made; without it the day is typed.
const form = document.getElementById("annotate");
document.addEventListener("day", ({ detail }) => {
  form.elements.on.value = detail;
  form.elements.title.focus();
  form.scrollIntoView({ block: "center" });
});
