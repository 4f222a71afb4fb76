// Writing a campaign: merge fields go in at the cursor, and nobody leaves a form with unsaved text by a slip.

const FIELDS = "[name=subject], [name=body_html], [name=body_text]";
let last = null; // the field that had the focus last

document.addEventListener("focusin", (event) => { if (event.target.matches(FIELDS)) last = event.target; });

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  if (!button) return;
  const field = last?.isConnected ? last : document.querySelector("[name=body_html]");
  field.focus();
  // The command keeps the browser's undo; where there is none, the text goes in all the same.
  if (!document.execCommand("insertText", false, button.dataset.insert)) {
    field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
  }
});

// <form data-guard> is dirty from the first change until it was sent; a page that came back with errors is dirty at once.
const dirty = () => document.querySelector("form[data-guard][data-dirty]");

document.addEventListener("input", (event) => event.target.closest?.("form[data-guard]")?.setAttribute("data-dirty", ""));

document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  if (ctx.request.method === "POST" && ctx.response.status < 400) ctx.request.form?.removeAttribute("data-dirty");
});

document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = event.detail;
  const leaves = ctx.request.method === "GET" && ctx.target === document.body && ctx.sourceElement.matches("a");
  if (leaves && dirty() && !confirm("Leave without saving what you typed?")) event.preventDefault();
});

window.addEventListener("beforeunload", (event) => { if (dirty()) event.preventDefault(); });
