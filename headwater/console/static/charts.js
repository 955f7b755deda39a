// Draws the charts of a page once they are near; the tables under them hold the same rows.
{
  const script = document.currentScript;
  const DAY = 86_400_000;
  let library;
  const vega = () =>
    (library ??= new Promise((resolve, reject) => {
      const tag = document.createElement("script");
      tag.src = script.dataset.vega;
      tag.onload = () => resolve(window.vegaEmbed);
      tag.onerror = reject;
      document.head.append(tag);
    }));

  // Charts are drawn for white paper; `data-dark` says what each colour is on a dark page.
  const recoloured = (value, colours) => {
    if (typeof value === "string") return colours[value] ?? value;
    if (Array.isArray(value)) return value.map((one) => recoloured(one, colours));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [key, key === "datasets" ? one : recoloured(one, colours)]),
    );
  };

  // Bars along a time axis are as thick as their share of the width, and names beside each other as many.
  const sized = (part, width) => {
    const share = width / part.width;
    const scaled = (one) => {
      const { mark, encoding } = structuredClone(one);
      if (mark.type === "bar" && mark.size) mark.size *= share;
      const legend = encoding.color?.legend;
      if (legend && share < 1) {
        legend.columns = Math.max(1, Math.floor(legend.columns * share));
        legend.labelLimit = width - 30;
      }
      return { ...one, mark, encoding };
    };
    return { ...part, width, ...(part.layer && { layer: part.layer.map(scaled) }) };
  };

  const sideOf = (panel) => (panel.layer?.[0] ?? panel).encoding?.y;
  const namesOf = (panel) => {
    const names = sideOf(panel)?.scale?.domain;
    return typeof names?.[0] === "string" ? names : undefined;
  };
  const longest = (panel) => {
    const heading = [sideOf(panel).axis?.title ?? ""].flat();
    return Math.max(...[...namesOf(panel), ...heading].map((name) => name.length));
  };

  // Names of bars, which only the first of panels beside each other shows, are shown by each that stands alone.
  const named = (panel, room) => {
    if (!namesOf(panel)) return sized(panel, Math.max(140, room - 60));
    const beside = Math.min(longest(panel) * 7 + 6, room * 0.42);
    if (!panel.layer) return sized(panel, room - beside - 40);
    const layer = panel.layer.map((one) => {
      const { y } = one.encoding;
      const axis = { ...y.axis, labels: true, labelLimit: beside };
      return { ...one, encoding: { ...one.encoding, y: { ...y, axis } } };
    });
    return { ...panel, layer, width: Math.max(110, room - beside - 40) };
  };

  // Panels share the room that there is: beside each other where they fit, else one under the other.
  const fitted = (part, room, alone = true) => {
    const panels = part.concat ?? part.vconcat ?? part.hconcat;
    if (!panels && typeof part.width !== "number") return part;
    if (!panels) return alone ? named(part, room) : sized(part, Math.max(140, room - (namesOf(part) ? 30 : 60)));
    const columns = part.concat ? Math.max(1, Math.min(part.columns ?? 1, Math.floor(room / 320))) : 1;
    const names = columns > 1 ? namesOf(panels[0]) : undefined;
    const beside = names ? longest(panels[0]) * 6 : 0;
    const each = (room - beside - (columns - 1) * 28) / columns;
    const key = part.concat ? "concat" : part.vconcat ? "vconcat" : "hconcat";
    return { ...part, ...(part.concat && { columns }), [key]: panels.map((panel) => fitted(panel, each, columns === 1)) };
  };

  // The interpreter takes the milliseconds of datetime(…), which the compiler writes for times, for a year;
  // as plain numbers they mean the same to scales and axes.
  const withPlainTimes = (value, key = "") => {
    if (typeof value === "string") return key === "signal" ? value.replace(/\bdatetime\((-?\d+)\)/g, "$1") : value;
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return value.map((one) => withPlainTimes(one));
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withPlainTimes(one, name)]));
  };

  const draw = async (figure) => {
    const drawing = figure.querySelector(".drawing");
    const colours = isDark() ? JSON.parse(script.dataset.dark) : {};
    const given = JSON.parse(figure.querySelector(".spec").textContent);
    const { title, ...rest } = given;
    const spec = fitted(recoloured(rest, colours), drawing.clientWidth);
    spec.config = { ...spec.config, background: "transparent", padding: 4 };
    const embed = await vega();
    const { view } = await embed(drawing, spec, {
      // Interpreted expressions need no eval, which the content security policy forbids.
      ast: true,
      patch: (compiled) => withPlainTimes(compiled),
      actions: false,
      defaultStyle: false,
      renderer: "svg",
      tooltip: { theme: isDark() ? "dark" : "light", disableDefaultStyle: true },
    });
    // Marks of which there are none have a role but no name, which readers of screens would stumble over.
    for (const empty of drawing.querySelectorAll("[role='graphics-symbol']:not([aria-label])")) {
      empty.removeAttribute("role");
      empty.removeAttribute("aria-roledescription");
    }
    figure.classList.add("drawn");
    // Who asks for the times that are clicked hears of them as days.
    if (figure.hasAttribute("data-clicked")) view.addEventListener("click", (event, item) => {
      let panel = item;
      while (panel && !panel.mark.name?.endsWith("_group")) panel = panel.mark.group;
      const scale = panel && view.scale(panel.mark.name.replace(/group$/, "x"));
      if (!scale?.invert) return;
      let place = event.clientX - drawing.querySelector("svg").getBoundingClientRect().left - view.origin()[0];
      for (let group = panel; group; group = group.mark.group) place -= group.x ?? 0;
      const detail = new Date(+scale.invert(place) + DAY / 2).toISOString().slice(0, 10);
      figure.dispatchEvent(new CustomEvent("day", { detail, bubbles: true }));
    });
  };

  const figures = () => [...document.querySelectorAll("[data-chart]")];
  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        draw(target).catch(() => {
          target.classList.add("undrawn");
          target.querySelector(".rows").open = true;
        });
      }
    },
    { rootMargin: "200px" },
  );
  const watch = () => {
    for (const figure of figures().filter((one) => !("watched" in one.dataset))) {
      figure.dataset.watched = "";
      figure.querySelector(".rows").open = false;
      near.observe(figure);
    }
  };
  watch();
  // What puts other figures into the page says so.
  document.addEventListener("figures", watch);
  const again = () => figures().filter((one) => one.classList.contains("drawn")).forEach(draw);
  document.addEventListener("theme", again);
  let width = innerWidth;
  let waiting;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(again, 150);
  });
}
