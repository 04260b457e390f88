// What can scroll can be reached by keyboard. Run after the page is there, and again when its width changes.
(() => {
  "use strict";
  const wide = ".bd-content pre, .bd-content .cell_output, .bd-content .pst-scrollable-table-container, .bd-content .math";
  function reach() {
    for (const part of document.querySelectorAll(wide)) {
      if (part.scrollWidth > part.clientWidth + 1) part.tabIndex = 0;
      else part.removeAttribute("tabindex");
    }
  }
  // A folded cell is named by its words, "Show code cell source", and not by others that only a screen reader hears.
  function name() {
    for (const summary of document.querySelectorAll(".bd-content details.hide > summary")) summary.removeAttribute("aria-label");
  }
  addEventListener("load", () => { name(); reach(); });
  addEventListener("resize", reach);
})();
