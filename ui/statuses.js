// Statuses: an event that has ended leaves none of its inputs behind.
//
// With each step of any event, Gradio (6.31) tells every component in its list of statuses how its
// event is getting on, for which it reads the component's value and searches the tree. Every input
// of every event that ever ended is in that list, as if it had been a stream that is now closed;
// after twenty tabs this took seconds for each answer. No input of this page is a stream.
() => {
  const wanted = (name) => /\/statustracker-[^/]*\.js$/.test(name);
  const links = [...document.querySelectorAll("link[href]")].map((link) => link.href);
  const loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
  const module = [...links, ...loaded].find(wanted);
  if (!module) return;
  import(module).then((parts) => {
    const list = Object.values(parts).find((part) => part?.prototype?.resolve_args);
    if (!list) return;
    const update = list.prototype.update;
    list.prototype.update = function (status) {
      return update.call(this, { ...status, stream_state: null });
    };
  }).catch(() => {});
}
