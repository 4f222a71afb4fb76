// The dialog in which a wording gets one of what is kept: <button data-choose="where the choices are" data-title="…">.

import { authorisedFetch } from "./session.js";
import { toast } from "./ui.js";

let wording = null; // the one that is chosen for

// The wording that the dialog was opened for, which closes with the choice; null where it is gone.
export function chosenFor() {
  document.getElementById("choice-dialog").close();
  return wording?.isConnected ? wording : null;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-choose]");
  if (!button) return;
  wording = button.closest("[data-wording]") || button.closest("[data-whole]").querySelector("[data-wording]");
  const dialog = document.getElementById("choice-dialog");
  try {
    const response = await authorisedFetch(button.dataset.choose);
    if (!response.ok) throw new TypeError(response.status);
    dialog.querySelector("h2").textContent = button.dataset.title;
    dialog.querySelector("[data-choices]").innerHTML = await response.text();
    dialog.showModal();
  } catch {
    toast("No connection to eCRM. Please try again.", "error");
  }
});
