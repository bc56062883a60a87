() => {
  // A link to another state of this page, such as ?lang=es, keeps what the address says besides.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="?"]');
    if (!link) return;
    const said = new URLSearchParams(location.search);
    new URLSearchParams(link.getAttribute("href")).forEach((value, name) => said.set(name, value));
    link.search = said;
  }, true);
}
