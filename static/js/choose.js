/* 清单里勾选几行一起办：全选本页，写出选了几行，一行没选时按钮不能按。 */
(function () {
  "use strict";

  function boxesOf(form) {
    return Array.prototype.slice.call(form.querySelectorAll("tbody input[type=checkbox]"));
  }

  function refresh(form) {
    var boxes = boxesOf(form);
    var chosen = boxes.filter(function (box) {
      return box.checked;
    }).length;
    var all = form.querySelector("[data-choose-all]");
    var count = form.querySelector("[data-choose-count]");
    var unit = form.getAttribute("data-choose-unit") || "对";
    if (all) {
      all.checked = chosen > 0 && chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
    }
    if (count) count.textContent = chosen ? "已选 " + chosen + " " + unit : "先勾选，再一起办";
    Array.prototype.forEach.call(form.querySelectorAll("[data-choose-submit]"), function (submit) {
      submit.disabled = chosen === 0;
    });
    boxes.forEach(function (box) {
      box.closest("tr").classList.toggle("is-selected", box.checked);
    });
  }

  function start() {
    Array.prototype.forEach.call(document.querySelectorAll("form[data-choose]"), function (form) {
      form.addEventListener("change", function (event) {
        if (event.target.hasAttribute("data-choose-all")) {
          boxesOf(form).forEach(function (box) {
            box.checked = event.target.checked;
          });
        }
        refresh(form);
      });
      refresh(form);
    });
  }

  window.addEventListener("pageshow", start);
})();
