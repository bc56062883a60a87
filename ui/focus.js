() => {
  // What gradio 6.31 leaves out for who has no pointer: arrows among tabs and options, and the focus
  // of a button that is switched off while it works. And the way to a result outside the window.
  const STEPS = { ArrowRight: 1, ArrowLeft: -1 };
  const every = (selector, act) => document.querySelectorAll(selector).forEach(act);
  const seen = (element) => element.offsetParent !== null;
  // Tabs, and the options of a radio, are one stop of the Tab key.
  const group = () => {
    every('[role="tab"]', (tab) => {
      const stop = tab.getAttribute("aria-selected") === "true" ? 0 : -1;
      if (tab.tabIndex !== stop) tab.tabIndex = stop;
    });
    every('fieldset input[type="radio"]', (option) => {
      const { name } = option.closest("fieldset").querySelector('input[type="radio"]');
      if (option.name !== name) option.name = name;
    });
  };
  document.addEventListener("keydown", (event) => {
    const step = STEPS[event.key], tab = event.target.closest('[role="tab"]');
    if (!step || !tab || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const tabs = [...tab.parentElement.querySelectorAll('[role="tab"]')].filter(seen);
    tabs.at((tabs.indexOf(tab) + step) % tabs.length).focus();
  });
  // `left` had the focus last; `asked` is the panel whose result is waited for.
  let left, panel, asked, ending;
  document.addEventListener("focusin", (event) => {
    left = event.target;
    panel = left.closest(".task");
  });
  for (const moved of ["pointerdown", "wheel", "touchmove"])
    document.addEventListener(moved, () => { left = panel = asked = null; }, { passive: true });
  const returned = () => {
    if (document.activeElement !== document.body || !left?.matches("button")) return;
    const button = left.isConnected && seen(left) ? left : panel?.querySelector("button.run");
    if (button && !button.disabled) button.focus({ preventScroll: true });
  };
  const show = () => {
    const result = asked?.querySelector(".result > .bare");
    if (!result) return;
    const { top, bottom } = result.getBoundingClientRect();
    if (top < innerHeight * 0.4 && bottom > 0) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    result.scrollIntoView({ behavior: still ? "auto" : "smooth" });
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.run, .examples button");
    if (!button) return;
    clearTimeout(ending);
    asked = button.closest(".task");
  });
  new MutationObserver(() => {
    show();
    returned();
    if (!asked || asked.querySelector("button.run").disabled) return;
    // Once more at the end: an example that is filled in pushes the result down.
    ending = setTimeout(() => { show(); asked = null; }, 500);
  }).observe(document.body, { subtree: true, attributes: true, attributeFilter: ["disabled"] });
  new MutationObserver(group).observe(document.body, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["aria-selected"],
  });
  group();
}
