"use strict";
// The conversation is this tab's: another visitor of the same device begins a new one.
const KEY = "headwater.conversation";
const log = document.getElementById("log");
const form = document.getElementById("ask");
const input = document.getElementById("text");
const button = form.querySelector("button");

function random() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function conversation() {
  try {
    const known = sessionStorage.getItem(KEY) || random();
    sessionStorage.setItem(KEY, known);
    return known;
  } catch {
    // A browser that keeps frames of others from storing anything.
    conversation.own = conversation.own || random();
    return conversation.own;
  }
}

function say(text, kind) {
  const line = document.createElement("p");
  line.className = `said ${kind}`;
  line.textContent = text;
  log.append(line);
  log.scrollTop = log.scrollHeight;
  return line;
}

async function ask(message) {
  const body = { message, conversation: conversation(), message_id: random() };
  for (let attempt = 0; ; attempt += 1) {
    try {
      const answer = await fetch(document.body.dataset.inbound, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      const read = await answer.json();
      if (answer.ok) return [read.response, "agent"];
      return [read.message || "That did not work. Please try again.", "agent wrong"];
    } catch {
      // The same message once more: it is not answered twice.
      if (attempt === 1) return ["There is no connection. Please try again.", "agent wrong"];
    }
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const message = input.value.trim();
  if (!message || button.disabled) return;
  say(message, "own");
  input.value = "";
  button.disabled = true;
  const waiting = say("…", "agent waiting");
  const [text, kind] = await ask(message);
  waiting.remove();
  say(text, kind);
  button.disabled = false;
  input.focus();
});
