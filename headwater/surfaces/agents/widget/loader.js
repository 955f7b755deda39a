"use strict";
(() => {
  const tag = document.currentScript;
  const deployment = tag && tag.dataset.deployment;
  if (!deployment) return;
  const place = new URL(`/widget/${encodeURIComponent(deployment)}`, tag.src);

  function show() {
    const frame = document.createElement("iframe");
    frame.title = "Chat";
    frame.hidden = true;
    frame.style.cssText =
      "border:1px solid #8884;border-radius:12px;bottom:84px;box-shadow:0 8px 32px #0003;color-scheme:light dark;" +
      "height:min(560px,calc(100vh - 108px));position:fixed;right:20px;width:min(380px,calc(100vw - 40px));" +
      "z-index:2147483646";

    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Chat";
    button.setAttribute("aria-expanded", "false");
    button.style.cssText =
      "background:#1f4fa3;border:0;border-radius:24px;bottom:20px;color:#fff;cursor:pointer;" +
      "font:600 16px/48px system-ui,sans-serif;height:48px;padding:0 24px;position:fixed;right:20px;z-index:2147483647";

    function toggle(open) {
      // Nothing is loaded from here before somebody wants to chat.
      if (open && !frame.src) frame.src = place.href;
      frame.hidden = !open;
      button.textContent = open ? "Close" : "Chat";
      button.setAttribute("aria-expanded", String(open));
    }
    button.addEventListener("click", () => toggle(frame.hidden));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !frame.hidden) {
        toggle(false);
        button.focus();
      }
    });
    document.body.append(frame, button);
  }

  if (document.body) show();
  else document.addEventListener("DOMContentLoaded", show);
})();
