// Dark where the reader's system is dark, or where they chose so in the console: Swagger UI has the colours,
// but waits for this class.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const chosen = () => {
  try {
    return localStorage.getItem("headwater-theme");
  } catch {
    return null;
  }
};
const paint = () => {
  const theme = chosen();
  document.documentElement.classList.toggle("dark-mode", theme ? theme === "dark" : dark.matches);
};
dark.addEventListener("change", paint);
paint();

// Calls go in the name of whoever is signed in; those that change something prove that they come from this page.
const token = document.querySelector('meta[name="csrf-token"]')?.content;
const KEYS = ["authorization", "x-api-key"];
const proven = (request) => {
  const isOwn = new URL(request.url, location.href).origin === location.origin;
  const hasKey = Object.keys(request.headers ?? {}).some((name) => KEYS.includes(name.toLowerCase()));
  const reads = ["GET", "HEAD", undefined].includes(request.method?.toUpperCase());
  if (token && isOwn && !hasKey && !reads) request.headers["X-CSRF-Token"] = token;
  return request;
};

window.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: -1,
  filter: true,
  validatorUrl: null,
  requestInterceptor: proven,
  // The curl command is shown without the token, which is good for nothing elsewhere.
  showMutatedRequest: false,
});
