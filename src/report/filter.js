(function () {
  "use strict";
  var form = document.querySelector(".filter");
  var rows = Array.prototype.slice.call(document.querySelectorAll(".ledger tbody tr"));
  if (form && rows.length) {
    form.hidden = false;
    var apply = function () {
      var paper = form.elements.paper.value;
      var outcome = form.elements.outcome.value;
      var words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
      var shown = 0;
      rows.forEach(function (row) {
        var data = row.dataset;
        var fits = (!paper || data.paper === paper) &&
          (!outcome || (outcome === "unexpected" ? data.expected === "no" : data.outcome === outcome)) &&
          words.every(function (word) { return data.search.indexOf(word) >= 0; });
        row.hidden = !fits;
        shown += fits ? 1 : 0;
      });
      form.querySelector("output").value = shown + " of " + rows.length + " bounds";
    };
    form.addEventListener("input", apply);
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    apply();
  }
  document.querySelectorAll(".command").forEach(function (code) {
    if (!navigator.clipboard) { return; }
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = "copy";
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(code.textContent).then(function () {
        button.textContent = "copied";
        setTimeout(function () { button.textContent = "copy"; }, 1500);
      });
    });
    code.after(button);
  });
})();
