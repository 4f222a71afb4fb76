// Before the first paint: the theme that the person chose, else what the system prefers.
(() => {
  const chosen = localStorage.getItem("ecrm.theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
})();
