// Whether HTML comes back from a browser as it went in, and Liquid kept whole meanwhile.

const LIQUID = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g;
// In the place of each piece of Liquid: two signs that nobody types, and a number between them.
const [OPEN, CLOSE] = ["\uE000", "\uE001"];
export const MARK = /\uE000(\d+)\uE001/g;
const TOKEN = /<!--[\s\S]*?-->|<\/?[a-z](?:"[^"]*"|'[^']*'|[^'">])*>|<![^>]*>/gi;
const ATTRIBUTE = /([^\s=/>"']+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s>"']+))?/g;
const UNFIT = "meta, base, link, script, iframe, object, embed, form, template, noscript";

export const markOf = (number) => OPEN + number + CLOSE;

// `source` with marks for its Liquid, and what they stand for.
export function hide(source) {
  const pieces = [];
  return { html: source.replace(LIQUID, (piece) => markOf(pieces.push(piece) - 1)), pieces };
}

// The other way round; Liquid that was typed into the document is freed of what the browser wrote for its signs.
export function restore(html, pieces) {
  const typed = html.replace(LIQUID, (piece) => decoded(piece.replace(/&nbsp;/g, " ")));
  return typed.replace(MARK, (mark, number) => pieces[number] ?? "");
}

function decoded(text) {
  if (!text.includes("&")) return text;
  const area = document.createElement("textarea");
  area.innerHTML = text;
  return area.value;
}

function tagOf(text) {
  if (text.startsWith("<!")) return text;
  const [, slash, name, rest] = /^<(\/?)([^\s/>]+)([\s\S]*?)\/?>$/.exec(text) || [];
  if (!name) return text;
  const values = [...rest.matchAll(ATTRIBUTE)].map(([, key, value = ""]) =>
    `${key.toLowerCase()}=${decoded(value.replace(/^(["'])([\s\S]*)\1$/, "$2"))}`);
  return `<${slash}${[name.toLowerCase(), ...values].join(" ")}>`;
}

// HTML as a list of tags and texts, each written in one way. A browser puts a tbody into every table, which changes nothing.
function tokens(html) {
  const found = [];
  let at = 0;
  for (const tag of html.matchAll(TOKEN)) {
    if (tag.index > at) found.push(decoded(html.slice(at, tag.index)));
    found.push(tagOf(tag[0]));
    at = tag.index + tag[0].length;
  }
  if (at < html.length) found.push(decoded(html.slice(at)));
  const text = (one) => !one.startsWith("<");
  return found.filter((one) => !/^<\/?tbody>$/.test(one)).reduce((all, one) => {
    if (text(one) && all.length && text(all.at(-1))) all.push(all.pop() + one);
    else all.push(one);
    return all;
  }, []);
}

// A document in which nothing loads, of the same rules for styles as `page`.
export function inertLike(page, html) {
  const inert = page.implementation.createHTMLDocument("");
  inert.body.innerHTML = html;
  return inert;
}

// Where a browser would change this HTML in meaning: the first place, in words; an empty string where it would not.
export function changed(page, html) {
  if (/[\uE000\uE001]/.test(html.replace(MARK, ""))) return "signs that have no meaning";
  const inert = inertLike(page, html);
  const unfit = inert.body.querySelector(UNFIT);
  if (unfit) return `<${unfit.localName}>`;
  const [before, after] = [tokens(html.replace(/\r\n?/g, "\n")), tokens(inert.body.innerHTML)];
  const at = before.findIndex((one, number) => one !== after[number]);
  if (at < 0 && before.length === after.length) return "";
  const where = (before[at] ?? after[before.length] ?? "").trim();
  return where.length > 60 ? `${where.slice(0, 60)}…` : where || "what it leaves out";
}
