// The sequence editor: which variant of a step is open, each one's share, and what an answer in the thread is called.

const MOST_WEIGHT = 1000; // as campaigns.forms.sequence has it
const RE = "Re: "; // as campaigns.rendering.subjects has it

const weightOf = (field) => (/^\d{1,4}$/.test(field.value.trim()) ? Math.min(Number(field.value), MOST_WEIGHT) : 0);

function open(radio) {
  for (const other of radio.closest(".step").querySelectorAll("[data-panel]")) {
    document.getElementById(other.dataset.panel).hidden = !other.checked;
  }
}

function share(step) {
  const fields = [...step.querySelectorAll("[data-weight]")];
  const whole = fields.reduce((sum, field) => sum + weightOf(field), 0);
  for (const field of fields) {
    const part = whole ? Math.round((100 * weightOf(field)) / whole) : 0;
    step.querySelector(`[data-share-of="${field.closest(".variant").id}"]`).textContent = `${part} %`;
  }
}

// A subject that stays empty in an answer is that of the last mail before it that has one, of its first variant.
function sayAnswers() {
  let before = "";
  for (const step of document.querySelectorAll(".sequence > .step")) {
    const subjects = [...step.querySelectorAll("[name$=-subject]")];
    const replies = step.querySelector("[name$=-thread]").value === "reply" && !step.matches(":first-child");
    const answer = before.startsWith(RE) ? before : RE + before;
    for (const subject of subjects) subject.placeholder = replies && before ? answer : "";
    before = subjects[0].value || before;
  }
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-panel]")) open(event.target);
  if (event.target.matches(".step [name$=-thread]")) sayAnswers();
});

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-weight]")) share(event.target.closest(".step"));
  if (event.target.matches(".step [name$=-subject]")) sayAnswers();
});
