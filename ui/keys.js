() => {
  const visible = (selector) =>
    [...document.querySelectorAll(selector)].find((b) => b.offsetParent !== null && !b.disabled);
  const press = (event) => {
    const run = event.key === "Enter" && (event.ctrlKey || event.metaKey);
    if (!run && event.key !== "Escape") return;
    const button = visible(run ? "button.run" : "button.stop");
    if (!button) return;
    event.preventDefault();
    event.stopPropagation();
    // A number box hands over what was typed when it loses the focus.
    if (run) document.activeElement?.dispatchEvent(new Event("change", { bubbles: true }));
    setTimeout(() => button.click(), 0);
  };
  document.addEventListener("keydown", press, true);
  // The pad opens without a tool (gradio 6.31); put the pen in the hand.
  const pick = () => {
    const pen = document.querySelector(".pad:not([data-pen]) .half-container button");
    if (!pen) return;
    pen.closest(".pad").dataset.pen = "picked";
    setTimeout(() => pen.click(), 300);
  };
  new MutationObserver(pick).observe(document.body, { childList: true, subtree: true });
}
