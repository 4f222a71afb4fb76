// The visual mode of a wording: its HTML as a document to write in. HTML that a browser would change in meaning stays source.

import { remember } from "./editor.js";
import { changed, hide, MARK, markOf, restore } from "./fidelity.js";
import { upload } from "./files.js";
import { authorisedFetch } from "./session.js";

const COMMANDS = [
  ["bold", "B", "Bold"], ["italic", "I", "Italic"], ["insertUnorderedList", "•", "List"],
  ["insertOrderedList", "1.", "Numbered list"], ["createLink", "Link", "Link"], ["unlink", "Unlink", "Take the link away"],
];
const CID = /^cid:[0-9a-f]{16}\.(\d+)@ecrm$/;

class Canvas {
  constructor(wording) {
    this.wording = wording;
    this.source = wording.querySelector("[data-html]");
    this.box = wording.querySelector("[data-canvas]");
    this.pieces = [];
    this.frame = document.createElement("iframe");
    this.frame.title = "The mail, to be written";
    this.frame.className = "frame";
    this.frame.src = this.box.dataset.canvas;
    this.frame.addEventListener("load", () => this.begin(), { once: true });
    this.box.replaceChildren(this.tools(), this.frame);
  }

  tools() {
    const bar = document.createElement("div");
    bar.className = "row tools";
    bar.role = "toolbar";
    bar.ariaLabel = "Format";
    for (const [command, label, title] of COMMANDS) {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: `button quiet small ${command}`, textContent: label, title });
      button.ariaLabel = title;
      button.addEventListener("click", () => this.format(command));
      bar.append(button);
    }
    return bar;
  }

  begin() {
    this.page = this.frame.contentDocument;
    const { body } = this.page;
    body.contentEditable = "true";
    body.ariaLabel = "The mail";
    this.page.execCommand("defaultParagraphSeparator", false, "p");
    body.addEventListener("input", () => this.write());
    body.addEventListener("focus", () => remember(this.wording, this.source));
    body.addEventListener("paste", (event) => this.paste(event));
    body.addEventListener("click", (event) => event.target.closest("a") && event.preventDefault());
    this.read();
  }

  // The source as a document, its Liquid as pieces that are moved and deleted as a whole.
  read() {
    const { html, pieces } = hide(this.source.value);
    this.pieces = pieces;
    this.page.body.innerHTML = html;
    const texts = this.page.createTreeWalker(this.page.body, NodeFilter.SHOW_TEXT);
    const marked = [];
    while (texts.nextNode()) {
      if (texts.currentNode.data.search(MARK) >= 0 && !texts.currentNode.parentElement.closest("style, title, textarea")) {
        marked.push(texts.currentNode);
      }
    }
    for (const text of marked) text.replaceWith(...text.data.split(MARK).map((part, at) => (at % 2 ? this.chip(part) : part)));
    this.showImages();
  }

  chip(number) {
    const span = this.page.createElement("span");
    span.dataset.liquid = number;
    span.contentEditable = "false";
    span.textContent = this.pieces[number];
    return span;
  }

  write() {
    const copy = this.page.body.cloneNode(true);
    for (const span of copy.querySelectorAll("[data-liquid]")) span.replaceWith(markOf(span.dataset.liquid));
    for (const image of copy.querySelectorAll("img[data-cid]")) {
      image.setAttribute("src", image.dataset.cid);
      delete image.dataset.cid;
    }
    this.source.value = restore(copy.innerHTML, this.pieces);
    this.source.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // Our own images are shown; those of other sites are not, since that would tell them that somebody looks.
  async showImages() {
    const base = this.wording.querySelector("[data-upload]").dataset.url.replace(/add\/$/, "");
    for (const image of this.page.querySelectorAll("img[src^='cid:']")) {
      const number = CID.exec(image.getAttribute("src"))?.[1];
      if (!number) continue;
      const response = await authorisedFetch(`${base}${number}/`);
      if (!response.ok) continue;
      const reader = new FileReader();
      reader.onload = () => {
        image.dataset.cid = image.getAttribute("src");
        image.src = reader.result;
      };
      reader.readAsDataURL(await response.blob());
    }
  }

  format(command) {
    this.page.body.focus();
    const target = command === "createLink" ? prompt("Where does the link lead?", "https://") : null;
    if (command === "createLink" && !target) return;
    this.page.execCommand(command, false, target);
    this.write();
  }

  put(text) {
    this.page.body.focus();
    const html = text.startsWith("<img ") ? text : this.chip(this.pieces.push(text) - 1).outerHTML + "\u200b";
    this.page.execCommand("insertHTML", false, html);
    for (const image of this.page.querySelectorAll("img[style='']")) image.removeAttribute("style");
    this.write();
    this.showImages();
  }

  // What comes from elsewhere comes as text: its looks are not this mail's.
  paste(event) {
    event.preventDefault();
    const images = [...event.clipboardData.files].filter((file) => file.type.startsWith("image/"));
    if (images.length) upload(this.wording, images, "image");
    else this.page.execCommand("insertText", false, event.clipboardData.getData("text/plain"));
  }
}

const canvases = new WeakMap();

function turn(wording, mode) {
  const source = wording.querySelector("[data-html]");
  const refused = wording.querySelector("[data-mode-refused]");
  const wrong = mode === "visual" ? changed(hide(source.value).html) : "";
  refused.hidden = !wrong;
  refused.textContent = `The visual mode would change this HTML at ${wrong}, so it stays source.`;
  const visual = mode === "visual" && !wrong;
  wording.querySelector("[data-canvas]").hidden = !visual;
  source.closest(".field").hidden = visual;
  for (const button of wording.querySelectorAll("[data-mode]")) {
    button.setAttribute("aria-pressed", String((button.dataset.mode === "visual") === visual));
  }
  if (!visual) return;
  if (canvases.has(wording)) canvases.get(wording).read();
  else canvases.set(wording, new Canvas(wording));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-mode]");
  if (button) turn(button.closest("[data-wording]"), button.dataset.mode);
});

document.addEventListener("wording:insert", (event) => canvases.get(event.target.closest("[data-wording]"))?.put(event.detail));

// A template took the place of what stood there.
document.addEventListener("wording:set", (event) => {
  const wording = event.target.matches("[data-html]") && event.target.closest("[data-wording]");
  if (wording && !wording.querySelector("[data-canvas]").hidden) turn(wording, "visual");
});
