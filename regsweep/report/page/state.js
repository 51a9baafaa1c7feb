// What a reader chose stands in the address behind the #, so that a reload, or a link, finds it again.
"use strict";
document.documentElement.classList.add("has-scripts");
const chosen = (() => {
  const values = new URLSearchParams(location.hash.slice(1));
  return {
    get: (name) => values.get(name) ?? "",
    set(name, value) {
      if (value === "" || value === null) values.delete(name);
      else values.set(name, value);
      history.replaceState(null, "", `#${values}`);
    },
  };
})();
(() => {
  history.scrollRestoration = "manual";
  addEventListener("remember", () => chosen.set("top", Math.round(scrollY) || ""));
  const restore = () => scrollTo(0, Number(chosen.get("top")));
  if (!chosen.get("top")) return;
  restore();
  // Figures are drawn one after the other, and the page grows until then.
  new MutationObserver((_, observer) => {
    if (document.documentElement.dataset.drawn !== "all") return;
    observer.disconnect();
    restore();
    chosen.set("top", "");
  }).observe(document.documentElement, { attributes: true });
})();
