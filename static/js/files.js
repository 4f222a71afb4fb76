// Files of a wording: attached, or shown as images in its HTML; uploaded, pasted, or chosen among those that are kept.

import { chosenFor } from "./choosing.js";
import { insert } from "./editor.js";
import { authorisedFetch } from "./session.js";
import { toast } from "./ui.js";

const IMAGES = /^image\/(png|jpeg|gif|webp)$/; // as campaigns.models.content has them

// What the server says of a file, as the list item that shows it; null where it refuses it, and says why.
async function shown(url, options) {
  const response = await authorisedFetch(url, options);
  const said = await response.text();
  if (!response.ok) {
    toast(response.status === 422 ? said : "The file was not taken. Please try again.", "error");
    return null;
  }
  return new DOMParser().parseFromString(said, "text/html").querySelector("[data-file]");
}

function listed(wording) {
  const list = wording.querySelector("[data-attached] .files");
  const field = wording.querySelector("[data-files]");
  field.value = [...list.querySelectorAll("[data-file]")].map((item) => item.dataset.file).join(" ");
  field.dispatchEvent(new Event("input", { bubbles: true })); // there is something to save
}

function use(wording, item, as) {
  if (as === "image" && item.dataset.image) {
    const name = item.querySelector(".clamp").textContent.replace(/\.\w+$/, "").replace(/["<>&{}]/g, " ");
    insert(wording, `<img src="${item.dataset.image}" alt="${name}">`, wording.querySelector("[data-html]"));
    return;
  }
  const list = wording.querySelector("[data-attached] .files");
  if (list.querySelector(`[data-file="${item.dataset.file}"]`)) return;
  list.append(item);
  listed(wording);
}

export async function upload(wording, files, as) {
  const { url } = wording.querySelector("[data-upload]").dataset;
  const state = wording.querySelector("[data-uploading]");
  for (const file of files) {
    state.textContent = `Uploading ${file.name}…`;
    try {
      const body = new FormData();
      body.append("file", file, file.name);
      const item = await shown(url, { method: "POST", body });
      if (item) use(wording, item, as);
    } catch {
      toast("No connection to eCRM. Please try again.", "error");
    }
    state.textContent = "";
  }
}

document.addEventListener("change", async (event) => {
  if (!event.target.matches("[data-upload]")) return;
  await upload(event.target.closest("[data-wording]"), [...event.target.files], event.target.dataset.upload);
  event.target.value = "";
});

// An image that is pasted into the HTML is shown there.
document.addEventListener("paste", (event) => {
  const wording = event.target.closest?.("[data-html]")?.closest("[data-wording]");
  const images = [...(event.clipboardData?.files || [])].filter((file) => IMAGES.test(file.type));
  if (!wording || !images.length) return;
  event.preventDefault();
  upload(wording, images, "image");
});

document.addEventListener("click", async (event) => {
  const detach = event.target.closest("[data-detach]");
  if (detach) {
    const wording = detach.closest("[data-wording]");
    detach.closest("[data-file]").remove();
    listed(wording);
  }
  const kept = event.target.closest("[data-kept]");
  if (!kept) return;
  const wording = chosenFor();
  try {
    const item = await shown(kept.dataset.kept);
    if (item && wording) use(wording, item, kept.dataset.as);
  } catch {
    toast("No connection to eCRM. Please try again.", "error");
  }
});

// The files of a wording become these, list items as the server makes them.
export function replaceFiles(wording, items) {
  const list = wording.querySelector("[data-attached] .files");
  if (!list) return;
  list.innerHTML = items.join("");
  listed(wording);
}
