/* 全站行为：主题、左侧分区、搜索键、菜单、对话框、消息、筛选、未保存提醒、htmx。不依赖内联脚本。 */
(function () {
  "use strict";

  var root = document.documentElement;

  function each(selector, action, within) {
    Array.prototype.forEach.call((within || document).querySelectorAll(selector), action);
  }

  function remember(name, value) {
    var secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = name + "=" + value + "; path=/; max-age=31536000; SameSite=Lax" + secure;
  }

  function meta(name) {
    var found = document.querySelector('meta[name="' + name + '"]');
    return found ? found.content : "";
  }

  /* 原地重新登录会换掉令牌，所以每次都看 cookie，页面里写的那个只作备用。 */
  /* 一次性编号：脚本送出的新增各带一个，没有回音时再送也只办一次 */
  function onceKey() {
    return Array.from(window.crypto.getRandomValues(new Uint8Array(16)), function (byte) {
      return ("0" + byte.toString(16)).slice(-2);
    }).join("");
  }

  function csrfToken() {
    var name = meta("csrf-cookie");
    var found = name
      ? document.cookie.split("; ").filter(function (pair) {
          return pair.indexOf(name + "=") === 0;
        })
      : [];
    return found.length ? decodeURIComponent(found[0].slice(name.length + 1)) : meta("csrf-token");
  }

  /* ---- 主题 ---- */

  function setTheme(theme) {
    root.setAttribute("data-theme", theme);
    remember("theme", theme);
    each("[data-theme-set]", function (button) {
      button.setAttribute("aria-pressed", String(button.getAttribute("data-theme-set") === theme));
    });
  }

  /* ---- 左侧分区 ---- */

  function toggleRail(button) {
    var frame = document.querySelector(".frame");
    var narrow = frame.getAttribute("data-rail") !== "narrow";
    frame.setAttribute("data-rail", narrow ? "narrow" : "wide");
    button.setAttribute("aria-expanded", String(!narrow));
    remember("rail", narrow ? "narrow" : "wide");
  }

  /* ---- 右侧面板 ---- */

  function toggleAside() {
    var frame = document.querySelector(".frame");
    var closed = frame.getAttribute("data-aside") !== "closed";
    frame.setAttribute("data-aside", closed ? "closed" : "open");
    each("[data-aside-toggle]", function (button) {
      button.setAttribute("aria-expanded", String(!closed));
    });
    remember("aside", closed ? "closed" : "open");
  }

  function openRail(open) {
    var frame = document.querySelector(".frame");
    var button = document.querySelector("[data-rail-open]");
    if (!frame || !button || frame.classList.contains("is-rail-open") === open) return;
    frame.classList.toggle("is-rail-open", open);
    button.setAttribute("aria-expanded", String(open));
    if (open) frame.querySelector(".rail a").focus();
    else button.focus();
  }

  /* ---- 消息 ---- */

  function toast(text, level) {
    var region = document.getElementById("toasts");
    var template = document.getElementById("toast-template");
    if (!region || !template || !text) return null;
    var box = template.content.firstElementChild.cloneNode(true);
    if (level) box.classList.add("toast--" + level);
    if (level === "error") box.setAttribute("role", "alert");
    box.querySelector(".toast__text").textContent = text;
    region.appendChild(box);
    if (level !== "error") {
      var wait = setTimeout(function () {
        box.remove();
      }, 6000);
      box.addEventListener("mouseenter", function () {
        clearTimeout(wait);
      });
      box.addEventListener("focusin", function () {
        clearTimeout(wait);
      });
    }
    return box;
  }

  function floatMessages() {
    each("[data-messages]", function (list) {
      each(
        "[data-level]",
        function (message) {
          var level = message.getAttribute("data-level");
          if (level === "error" || level === "warning") return;
          toast(message.textContent.trim(), level);
          message.remove();
        },
        list
      );
      if (!list.children.length) list.remove();
    });
  }

  /* ---- 对话框 ---- */

  function openDialog(id) {
    var dialog = document.getElementById(id);
    if (!dialog || dialog.open) return;
    dialog.showModal();
    var first = dialog.querySelector("[autofocus], .dialog__body input:not([type=hidden]), .dialog__body textarea, .dialog__body select");
    if (first) first.focus();
  }

  function closeDialog(node) {
    var dialog = node && node.closest ? node.closest("dialog") : null;
    if (dialog && dialog.open) dialog.close();
  }

  /* ---- 未保存提醒：<form data-guard> 改过而没有提交时，离开页面要确认 ---- */

  var dirty = new Set();

  function setDirty(key, isDirty) {
    if (isDirty) dirty.add(key);
    else dirty.delete(key);
  }

  window.addEventListener("beforeunload", function (event) {
    dirty.forEach(function (key) {
      if (key instanceof Node && !document.contains(key)) dirty.delete(key);
    });
    if (!dirty.size) return;
    event.preventDefault();
    event.returnValue = "";
  });

  document.addEventListener("input", function (event) {
    var form = event.target.closest ? event.target.closest("form[data-guard]") : null;
    if (form) setDirty(form, true);
  });

  /* 换下的一段里，原样留着的框若还有没保存的字，照旧提醒 */
  function markTyped(form) {
    var isTyped = Array.prototype.some.call(form.elements, function (field) {
      return field.tagName === "TEXTAREA" && field.value !== field.defaultValue;
    });
    if (isTyped || form.hasAttribute("data-unsaved")) setDirty(form, true);
  }

  /* ---- 点击 ---- */

  document.addEventListener("click", function (event) {
    var target = event.target.closest ? event.target : event.target.parentElement;
    if (!target) return;
    var hit = function (selector) {
      return target.closest(selector);
    };
    var found;
    if ((found = hit("[data-theme-set]"))) setTheme(found.getAttribute("data-theme-set"));
    else if ((found = hit("[data-rail-toggle]"))) toggleRail(found);
    else if (hit("[data-aside-toggle]")) toggleAside();
    else if ((found = hit("[data-rail-open]"))) openRail(!document.querySelector(".frame").classList.contains("is-rail-open"));
    else if ((found = hit("[data-dialog-open]"))) openDialog(found.getAttribute("data-dialog-open"));
    else if ((found = hit("[data-dialog-close]"))) closeDialog(found);
    else if ((found = hit("[data-toast-close]"))) found.closest(".toast").remove();
    else if ((found = hit("[data-toast]"))) toast(found.getAttribute("data-toast"), found.getAttribute("data-level") || "");
    else if (hit("[data-print]")) window.print();
    else if (target.tagName === "DIALOG" && target.querySelector("[data-dialog-close]") && !target.querySelector("form[data-guard]")) target.close();

    if (!hit(".rail") && !hit("[data-rail-open]")) openRail(false);
    each("details[data-menu][open]", function (menu) {
      if (!menu.contains(target)) menu.open = false;
    });
  });

  /* ---- 键盘 ---- */

  function isTyping(node) {
    return node.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName);
  }

  document.addEventListener("keydown", function (event) {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target)) {
      var search = document.querySelector("[data-search]");
      if (search && !document.querySelector("dialog[open]")) {
        event.preventDefault();
        search.focus();
        search.select();
      }
    }
    if (event.key === "Escape") {
      each("details[data-menu][open]", function (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
      });
      openRail(false);
    }
  });

  /* ---- 证件号码、电话、账号不进地址：搜索框里是整个号码时改为提交表单（与 rules/identity.py 的 holds_number 一致） ---- */

  function holdsNumber(text) {
    var plain = text.normalize("NFKC");
    return /^[A-Z]{0,3}[0-9]{7,}X?$/.test(plain.replace(/[\s\-_.·]/g, "").toUpperCase()) || /[0-9]{11}/.test(plain);
  }

  /* 有的搜索框也收档案号、统一社会信用代码，它们不是人的号码 */
  function isTaken(field) {
    var text = field.value.normalize("NFKC").trim().toUpperCase();
    if (field.dataset.takes === "file-number") return /^[A-Z][A-Z0-9]*-[0-9]{4}-[0-9]{4,}$/.test(text);
    if (field.dataset.takes !== "credit-code") return false;
    var plain = text.replace(/[\s\-_.·]/g, "");
    var born = /^[0-9]{6}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]$/;
    return !/[0-9]{15}/.test(plain) || (plain.length === 18 && !born.test(plain));
  }

  function postNumber(form) {
    var field = form.querySelector("[data-number-post]");
    if (!field || isTaken(field) || !holdsNumber(field.value)) return false;
    var sent = document.createElement("form");
    sent.method = "post";
    sent.action = field.getAttribute("data-number-post");
    sent.hidden = true;
    [["csrfmiddlewaretoken", csrfToken()], [field.name, field.value]].forEach(function (pair) {
      var input = document.createElement("input");
      input.type = "hidden";
      input.name = pair[0];
      input.value = pair[1];
      sent.appendChild(input);
    });
    document.body.appendChild(sent);
    sent.submit();
    sent.remove();
    field.value = "";
    return true;
  }

  /* ---- 筛选：改动即提交，空条件不写进地址 ---- */

  function submitFilter(form) {
    if (postNumber(form)) return;
    var query = [];
    Array.prototype.forEach.call(form.elements, function (field) {
      if (!field.name || field.disabled || !field.value) return;
      if ((field.type === "checkbox" || field.type === "radio") && !field.checked) return;
      query.push(encodeURIComponent(field.name) + "=" + encodeURIComponent(field.value));
    });
    var address = (form.getAttribute("action") || location.pathname) + (query.length ? "?" + query.join("&") : "");
    location.assign(address);
  }

  document.addEventListener("change", function (event) {
    var form = event.target.form;
    if (form && form.hasAttribute("data-filter") && event.target.type !== "search" && event.target.type !== "text") submitFilter(form);
  });

  /* ---- 一次勾选表单里同名的各项 ---- */

  document.addEventListener("change", function (event) {
    var name = event.target.getAttribute("data-check-all");
    if (!name) return;
    Array.prototype.forEach.call(event.target.form.elements, function (box) {
      if (box.name === name) box.checked = event.target.checked;
    });
  });

  /* ---- 提交：防止连点两次，清掉未保存记号 ---- */

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.hasAttribute("data-filter")) {
      event.preventDefault();
      submitFilter(form);
      return;
    }
    if (event.defaultPrevented) return;
    if (form.method === "get" && postNumber(form)) {
      event.preventDefault();
      return;
    }
    var menu = form.closest("details[data-menu]");
    if (menu) menu.open = false; /* 回答是一个文件时，页面和菜单都还在 */
    if (form.method === "post" && !form.hasAttribute("hx-post")) {
      if (form.hasAttribute("data-sent")) {
        event.preventDefault();
        return;
      }
      form.setAttribute("data-sent", "");
      setTimeout(function () {
        form.removeAttribute("data-sent"); /* 回答是一个文件时，页面还在 */
      }, 4000);
      var token = form.querySelector("input[name=csrfmiddlewaretoken]");
      if (token) token.value = csrfToken() || token.value;
      setDirty(form, false);
    }
  });

  window.addEventListener("pageshow", function () {
    each("form[data-sent]", function (form) {
      form.removeAttribute("data-sent");
    });
  });

  /* ---- htmx ---- */


  document.addEventListener("htmx:configRequest", function (event) {
    if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = csrfToken();
  });

  document.addEventListener("htmx:afterSwap", function (event) {
    if (event.detail.target.id === "dialog-body") {
      var dialog = document.getElementById("dialog");
      if (!event.detail.target.children.length) closeDialog(event.detail.target);
      else if (dialog && !dialog.open) openDialog("dialog");
    }
    if (event.detail.target.querySelectorAll) each("form[data-guard]", markTyped, event.detail.target);
    var summary = event.detail.target.querySelector ? event.detail.target.querySelector("[data-error-summary]") : null;
    if (summary) summary.focus();
  });

  document.addEventListener("htmx:afterRequest", function (event) {
    var form = event.target.closest ? event.target.closest("form[data-guard]") : null;
    if (form && event.detail.successful) setDirty(form, false);
  });

  document.addEventListener("htmx:responseError", function (event) {
    var answer = event.detail.xhr;
    if (answer.status === 401) return; /* 登录超时由会话对话框处理 */
    var type = answer.getResponseHeader("Content-Type") || "";
    toast(type.indexOf("text/plain") === 0 ? answer.responseText : "没有完成，请稍后再试（" + answer.status + "）。", "error");
  });

  document.addEventListener("htmx:sendError", function () {
    toast("连不上服务器，刚才的操作没有完成。请检查网络后再试。", "error");
  });

  /* 服务器可在 HX-Trigger 里带：{"toast": {"text": "已保存", "level": "success"}}、"closeDialog" */
  document.addEventListener("toast", function (event) {
    var detail = event.detail || {};
    toast(detail.text || detail.value, detail.level);
  });

  document.addEventListener("closeDialog", function () {
    each("dialog[open]:not(#session-dialog)", function (dialog) {
      dialog.close();
    });
  });

  /* ---- 开始 ---- */

  function start() {
    floatMessages();
    var summary = document.querySelector("[data-error-summary]");
    if (summary) summary.focus();
    each("form[data-unsaved]", markTyped);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();

  window.house = { toast: toast, setDirty: setDirty, openDialog: openDialog, closeDialog: closeDialog, csrfToken: csrfToken, onceKey: onceKey };
})();
