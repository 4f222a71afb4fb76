// A wording begins with a template: what it says takes the place of what stands there, after a question where that is anything.

import { chosenFor } from "./choosing.js";
import { replaceFiles } from "./files.js";
import { authorisedFetch } from "./session.js";
import { toast } from "./ui.js";

const fields = { subject: ".subject input", body_html: "[data-html]", body_text: "[data-text]" };

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-begin-with]");
  if (!button) return;
  const wording = chosenFor();
  const written = wording && Object.values(fields).some((selector) => wording.querySelector(selector)?.value.trim());
  if (!wording || (written && !confirm("Replace what is written in this mail?"))) return;
  try {
    const response = await authorisedFetch(button.dataset.beginWith);
    if (!response.ok) throw new TypeError(response.status);
    const template = await response.json();
    for (const [name, selector] of Object.entries(fields)) {
      const field = wording.querySelector(selector);
      if (!field) continue;
      field.value = template[name];
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.dispatchEvent(new CustomEvent("wording:set", { bubbles: true }));
    }
    replaceFiles(wording, template.files);
  } catch {
    toast("The template could not be read. Please try again.", "error");
  }
});
