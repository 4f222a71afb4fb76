// How far an upload is, in the form that it is sent from: <progress data-upload> with what is done in [data-upload-text].
// `fetch` does not tell that, XMLHttpRequest does.

const EMPTY = [204, 205, 304];

function headersOf(request) {
  const headers = new Headers();
  for (const line of request.getAllResponseHeaders().trim().split("\r\n")) {
    const at = line.indexOf(":");
    if (at > 0) headers.append(line.slice(0, at), line.slice(at + 1).trim());
  }
  return headers;
}

function show(form, sent, size) {
  const bar = form.querySelector("progress[data-upload]");
  const text = form.querySelector("[data-upload-text]");
  if (!bar) return;
  if (sent < size) {
    bar.value = sent / size;
    text.textContent = text.dataset.uploadText;
  } else {
    bar.removeAttribute("value"); // it is with the server now, which does not say how far it is
    text.textContent = text.dataset.sent;
  }
}

// Like `fetch`, for what `form` sends.
export const sending = (form) => (url, { method, headers, body, signal }) => new Promise((resolve, reject) => {
  const request = new XMLHttpRequest();
  request.open(method, url);
  headers.forEach((value, name) => request.setRequestHeader(name, value));
  request.upload.addEventListener("progress", (event) => show(form, event.loaded, event.total));
  request.upload.addEventListener("load", () => show(form, 1, 1));
  request.addEventListener("load", () => {
    const { status, statusText } = request;
    const text = EMPTY.includes(status) ? null : request.responseText;
    resolve(new Response(text, { status, statusText, headers: headersOf(request) }));
  });
  request.addEventListener("error", () => reject(new TypeError("The upload failed.")));
  request.addEventListener("abort", () => reject(new DOMException("The upload was given up.", "AbortError")));
  signal?.addEventListener("abort", () => request.abort());
  show(form, 0, 1);
  request.send(body);
});
