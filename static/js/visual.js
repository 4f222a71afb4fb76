// The visual mode of a wording: its HTML as a document to write in. HTML that a browser would change in meaning stays source.

import { remember } from "./editor.js";
import { changed, hide, inertLike, MARK, markOf, restore } from "./fidelity.js";
import { upload } from "./files.js";
import { authorisedFetch } from "./session.js";

const COMMANDS = [
  ["bold", "B", "Bold"], ["italic", "I", "Italic"], ["insertUnorderedList", "•", "List"],
  ["insertOrderedList", "1.", "Numbered list"], ["createLink", "Link", "Link"], ["unlink", "Unlink", "Take the link away"],
];
const CID = /^cid:[0-9a-f]{16}\.(\d+)@ecrm$/;

const NOTHING = "data:,"; // in the place of an image that is not there yet

class Canvas {
  constructor(wording) {
    this.wording = wording;
    this.source = wording.querySelector("[data-html]");
    this.box = wording.querySelector("[data-canvas]");
    this.pieces = [];
    this.range = null; // where the cursor was last
    this.frame = document.createElement("iframe");
    this.frame.title = "The mail, to be written";
    this.frame.className = "frame";
    this.frame.src = this.box.dataset.canvas;
    this.ready = new Promise((resolve) => this.frame.addEventListener("load", resolve, { once: true })).then(() => this.begin());
    this.box.replaceChildren(this.tools(), this.frame);
  }

  tools() {
    const bar = document.createElement("div");
    Object.assign(bar, { className: "row tools", role: "toolbar", ariaLabel: "Format" });
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
    this.page.addEventListener("selectionchange", () => {
      const selection = this.page.getSelection();
      if (this.page.hasFocus() && selection.rangeCount) this.range = selection.getRangeAt(0).cloneRange();
    });
  }

  // The source as a document, its Liquid as pieces that are moved and deleted as a whole. Where the HTML would not come back as
  // it is, nothing happens, and the place is returned.
  read() {
    const { html, pieces } = hide(this.source.value);
    const wrong = changed(this.page, html);
    if (wrong) return wrong.replace(MARK, (mark, number) => pieces[number]);
    this.pieces = pieces;
    this.range = null;
    this.hardBlanks = /&nbsp;|&#160;|&#xa0;|\u00a0/i.test(html);
    const inert = inertLike(this.page, html);
    const texts = inert.createTreeWalker(inert.body, NodeFilter.SHOW_TEXT);
    const marked = [];
    while (texts.nextNode()) {
      const { data, parentElement } = texts.currentNode;
      if (data.search(MARK) >= 0 && !parentElement.closest("style, title, textarea")) marked.push(texts.currentNode);
    }
    for (const text of marked) text.replaceWith(...text.data.split(MARK).map((part, at) => (at % 2 ? this.chip(part) : part)));
    inert.body.querySelectorAll("img").forEach(setAside);
    this.page.body.replaceChildren(...inert.body.childNodes);
    this.showImages();
    return "";
  }

  chip(number) {
    const span = this.page.createElement("span");
    span.dataset.liquid = number;
    span.contentEditable = "false";
    span.textContent = this.pieces[number];
    return span;
  }

  write() {
    const { body } = inertLike(this.page, "");
    body.replaceChildren(...[...this.page.body.childNodes].map((node) => body.ownerDocument.importNode(node, true)));
    for (const span of body.querySelectorAll("[data-liquid]")) span.replaceWith(markOf(span.dataset.liquid));
    for (const image of body.querySelectorAll("img[data-aside]")) {
      image.setAttribute("src", image.dataset.aside);
      image.removeAttribute("data-aside");
    }
    // Browsers write a hard blank where one was typed at an end; where the mail had none, none is meant.
    const html = this.hardBlanks ? body.innerHTML : body.innerHTML.replaceAll("&nbsp;", " ");
    this.source.value = restore(html, this.pieces);
    this.source.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // Our own images are shown; those of other sites are not, since that would tell them that somebody looks.
  async showImages() {
    const base = this.wording.querySelector("[data-upload]").dataset.url.replace(/add\/$/, "");
    for (const image of this.page.querySelectorAll(`img[src="${NOTHING}"]`)) {
      const number = CID.exec(image.dataset.aside)?.[1];
      const response = number && await authorisedFetch(`${base}${number}/`);
      if (!response?.ok) continue;
      const reader = new FileReader();
      reader.onload = () => { image.src = reader.result; };
      reader.readAsDataURL(await response.blob());
    }
  }

  // Back to where the cursor was, whatever was pressed meanwhile.
  enter() {
    this.frame.contentWindow.focus();
    this.page.body.focus();
    if (!this.range) return;
    const selection = this.page.getSelection();
    selection.removeAllRanges();
    selection.addRange(this.range);
  }

  format(command) {
    const target = command === "createLink" ? prompt("Where does the link lead?", "https://") : null;
    if (command === "createLink" && !target) return;
    this.enter();
    this.page.execCommand(command, false, target);
  }

  put(text) {
    this.enter();
    if (text.startsWith("<img ")) {
      const image = inertLike(this.page, text).body.firstChild;
      setAside(image);
      this.place(image);
      this.showImages();
    } else {
      this.place(this.chip(this.pieces.push(text) - 1));
    }
    this.write();
  }

  // At the cursor, which goes behind it. Not by a command: browsers take what is not to be edited out of its paragraph.
  place(node) {
    const selection = this.page.getSelection();
    const range = selection.rangeCount ? selection.getRangeAt(0) : this.page.createRange();
    if (!selection.rangeCount) range.selectNodeContents(this.page.body);
    const { startContainer: at } = range;
    const within = (at.nodeType === Node.TEXT_NODE ? at.parentElement : at).closest("[data-liquid]");
    if (within) range.setStartAfter(within); // a piece of Liquid is no place to write in
    range.deleteContents();
    range.insertNode(node);
    range.setStartAfter(node);
    range.collapse(true);
    selection.removeAllRanges();
    selection.addRange(range);
    this.range = range.cloneRange();
  }

  // What comes from elsewhere comes as text: its looks are not this mail's.
  paste(event) {
    event.preventDefault();
    const images = [...event.clipboardData.files].filter((file) => file.type.startsWith("image/"));
    if (images.length) upload(this.wording, images, "image");
    else this.page.execCommand("insertText", false, event.clipboardData.getData("text/plain"));
  }
}

function setAside(image) {
  image.dataset.aside = image.getAttribute("src") ?? "";
  image.setAttribute("src", NOTHING);
}

const canvases = new WeakMap();

async function turn(wording, mode) {
  let wrong = "";
  if (mode === "visual") {
    if (!canvases.has(wording)) canvases.set(wording, new Canvas(wording));
    wording.querySelector("[data-canvas]").hidden = false; // a frame that is not shown may not load
    await canvases.get(wording).ready;
    wrong = canvases.get(wording).read();
  }
  const refused = wording.querySelector("[data-mode-refused]");
  refused.hidden = !wrong;
  refused.textContent = `The visual mode would change this HTML at “${wrong}”, so it stays source.`;
  const visual = mode === "visual" && !wrong;
  wording.querySelector("[data-canvas]").hidden = !visual;
  wording.querySelector("[data-html]").closest(".field").hidden = visual;
  for (const button of wording.querySelectorAll("[data-mode]")) {
    button.setAttribute("aria-pressed", String((button.dataset.mode === "visual") === visual));
  }
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
