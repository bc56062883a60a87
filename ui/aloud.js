() => {
  // What a screen reader needs and gradio 6.31 leaves out: names of groups, pictures and plots,
  // whether a fold is open, and a place of the page that stays, whose text is read when it changes.
  const PAUSE = 250, QUIET = 4000;
  const text = (element) => element?.textContent.trim() || "";
  const label = (element) => {
    const block = element.closest(".block");
    const own = block?.querySelector('[data-testid="block-info"], [data-testid="block-label"]');
    const around = block?.parentElement?.closest(".block")?.querySelector(".label-wrap");
    return text(own) || text(around);
  };
  const put = (element, name, value) => {
    if (element && value && element.getAttribute(name) !== value) element.setAttribute(name, value);
  };
  const every = (selector, act) => document.querySelectorAll(selector).forEach(act);
  const name = () => {
    put(document.documentElement, "lang", document.documentElement.dataset.lang);
    every(".block fieldset, fieldset.block", (group) => put(group, "aria-label", label(group)));
    every('.block img:not([alt]), .block img[alt=""], .block img[data-named]', (picture) => {
      put(picture, "alt", label(picture));
      put(picture, "data-named", "yes");
    });
    every(".js-plotly-plot", (plot) => {
      put(plot, "role", "img");
      put(plot, "aria-label", label(plot));
    });
    every("button.label-wrap", (fold) => {
      put(fold, "aria-expanded", String(fold.classList.contains("open")));
      put(fold.querySelector(".icon"), "aria-hidden", "true");
    });
    every("svg:not([role]):not([aria-hidden])", (icon) => put(icon, "aria-hidden", "true"));
  };
  const live = document.createElement("div");
  live.className = "quiet";
  live.setAttribute("role", "status");
  document.body.append(live);
  let at = 0, again;
  const say = () => {
    const seen = [...document.querySelectorAll(".progress > span, .status .quiet")]
      .find((element) => element.offsetParent !== null);
    if (text(seen) === live.textContent) return;
    clearTimeout(again);
    // Of a progress that changes all the time, a word now and then.
    const wait = at + QUIET - Date.now();
    if (seen?.matches(".progress > span") && live.textContent && wait > 0) {
      again = setTimeout(say, wait);
      return;
    }
    at = Date.now();
    live.textContent = text(seen);
  };
  let waiting = false;
  const look = () => {
    waiting = false;
    name();
    say();
  };
  const later = () => {
    if (!waiting) setTimeout(look, PAUSE);
    waiting = true;
  };
  new MutationObserver(later).observe(document.body, {
    childList: true, subtree: true, characterData: true,
  });
  document.addEventListener("click", later);
  look();
}
