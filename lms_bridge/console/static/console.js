// Moments in the reader's zone. Without this script they are shown in UTC.
(function () {
  "use strict";
  var how = { dateStyle: "medium", timeStyle: "short" };
  var language = document.documentElement.lang || undefined;
  function localise(root) {
    var format = new Intl.DateTimeFormat(language, how);
    root.querySelectorAll("time[datetime]").forEach(function (element) {
      var at = new Date(element.getAttribute("datetime"));
      if (isNaN(at)) return;
      if (!element.title) element.title = element.textContent;
      element.textContent = format.format(at);
    });
    root.querySelectorAll("[data-zone]").forEach(function (element) {
      element.textContent = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
    });
  }
  localise(document);
  document.addEventListener("htmx:load", function (event) { localise(event.detail.elt); });
})();
