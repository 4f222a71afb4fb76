// Writing a campaign: merge fields go in at the cursor, and nobody leaves a form with unsaved text by a slip.

const last = new WeakMap(); // of each wording, the field that had the focus last

document.addEventListener("focusin", (event) => {
  const wording = event.target.matches("[data-merge]") && event.target.closest("[data-wording]");
  if (wording) last.set(wording, event.target);
});

// From now on what is inserted goes into this field.
export const remember = (wording, field) => last.set(wording, field);

// Puts `text` at the cursor: of the field that had the focus last, or of the HTML where it belongs `into` that alone.
export function insert(wording, text, into = null) {
  const known = last.get(wording);
  const field = into || (known?.isConnected ? known : wording.querySelector("[data-html]"));
  if (field.closest("[hidden]")) { // the visual mode stands in its place
    field.dispatchEvent(new CustomEvent("wording:insert", { bubbles: true, detail: text }));
    return;
  }
  field.focus();
  // The command keeps the browser's undo; where there is none, the text goes in all the same.
  if (!document.execCommand("insertText", false, text)) {
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  if (button) insert(button.closest("[data-wording]"), button.dataset.insert);
});

// <form data-guard> is dirty from the first change until it was sent; a page that came back with errors is dirty at once.
const dirty = () => document.querySelector("form[data-guard][data-dirty]");
const touch = (element) => element.closest?.("form[data-guard]")?.setAttribute("data-dirty", "");

document.addEventListener("input", (event) => touch(event.target));

// What leads on was saved; what only changes a part of the form is not yet.
document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  if (ctx.request.method !== "POST" || ctx.response.status >= 400) return;
  if (ctx.hx.location) ctx.request.form?.removeAttribute("data-dirty");
  else if (ctx.target !== document.body) touch(ctx.sourceElement);
});

document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = event.detail;
  const leaves = ctx.request.method === "GET" && ctx.target === document.body && ctx.sourceElement.matches("a");
  if (leaves && dirty() && !confirm("Leave without saving what you typed?")) event.preventDefault();
});

window.addEventListener("beforeunload", (event) => { if (dirty()) event.preventDefault(); });
