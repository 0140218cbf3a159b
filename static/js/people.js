/* 完整号码只在屏幕上留一会儿：数完秒、关掉对话框或离开页面，就从页面里去掉。 */
(function () {
  "use strict";

  function hide(box) {
    var value = box.querySelector("[data-hidden-as]");
    if (value) value.textContent = value.getAttribute("data-hidden-as");
    var note = box.querySelector("[role=status]");
    if (note) note.textContent = "已隐藏。需要时请重新查看。";
    box.removeAttribute("data-hide-after");
  }

  function countDown(box) {
    if (box.hasAttribute("data-counting")) return;
    box.setAttribute("data-counting", "");
    /* 以时刻为准：页面在后台时计时器会变慢。 */
    var end = Date.now() + Number(box.getAttribute("data-hide-after")) * 1000;
    var left = box.querySelector("[data-seconds-left]");
    var timer = setInterval(function () {
      var seconds = Math.ceil((end - Date.now()) / 1000);
      if (!document.contains(box) || !box.hasAttribute("data-hide-after")) clearInterval(timer);
      else if (seconds > 0) {
        if (left) left.textContent = String(seconds);
      } else {
        clearInterval(timer);
        hide(box);
      }
    }, 250);
  }

  function each(action) {
    Array.prototype.forEach.call(document.querySelectorAll("[data-hide-after]"), action);
  }

  document.addEventListener("htmx:afterSwap", function () {
    each(countDown);
  });

  /* 关掉的对话框不留内容：里面可能有号码，也免得与下一个表单的字段重名。 */
  document.addEventListener(
    "close",
    function (event) {
      if (event.target.id === "dialog") document.getElementById("dialog-body").textContent = "";
    },
    true
  );

  window.addEventListener("pagehide", function () {
    each(hide);
  });

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", function () { each(countDown); });
  else each(countDown);
})();
