/* 体检登记：只显示所选“办理”用得到的格。没有脚本时各格都在，多填的不起作用。 */
(function () {
  "use strict";

  var NEEDED = {
    attended: ["attended_on", "hospital"],
    absent: ["absence"],
    hospital: ["hospital"],
    clear: [],
  };
  var OPTIONAL = ["attended_on", "hospital", "absence"];

  function refresh(form) {
    var what = form.querySelector("select[name=what]");
    if (!what) return;
    OPTIONAL.forEach(function (name) {
      var control = form.querySelector("[name=" + name + "]");
      var field = control ? control.closest(".field") : null;
      if (field) field.hidden = NEEDED[what.value].indexOf(name) < 0;
    });
  }

  function refreshAll() {
    Array.prototype.forEach.call(document.querySelectorAll("select[name=what]"), function (what) {
      if (what.form) refresh(what.form);
    });
  }

  document.addEventListener("change", function (event) {
    if (event.target.name === "what" && event.target.form) refresh(event.target.form);
  });
  document.addEventListener("htmx:afterSwap", refreshAll);
  window.addEventListener("pageshow", refreshAll);
})();
