"use strict";

// Keys that work everywhere: / to search, j and k from memory to memory, ? for what they are.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "Escape" && typing && typing.type !== "search") typing.blur();
  if (typing) {
    if (event.key === "ArrowDown" && typing.id === "q") step(1, event);
    return;
  }
  if (event.key === "/") {
    const field = document.getElementById("q");
    event.preventDefault();
    if (field) { field.focus(); field.select(); } else location.assign(document.querySelector(".brand").href);
  } else if (event.key === "j" || event.key === "k") {
    step(event.key === "j" ? 1 : -1, event);
  } else if (event.key === "?") {
    document.getElementById("keys")?.showModal();
  }
});

function step(by, event) {
  const links = [...document.querySelectorAll(".hit .open, .list .open, .talk .open")];
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  const next = links[at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by];
  event.preventDefault();
  if (next) next.focus();
  else if (by < 0) document.getElementById("q")?.focus();
}

// A form whose button must be enabled by a word that is typed.
document.addEventListener("input", (event) => {
  const wanted = event.target.dataset.confirm;
  if (wanted === undefined) return;
  const button = event.target.form.querySelector("[data-confirmed]");
  button.disabled = event.target.value.trim() !== wanted;
});

document.addEventListener("click", (event) => {
  const opened = event.target.closest("[data-open]");
  if (opened) document.getElementById(opened.dataset.open)?.showModal();
});
