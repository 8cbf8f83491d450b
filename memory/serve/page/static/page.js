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

// What was left empty is no part of an address.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") return;
  const asked = event.detail.parameters;
  for (const name of Object.keys(asked)) if (asked[name] === "") delete asked[name];
});

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

// A form that takes a while says so, and is sent once.
document.addEventListener("submit", (event) => {
  const note = event.target.dataset.once;
  if (note === undefined) return;
  const button = event.target.querySelector("button");
  button.textContent = note;
  button.disabled = true;
});

// Files that are dropped arrive in pieces; then the server looks at them.
const PIECE = 4 * 1024 * 1024;

async function filesOf(items) {
  const found = [];
  const walk = async (entry, path) => {
    if (entry.isFile) {
      const file = await new Promise((done, failed) => entry.file(done, failed));
      found.push([path + file.name, file]);
    } else {
      const reader = entry.createReader();
      for (;;) {
        const some = await new Promise((done, failed) => reader.readEntries(done, failed));
        if (!some.length) break;
        for (const each of some) await walk(each, `${path}${entry.name}/`);
      }
    }
  };
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  for (const entry of entries) await walk(entry, "");
  return found;
}

async function send(form, files) {
  const headers = JSON.parse(document.body.getAttribute("hx-headers"));
  const arriving = document.getElementById("arriving");
  const progress = arriving.querySelector("progress");
  const total = files.reduce((sum, [, file]) => sum + file.size, 0) || 1;
  let sent = 0;
  let upload = "";
  arriving.hidden = false;
  document.getElementById("import").replaceChildren();
  try {
    for (const [name, file] of files) {
      let at = 0;
      do {
        const url = new URL(form.dataset.pieces, location.href);
        url.searchParams.set("name", name);
        url.searchParams.set("at", String(at));
        if (upload) url.searchParams.set("upload", upload);
        const piece = file.slice(at, at + PIECE);
        const reply = await fetch(url, {
          method: "POST", body: piece,
          headers: { ...headers, "Content-Type": "application/octet-stream", "HX-Request": "true" },
        });
        if (!reply.ok) throw new Error(new DOMParser().parseFromString(await reply.text(), "text/html").body.textContent.trim());
        upload = (await reply.json()).upload;
        at += piece.size;
        sent += piece.size;
        progress.value = sent / total;
      } while (at < file.size);
    }
    arriving.hidden = true;
    htmx.ajax("POST", form.dataset.look, { target: "#import", values: { upload } });
  } catch (error) {
    arriving.hidden = true;
    const told = document.createElement("p");
    told.className = "notice bad";
    told.setAttribute("role", "alert");
    told.textContent = `${form.dataset.failed} ${error.message}`;
    document.getElementById("import").replaceChildren(told);
  }
}

const drop = document.getElementById("drop");
if (drop) {
  const over = (event) => { event.preventDefault(); drop.classList.add("over"); };
  document.addEventListener("dragover", over);
  document.addEventListener("dragleave", () => drop.classList.remove("over"));
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const loose = [...event.dataTransfer.files].map((file) => [file.name, file]);
    const found = await filesOf(event.dataTransfer.items);
    const files = found.length ? found : loose;
    if (files.length) send(drop, files);
  });
  drop.querySelector("input[type=file]").addEventListener("change", (event) => {
    const files = [...event.target.files].map((file) => [file.name, file]);
    if (files.length) send(drop, files);
    event.target.value = "";
  });
}
